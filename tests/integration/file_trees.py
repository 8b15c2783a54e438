"""Trees of files, wherever they lie: compared by kind, mode, owner and content, never by date."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from lamina.bases.layout import read_layout
from lamina.oci.descriptor import Platform
from lamina.oci.location import Location

_TYPES = {
    tarfile.REGTYPE: "file",
    tarfile.LNKTYPE: "hard link",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "device",
}


@dataclass(frozen=True)
class Node:
    """What lies at one path."""

    kind: str
    mode: int
    owner: tuple[int, int]
    content: str = ""
    """The SHA-256 of a file, the target of a link."""


Tree = dict[str, Node]
"""By path, without a slash in front or behind."""


def of_folder(root: Path) -> Tree:
    """Read what lies below a folder on disk."""
    tree: Tree = {}
    for parent, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(parent, name)
            tree[path.relative_to(root).as_posix()] = _on_disk(path)
    return tree


def _on_disk(path: Path) -> Node:
    status = path.lstat()
    owner = status.st_uid, status.st_gid
    if path.is_symlink():
        return Node("symlink", 0o777, owner, str(path.readlink()))
    mode = stat.S_IMODE(status.st_mode)
    if path.is_dir():
        return Node("directory", mode, owner)
    with path.open("rb") as file:
        return Node("file", mode, owner, hashlib.file_digest(file, "sha256").hexdigest())


def of_tar(stream: IO[bytes]) -> Tree:
    """Read a tar with Python's own module; a hard link is the file that it leads to."""
    tree: Tree = {}
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            path = member.name.strip("/").removeprefix("./")
            if path not in ("", "."):
                tree[path] = _in_tar(member, tar, tree)
    return tree


def _in_tar(member: tarfile.TarInfo, tar: tarfile.TarFile, before: Tree) -> Node:
    kind, owner = _TYPES[member.type], (member.uid, member.gid)
    mode = stat.S_IMODE(member.mode)  # Docker writes the bits of the kind, too.
    if kind == "hard link":
        return before[member.linkname.strip("/").removeprefix("./")]
    if kind == "symlink":
        return Node(kind, 0o777, owner, member.linkname)
    if (file := tar.extractfile(member)) is None:
        return Node(kind, mode, owner)
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return Node(kind, mode, owner, digest.hexdigest())


def of_layer(blob: Path) -> Tree:
    """Read a gzipped layer with Python's own modules."""
    with gzip.open(blob) as stream:
        return of_tar(stream)  # type: ignore[arg-type]  # It reads, which is all that is asked.


def of_layers(blobs: Iterable[Path]) -> Tree:
    """Read layers that lie upon each other; what lies higher replaces."""
    tree: Tree = {}
    for blob in blobs:
        tree.update(of_layer(blob))
    return tree


def layer_blobs(layout: Path, architecture: str = "amd64") -> list[Path]:
    """Return the files of the layers of a layout's only image, lowest first."""
    image = read_layout(Location("oci", str(layout)), Platform("linux", architecture))
    return [
        layout / "blobs" / layer.descriptor.digest.algorithm / layer.descriptor.digest.hex
        for layer in image.layers
    ]


def below(tree: Tree, folder: str) -> Tree:
    """Return what lies below a folder, with paths from there."""
    start = f"{folder.strip('/')}/"
    return {path[len(start) :]: node for path, node in tree.items() if path.startswith(start)}


def without_owner(tree: Tree) -> Tree:
    """Return a tree as somebody has it who may not give files away."""
    return {path: replace(node, owner=(0, 0)) for path, node in tree.items()}


def differences(ours: Tree, theirs: Tree) -> Iterator[tuple[str, Node | None, Node | None]]:
    """Give every path at which two trees differ, sorted, with what either has there."""
    for path in sorted(ours.keys() | theirs.keys()):
        if (a := ours.get(path)) != (b := theirs.get(path)):
            yield path, a, b
