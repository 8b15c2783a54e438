"""The few files of a base image that tell which Python and which C library it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from lamina.archive.tree import Leaf, Tree, split
from lamina.oci.changeset import Changeset, Member

_TEXT_LIMIT = 32 << 20
"""How much of a package database is read; that of a whole Debian desktop has 5 MB."""

_OVERLAP = 256
"""Longer than anything that is searched for, so that no piece's end cuts it."""


class Subject(Enum):
    """What a file tells of; the value matches the path at its end."""

    PATCHLEVEL = r"include/python3\.\d+t?/patchlevel\.h"
    INTERPRETER = r"python3\.\d+t?|libpython3\.\d+t?\.so(?:\.[\d.]+)?"
    GLIBC = r"libc\.so\.6|libc-2\.\d+\.so"
    MUSL = r"ld-musl-[\w-]+\.so\.1"
    DPKG = r"var/lib/dpkg/(?:status|status\.d/[\w.+-]+)"
    APK = r"lib/apk/db/installed"
    USERS = r"etc/passwd"
    GROUPS = r"etc/group"
    DIVERSIONS = r"var/lib/dpkg/diversions"
    OVERRIDES = r"var/lib/dpkg/statoverride"


_NAMES = frozenset(
    ("patchlevel.h", "status", "installed", "passwd", "group", "diversions", "statoverride")
)
_SUBJECTS = {subject: re.compile(rf"(?:.*/)?(?:{subject.value})") for subject in Subject}
_ACCOUNTS = frozenset({Subject.USERS, Subject.GROUPS})
_LINES = frozenset({Subject.DIVERSIONS, Subject.OVERRIDES})

# A number that goes on in the next piece must not count: so each asks for what follows it.
_SEARCHED = {
    Subject.PATCHLEVEL: re.compile(rb'(?<=#define PY_VERSION)\s+"[^"\n]{1,40}"'),
    Subject.INTERPRETER: re.compile(
        rb"(?<=\0)3\.\d+\.\d+(?:(?:a|b|rc)\d+)?\+?(?=\0)|ld-(?:linux|musl)(?=[\w.-]{0,40}\0)"
    ),
    Subject.GLIBC: re.compile(rb"(?<=stable release version )\d+\.\d+(?=\D)"),
    Subject.MUSL: re.compile(rb"(?<=\0)1\.\d+\.\d+(?=\0)"),
}
_PACKAGES = re.compile(r"libc6|musl|python-?3\.\d+(?:-minimal|-nogil)?|python3")


@dataclass(frozen=True, slots=True)
class Clue:
    """What one file tells."""

    subject: Subject
    texts: frozenset[str]
    """What was found in it; of a package database ``name=version`` of what matters, of accounts
    ``name:number``, of what dpkg must heed all of its text."""


class Clues:
    """What was found on the way through the layers, by the path where it lies.

    An upper layer's file takes the place of a lower one's; `forget_hidden` drops what the finished
    tree no longer has.
    """

    def __init__(self) -> None:
        self.found: dict[str, Clue] = {}

    def look_at(self, member: Member, tree: Tree, changeset: Changeset) -> None:
        """Take from the member that was just given what it tells, if it is one that matters."""
        subject = _subject(member.path.rstrip("/"))
        if subject is None or member.is_directory or member.is_symlink:
            return
        path = tree.place(member.path)
        if member.is_hardlink:
            if (source := self.found.get(tree.place(member.target))) is not None:
                self.found[path] = source
        elif subject in _SEARCHED:
            texts = _search(changeset.content(), _SEARCHED[subject])
            self.found[path] = Clue(subject, frozenset(texts))
        elif subject in _ACCOUNTS:
            fields = (line.split(":") for line in _head(changeset).splitlines())
            names = (":".join(each[:3:2]) for each in fields if len(each) > 1)
            self.found[path] = Clue(subject, frozenset(names))
        elif subject in _LINES:
            self.found[path] = Clue(subject, frozenset([_head(changeset)]))
        else:
            packages = _packages(_head(changeset), apk=subject is Subject.APK)
            self.found[path] = Clue(subject, frozenset(packages))

    def forget_hidden(self, tree: Tree) -> None:
        """Drop what a higher layer hid, or replaced by something else."""
        for path in list(self.found):
            node = tree.find(split(path))
            if not isinstance(node, Leaf) or node.target is not None:
                del self.found[path]

    def of(self, subject: Subject) -> dict[str, frozenset[str]]:
        """Return what was found of a subject, by path, sorted."""
        return {
            path: clue.texts for path, clue in sorted(self.found.items()) if clue.subject is subject
        }

    def package(self, name: str) -> str | None:
        """Return the version of a package that is installed, epoch aside."""
        databases = (*self.of(Subject.DPKG).values(), *self.of(Subject.APK).values())
        for text in sorted(text for texts in databases for text in texts):
            package, _, version = text.partition("=")
            if package == name:
                return re.sub(r"^\d+:", "", version)
        return None


def _subject(path: str) -> Subject | None:
    name = path.rpartition("/")[2]
    # Nearly all paths end here, before any pattern is tried.
    if not name.startswith(("libc", "ld-musl-", "python3.", "libpython3.")) and not (
        name in _NAMES or "/status.d/" in path
    ):
        return None
    return next((each for each, pattern in _SUBJECTS.items() if pattern.fullmatch(path)), None)


def _search(pieces: Iterator[bytes], pattern: re.Pattern[bytes]) -> set[str]:
    """Return all that matches in a stream, which is not held."""
    found: set[str] = set()
    tail = b""
    for piece in pieces:
        tail += piece
        found.update(match.decode("utf-8", "replace") for match in pattern.findall(tail))
        tail = tail[-_OVERLAP:]
    return found


def _head(changeset: Changeset) -> str:
    data = bytearray()
    for piece in changeset.content():
        data += piece
        if len(data) > _TEXT_LIMIT:
            break
    return data[:_TEXT_LIMIT].decode("utf-8", "replace")


def _packages(text: str, *, apk: bool) -> Iterator[str]:
    """Give ``name=version`` of the packages that matter and are installed."""
    name_is, version_is = ("P:", "V:") if apk else ("Package:", "Version:")
    for stanza in text.split("\n\n"):
        name = version = ""
        installed = True
        for line in stanza.splitlines():
            if line.startswith(name_is):
                name = line.removeprefix(name_is).strip()
            elif line.startswith(version_is):
                version = line.removeprefix(version_is).strip()
            elif line.startswith("Status:"):
                installed = line.endswith(" installed")
        if installed and _PACKAGES.fullmatch(name):
            yield f"{name}={version}"
