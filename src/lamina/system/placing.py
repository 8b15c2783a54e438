"""One layer while packages are unpacked to it: where each path goes, above what lies below.

A stream, unlike `lamina.archive.rootfs.place`: a package is read once, and never held whole.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from lamina.archive.entry import Entry, Kind, directory
from lamina.archive.parents import parents
from lamina.archive.rearranged import Rearranged
from lamina.archive.rootfs import Rootfs
from lamina.archive.tree import follow
from lamina.errors import LaminaError


class PackagesCollide(LaminaError):
    """Packages that bring the same paths, or paths of the base, and that dpkg refuses as well."""

    def __init__(self, problems: Iterable[str]) -> None:
        lines = "".join(f"\n  {problem}" for problem in sorted(problems))
        super().__init__(
            f"Unable to unpack packages beside each other{lines}",
            hint="Leave one of them out, or ask for versions that do not bring the same; dpkg "
            "refuses these, too",
        )


class UnknownOwner(LaminaError):
    """A file whose owner the base's dpkg is to set, to one that the base does not have."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"Unable to give `/{path}` its owner: `/var/lib/dpkg/statoverride` of the base image "
            "names a user or group that the base does not have",
            hint="Make the user in the base image, or take the line away with `dpkg-statoverride "
            f"--remove /{path}`",
        )


def both_bring(path: str, one: str, other: str) -> str:
    """Return what `PackagesCollide` says of a file of two packages."""
    names = " and ".join(sorted((one, other)))
    return f"`/{path}`: {names} both bring it, and neither replaces the other"


@dataclass(slots=True)
class Placing:
    """The paths that a layer has so far, and what lies below it.

    As dpkg has it: a directory, or a symlink to one, that is there stays as it is.
    """

    rootfs: Rootfs
    rearranged: Rearranged = field(default_factory=Rearranged)
    owners: dict[str, str] = field(default_factory=dict)
    """By path, who brought it; nobody in particular brings a directory."""
    links: dict[str, str] = field(default_factory=dict)
    replacers: dict[str, frozenset[str]] = field(default_factory=dict)
    """By package, those whose files stay in the place of its own (Debian Policy 7.6.1)."""

    def place(self, owner: str, entry: Entry) -> Iterator[Entry]:
        """Give an entry of a package where it belongs, after the directories that lead to it.

        Raises `PackagesCollide`.
        """
        if entry.kind is Kind.DIRECTORY:
            yield from self._directory(owner, entry)
            return
        path = self._beside(self._diverted(owner, entry.path))
        if self._stays(path, entry) or self.owners.get(path) in self.replacers.get(owner, ()):
            return
        self._check(owner, path)
        if path in self.rootfs.directories:
            raise PackagesCollide(
                [f"`/{path}`: a file in `{owner}`, a directory of the base image"]
            )
        yield from self._parents(path)
        self.owners[path] = owner
        if entry.kind is Kind.SYMLINK:
            self.links[path] = entry.target
        is_hard = entry.kind is Kind.HARDLINK
        target = self._beside(self._diverted(owner, entry.target)) if is_hard else entry.target
        yield replace(self._overridden(entry), path=path, target=target)

    def _diverted(self, owner: str, path: str) -> str:
        """Return where a file of a package lies: another may have claimed its place."""
        return self.rearranged.place_of(f"/{path}", owner)[1:]

    def _overridden(self, entry: Entry) -> Entry:
        """Return an entry with mode and owner as the base's dpkg is to give them."""
        override = self.rearranged.overrides.get(f"/{entry.path}")
        if override is None:
            return entry
        if override.uid is None or override.gid is None:
            raise UnknownOwner(entry.path)
        mode = entry.mode if entry.kind is Kind.SYMLINK else override.mode
        return replace(entry, mode=mode, uid=override.uid, gid=override.gid)

    def resolve(self, path: str) -> str:
        """Follow every symlink of ``path``, as dpkg does on a running system."""
        return "/".join(follow(path, self._target))

    def _target(self, parts: list[str]) -> str | None:
        path = "/".join(parts)
        return self.links.get(path) or self.rootfs.links.get(path)

    def _beside(self, path: str) -> str:
        parent, _, name = path.rpartition("/")
        return posixpath.join(self.resolve(parent), name)

    def _directory(self, owner: str, entry: Entry) -> Iterator[Entry]:
        path = self._beside(entry.path)
        if self.resolve(path) != path or self.owners.get(path) == "":
            return
        self._check(owner, path)
        yield from self._parents(path)
        self.owners[path] = ""
        yield self.rootfs.directory(path) or replace(self._overridden(entry), path=path)

    def _parents(self, path: str) -> Iterator[Entry]:
        for parent in parents(path):
            if parent not in self.owners:
                self.owners[parent] = ""
                yield self.rootfs.directory(parent) or directory(parent)

    def _stays(self, path: str, entry: Entry) -> bool:
        """Say whether what is there is left as it is, as dpkg does with a directory."""
        if entry.kind is not Kind.SYMLINK:
            return False
        is_directory = path in self.rootfs.directories or self.owners.get(path) == ""
        return is_directory or self._target(path.split("/")) == entry.target

    def _check(self, owner: str, path: str) -> None:
        other = self.owners.get(path)
        if other is not None:
            if other:
                raise PackagesCollide([both_bring(path, f"`{owner}`", f"`{other}`")])
            raise PackagesCollide([f"`/{path}`: a file in `{owner}`, a directory in another"])
