"""Whether an engine can start what the configuration runs: as a user of the base, by its shell."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lamina.errors import LaminaError
from lamina.plan.base import BaseFacts
from lamina.project.config import Config

_SHELL = "/bin/sh"
_BY_SHELL = "CMD-SHELL"
_DEBIAN = "debian:"
_SHELL_PACKAGE = "dash"
"""Which has ``/bin/sh`` in Debian and Ubuntu."""


class CannotLaunch(LaminaError):
    """A configuration whose programs no engine could start on that base."""


class NoShellToAdd(LaminaError):
    """A shell asked for on a base to which none is added."""

    def __init__(self, base: str) -> None:
        super().__init__(
            f"Unable to add a shell to the base `{base}`: `shell` is for `debian:CODENAME`",
            hint="Other bases have a shell or have none; to one of Debian that has none, add it "
            'with `apt = ["dash", "coreutils"]`',
        )


@dataclass(frozen=True, slots=True)
class _Unknown:
    what: str
    name: str
    known: Collection[str]

    def __str__(self) -> str:
        return f"`user`: there is no {self.what} `{self.name}`"


@dataclass(frozen=True, slots=True)
class Launch:
    """What is to be run, and on what."""

    config: Config
    name: str
    """Of the base."""
    base: BaseFacts
    packages: Collection[str] = ()
    """Names of the Debian packages above it."""

    def check(self) -> str | None:
        """Return a warning of what may fail. Raises `CannotLaunch`, `NoShellToAdd`.

        A user may come with a package above the base, whose scripts are not read here.
        """
        if self.config.shell and not self.name.startswith(_DEBIAN):
            raise NoShellToAdd(self.name)
        unknown = list(self._unknown())
        certain = [] if self.packages else unknown
        by_shell = [] if self._has_shell() else list(self._given_to_shell())
        if certain or by_shell:
            lines = "".join(f"\n  {each}" for each in [*certain, *by_shell])
            raise CannotLaunch(
                f"Unable to run what `[tool.lamina]` says on the base `{self.name}`{lines}",
                hint=" ".join(self._hints(certain, by_shell)),
            )
        lines = "; ".join(str(each) for each in unknown)
        return f"{lines} in the base; a Debian package must bring it" if unknown else None

    def _unknown(self) -> Iterator[_Unknown]:
        """Give what of ``user`` the base does not have; numbers need not be known to it."""
        if self._may_be_copied("etc/passwd") or self._may_be_copied("etc/group"):
            return
        user, _, group = (self.config.user or "").partition(":")
        for what, name, known in (
            ("user", user, self.base.users),
            ("group", group, self.base.groups),
        ):
            if name and not name.isdecimal() and known is not None and name not in known:
                yield _Unknown(what, name, known)

    def _given_to_shell(self) -> Iterator[str]:
        """Give the settings whose commands `_SHELL` would run."""
        check = self.config.healthcheck
        for key, command in (
            ("entrypoint", self.config.entrypoint or ()),
            ("cmd", self.config.cmd or ()),
            ("healthcheck", () if check is None else check.test),
        ):
            if command[:1] in ((_SHELL,), (_BY_SHELL,)):
                yield f"`{key}`: there is no `{_SHELL}`"

    def _has_shell(self) -> bool:
        return (
            self.base.has_shell is not False
            or _SHELL_PACKAGE in self.packages
            or self._may_be_copied("bin/sh")
            or self._may_be_copied("usr/bin/sh")
        )

    def _may_be_copied(self, path: str) -> bool:
        """Say whether a copy goes to a path, or to a folder that it lies in."""
        for copy in self.config.copy or ():
            to = posixpath.normpath(posixpath.join(self.config.workdir, copy.to)).strip("/")
            if not to or path == to or path.startswith(f"{to}/"):
                return True
        return False

    def _hints(self, unknown: list[_Unknown], by_shell: list[str]) -> Iterator[str]:
        for each in unknown:
            if near := difflib.get_close_matches(each.name, each.known, 1):
                yield f"Did you mean the {each.what} `{near[0]}`?"
            else:
                yield "Give a number, which no base need know, as in `1000:1000`."
        if by_shell and self.name.startswith(_DEBIAN):
            yield "Set `shell = true`, or write commands as arrays of words"
        elif by_shell:
            yield "Write commands as arrays of words"
