"""Debian packages that somebody asks for, as ``apt-get install`` reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lamina.errors import LaminaError

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]*")
_VERSION = re.compile(r"[0-9A-Za-z.+:~*?\[\]!-]+")
_SUITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")


class MalformedWish(LaminaError):
    """A text that does not ask for a Debian package."""

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(
            f"Expected a Debian package, got `{text}`: {problem}",
            hint="Write it as `apt-get install` takes it: `libpq5`, `libpq5=15.*` or "
            "`libpq5/bookworm-backports`",
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """A Debian package that somebody asks for, of one version, or from one suite.

    Most consumers should use `Wish.parse`, since nothing is checked here.
    """

    name: str
    version: str = ""
    """A version, or a pattern of the shell for versions; empty: the candidate."""
    suite: str = ""
    architecture: str = ""
    """As written; empty: the image's."""

    @classmethod
    def parse(cls, text: str) -> Wish:
        """Read ``NAME[:ARCHITECTURE][=VERSION|/SUITE]`` (apt-get(8)).

        >>> Wish.parse("libpq5=15.*")
        Wish(name='libpq5', version='15.*', suite='', architecture='')
        """
        match = re.fullmatch(r"([^:=/]*)(:[^=/]*)?(?:(=.*)|(/.*))?", text, re.DOTALL)
        assert match is not None
        name, architecture, version, suite = (part or "" for part in match.groups())
        if name.endswith("-"):
            raise MalformedWish(text, "nothing is removed from a base")
        if not _NAME.fullmatch(name):
            raise MalformedWish(text, f"`{name}` is no name of a package (Debian Policy 5.6.1)")
        for part, form, what in (
            (architecture, _ARCHITECTURE, "architecture"),
            (version, _VERSION, "version"),
            (suite, _SUITE, "suite"),
        ):
            if part and not form.fullmatch(part[1:]):
                problem = f"`{part[1:]}` is no {what}" if part[1:] else f"no {what}"
                raise MalformedWish(text, f"{problem} after `{part[0]}`")
        return cls(name, version[1:], suite[1:], architecture[1:])

    def admits(self, version: str) -> bool:
        """Say whether that version is asked for: case does not matter, ``*`` stands for any text.

        >>> [Wish("a", "1.*").admits(version) for version in ("1.2-3", "10", "2")]
        [True, False, False]
        """
        return not self.version or fnmatchcase(version.lower(), self.version.lower())

    def __str__(self) -> str:
        name = f"{self.name}:{self.architecture}" if self.architecture else self.name
        if self.version:
            return f"{name}={self.version}"
        return f"{name}/{self.suite}" if self.suite else name
