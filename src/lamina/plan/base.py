"""What a plan must know of the base image."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from lamina.archive.rearranged import Rearranged
from lamina.archive.rootfs import Rootfs
from lamina.oci.document import Fields, MalformedDocument, parse_document

_FORMAT = 3
"""Raised whenever other facts are learned, so that those that are kept are learned again."""


_LIBC = re.compile(r"\d{1,4}\.\d{1,4}(?:\.\d{1,4})?")
_PYTHON = re.compile(r"3\.\d{1,3}\.\d{1,3}(?:(?:a|b|rc)\d{1,3})?")


@dataclass(frozen=True, slots=True)
class BasePython:
    """The interpreter of a base image."""

    path: str
    """The executable itself, absolute, with no symlink on the way."""
    version: str
    """In full, such as ``3.10.14``."""
    free_threaded: bool = False


@dataclass(frozen=True, slots=True)
class BaseLibc:
    """The C library of a base image."""

    name: str
    """``glibc`` or ``musl``."""
    version: str


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """What was learned of a base image by reading all of its layers once.

    Kept by the base's digest, so that nobody needs to read them again.
    """

    python: BasePython | None
    libc: BaseLibc | None
    rootfs: Rootfs
    users: tuple[str, ...] | None = None
    """The names in its ``/etc/passwd``; ``None`` where nobody looked."""
    groups: tuple[str, ...] | None = None
    has_shell: bool | None = None
    """Whether it has a ``/bin/sh``."""
    rearranged: Rearranged = field(default_factory=Rearranged)

    def to_json(self) -> dict[str, object]:
        """Return the object that is kept."""
        document: dict[str, object] = {"format": _FORMAT, "rootfs": self.rootfs.to_json()}
        if self.python is not None:
            document["python"] = {
                "path": self.python.path,
                "version": self.python.version,
                "free_threaded": self.python.free_threaded,
            }
        if self.libc is not None:
            document["libc"] = {"name": self.libc.name, "version": self.libc.version}
        for key, names in (("users", self.users), ("groups", self.groups)):
            if names is not None:
                document[key] = list(names)
        if self.has_shell is not None:
            document["shell"] = self.has_shell
        return document | self.rearranged.to_json()

    @classmethod
    def parse(cls, data: bytes) -> BaseFacts:
        """Read what `to_json` gave, once it was encoded."""
        document = parse_document(data, "facts of a base image")
        if document.number("format") != _FORMAT:
            document.refuse("format", f"the number {_FORMAT}")
        python, libc = document.object("python"), document.object("libc")
        if libc.values and libc.text("name") not in ("glibc", "musl"):
            raise MalformedDocument("Malformed facts of a base image: unknown `libc.name`")
        if libc.values and not _LIBC.fullmatch(libc.text("version")):
            libc.refuse("version", "a version")
        if python.values and not _is_absolute(python.text("path")):
            python.refuse("path", "an absolute path")
        if python.values and not _PYTHON.fullmatch(python.text("version")):
            python.refuse("version", "a full version")
        return cls(
            BasePython(python.text("path"), python.text("version"), python.flag("free_threaded"))
            if python.values
            else None,
            BaseLibc(libc.text("name"), libc.text("version")) if libc.values else None,
            Rootfs.from_json(document.object("rootfs").values),
            _names(document, "users"),
            _names(document, "groups"),
            document.flag("shell") if "shell" in document.values else None,
            Rearranged.from_json(document.values),
        )


def _names(document: Fields, key: str) -> tuple[str, ...] | None:
    value = document.values.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        document.refuse(key, "a list of names")
    return tuple(value)


def _is_absolute(path: str) -> bool:
    """Say whether a path is absolute, with no way back in it."""
    return path.startswith("/") and posixpath.normpath(path) == path and path.isprintable()


NO_BASE = BaseFacts(None, None, Rootfs(), users=(), groups=(), has_shell=False)
"""The facts of ``scratch``."""
