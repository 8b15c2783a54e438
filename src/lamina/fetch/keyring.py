"""The program ``keyring``, which keeps passwords; uv's keyring provider ``subprocess``."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lamina.fetch.credentials import IndexCredentials

_TIMEOUT = 120.0
"""In seconds; the user may be asked to unlock a keyring, or to log in by a browser."""
SOURCE = "the program `keyring`"


class KeyringFailed(Exception):
    """A keyring that cannot be asked, or answers badly; the text has no secret."""


class Keyring(Protocol):
    """Where passwords are asked for."""

    def get(self, service: str, user: str) -> IndexCredentials | None:
        """Return the credentials for a service, of a user or, if that is empty, of any.

        Raises `KeyringFailed`.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeyringProgram:
    """Runs ``keyring get``; the program must be found on ``PATH``."""

    environ: Mapping[str, str] = field(repr=False)
    """The environment of the program; it is found by its ``PATH``."""
    timeout: float = _TIMEOUT

    def get(self, service: str, user: str) -> IndexCredentials | None:
        """See `Keyring.get`; a service that has no password ends badly, which is no failure.

        With a user, what the program says on standard error is shown as it comes, since it may
        tell how to log in. Without one it is not, since older releases know no ``--mode``.
        """
        asked = [user] if user else ["--mode", "creds"]
        try:
            done = subprocess.run(  # noqa: S603
                ["keyring", "get", service, *asked],  # noqa: S607
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=None if user else subprocess.DEVNULL,
                env=dict(self.environ),
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise KeyringFailed(f"no answer in {self.timeout:g} seconds") from None
        except OSError as error:
            raise KeyringFailed(f"{error.strerror}") from error
        if done.returncode:
            return None
        try:
            return _read(done.stdout.decode(), user)
        except UnicodeDecodeError:
            raise KeyringFailed("what it answers is not UTF-8") from None


def _read(text: str, user: str) -> IndexCredentials | None:
    """Read a password or, if nobody was named, a user and a password, each on a line."""
    if user:
        return IndexCredentials(user, text.rstrip(), source=SOURCE)
    lines = text.splitlines()
    return IndexCredentials(lines[0], lines[1], source=SOURCE) if len(lines) > 1 else None
