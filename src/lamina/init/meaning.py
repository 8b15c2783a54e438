"""What a command of RUN is about, as far as an image that runs no command is concerned."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.deb.wish import Wish
from lamina.dockerfile.text import Span


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A word of a command of apt that `apt` does not name."""

    span: Span
    text: str
    why: str
    todo: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a command is about: why it is not run, and what is to be done instead."""

    why: str
    todo: str = ""
    """Empty where a build does by itself what the command did."""
    packages: tuple[str, ...] = ()
    """That it installs, and that no setting names."""
    wishes: tuple[Wish, ...] = ()
    """What it installs of Debian's packages, for the setting `apt`."""
    removed: tuple[str, ...] = ()
    """Names of packages that it removes, or patterns for them."""
    unnamed: tuple[Unnamed, ...] = ()
    recommends: bool | None = None
    """Whether it wants what its packages recommend, if it says so."""
    is_said: bool = False
    """Whether settings say what it did, so that nothing is to be said of it."""

    @property
    def is_of_packages(self) -> bool:
        """Whether it is about installing packages of the system, be it before or after."""
        return bool(self.packages) or self.is_said or self == UPDATE


UPDATE = Meaning("`lamina build` needs none of it")
