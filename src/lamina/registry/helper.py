"""Credential helpers: programs that keep credentials for Docker and Podman."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from lamina.registry.credentials import HelperFailed

_TIMEOUT = 60.0
"""In seconds; the user may be asked to unlock a keyring."""
_NOT_FOUND = b"not found"


@dataclass(frozen=True, slots=True)
class HelperPrograms:
    """Runs ``docker-credential-NAME get``: a `credentials.RunHelper`."""

    environ: Mapping[str, str] = field(repr=False)
    """The environment of the programs; they are found by its ``PATH``."""
    timeout: float = _TIMEOUT

    def __call__(self, name: str, server: str) -> bytes | None:
        """Give the server on standard input, and return standard output.

        The protocol is that of docker-credential-helpers: a helper that does not know the server
        ends badly and says so on standard output. What else it says there may be a secret.
        """
        try:
            done = subprocess.run(  # noqa: S603
                [f"docker-credential-{name}", "get"],
                input=server.encode(),
                capture_output=True,
                env=dict(self.environ),
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise HelperFailed(name, f"no answer in {self.timeout:g} seconds") from None
        except OSError as error:
            raise HelperFailed(name, f"{error.strerror}") from error
        if done.returncode == 0:
            return done.stdout
        if _NOT_FOUND in done.stdout:
            return None
        raise HelperFailed(name, f"exit status {done.returncode}")
