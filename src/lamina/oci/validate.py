"""Whether an image keeps its own promises."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from lamina.errors import LaminaError
from lamina.oci import mediatype
from lamina.oci.blob import UnreadableBlob, compression, unpacked
from lamina.oci.changeset import Changeset, MalformedLayer, Member
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.document import MalformedDocument
from lamina.oci.image import Image, Manifest
from lamina.oci.layer import Layer

_COMPRESSIONS = {mediatype.LAYER: "", mediatype.LAYER_GZIP: "gzip", mediatype.LAYER_ZSTD: "zstd"}


class InvalidImage(LaminaError):
    """An image that breaks promises which it makes."""

    def __init__(self, digest: Digest, problems: Iterable[str]) -> None:
        self.problems = tuple(sorted(problems))
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"Image {digest} does not keep its promises{lines}")


def image(image: Image) -> None:
    """Read every blob, and raise `InvalidImage` with all that is wrong.

    Digests and sizes, diff IDs, media types, the lists of config and manifest, the history, and
    that each layer's tar can be unpacked by everybody to the same files.
    """
    try:
        manifest, config = image.manifest, image.config
    except MalformedDocument as error:
        raise InvalidImage(image.digest, [str(error)]) from error
    problems = list(_documents(image, manifest, config))
    for number, layer in enumerate(image.layers):
        problems += [f"layers[{number}]: {problem}" for problem in _layer(layer)]
    if problems:
        raise InvalidImage(image.digest, problems)


def _documents(image: Image, manifest: Manifest, config: ImageConfig) -> Iterator[str]:
    """Compare manifest, config and layers with each other."""
    yield from _described(manifest.config, image.raw_config)
    if manifest.media_type != mediatype.as_oci(manifest.media_type):
        yield f"manifest: of Docker's media type `{manifest.media_type}`"
    for number, described in enumerate(manifest.layers):
        if described.media_type not in _COMPRESSIONS:
            yield f"layers[{number}]: unknown media type `{described.media_type}`"
    named = [(layer.digest, layer.size) for layer in manifest.layers]
    if named != [(layer.descriptor.digest, layer.descriptor.size) for layer in image.layers]:
        yield "manifest: names other layers than the image has"
    if config.diff_ids != tuple(layer.diff_id for layer in image.layers):
        yield "config: lists other diff IDs than the layers have"
    told = sum(not entry.empty_layer for entry in config.history)
    if told != len(image.layers):
        yield f"config: its history tells of {told} layers, not {len(image.layers)}"


def _described(descriptor: Descriptor, data: bytes) -> Iterator[str]:
    if descriptor.size != len(data):
        yield f"config: has {len(data)} bytes, not {descriptor.size}"
    if descriptor.digest.algorithm != "sha256" or descriptor.digest != Digest.of(data):
        yield f"config: has digest {Digest.of(data)}, not {descriptor.digest}"


class _Measure:
    """Counts and hashes pieces on their way."""

    def __init__(self, algorithm: str) -> None:
        self.size = 0
        self.start = b""
        self._algorithm = algorithm
        self._hasher = hashlib.new(algorithm)

    def of(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.start = self.start or chunk[:4]
            self.size += len(chunk)
            self._hasher.update(chunk)
            yield chunk

    @property
    def digest(self) -> Digest:
        return Digest(self._algorithm, self._hasher.hexdigest())


def _layer(layer: Layer) -> Iterator[str]:
    """Read a layer's blob once, and say what is wrong with it."""
    descriptor = layer.descriptor
    packed = _Measure(descriptor.digest.algorithm)
    tar = _Measure(layer.diff_id.algorithm)
    with layer.open() as blob:
        pieces = packed.of(iter(lambda: blob.read(1 << 16), b""))
        # Not the generator itself, which would be closed where the unpacking ends early.
        handed = iter(lambda: next(pieces, b""), b"")
        try:
            yield from _tar(Changeset(tar.of(unpacked(handed))))
            readable = True
        except (UnreadableBlob, MalformedLayer) as error:
            yield str(error)
            readable = False
        for _ in pieces:  # What a broken tar has left, so that the digest can be told.
            pass
    if packed.size != descriptor.size:
        yield f"blob has {packed.size} bytes, not {descriptor.size}"
    if packed.digest != descriptor.digest:
        yield f"blob has digest {packed.digest}, not {descriptor.digest}"
    if readable and tar.digest != layer.diff_id:
        yield f"diff ID is {tar.digest}, not {layer.diff_id}"
    suffix = _COMPRESSIONS.get(mediatype.as_oci(descriptor.media_type), "")
    if (found := compression(packed.start)) != suffix:
        yield f"blob is packed by {found or 'nothing'}, not by {suffix or 'nothing'}"


def _tar(changeset: Changeset) -> Iterator[str]:
    """Say what of a layer's tar would not be unpacked alike by everybody."""
    seen: dict[str, Member] = {}
    for member in changeset:
        parts = [part for part in member.path.split("/") if part not in ("", ".")]
        path = "/".join(parts)
        if member.path.startswith("/"):
            yield f"absolute path {member.path!r}"
        if ".." in parts or (member.is_hardlink and ".." in member.target.split("/")):
            yield f"path that leaves the root: {member.path!r}"
        if not (parts or member.is_directory):
            yield f"path without a name: {member.path!r}"
        there = seen.setdefault(path, member)
        if there is not member and not (member.is_directory and _same(there, member)):
            yield f"path that stands there twice: {path!r}"
    if changeset.hides_bytes:
        yield "bytes behind the end of its tar"


def _same(one: Member, other: Member) -> bool:
    return (one.type, one.mode, one.uid, one.gid) == (other.type, other.mode, other.uid, other.gid)
