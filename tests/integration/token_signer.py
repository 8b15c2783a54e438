"""Tokens that a real registry believes: JSON Web Tokens (RFC 7519), signed by OpenSSL."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from engines import find_program

ISSUER, SERVICE = "lamina tests", "lamina test registry"


def _run(*arguments: str, data: bytes = b"") -> bytes:
    command = [find_program("openssl"), *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Signer:
    """A key of our own, with the certificate by which a registry knows it."""

    folder: Path
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        """Make key and certificate."""
        _run(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=t"),
            *("-keyout", str(self.folder / "key.pem"), "-out", str(self.certificate)),
        )

    @property
    def certificate(self) -> Path:
        """The file that the registry is to trust."""
        return self.folder / "certificate.pem"

    def settings(self, realm: str) -> str:
        """Return what makes a registry ask for tokens."""
        token = {
            "realm": realm,
            "service": SERVICE,
            "issuer": ISSUER,
            "rootcertbundle": str(self.certificate),
        }
        return f"auth: {json.dumps({'token': token})}\n"

    def __call__(self, pairs: frozenset[tuple[str, str]]) -> str:
        """Return a token for pairs of resource and action (distribution, "Token claims")."""
        lines = self.certificate.read_text().splitlines()
        header = {"typ": "JWT", "alg": "RS256", "x5c": ["".join(lines[1:-1])]}
        now = int(time.time())
        access = [
            {"type": kind, "name": name, "actions": [action]}
            for (kind, _, name), action in ((each.partition(":"), action) for each, action in pairs)
        ]
        claims = {
            **{"iss": ISSUER, "aud": SERVICE, "sub": "me", "jti": str(next(self.numbers))},
            **{"nbf": now - 60, "iat": now, "exp": now + 300, "access": access},
        }
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        key = str(self.folder / "key.pem")
        return f"{signed}.{_encoded(_run('dgst', '-sha256', '-sign', key, data=signed.encode()))}"
