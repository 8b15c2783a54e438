"""Packages indices: the packages that archives have, in all their versions.

An index has some 60,000 paragraphs, of which an image needs a few dozen: they are found by their
first field and parsed only when asked for, which takes a tenth of the time that parsing all takes.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cmp_to_key

from lamina.deb.binary import BinaryPackage, relations_of
from lamina.deb.control import (
    ControlError,
    Paragraph,
    compare_versions,
    parse_paragraph,
    parse_version,
    required,
)
from lamina.deb.package import DebianPackage
from lamina.deb.preferences import INSTALLED, OF_INSTALLED, Preferences, Provenance
from lamina.oci.digest import Digest, InvalidDigest

_NAME = b"Package: "
_PROVIDES = b"\nProvides: "
_MENTIONING = (
    b"Package:",
    b"Pre-Depends:",
    b"Depends:",
    b"Conflicts:",
    b"Breaks:",
    b"Recommends:",
    b"Suggests:",
    b"Replaces:",
    b"Enhances:",
    b"Provides:",
)
"""Fields that name packages, in the order in which apt reads them."""
_UNKNOWN = Provenance()
_AUTOMATIC = 500
"""The priority of a suite that a machine takes its packages from (apt_preferences(5))."""


@dataclass(frozen=True, slots=True)
class PackagesFile:
    """One Packages index, uncompressed."""

    data: bytes
    suite: str
    priority: int = _AUTOMATIC
    """As apt_preferences(5) has it: 500; for a suite that is `NotAutomatic` 100 with
    `ButAutomaticUpgrades`, as backports are, and 1 without."""
    aliases: frozenset[str] = frozenset()
    """Other names of the suite, which may be asked for alike: ``stable`` for ``bookworm``."""
    provenance: Provenance = _UNKNOWN
    """What preferences may rank it by."""

    @property
    def suites(self) -> frozenset[str]:
        """All names of the suite."""
        return self.aliases | {self.suite}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexedPackage(BinaryPackage):
    """One version of a package that an archive has."""

    package: DebianPackage
    file: PackagesFile
    """The index that describes it."""
    files: tuple[PackagesFile, ...]
    """All that have this version."""
    priority: int
    """Of this version (apt_preferences(5)); if it is not above 0, it is never taken unasked."""


class PackagesIndex:
    """All the packages of some Packages indices."""

    def __init__(
        self, files: Iterable[PackagesFile], preferences: Preferences | None = None
    ) -> None:
        self._files = tuple(files)
        self._preferences = preferences or Preferences()
        self._places: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
        """By name: of each paragraph the file, and where in it the paragraph begins."""
        self._providers: dict[str, list[str]] = defaultdict(list)
        self._versions: dict[str, tuple[IndexedPackage, ...]] = {}
        self._mentions: dict[str, tuple[int, ...]] = {}
        """What `first_mentions` found, which may have searched 50 MB."""
        provides: dict[str, list[str]] = defaultdict(list)
        for number in range(len(self._files)):
            self._read_names(number, provides)
        for text, owners in provides.items():
            for provided in text.split(","):
                # The version is looked at when a candidate is.
                name = provided.split("(", 1)[0].split(":", 1)[0].strip()
                self._providers[name].extend(owners)

    @property
    def suites(self) -> frozenset[str]:
        """The suites that there is an index of, by all their names."""
        return frozenset().union(*({file.suite} | file.aliases for file in self._files))

    def names(self) -> Iterable[str]:
        """Return the names of all packages."""
        return [name.decode("latin-1") for name in self._places]

    def versions(self, name: str) -> tuple[IndexedPackage, ...]:
        """Return the versions of a package, the one first that apt would choose: its candidate.

        A higher priority goes before, then a higher version (apt_preferences(5)). Of the same
        version in several suites, the first suite's is taken, of those with the highest priority.
        """
        found = self._versions.get(name)
        if found is None:
            parsed = (self._parse(name, *place) for place in self._places.get(name.encode(), ()))
            same: dict[str, list[IndexedPackage]] = defaultdict(list)
            for one in parsed:
                same[one.version].append(one)
            ranked = (self._ranked(each) for each in same.values())
            found = tuple(sorted(ranked, key=cmp_to_key(_compare), reverse=True))
            self._versions[name] = found
        return found

    def priority_of_installed(self, package: BinaryPackage) -> int:
        """Return the priority of a version that a base has; archives may have it, too."""
        of = (package.architecture, "all")
        same = (
            each
            for each in self.versions(package.name)
            if each.version == package.version and each.architecture in of
        )
        files = [(file.provenance, file.priority) for each in same for file in each.files]
        return self._priority(package, [(INSTALLED, OF_INSTALLED), *files])

    def _ranked(self, same: list[IndexedPackage]) -> IndexedPackage:
        """Return one version, which some files have alike."""
        first = max(same, key=lambda one: one.priority)
        files = [(one.file.provenance, one.file.priority) for one in same]
        priority = self._priority(first, files)
        return replace(first, files=tuple(one.file for one in same), priority=priority)

    def _priority(self, package: BinaryPackage, files: list[tuple[Provenance, int]]) -> int:
        return self._preferences.of_version(
            package.name,
            package.version,
            files,
            source=package.source[0],
        )

    def providers(self, name: str) -> tuple[str, ...]:
        """Return the names of the packages of which some version provides ``name``."""
        return tuple(dict.fromkeys(self._providers.get(name, ())))

    def first_mentions(self, names: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """Tell where each name stands first, as a package or in a field about packages.

        apt numbers names so, and takes of equal providers the one with the highest number.
        """
        wanted = [*names]
        for name in wanted:
            if name not in self._mentions:
                self._mentions[name] = self._find_mention(name.encode())
        return {name: self._mentions[name] for name in wanted}

    def _find_mention(self, name: bytes) -> tuple[int, ...]:
        form = re.compile(rb"(?<![^\s,|])" + re.escape(name) + rb"(?![^\s,|(])")
        for number, file in enumerate(self._files):
            at = file.data.find(name)
            while at != -1:
                start = file.data.rfind(b"\n\n", 0, at) + 1
                end = _find(file.data, b"\n\n", at)
                for order, field in enumerate(_MENTIONING):
                    line = file.data.find(b"\n" + field, max(start - 1, 0), end)
                    if line == -1 and file.data.startswith(field, start):
                        line = start
                    if line == -1:
                        continue
                    match = form.search(
                        file.data, line + len(field), _find(file.data, b"\n", line + 1)
                    )
                    if match is not None:
                        return number, start, order, match.start()
                at = file.data.find(name, end)
        return ()

    def _parse(self, name: str, number: int, start: int) -> IndexedPackage:
        file = self._files[number]
        where = f"the Packages entry of `{name}`"
        data = file.data[start : _find(file.data, b"\n\n", start)]
        paragraph = parse_paragraph(data, where=where)
        package = _package(paragraph, file.suite, where)
        return IndexedPackage(
            name=package.name,
            version=package.version,
            architecture=package.architecture,
            package=package,
            file=file,
            files=(file,),
            priority=self._preferences.of_file(file.provenance, file.priority),
            **relations_of(paragraph, where),
        )

    def _read_names(self, number: int, provides: dict[str, list[str]]) -> None:
        """Note where each paragraph of a file begins, and the text of its Provides.

        The one loop over all that archives have; what it calls, it calls 60,000 times.
        """
        data = self._files[number].data
        find, places, head = data.find, self._places, len(_NAME)
        provision = _find(data, _PROVIDES, 0)
        start = 0
        while start < len(data):
            if not data.startswith(_NAME, start):
                if data.startswith(b"\n", start):
                    start += 1
                    continue
                line = data[start : start + 60].split(b"\n")[0].decode("latin-1")
                raise ControlError(f"Expected `Package` first in an entry of Packages, got: {line}")
            line_end = find(b"\n", start)
            name = data[start + head : line_end if line_end != -1 else None].strip()
            places[name].append((number, start))
            end = find(b"\n\n", start)
            if end == -1:
                end = len(data)
            if provision < end:
                text_end = _find(data, b"\n", provision + len(_PROVIDES))
                text = data[provision + len(_PROVIDES) : text_end].decode("latin-1")
                provides[text].append(name.decode("latin-1"))
                provision = _find(data, _PROVIDES, text_end)
            start = end + 2


def _find(data: bytes, wanted: bytes, start: int) -> int:
    """Return where it is, or the end."""
    at = data.find(wanted, start)
    return at if at != -1 else len(data)


def _compare(one: IndexedPackage, other: IndexedPackage) -> int:
    if one.priority != other.priority:
        return one.priority - other.priority
    return compare_versions(one.version, other.version)


def _package(paragraph: Paragraph, suite: str, where: str) -> DebianPackage:
    fields = ("Package", "Version", "Architecture", "Filename", "Size", "SHA256")
    name, version, architecture, path, size, sha256 = required(paragraph, *fields, where=where)
    parse_version(version, where=where)
    if path.startswith("/") or ".." in path.split("/") or not path.isprintable():
        raise ControlError(f"Malformed `Filename` in {where}: {path}")
    if not (size.isascii() and size.isdecimal()):
        raise ControlError(f"Malformed `Size` in {where}: {size}")
    try:
        Digest.parse(f"sha256:{sha256}")
    except InvalidDigest:
        raise ControlError(f"Malformed `SHA256` in {where}: {sha256}") from None
    return DebianPackage(
        name=name,
        version=version,
        architecture=architecture,
        suite=suite,
        path=path,
        size=int(size),
        sha256=sha256,
    )
