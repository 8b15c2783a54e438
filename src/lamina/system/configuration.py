"""The small layer above the packages: what dpkg and maintainer scripts would leave behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lamina.archive.entry import Entry, Kind
from lamina.archive.rootfs import Rootfs, place
from lamina.deb.unpack import Keep
from lamina.system.loader.above import loader_cache
from lamina.system.made.alternatives import ADMIN, alternatives
from lamina.system.made.certificates import certificates
from lamina.system.made.database import database
from lamina.system.made.folders import folders, lacking
from lamina.system.made.permissions import permissions
from lamina.system.made.shells import shells
from lamina.system.made.triggers import triggers
from lamina.system.made.users import add_users
from lamina.system.notes import PackageNotes, Shipped
from lamina.system.scripts.deeds import (
    Alternative,
    Certificates,
    Copy,
    Deed,
    Folder,
    Permission,
    Text,
)
from lamina.system.scripts.reading import read_scripts
from lamina.system.scripts.warnings import warnings
from lamina.system.small_files import SmallFiles, program_of


class BaseUntold(Exception):
    """More must be known of the base than an image tells of it: `SmallFiles.travelling`."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The entries of the layer, and what of the scripts' work is missing."""

    entries: list[Entry]
    """Placed above the base."""
    warnings: list[str]
    """One for each package of which something is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """The base, as far as it decides what is configured."""

    files: SmallFiles
    rootfs: Rootfs
    architecture: str
    """Debian's name of it."""

    def has(self, path: str) -> bool:
        """Say whether something is known to be there; ``path`` is relative to the root."""
        known = (self.rootfs.links, self.rootfs.directories)
        return self.files.has(path) or any(path in each for each in known)


def configure(
    notes: Sequence[PackageNotes], below: Below, keep: Keep, changed: Sequence[Entry] = ()
) -> Configuration:
    """Return what is above the packages that ``notes`` are on, all of them, by name.

    ``keep`` says which of their paths are in the image, and ``changed`` what the layer has besides,
    where scripts would not change that. Raises `BaseUntold`.
    """
    return _Configuring(notes, below, keep).finish(changed)


class _Configuring:
    """What is known of all packages together."""

    def __init__(self, notes: Sequence[PackageNotes], below: Below, keep: Keep) -> None:
        self._notes = notes
        self._below = below
        self._base = below.files.files
        shipped = {program_of(path) for each in notes for path in each.listed} - {""}
        programs = below.files.programs | shipped
        self._deeds = [
            read_scripts(each.name, each.control, each.listed, programs) for each in notes
        ]
        self._made: list[Deed] = [deed for each in self._deeds for deed in each.made]
        self._captured = {path: data for each in notes for path, data in each.captured.items()}
        self._shipped = {
            path
            for each in notes
            for path in each.listed
            # Of a directory as of a file, documentation is left out.
            if keep(path[1:], Kind.FILE) or keep(path[1:], Kind.DIRECTORY)
        }
        self._accounts = add_users(self._base, self._made, self._captured)
        self._changed, left = self._permissions()
        missing = lacking(self._made, self._captured, self._exists)
        self._left: frozenset[Deed] = frozenset([*left, *missing])

    def finish(self, changed: Sequence[Entry]) -> Configuration:
        chosen = list(self._alternatives())
        links = {each.path: each.target for each in chosen if each.kind is Kind.SYMLINK}
        entries = [
            *database(self._notes, self._below.files, self._below.architecture),
            *self._triggers(),
            *chosen,
            *self._accounts.entries,
            *self._certificates(),
            *shells(self._made, self._base),
            *folders(self._made, self._accounts, self._captured, self._exists),
            *self._changed,
            *loader_cache(
                self._notes,
                self._below.files,
                {**self._below.rootfs.links, **links},
                self._below.architecture,
            ),
        ]
        made = {each.path for each in entries}
        entries += [each for each in changed if each.path not in made]
        placed = place(entries, self._below.rootfs)
        return Configuration(list(self._with_changed_folders(placed)), self._warnings())

    def _with_changed_folders(self, placed: list[Entry]) -> Iterator[Entry]:
        """Give entries; the folders among them that scripts change are not as the base has them."""
        changed = {
            self._below.rootfs.resolve(each.path): each
            for each in self._changed
            if each.kind is Kind.DIRECTORY
        }
        for entry in placed:
            new = changed.get(entry.path)
            yield entry if new is None else replace(new, path=entry.path)

    def _permissions(self) -> tuple[list[Entry], list[Permission]]:
        """Return what stands again with other rights, and what could not be changed."""
        there = {path: each for noted in self._notes for path, each in noted.permissions.items()}
        made = {deed.path for deed in self._made if isinstance(deed, Folder)}
        wanted: list[Permission] = []
        for deed in self._made:
            if not isinstance(deed, Permission):
                continue
            if deed.path not in made:
                wanted.append(deed)
            elif self._exists(deed.path):
                # Another package, or the base, has the folder; its own rights are not known here.
                if deed.is_whole:
                    plain = Shipped(Kind.DIRECTORY, 0o755, 0, 0)
                    there.setdefault(deed.path.lstrip("/"), plain)
                wanted.append(deed)
        return permissions(wanted, self._accounts, there, self._captured, self._base)

    def _warnings(self) -> list[str]:
        # By the names that dpkg gives the scripts, since they are told how to be run.
        names = {each.name: each.info_name for each in self._notes}
        deeds = [replace(each, package=names[each.package]) for each in self._deeds]
        left = {
            each.package: [
                deed
                for deed in each.made
                if isinstance(deed, Permission | Copy | Text) and deed in self._left
            ]
            for each in deeds
        }
        return warnings(deeds, {each.info_name: each.listed for each in self._notes}, left)

    def _exists(self, path: str) -> bool:
        return path in self._shipped or self._below.has(path[1:])

    def _alternatives(self) -> Iterator[Entry]:
        wanted = [deed for deed in self._made if isinstance(deed, Alternative)]
        for entry in alternatives(self._base, wanted, self._exists):
            # Without dpkg, nobody reads what `update-alternatives` notes for itself.
            if self._below.files.has_status or not entry.path.startswith(ADMIN):
                yield entry

    def _triggers(self) -> list[Entry]:
        if not self._below.files.has_status:
            return []
        declared = {each.info_name: each.control.get("triggers", b"") for each in self._notes}
        return triggers(self._base, declared)

    def _certificates(self) -> list[Entry]:
        if not any(isinstance(deed, Certificates) for deed in self._made):
            return []
        if self._below.files.lacks_certificates:
            raise BaseUntold
        return certificates(self._base, self._captured)
