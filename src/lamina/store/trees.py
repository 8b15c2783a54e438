"""Wheels at rest, unpacked: each a folder of files that environments are linked from.

A tree holds what its wheel holds, whatever environment it goes into: scripts with the first line
that the wheel gives them, and the wheel's own RECORD.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from isal import isal_zlib

from lamina.archive.entry import CHUNK
from lamina.store.look import FILES, FORMAT, INDEX, changed
from lamina.store.scratch import Scratch, translated
from lamina.wheel.source import AnyMember, WheelSource, read_small


class TreeMember(NamedTuple):
    """One file or folder of a tree; as a row of the index, it is written in this order."""

    name: str
    size: int
    is_directory: bool
    is_executable: bool
    crc: int
    """Of its content, as zlib has it."""
    date: int
    """That its file had when it was written, in nanoseconds."""


@dataclass(frozen=True, slots=True)
class TreeFile:
    """The content of a file of a tree; it may be linked, and must never be written."""

    path: str
    size: int
    mode: int
    """That the file has."""

    def chunks(self) -> Iterator[bytes]:
        """See `Content.chunks`."""
        with open(self.path, "rb") as file:  # noqa: PTH123  # A path that is text already.
            while chunk := file.read(CHUNK):
                yield chunk


@dataclass(frozen=True)
class Tree:
    """A wheel as it lies in the store, unpacked; see `WheelSource`."""

    name: str
    root: str
    """The folder of its files."""
    members: tuple[TreeMember, ...]

    def content(self, member: TreeMember) -> TreeFile:
        """See `WheelSource.content`."""
        mode = 0o755 if member.is_executable else 0o644
        return TreeFile(f"{self.root}/{member.name}", member.size, mode)

    def read(self, name: str, *, limit: int) -> bytes | None:
        """See `WheelSource.read`."""
        member = self._files.get(name)
        return None if member is None else read_small(self, member, limit)

    @cached_property
    def _files(self) -> dict[str, TreeMember]:
        return {member.name: member for member in self.members if not member.is_directory}

    def is_whole(self) -> bool:
        """Say whether every file has the size and the date that it had when it was made.

        One that has not is read, and may be as it was.
        """
        return all(self._is_read(self._files[name]) for name in changed(self.root, self.members))

    def damage(self) -> str | None:
        """Read everything; return the name of a file that is not as it was, if there is one."""
        wrong = (member.name for member in self.members if not self._is_read(member))
        return next(wrong, None)

    def _is_read(self, member: TreeMember) -> bool:
        if member.is_directory:
            return True
        seen, size = 0, 0
        try:
            for chunk in self.content(member).chunks():
                seen, size = isal_zlib.crc32(chunk, seen), size + len(chunk)
        except OSError:
            return False
        return (seen, size) == (member.crc, member.size)


class Trees:
    """Trees in a folder, each under a digest in hex: ``9f/9f86d0.../``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get(self, key: str) -> Tree | None:
        """Return the tree of a wheel, or None; a damaged one is removed."""
        tree = self.peek(key)
        if tree is None:
            return None
        if not tree.is_whole():
            self.remove(key)
            return None
        self.used(key)
        return tree

    def used(self, key: str) -> None:
        """Note that a tree is in use now."""
        with suppress(OSError):
            os.utime(self.path(key) / INDEX)

    def note(self, key: str, name: str, data: bytes, scratch: Scratch) -> None:
        """Keep something that was found out about a tree beside it; it goes with the tree."""
        made = scratch.new()
        with translated(self.path(key)):
            made.write_bytes(data)
            made.replace(self.path(key) / name)

    def noted(self, key: str, name: str) -> bytes | None:
        """Return what was kept of a tree under a name."""
        try:
            return (self.path(key) / name).read_bytes()
        except OSError:
            return None

    def has(self, key: str) -> bool:
        """Say whether there is a tree, its files unseen: `get` may still have none."""
        return (self.path(key) / INDEX).is_file()

    def index_size(self, key: str) -> int:
        """Return how large the index of a tree is, which tells how large a tree; 0 without one."""
        try:
            return self.index(key).stat().st_size
        except OSError:
            return 0

    def peek(self, key: str) -> Tree | None:
        """Return a tree as its index has it, its files unseen."""
        folder = self.path(key)
        try:
            document = json.loads((folder / INDEX).read_bytes())
            if document["format"] != FORMAT:
                return None
            members = tuple(TreeMember(*row) for row in document["members"])
            return Tree(document["name"], str(folder / FILES), members)
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def make(self, key: str, wheel: WheelSource[AnyMember], scratch: Scratch) -> Tree:
        """Unpack a wheel, whose bytes are checked meanwhile; if another did so first, take his.

        Raises `DamagedPayload`, `WheelError` and `StoreUnusable`.
        """
        return self.take(key, wheel.name, _given(wheel), scratch)

    def take(self, key: str, name: str, files: Iterable[Given], scratch: Scratch) -> Tree:
        """Write files as the tree of the wheel ``name``, each as it comes; see `make`."""
        made = scratch.folder()
        try:
            members = _write_all(files, made / FILES)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        document = {"format": FORMAT, "name": name, "members": members}
        folder = self.path(key)
        with translated(folder):
            (made / INDEX).write_text(json.dumps(document, separators=(",", ":")))
            folder.parent.mkdir(parents=True, exist_ok=True)
            try:
                made.rename(folder)
            except OSError:
                if (found := self.peek(key)) is not None:
                    shutil.rmtree(made, ignore_errors=True)
                    return found
                shutil.rmtree(folder, ignore_errors=True)  # What is there cannot be read.
                made.rename(folder)
        return Tree(name, str(folder / FILES), tuple(members))

    def remove(self, key: str) -> None:
        """Forget a tree, if it is there; its index goes first."""
        with translated(self.path(key)):
            (self.path(key) / INDEX).unlink(missing_ok=True)
            shutil.rmtree(self.path(key), ignore_errors=True)

    def path(self, key: str) -> Path:
        """Return the folder of a tree, whether there is one or not."""
        return self.root / key[:2] / key

    def index(self, key: str) -> Path:
        """Return the file that says what is in a tree; its date is that of the last use."""
        return self.path(key) / INDEX

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self.root.glob("??/*")):
            yield path.name


