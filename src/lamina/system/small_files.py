"""The few small files of a base that packages above it are resolved and configured by."""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lamina.archive.tree import BadPath, follow
from lamina.deb.status import STATUS, STATUS_FOLDER
from lamina.oci.document import Fields, MalformedDocument

_FORMAT = 4
"""Raised whenever other files are read, so that those that are kept are read again."""
_WHAT = "files of a base image"

_WANTED = re.compile(
    r"var/lib/dpkg/(?:status|status\.d/[^/]+|arch|diversions|statoverride|info/format)"
    r"|var/lib/dpkg/(?:alternatives|triggers)/[^/]+"
    r"|etc/apt/(?:sources\.list(?:\.d/[^/]+)?|trusted\.gpg(?:\.d/[^/]+)?|keyrings/[^/]+)"
    r"|etc/apt/(?:preferences(?:\.d/[^/]+)?|apt\.conf(?:\.d/[^/]+)?)"
    r"|(?:etc|usr)/.+/[^/]+\.(?:gpg|pgp)|etc/apt/.+\.asc|usr/(?:local/)?share/keyrings/[^/]+"
    r"|(?:etc|usr/lib)/os-release|etc/debian_version"
    r"|etc/(?:passwd|group|shadow|gshadow|adduser\.conf|login\.defs|shells)"
    r"|etc/ld\.so\.(?:cache|conf(?:\.d/[^/]+)?)"
    r"|etc/dpkg/dpkg\.cfg(?:\.d/[^/]+)?"
    r"|etc/alternatives/[^/]+"
    r"|etc/ca-certificates\.conf|etc/ssl/certs/ca-certificates\.crt"
    r"|usr/(?:local/)?share/ca-certificates/.+\.crt"
)

_KEYS = re.compile(
    r"etc/apt/(?:trusted\.gpg(?:\.d/[^/]+)?|keyrings/[^/]+)"
    r"|.+\.(?:gpg|pgp|asc)|usr/(?:local/)?share/keyrings/[^/]+"
)
"""Of those who sign archives: nobody but the base itself is believed about them."""
_CERTIFICATES = re.compile(
    r"etc/ssl/certs/ca-certificates\.crt|usr/(?:local/)?share/ca-certificates/.+\.crt"
)
"""Of authorities: large, and seldom asked for."""


_FOLDERS = ("bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin")


def program_of(path: str) -> str:
    """Return the name of the program that a path is of; empty if it is of none.

    >>> program_of("usr/bin/setcap"), program_of("usr/lib/x")
    ('setcap', '')
    """
    folder, _, name = path.strip("/").rpartition("/")
    return name if folder in _FOLDERS else ""


def is_wanted(path: str) -> bool:
    """Say whether a file of a base is one of them; ``path`` is relative to the root."""
    return path.startswith(("var/lib/dpkg/", "etc/", "usr/")) and bool(_WANTED.fullmatch(path))


@dataclass(frozen=True, slots=True)
class SmallFiles:
    """Files by their paths, relative to the root, and symlinks among them."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    programs: frozenset[str] = frozenset()
    """The names of all programs, in whichever folder: maintainer scripts ask for them."""
    untold: frozenset[str] = frozenset()
    """Files of which no more is known than that they are there: see `travelling`."""

    @property
    def travelling(self) -> SmallFiles:
        """Those that an image tells of its base: without keys of archives, and certificates."""
        untold = {path for path in self.files if _KEYS.fullmatch(path)}
        untold |= {path for path in self.files if _CERTIFICATES.fullmatch(path)}
        files = {path: data for path, data in self.files.items() if path not in untold}
        return SmallFiles(files, self.links, self.programs, self.untold | untold)

    @property
    def lacks_certificates(self) -> bool:
        """Whether there are certificates among those that are untold."""
        return any(_CERTIFICATES.fullmatch(path) for path in self.untold)

    def has(self, path: str) -> bool:
        """Say whether there is a file or a symlink at a path."""
        return any(path in each for each in (self.files, self.links, self.untold))

    def get(self, path: str) -> bytes | None:
        """Return the bytes of a file, through symlinks; None where there is none."""
        try:
            parts = follow(path, lambda parts: self.links.get("/".join(parts)))
        except BadPath:
            return None
        return self.files.get("/".join(parts))

    def below(self, folder: str) -> dict[str, bytes]:
        """Return the files of a folder by their paths, sorted; those that symlinks lead to, too."""
        paths = sorted({*self.files, *self.links})
        inside = (path for path in paths if posixpath.dirname(path) == folder)
        return {path: data for path in inside if (data := self.get(path)) is not None}

    @property
    def statuses(self) -> dict[str, bytes]:
        """Return the files in which dpkg, or what built the base, says what is installed."""
        status = self.get(STATUS)
        return {**({STATUS: status} if status is not None else {}), **dict(self._scattered())}

    @property
    def has_status(self) -> bool:
        """Whether it has a database as dpkg keeps it."""
        return STATUS in self.files

    def _scattered(self) -> Iterator[tuple[str, bytes]]:
        for path, data in self.below(STATUS_FOLDER).items():
            if not path.endswith(".md5sums"):
                yield path, data

    def to_json(self) -> dict[str, object]:
        """Return the object that is kept."""
        packed = {path: base64.b64encode(data).decode() for path, data in self.files.items()}
        return {"format": _FORMAT, "files": packed, "links": dict(self.links)} | {
            "programs": sorted(self.programs)
        }

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> SmallFiles:
        """Read what `to_json` gave. Raises `MalformedDocument`."""
        fields = Fields(_WHAT, "", document)
        if fields.number("format") != _FORMAT:
            fields.refuse("format", f"the number {_FORMAT}")
        files, links = fields.object("files").values, fields.object("links").values
        try:
            unpacked = {path: base64.b64decode(str(data)) for path, data in files.items()}
        except ValueError:
            raise MalformedDocument(f"Malformed {_WHAT}: expected Base64") from None
        programs = document.get("programs")
        if not isinstance(programs, list):
            fields.refuse("programs", "a list")
        return cls(
            unpacked,
            {path: str(target) for path, target in links.items()},
            frozenset(str(name) for name in programs),
        )
