"""Bases in an OCI image layout on disk (image-spec, image-layout.md)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lamina.bases.base import Base, BaseError, BaseNotFound, FileLayer
from lamina.bases.manifest import read_image
from lamina.oci.blob import verified
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.document import SIZE_LIMIT, parse_document
from lamina.oci.index import Index, choose
from lamina.oci.location import Location

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation that holds a tag in an image layout (image-spec, annotations.md)."""


def read_layout(location: Location, platform: Platform, *, name: str = "") -> Base:
    """Return the image at a tag or a digest of a layout; without either, its only one.

    Documents are checked against their digests here; layers where they are read.
    """
    name = name or str(location)
    directory = Path(location.path)
    return read_image(
        name,
        _chosen(location, platform),
        platform,
        partial(read_document, directory),
        lambda layer, diff_id: FileLayer(layer, diff_id, blob_path(directory, layer.digest)),
        partial(_problems, directory),
    )


def blob_path(directory: Path, digest: Digest) -> Path:
    """Return where a layout keeps a blob."""
    return directory / "blobs" / digest.algorithm / digest.hex


def read_index(directory: Path) -> Index:
    """Read the index of a layout, or say why the directory is none."""
    marker = parse_document(_read(directory, "oci-layout"), f"`{directory / 'oci-layout'}`")
    if not (version := marker.text("imageLayoutVersion")).startswith("1."):
        raise BaseError(f"Unsupported version of the image layout `{directory}`: {version!r}")
    return Index.parse(_read(directory, "index.json"), f"`{directory / 'index.json'}`")


def _read(directory: Path, name: str) -> bytes:
    path = directory / name
    try:
        with path.open("rb") as file:
            return file.read(SIZE_LIMIT + 1)
    except FileNotFoundError:
        raise BaseNotFound(f"Not an OCI image layout: `{directory}` has no `{name}`") from None
    except OSError as error:
        raise BaseError(f"Unable to read `{path}`: {error.strerror}") from error


def named(location: Location) -> list[Descriptor]:
    """Return what the tag or the digest names at the top of a layout; without either, all there is.

    Several are one image for each of several platforms.
    """
    manifests = read_index(Path(location.path)).manifests
    if location.digest is not None:
        found = [each for each in manifests if each.digest == location.digest][:1]
    elif location.name:
        found = [each for each in manifests if each.annotations.get(REF_NAME) == location.name]
    else:
        found = list(manifests)
    platforms = {each.platform for each in found} - {None}
    if len(found) == 1 or (found and len(platforms) == len(found)):
        return found
    tags = sorted({f"`{tag}`" for each in manifests if (tag := each.annotations.get(REF_NAME))})
    raise BaseNotFound(
        f"{'More than one' if found else 'No such'} image in the layout: {location}",
        hint=f"It has the tags {', '.join(tags)}" if tags else "It has no tag",
    )


def read_document(directory: Path, descriptor: Descriptor) -> bytes:
    """Return a manifest, an index or a config of a layout, checked against its digest."""
    if descriptor.size > SIZE_LIMIT:
        raise BaseError(f"Refused blob {descriptor.digest}: a document of {descriptor.size} bytes")
    path = blob_path(directory, descriptor.digest)
    try:
        with path.open("rb") as file:
            return b"".join(verified(file, descriptor))
    except OSError as error:
        raise BaseError(f"Unable to read `{path}`: {error.strerror}") from error


def _chosen(location: Location, platform: Platform) -> Descriptor:
    found = named(location)
    return found[0] if len(found) == 1 else choose(found, platform, f"`{location}`")


def _problems(directory: Path, layer: Descriptor) -> list[str]:
    """Say what shows of a layer without reading it."""
    try:
        size = blob_path(directory, layer.digest).stat().st_size
    except OSError as error:
        return [f"layer {layer.digest} cannot be read: {error.strerror}"]
    if size != layer.size:
        return [f"layer {layer.digest} has {size} bytes, not {layer.size}"]
    return []
