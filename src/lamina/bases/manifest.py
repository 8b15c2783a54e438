"""A base from its manifest, or the index above that, wherever these are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lamina.bases.base import Base, BaseError, check_layers, check_platform
from lamina.oci import mediatype
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import DiffID
from lamina.oci.image import Manifest
from lamina.oci.index import Index, choose
from lamina.oci.layer import Layer

_NESTING_LIMIT = 4

ReadDocument = Callable[[Descriptor], bytes]
"""Gives the bytes of a manifest, an index or a config, checked against its digest."""


def read_image(
    name: str,
    top: Descriptor,
    platform: Platform,
    read: ReadDocument,
    open_layer: Callable[[Descriptor, DiffID], Layer],
    problems: Callable[[Descriptor], Iterable[str]] = lambda layer: (),
) -> Base:
    """Return the image for a platform; ``problems`` says what shows of a layer without reading it.

    Raises `BaseError` with all problems, and `PlatformNotFound`.
    """
    chosen = _descend(name, top, platform, read)
    manifest = Manifest.parse(read(chosen))
    config = ImageConfig.parse(read(manifest.config))
    check_platform(name, config, platform)
    check_layers(name, config, len(manifest.layers))
    found = {
        problem for layer in manifest.layers for problem in (*_not_a_tar(layer), *problems(layer))
    }
    if found:
        lines = "".join(f"\n  {problem}" for problem in sorted(found))
        raise BaseError(f"Unable to use the base image `{name}`{lines}")
    pairs = zip(manifest.layers, config.diff_ids, strict=True)
    layers = tuple(open_layer(descriptor, diff_id) for descriptor, diff_id in pairs)
    return Base(name, chosen.digest, config, layers, manifest.media_type)


def _descend(name: str, found: Descriptor, platform: Platform, read: ReadDocument) -> Descriptor:
    """Go through indexes to the manifest for the platform."""
    for _ in range(_NESTING_LIMIT):
        if found.media_type not in mediatype.INDEXES:
            return found
        index = Index.parse(read(found))
        found = choose(index.manifests, platform, f"`{name}`")
    raise BaseError(f"Unable to read the base image `{name}`: indexes within indexes without end")


def _not_a_tar(layer: Descriptor) -> list[str]:
    if mediatype.as_oci(layer.media_type) in mediatype.LAYERS:
        return []
    return [f"layer {layer.digest} is not a tar but `{layer.media_type}`"]
