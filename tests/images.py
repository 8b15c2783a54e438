"""Layers and images, small and made in the test."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import zstandard

from lamina.oci import mediatype
from lamina.oci.config import History, ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID, Digest
from lamina.oci.image import Image, assemble

REF_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Member:
    """What goes into a tar."""

    path: str
    type: bytes = tarfile.REGTYPE
    data: bytes = b""
    mode: int = 0o644
    owner: tuple[int, int] = (0, 0)
    target: str = ""
    pax: Mapping[str, str] = field(default_factory=dict)


def folder(path: str, mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> Member:
    return Member(path, tarfile.DIRTYPE, mode=mode, owner=owner)


def link(path: str, target: str) -> Member:
    return Member(path, tarfile.SYMTYPE, mode=0o777, target=target)


def hard(path: str, target: str) -> Member:
    return Member(path, tarfile.LNKTYPE, target=target)


def make_tar(*members: Member, format: int = tarfile.PAX_FORMAT) -> bytes:
    """Write a tar as other tools do: this is not our own writer, on purpose."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as tar:
        for member in members:
            info = tarfile.TarInfo(member.path)
            info.type, info.mode, info.linkname = member.type, member.mode, member.target
            info.uid, info.gid = member.owner
            info.size, info.pax_headers = len(member.data), dict(member.pax)
            tar.addfile(info, io.BytesIO(member.data))
    return buffer.getvalue()


@dataclass(frozen=True)
class MemoryLayer:
    """A layer that is held in memory."""

    descriptor: Descriptor
    diff_id: DiffID
    blob: bytes

    def open(self) -> BinaryIO:
        return io.BytesIO(self.blob)


PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    mediatype.LAYER: bytes,
    mediatype.LAYER_GZIP: lambda tar: gzip.compress(tar, mtime=0),
    mediatype.LAYER_ZSTD: lambda tar: zstandard.ZstdCompressor().compress(tar),
}


def pack(tar: bytes, media_type: str = mediatype.LAYER_GZIP) -> MemoryLayer:
    """Make a layer of a tar."""
    blob = PACKERS[media_type](tar)
    descriptor = Descriptor(media_type, Digest.of(blob), len(blob))
    return MemoryLayer(descriptor, DiffID(Digest.of(tar)), blob)


def make_layer(*members: Member, media_type: str = mediatype.LAYER_GZIP) -> MemoryLayer:
    return pack(make_tar(*members), media_type)


def make_image(*layers: MemoryLayer, config: ImageConfig | None = None) -> Image:
    config = config or ImageConfig("amd64")
    history = tuple(History(created_by=f"step {number}") for number in range(len(layers)))
    return assemble(replace(config, history=history), layers)


def write_blob(directory: Path, data: bytes) -> Path:
    path = directory / "blobs" / "sha256" / Digest.of(data).hex
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def write_layout(directory: Path, manifests: Sequence[tuple[str, Image]]) -> None:
    """Write a layout by hand: this is not our own destination, on purpose."""
    entries = []
    for tag, image in manifests:
        for data in (image.raw_config, image.raw_manifest):
            write_blob(directory, data)
        for layer in image.layers:
            with layer.open() as blob:
                write_blob(directory, blob.read())
        entry = image.descriptor.to_json()
        entries.append({**entry, **({"annotations": {REF_NAME: tag}} if tag else {})})
    write_index(directory, entries)


def write_index(directory: Path, entries: Sequence[Mapping[str, object]]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    index = {"schemaVersion": 2, "manifests": list(entries)}
    (directory / "index.json").write_text(json.dumps(index))
