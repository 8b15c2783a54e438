"""Credentials as Docker and Podman keep them: ``config.json`` and ``auth.json``.

The formats are those of docker-login(1) and containers-auth.json(5), which are one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lamina.oci.document import Fields, MalformedDocument, parse_document
from lamina.registry.errors import RegistryError

_DOCKER_HUB = "https://index.docker.io/v1/"
_DOCKER_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_TOKEN_USER = "<token>"  # noqa: S105
"""Stands for the user where the secret is an identity token (docker-credential-helpers)."""


class MalformedCredentials(RegistryError):
    """Credentials that cannot be read; what they hold is not shown."""


class HelperFailed(RegistryError):
    """A credential helper that cannot be run, or answers badly."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"Unable to ask the credential helper `docker-credential-{name}`: {reason}",
            hint="The configuration of Docker or Podman names it; install it, or log in anew",
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a registry knows its user by: user and password, or an identity token."""

    user: str = ""
    secret: str = field(default="", repr=False)
    is_identity_token: bool = False

    @property
    def basic(self) -> str:
        """The value of an ``Authorization`` header (RFC 7617)."""
        pair = f"{self.user}:{self.secret}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    @property
    def shown_nowhere(self) -> tuple[str, ...]:
        """The texts that no message may hold."""
        return (self.basic.removeprefix("Basic "), self.secret)


RunHelper = Callable[[str, str], bytes | None]
"""Runs the helper of a name with a server's address; gives its output, or nothing if it has none.

Raises `HelperFailed`.
"""

FindCredentials = Callable[[str, str], Credentials | None]
"""Gives the credentials for a registry and a repository, both as in a reference."""


def anonymous(registry: str, repository: str) -> Credentials | None:
    """Give no credentials: see `FindCredentials`."""
    return None


@dataclass(frozen=True, slots=True)
class AuthFile:
    """One document of credentials."""

    place: str
    """Its path, as errors name it."""
    document: Fields

    @classmethod
    def parse(cls, data: bytes, place: str) -> AuthFile:
        """Read a document; ``place`` is its path. Raises `MalformedCredentials`."""
        with _explained():
            return cls(place, parse_document(data, f"credentials in `{place}`"))

    def find(self, registry: str, repository: str, run_helper: RunHelper) -> Credentials | None:
        """Return the credentials for a repository.

        As in Docker, a helper for the registry comes first, then the store for all, then what
        stands here; as in Podman, a key may name a part of the registry, and the longest counts.
        """
        server = _DOCKER_HUB if registry in _DOCKER_HUB_HOSTS else registry
        with _explained():
            helpers = self.document.text_map("credHelpers")
            auths = {_normalized(key): key for key in self.document.object("auths").values}
            if own := helpers.get(registry) or helpers.get(server):
                return _ask_helper(own, server, run_helper)
            if store := self.document.text("credsStore"):
                found = _ask_helper(store, server, run_helper)
                if found is not None:
                    return found
            for candidate in _candidates(registry, repository):
                if candidate in auths:
                    found = self._read(self.document.object("auths").object(auths[candidate]))
                    if found is not None:
                        return found
        return None

    def _read(self, entry: Fields) -> Credentials | None:
        if token := entry.text("identitytoken"):
            return Credentials("", token, is_identity_token=True)
        user, password = entry.text("username"), entry.text("password")
        if auth := entry.text("auth"):
            try:
                text = base64.b64decode(auth, validate=True).decode()
            except (binascii.Error, ValueError):
                text = ""
            user, colon, password = text.partition(":")
            if not colon:
                raise MalformedCredentials(
                    f"Malformed credentials in `{self.place}`: expected `user:password` in base64"
                    f" at `{entry.place}auth`",
                    hint="To write them anew, log in again",
                )
            password = password.rstrip("\0")
        return Credentials(user, password) if user and password else None


@dataclass(frozen=True, slots=True)
class Keychain:
    """All documents of credentials; the first that has some for a repository counts."""

    read: Callable[[], Sequence[AuthFile]]
    """Reads them: when credentials are wanted first, since most commands want none."""
    run_helper: RunHelper

    def find(self, registry: str, repository: str) -> Credentials | None:
        """See `FindCredentials`."""
        for file in self.read():
            found = file.find(registry, repository, self.run_helper)
            if found is not None:
                return found
        return None


@contextmanager
def _explained() -> Iterator[None]:
    """Say how to mend a document that is not as it should be."""
    try:
        yield
    except MalformedDocument as error:
        raise MalformedCredentials(str(error), hint="Mend the file, or log in again") from error


def auth_file_places(environ: Mapping[str, str], home: Path, user: int) -> tuple[Path, ...]:
    """Return where credentials may lie, first those that count first; none need be there.

    ``REGISTRY_AUTH_FILE`` names the only one. Else Podman's places come before Docker's, as Podman
    itself looks (containers-auth.json(5)); ``user`` is the user's number.
    """
    if only := environ.get("REGISTRY_AUTH_FILE"):
        return (Path(only),)
    runtime = environ.get("XDG_RUNTIME_DIR")
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    docker = Path(environ.get("DOCKER_CONFIG") or home / ".docker")
    return (
        Path(runtime, "containers") / "auth.json"
        if runtime
        else Path("/run/containers", str(user), "auth.json"),
        config / "containers" / "auth.json",
        docker / "config.json",
    )


def _ask_helper(name: str, server: str, run_helper: RunHelper) -> Credentials | None:
    """Ask a helper, whose answer is an object with ``Username`` and ``Secret``."""
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise HelperFailed(name, "not the name of a helper")
    output = run_helper(name, server)
    if output is None:
        return None
    try:
        document = parse_document(output, "answer")
        user, secret = document.text("Username"), document.text("Secret")
    except MalformedDocument:
        raise HelperFailed(name, "its answer is malformed") from None
    if user == _TOKEN_USER:
        return Credentials("", secret, is_identity_token=True) if secret else None
    return Credentials(user, secret) if user and secret else None


def _candidates(registry: str, repository: str) -> Iterator[str]:
    """Give the keys under which credentials may lie, the longest first."""
    hosts = sorted(_DOCKER_HUB_HOSTS) if registry in _DOCKER_HUB_HOSTS else [registry]
    parts = repository.split("/") if repository else []
    for length in range(len(parts), -1, -1):
        for host in hosts:
            yield "/".join([host, *parts[:length]])


def _normalized(key: str) -> str:
    """Return a key without scheme, and without the version of the API that Docker wrote there.

    >>> _normalized("https://index.docker.io/v1/"), _normalized("ghcr.io/me/app")
    ('index.docker.io', 'ghcr.io/me/app')
    """
    rest = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    return rest.removesuffix("/v1").removesuffix("/v2")