class Given(NamedTuple):
    """A file or a folder that becomes one of a tree."""

    name: str
    is_directory: bool
    is_executable: bool
    chunks: Iterable[bytes]


def _given(wheel: WheelSource[AnyMember]) -> Iterator[Given]:
    for member in wheel.members:
        chunks = () if member.is_directory else wheel.content(member).chunks()
        yield Given(member.name, member.is_directory, member.is_executable, chunks)


def _write_all(files: Iterable[Given], root: Path) -> list[TreeMember]:
    """Write files below ``root``, and return what is there."""
    with translated(root):
        root.mkdir()
    folders = {""}
    members = []
    for given in files:
        path = f"{root}/{given.name}"
        with translated(Path(path)):
            above = given.name if given.is_directory else given.name.rpartition("/")[0]
            _make_folder(str(root), above, folders)
            if given.is_directory:
                members.append(TreeMember(given.name, 0, True, False, 0, 0))
                continue
            is_executable = given.is_executable or _is_script(given.name)
            crc, size, date = _write(path, given.chunks, 0o755 if is_executable else 0o644)
        members.append(TreeMember(given.name, size, False, is_executable, crc, date))
    return members


def _is_script(name: str) -> bool:
    """Say whether it is one of ``.data/scripts``, which are executable once they are installed."""
    parts: Sequence[str] = name.split("/", 2)
    return len(parts) == 3 and parts[0].endswith(".data") and parts[1] == "scripts"


def _make_folder(root: str, name: str, made: set[str]) -> None:
    if name not in made:
        os.makedirs(f"{root}/{name}", exist_ok=True)  # noqa: PTH103  # As text: there are many.
        made.add(name)


def _write(path: str, chunks: Iterable[bytes], mode: int) -> tuple[int, int, int]:
    """Write a file; return its CRC-32, its size and its date."""
    crc, size = 0, 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        for chunk in chunks:
            view = memoryview(chunk)
            while view:
                view = view[file.write(view) :]
            crc, size = isal_zlib.crc32(chunk, crc), size + len(chunk)
        return crc, size, os.fstat(descriptor).st_mtime_ns
