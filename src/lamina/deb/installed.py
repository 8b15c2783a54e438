"""What a base has installed, as its dpkg status tells (dpkg(1), Debian Policy 5)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamina.deb.binary import BinaryPackage, relations_of
from lamina.deb.control import ControlError, Paragraph, parse_paragraph, parse_version, required

_PARAGRAPH_END = re.compile(rb"\n(?:[ \t]*\n)+")
_NAME = re.compile(rb"^Package:[ \t]*(\S+)", re.MULTILINE | re.IGNORECASE)
_STATUS = re.compile(rb"^Status:[ \t]*(.*?)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_NEEDS = re.compile(rb"^(?:Pre-)?Depends:(.*(?:\n[ \t].*)*)", re.MULTILINE | re.IGNORECASE)
_FORBIDS = re.compile(rb"^(?:Conflicts|Breaks):(.*(?:\n[ \t].*)*)", re.MULTILINE | re.IGNORECASE)
_PROVIDES = re.compile(rb"^Provides:(.*(?:\n[ \t].*)*)", re.MULTILINE | re.IGNORECASE)
_SOURCE = re.compile(rb"^Source:(.*)", re.MULTILINE | re.IGNORECASE)
_WORD = re.compile(rb"[a-zA-Z0-9][a-zA-Z0-9.+-]+")
_ABSENT = frozenset({b"not-installed", b"config-files", b"half-installed"})
"""States of dpkg in which the files of a package are not (all) there."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InstalledPackage(BinaryPackage):
    """A package that a base has."""

    paragraph: bytes
    """As it stands in the status, without the empty line after it."""
    is_held: bool
    """Somebody asked dpkg to keep it as it is (dpkg(1), ``hold``)."""


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    paragraph: bytes
    is_held: bool


class Installed:
    """The packages that a base has; a paragraph is parsed only when it is asked for."""

    def __init__(self, entries: Iterable[_Entry], where: str) -> None:
        self._entries = tuple(entries)
        self._where = where
        self._by_name: dict[str, list[int]] = defaultdict(list)
        for number, entry in enumerate(self._entries):
            self._by_name[entry.name].append(number)
        self._words: dict[re.Pattern[bytes], dict[str, list[int]]] = {}
        self._parsed: dict[int, InstalledPackage] = {}

    @classmethod
    def parse(cls, texts: Iterable[bytes], *, where: str) -> Installed:
        """Read a dpkg status, or the files of ``status.d``, or both; ``where`` names the base.

        A paragraph without ``Status``, as ``status.d`` has them, is of an installed package.
        """
        paragraphs = (each for text in texts for each in _PARAGRAPH_END.split(text.strip(b"\n")))
        entries = (_entry(paragraph, where) for paragraph in paragraphs if paragraph.strip())
        return cls((entry for entry in entries if entry is not None), where)

    @classmethod
    def nothing(cls) -> Installed:
        """Return what an empty base has."""
        return cls((), "an empty base")

    def __iter__(self) -> Iterator[InstalledPackage]:
        return (self._package(number) for number in range(len(self._entries)))

    def __len__(self) -> int:
        return len(self._entries)

    def named(self, name: str) -> tuple[InstalledPackage, ...]:
        """Return the packages of that name, of which there is one for each architecture."""
        return self._packages(self._by_name.get(name, ()))

    def providing(self, name: str) -> tuple[InstalledPackage, ...]:
        """Return those that provide ``name``; their own names do not count."""
        return self._mentioning(_PROVIDES, name)

    def needing(self, name: str) -> tuple[InstalledPackage, ...]:
        """Return those that name ``name`` in Depends or Pre-Depends."""
        return self._mentioning(_NEEDS, name)

    def forbidding(self, name: str) -> tuple[InstalledPackage, ...]:
        """Return those that name ``name`` in Conflicts or Breaks."""
        return self._mentioning(_FORBIDS, name)

    def of_source(self, name: str) -> tuple[InstalledPackage, ...]:
        """Return those that were built from the source package ``name``."""
        found = dict.fromkeys([*self.named(name), *self._mentioning(_SOURCE, name)])
        return tuple(one for one in found if one.source[0] == name)

    def _mentioning(self, form: re.Pattern[bytes], name: str) -> tuple[InstalledPackage, ...]:
        """Return those with ``name`` in a field; a few more may be among them."""
        if form not in self._words:
            words: dict[str, list[int]] = defaultdict(list)
            for number, entry in enumerate(self._entries):
                text = b",".join(form.findall(entry.paragraph))
                for word in dict.fromkeys(_WORD.findall(text)):
                    words[word.decode("latin-1")].append(number)
            self._words[form] = words
        return self._packages(self._words[form].get(name, ()))

    def _packages(self, numbers: Iterable[int]) -> tuple[InstalledPackage, ...]:
        return tuple(self._package(number) for number in numbers)

    def _package(self, number: int) -> InstalledPackage:
        found = self._parsed.get(number)
        if found is None:
            found = self._parsed[number] = _parse(self._entries[number], self._where)
        return found


def _entry(paragraph: bytes, where: str) -> _Entry | None:
    match = _NAME.search(paragraph)
    if match is None:
        raise ControlError(f"Missing in {where}: `Package`")
    status = _STATUS.search(paragraph)
    words = status[1].split() if status is not None else [b"install", b"ok", b"installed"]
    if words[-1:] and words[-1] in _ABSENT:
        return None
    return _Entry(match[1].decode("latin-1"), paragraph, words[:1] == [b"hold"])


def _parse(entry: _Entry, where: str) -> InstalledPackage:
    where = f"the entry of `{entry.name}` in the dpkg status of {where}"
    paragraph = parse_paragraph(entry.paragraph, where=where)
    name, version, architecture = _required(paragraph, where)
    parse_version(version, where=where)
    return InstalledPackage(
        name=name,
        version=version,
        architecture=architecture,
        paragraph=entry.paragraph,
        is_held=entry.is_held,
        **relations_of(paragraph, where),
    )


def _required(paragraph: Paragraph, where: str) -> tuple[str, ...]:
    return required(paragraph, "Package", "Version", "Architecture", where=where)
