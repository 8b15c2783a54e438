"""What must be known of a Debian package once its files lie in a layer.

Whatever dpkg and maintainer scripts would leave behind is made of these notes, so that no package
is fetched again because another one changed.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lamina.archive.entry import Kind
from lamina.deb.control import Paragraph, parse_paragraph
from lamina.deb.status import stanza
from lamina.oci.document import Fields, MalformedDocument
from lamina.system.loader.library import Library

_FORMAT = 5
"""Raised whenever other things are noted, so that those that are kept are noted again."""
_WHAT = "notes on a Debian package"


@dataclass(frozen=True, slots=True)
class Shipped:
    """A file or a directory as its package has it."""

    kind: Kind
    mode: int
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageNotes:
    """What was learned of a package by unpacking it."""

    control: Mapping[str, bytes]
    """All files of its control part, such as ``control``, ``md5sums`` and ``postinst``."""
    listed: tuple[str, ...]
    """All of its paths, as dpkg's own list has them: ``/.``, ``/usr``..."""
    folders: frozenset[str] = frozenset()
    """Those of them that are directories."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Those of them that are symlinks, with their targets as written."""
    conffiles: Mapping[str, str] = field(default_factory=dict)
    """The MD5 of each of its configuration files, by the absolute path."""
    privileged: tuple[str, ...] = ()
    """Its programs that are setuid or setgid, absolute."""
    permissions: Mapping[str, Shipped] = field(default_factory=dict)
    """Kind, mode and owner of what scripts may change, by paths relative to the root."""
    captured: Mapping[str, bytes] = field(default_factory=dict)
    """Small files that other files are made of, by their paths relative to the root."""
    libraries: tuple[Library, ...] = ()
    """Its shared libraries, wherever they lie."""
    library_links: Mapping[str, str] = field(default_factory=dict)
    """Its symlinks of libraries' names, by their paths relative to the root."""

    @property
    def paragraph(self) -> Paragraph:
        """The fields of its control file."""
        return parse_paragraph(self.control["control"], where="a control file")

    @property
    def name(self) -> str:
        """What the package is called."""
        return self.paragraph["Package"]

    @property
    def info_name(self) -> str:
        """What dpkg calls its files in ``info``: of several architectures, it says which."""
        paragraph = self.paragraph
        if paragraph.get("Multi-Arch") == "same":
            return f"{paragraph['Package']}:{paragraph['Architecture']}"
        return paragraph["Package"]

    def stanza(self, *, is_installed: bool = True) -> str:
        """Return its paragraph of dpkg's status; see `lamina.deb.status.stanza`."""
        return stanza(self.paragraph, self.conffiles, is_installed=is_installed)

    def to_json(self) -> dict[str, object]:
        """Return the object that is kept."""
        return {
            "format": _FORMAT,
            "control": _packed(self.control),
            "listed": list(self.listed),
            "folders": sorted(self.folders),
            "links": dict(self.links),
            "conffiles": dict(self.conffiles),
            "privileged": list(self.privileged),
            "permissions": {
                path: [each.kind.value, each.mode, each.uid, each.gid]
                for path, each in self.permissions.items()
            },
            "captured": _packed(self.captured),
            "libraries": [
                [each.path, each.soname, each.flags, each.isa_level] for each in self.libraries
            ],
            "library_links": dict(self.library_links),
        }

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> PackageNotes:
        """Read what `to_json` gave. Raises `MalformedDocument`."""
        fields = Fields(_WHAT, "", document)
        if fields.number("format") != _FORMAT:
            fields.refuse("format", f"the number {_FORMAT}")
        return cls(
            control=_unpacked(fields.object("control").values),
            listed=_texts(document.get("listed")),
            folders=frozenset(_texts(document.get("folders"))),
            links={path: str(target) for path, target in fields.object("links").values.items()},
            conffiles={
                path: md5
                for path, md5 in fields.object("conffiles").values.items()
                if isinstance(md5, str)
            },
            privileged=_texts(document.get("privileged")),
            permissions={
                path: _shipped(row) for path, row in fields.object("permissions").values.items()
            },
            captured=_unpacked(fields.object("captured").values),
            libraries=tuple(_libraries(document.get("libraries"))),
            library_links={
                path: str(target) for path, target in fields.object("library_links").values.items()
            },
        )


def _packed(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: base64.b64encode(data).decode() for path, data in files.items()}


def _unpacked(files: Mapping[str, object]) -> dict[str, bytes]:
    try:
        return {path: base64.b64decode(str(text), validate=True) for path, text in files.items()}
    except ValueError:
        raise MalformedDocument(f"Malformed {_WHAT}: expected Base64") from None


def _libraries(value: object) -> Iterator[Library]:
    for each in value if isinstance(value, list) else ():
        match each:
            case [str(path), str(soname), int(flags), int(isa_level)]:
                yield Library(path, soname, flags, isa_level)
            case _:
                raise MalformedDocument(f"Malformed {_WHAT}: expected a library")


def _shipped(row: object) -> Shipped:
    match row:
        case ["file" | "directory" as kind, int(mode), int(uid), int(gid)]:
            return Shipped(Kind(kind), mode, uid, gid)
        case _:
            raise MalformedDocument(f"Malformed {_WHAT}: expected kind, mode and owner")


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise MalformedDocument(f"Malformed {_WHAT}: expected a list of texts")
    return tuple(value)
