"""What a base says it is: its os-release file (os-release(5))."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lamina.errors import LaminaError
from lamina.mirrors.distributions import DISTRIBUTIONS, Distribution

_PATHS = ("etc/os-release", "usr/lib/os-release")
"""Where it lies; the first that is there counts."""

_IN_VERSION = re.compile(r"\(([A-Za-z]+)\b[^()]*\)\s*$")


class NotDebian(LaminaError):
    """A base to which no Debian package can be added."""

    def __init__(self, base: str, release: OsRelease) -> None:
        told = f"it is {release}" if str(release) else "nothing in it says what it is"
        super().__init__(
            f"Unable to add Debian packages to `{base}`: it is not made of such; {told}",
            hint="Name a base of Debian or Ubuntu as `base`, such as `debian:bookworm`; or remove "
            "`apt` from `[tool.lamina]`",
        )


@dataclass(frozen=True, slots=True)
class OsRelease:
    """The fields of an os-release file; without one there are none."""

    fields: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, data: bytes | None) -> OsRelease:
        """Read the file; lines that the shell could not read are left out."""
        fields: dict[str, str] = {}
        for line in (data or b"").decode(errors="replace").splitlines():
            key, equals, value = line.strip().partition("=")
            if not equals or not key.isidentifier():
                continue
            try:
                words = shlex.split(value)
            except ValueError:
                continue
            fields[key] = " ".join(words)
        return cls(fields)

    @classmethod
    def of(cls, read: Callable[[str], bytes | None]) -> OsRelease:
        """Read that of a base, whose files ``read`` gives by paths relative to its root."""
        found = (read(path) for path in _PATHS)
        return cls.parse(next((data for data in found if data is not None), None))

    @property
    def is_debian(self) -> bool:
        """Whether it is, or comes from, a distribution of Debian packages."""
        ids = {self.fields.get("ID", ""), *self.fields.get("ID_LIKE", "").split()}
        return bool(ids & {each.id for each in DISTRIBUTIONS})

    @property
    def distribution(self) -> Distribution | None:
        """Which distribution it is, if we know its archive."""
        found = self.fields.get("ID")
        return next((each for each in DISTRIBUTIONS if each.id == found), None)

    @property
    def codename(self) -> str | None:
        """The codename of the release, as its suites are called.

        >>> OsRelease({"VERSION": "12 (bookworm)"}).codename
        'bookworm'
        """
        if codename := self.fields.get("VERSION_CODENAME"):
            return codename
        match = _IN_VERSION.search(self.fields.get("VERSION", ""))
        return match[1].lower() if match else None

    def __str__(self) -> str:
        name = self.fields.get("PRETTY_NAME") or self.fields.get("NAME") or self.fields.get("ID")
        return f"`{name}`" if name else ""
