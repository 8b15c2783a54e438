"""One Debian package, as an index describes it.

A module of its own, since a plan that was kept is read without the parsers of indices.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """A package as an index describes it: enough to fetch it, and to know it when it comes."""

    name: str
    version: str
    architecture: str
    suite: str
    """That it is of; with the path it makes the URL. No mirror's address is in here, nor a
    password: what is the same everywhere may be kept and compared."""
    path: str
    """Relative to the archive's root."""
    size: int
    sha256: str

    @property
    def source(self) -> str:
        """The source package that it was built of, whose packages are updated together.

        The folder in the pool is called like it.
        """
        return self.path.split("/")[-2] if "/" in self.path else self.name

    @property
    def identity(self) -> list[str]:
        """What a layer knows it by: also what it is said to be, since the image repeats that."""
        return [self.name, self.version, self.architecture, self.sha256]

    @property
    def file_name(self) -> str:
        """What its file is called."""
        return self.path.rpartition("/")[2]
