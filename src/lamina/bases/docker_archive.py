"""Bases in a docker archive, as ``docker save`` writes it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import posixpath
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lamina.bases.base import Base, BaseError, BaseNotFound, check_layers, check_platform
from lamina.oci import mediatype
from lamina.oci.blob import CHUNK, compression
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import DiffID, Digest, InvalidDigest
from lamina.oci.document import SIZE_LIMIT, Fields, parse_document
from lamina.oci.location import Location
from lamina.oci.reference import InvalidReference, Reference

_LINK_LIMIT = 8
_MEDIA_TYPES = {
    "": mediatype.LAYER,
    "gzip": mediatype.LAYER_GZIP,
    "zstd": mediatype.LAYER_ZSTD,
}


class _Window(io.RawIOBase):
    """A stretch of a file, as a file of its own."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._file = file
        self._left = size
        file.seek(offset)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is newer than 3.11
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A file within an archive."""

    archive: Path
    offset: int
    size: int

    def open(self) -> BinaryIO:
        """Open it from its start."""
        window = _Window(self.archive.open("rb"), self.offset, self.size)
        return io.BufferedReader(window, CHUNK)


@dataclass(frozen=True, slots=True)
class ArchivedLayer:
    """A layer that lies within a docker archive.

    ``docker save`` does not compress: such a blob is an ordinary OCI layer of the media type
    ``...layer.v1.tar``, and its digest is its diff ID.
    """

    descriptor: Descriptor
    diff_id: DiffID
    stretch: Stretch

    def open(self) -> BinaryIO:
        """See `Layer.open`."""
        return self.stretch.open()


@dataclass(frozen=True, slots=True)
class ArchivedImage:
    """What an archive says of one image."""

    raw_config: bytes
    layers: tuple[tuple[str, Stretch], ...]
    """Their names in the archive, and where they lie."""


def open_docker_archive(location: Location) -> ArchivedImage:
    """Return the image that a reference names in an archive; without one, its only image.

    Reads the form with a folder a layer, in which equal layers may be symlinks, and the newer one
    with ``blobs/sha256``.
    """
    path = Path(location.path)
    stretches = _stretches(path)
    manifest = _chosen(_images(path, stretches), location)
    raw_config = _read(path, stretches, manifest.text("Config"))
    names = manifest.texts("Layers") or ()
    return ArchivedImage(raw_config, tuple((name, _find(path, stretches, name)) for name in names))


def read_docker_archive(location: Location, platform: Platform, *, name: str = "") -> Base:
    """Return the image of an archive to build upon; see `open_docker_archive`."""
    name = name or str(location)
    image = open_docker_archive(location)
    config = ImageConfig.parse(image.raw_config)
    check_platform(name, config, platform)
    check_layers(name, config, len(image.layers))
    return Base(
        name,
        None,
        config,
        tuple(
            archived_layer(stretch, layer, diff_id)
            for (layer, stretch), diff_id in zip(image.layers, config.diff_ids, strict=True)
        ),
    )


def _stretches(path: Path) -> Mapping[str, Stretch | str]:
    """Return the files of the archive, and where its links point."""
    found: dict[str, Stretch | str] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                name = posixpath.normpath(member.name)
                if member.isfile():
                    found[name] = Stretch(path, member.offset_data, member.size)
                elif member.issym():
                    beside = posixpath.join(posixpath.dirname(name), member.linkname)
                    found[name] = posixpath.normpath(beside)
                elif member.islnk():
                    found[name] = posixpath.normpath(member.linkname)
    except FileNotFoundError:
        raise BaseNotFound(f"No docker archive at `{path}`") from None
    except OSError as error:
        raise BaseError(f"Unable to read the docker archive `{path}`: {error.strerror}") from error
    except (tarfile.TarError, ValueError, EOFError, OverflowError) as error:
        raise BaseError(
            f"Unable to read the docker archive `{path}`: not a tar that is whole",
            hint="A compressed one must be unpacked first",
        ) from error
    return found


def _find(path: Path, stretches: Mapping[str, Stretch | str], name: str) -> Stretch:
    found: Stretch | str | None = posixpath.normpath(name)
    for _ in range(_LINK_LIMIT):
        if not isinstance(found, str):
            break
        found = stretches.get(found)
    if not isinstance(found, Stretch):
        raise BaseError(f"Unable to read the docker archive `{path}`: it has no file {name!r}")
    return found


def _read(path: Path, stretches: Mapping[str, Stretch | str], name: str) -> bytes:
    stretch = _find(path, stretches, name)
    if stretch.size > SIZE_LIMIT:
        raise BaseError(
            f"Unable to read the docker archive `{path}`: {name!r} has {stretch.size} bytes"
        )
    with stretch.open() as file:
        return file.read()


def _images(path: Path, stretches: Mapping[str, Stretch | str]) -> list[Fields]:
    """Read ``manifest.json``, which is a list where every other document is an object."""
    data = _read(path, stretches, "manifest.json")
    what = f"`manifest.json` of `{path}`"
    return parse_document(b'{"images":' + data + b"}", what).objects("images")


def _chosen(images: list[Fields], location: Location) -> Fields:
    found = images
    if location.name:
        wanted = Reference.parse(location.name).tagged()
        found = [image for image in images if wanted in _references(image)]
    if len(found) == 1:
        return found[0]
    names = sorted({tag for image in images for tag in image.texts("RepoTags") or ()})
    raise BaseNotFound(
        f"{'More than one' if found else 'No such'} image in the archive: {location}",
        hint=f"It has {', '.join(f'`{each}`' for each in names)}" if names else "It names none",
    )


def _references(image: Fields) -> set[Reference]:
    """Return the names of an image; one that is malformed names nothing that could be asked for."""
    references = set()
    for tag in image.texts("RepoTags") or ():
        try:
            references.add(Reference.parse(tag))
        except InvalidReference:
            continue
    return references


def archived_layer(stretch: Stretch, name: str, diff_id: DiffID) -> ArchivedLayer:
    """Describe a layer of an archive; one that is packed and not named by digest is read whole."""
    with stretch.open() as file:
        packed = compression(file.read(4))
    digest = _digest(stretch, name) if packed else diff_id
    descriptor = Descriptor(_MEDIA_TYPES[packed], digest, stretch.size)
    return ArchivedLayer(descriptor, diff_id, stretch)


def _digest(stretch: Stretch, name: str) -> Digest:
    """Return the digest of a compressed blob: by its name where that is one, else by reading.

    ``HEX.tar.gz`` is how go-containerregistry, Jib and we name it.
    """
    plain = name.removesuffix(".tar.gz").removesuffix(".tar.zst")
    text = f"sha256:{plain}" if plain != name else name.removeprefix("blobs/").replace("/", ":")
    with contextlib.suppress(InvalidDigest):
        return Digest.parse(text)
    hasher = hashlib.sha256()
    with stretch.open() as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
    return Digest("sha256", hasher.hexdigest())
