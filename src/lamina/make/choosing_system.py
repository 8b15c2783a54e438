"""Which Debian packages go above a base: what is asked for, with all that it needs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from lamina.archive.entry import Entry
from lamina.bases.small_files import read_entries, read_small_files
from lamina.deb.architecture import debian_architecture
from lamina.deb.installed import Installed
from lamina.deb.package import DebianPackage
from lamina.deb.packages import PackagesIndex
from lamina.deb.resolver import Resolution, resolve
from lamina.deb.wish import Wish
from lamina.make.base import OpenedBase
from lamina.make.former_notes import FormerNotes
from lamina.make.image_workshop import ImageWorkshop
from lamina.make.mirror_files import MirrorFiles
from lamina.make.tools import files_of
from lamina.mirrors.archives import Archive
from lamina.mirrors.debs import fetch_deb
from lamina.mirrors.indices import ReadIndex, read_index
from lamina.mirrors.os_release import NotDebian, OsRelease
from lamina.mirrors.preferences import preferences_of
from lamina.observer import Traffic
from lamina.oci.document import MalformedDocument
from lamina.plan.key import LayerKey
from lamina.system.base_paths import BasePaths
from lamina.system.small_files import SmallFiles
from lamina.system.telling import KnownBase

_Known = TypeVar("_Known")

FindArchives = Callable[[SmallFiles, str], Sequence[Archive]]
"""Says where the packages for a base come from, by its own files and for an architecture."""


@dataclass(slots=True)
class Supply:
    """Where the packages above one base come from: what is found out, is found out once."""

    opened: OpenedBase
    workshop: ImageWorkshop
    find: FindArchives
    now: datetime
    former: FormerNotes = field(init=False)
    """What earlier images tell."""
    _files: SmallFiles | None = None
    _paths: BasePaths | None = None
    _archives: Sequence[Archive] | None = None
    _places: Sequence[Archive] | None = None
    """Archives whose keys may be unknown."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.former = FormerNotes(self.workshop)

    @property
    def architecture(self) -> str:
        """Debian's name of the base's platform."""
        return debian_architecture(self.opened.base.config.platform)

    def small_files(self) -> SmallFiles:
        """Return those of the base, as they are kept, or read from its layers."""
        with self._lock:  # Many packages are fetched at a time, and each may be the first to ask.
            if self._files is None:
                self._files = self._kept_files() or self._read()[0]
            return self._files

    def base_paths(self) -> BasePaths:
        """Return all that lies in the base, as it is kept, or read from its layers."""
        with self._lock:
            if self._paths is None:
                self._paths = self._kept_paths() or self._read()[1]
            return self._paths

    def base_entries(self, paths: Collection[str]) -> list[Entry]:
        """Return what the base has at these paths, read from its layers."""
        return read_entries(self.opened.base, paths)

    def told_base(self) -> KnownBase | None:
        """Return what is kept of the base, or as far as an earlier image tells."""
        with self._lock:
            self._files = self._files or self._kept_files()
            self._paths = self._paths or self._kept_paths()
            if self._files is not None and self._paths is not None:
                return KnownBase(self._files, self._paths)
            return self.former.base(self.opened.base.identity)

    def archives(self) -> Sequence[Archive]:
        """Return the archives that packages for the base come from."""
        with self._lock:
            if self._archives is None:
                self._archives = self._find_archives(self.small_files())
            return self._archives

    def fetch(self, package: DebianPackage) -> Path:
        """Return the file of a package, checked by its hash; so nobody's signature is needed."""
        with self._lock:
            if self._archives is None and self._places is None:
                told = self.told_base()
                files = self.small_files() if told is None else told.files
                self._places = self._find_archives(files)
            archives = self._archives or self._places or ()
        return fetch_deb(package, archives, self._mirrors(Traffic.PACKAGE))

    def index(self) -> ReadIndex:
        """Return what the archives have now; none may be older than it was seen before."""
        dates, archives = self.workshop.dates, self.archives()
        found = read_index(
            archives,
            self.architecture,
            fetch=self._mirrors(Traffic.OTHER),
            now=self.now,
            seen=dates.seen(archives),
        )
        dates.keep(found.releases)
        return found

    def _find_archives(self, files: SmallFiles) -> Sequence[Archive]:
        release = OsRelease.of(files.get)
        if not files.statuses and not release.is_debian:
            raise NotDebian(self.opened.base.name, release)
        return self.find(files, self.architecture)

    def _mirrors(self, traffic: Traffic) -> MirrorFiles:
        return MirrorFiles(files_of(self.workshop, traffic))

    def _kept_files(self) -> SmallFiles | None:
        return self._kept(self._key, SmallFiles.parse)

    def _kept_paths(self) -> BasePaths | None:
        return self._kept(self._paths_key, BasePaths.parse)

    def _kept(self, key: str, parse: Callable[[Mapping[str, object]], _Known]) -> _Known | None:
        document = self.workshop.facts(key)
        try:
            return None if document is None else parse(document)
        except MalformedDocument:  # Of another release, or damaged.
            return None

    def _read(self) -> tuple[SmallFiles, BasePaths]:
        files, paths = read_small_files(self.opened.base)
        self.workshop.store.facts.put(self._key, files.to_json())
        self.workshop.store.facts.put(self._paths_key, paths.to_json())
        self._paths = paths
        return files, paths

    @property
    def _key(self) -> str:
        return LayerKey.of({"small-files-of-base": str(self.opened.base.identity)}).hex

    @property
    def _paths_key(self) -> str:
        return LayerKey.of({"paths-of-base": str(self.opened.base.identity)}).hex


def choose(
    wishes: Sequence[Wish], supply: Supply, preferred: Mapping[str, str] | None = None
) -> Resolution:
    """Return the packages that go above a base, by what its archives have now.

    ``preferred`` are versions that are taken where the archives still have them.
    """
    files = supply.index().files
    preferences = preferences_of(supply.small_files(), files, supply.architecture)
    index = PackagesIndex(files, preferences)
    where = f"the base `{supply.opened.base.name}`"
    installed = Installed.parse(supply.small_files().statuses.values(), where=where)
    return resolve(
        wishes,
        index,
        installed,
        architecture=supply.architecture,
        preferred=preferred or {},
    )
