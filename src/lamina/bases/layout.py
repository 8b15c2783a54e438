"""Bases in an OCI image layout on disk (image-spec, image-layout.md)."""

from __future__ import annotations

from pathlib import Path

from lamina.bases.base import Base, BaseError, BaseNotFound, FileLayer, check_layers, check_platform
from lamina.oci import mediatype
from lamina.oci.blob import verified
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import Digest
from lamina.oci.document import SIZE_LIMIT, parse_document
from lamina.oci.image import Manifest
from lamina.oci.index import Index, choose
from lamina.oci.location import Location

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation that holds a tag in an image layout (image-spec, annotations.md)."""

_NESTING_LIMIT = 4
_LAYERS = frozenset({mediatype.LAYER, mediatype.LAYER_GZIP, mediatype.LAYER_ZSTD})


def read_layout(location: Location, platform: Platform, *, name: str = "") -> Base:
    """Return the image at a tag or a digest of a layout; without either, its only one.

    Documents are checked against their digests here; layers where they are read.
    """
    name = name or str(location)
    directory = Path(location.path)
    chosen = _descend(directory, _named(directory, location, platform), platform, name)
    manifest = Manifest.parse(_document(directory, chosen))
    config = ImageConfig.parse(_document(directory, manifest.config))
    check_platform(name, config, platform)
    check_layers(name, config, len(manifest.layers))
    problems = [problem for layer in manifest.layers for problem in _problems(directory, layer)]
    if problems:
        lines = "".join(f"\n  {problem}" for problem in sorted(set(problems)))
        raise BaseError(f"Unable to use the base image `{name}`{lines}")
    layers = tuple(
        FileLayer(descriptor, diff_id, blob_path(directory, descriptor.digest))
        for descriptor, diff_id in zip(manifest.layers, config.diff_ids, strict=True)
    )
    return Base(name, chosen.digest, config, layers, manifest.media_type)


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


def _named(directory: Path, location: Location, platform: Platform) -> Descriptor:
    """Return what the tag or the digest names at the top of the layout."""
    manifests = read_index(directory).manifests
    if location.digest is not None:
        found = [each for each in manifests if each.digest == location.digest][:1]
    elif location.name:
        found = [each for each in manifests if each.annotations.get(REF_NAME) == location.name]
    else:
        found = list(manifests)
    if len(found) == 1:
        return found[0]
    if len(found) > 1 and all(each.platform is not None for each in found):
        return choose(found, platform, f"`{location}`")
    tags = sorted({f"`{tag}`" for each in manifests if (tag := each.annotations.get(REF_NAME))})
    raise BaseNotFound(
        f"{'More than one' if found else 'No such'} image in the layout: {location}",
        hint=f"It has the tags {', '.join(tags)}" if tags else "It has no tag",
    )


def _descend(directory: Path, found: Descriptor, platform: Platform, name: str) -> Descriptor:
    """Go through indexes to the manifest for the platform."""
    for _ in range(_NESTING_LIMIT):
        if found.media_type not in mediatype.INDEXES:
            return found
        index = Index.parse(_document(directory, found))
        found = choose(index.manifests, platform, f"`{name}`")
    raise BaseError(f"Unable to read the base image `{name}`: indexes within indexes without end")


def _document(directory: Path, descriptor: Descriptor) -> bytes:
    if descriptor.size > SIZE_LIMIT:
        raise BaseError(f"Refused blob {descriptor.digest}: a document of {descriptor.size} bytes")
    path = blob_path(directory, descriptor.digest)
    try:
        with path.open("rb") as file:
            return b"".join(verified(file, descriptor))
    except OSError as error:
        raise BaseError(f"Unable to read `{path}`: {error.strerror}") from error


def _problems(directory: Path, layer: Descriptor) -> list[str]:
    """Say what shows of a layer without reading it."""
    problems = []
    if mediatype.as_oci(layer.media_type) not in _LAYERS:
        problems.append(f"layer {layer.digest} is not a tar but `{layer.media_type}`")
    try:
        size = blob_path(directory, layer.digest).stat().st_size
    except OSError as error:
        problems.append(f"layer {layer.digest} cannot be read: {error.strerror}")
    else:
        if size != layer.size:
            problems.append(f"layer {layer.digest} has {size} bytes, not {layer.size}")
    return problems
