"""An image that was pushed earlier, read back from its manifest and its config alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from lamina.oci import mediatype
from lamina.oci.config import History, ImageConfig
from lamina.oci.descriptor import Descriptor, Platform
from lamina.oci.digest import DiffID
from lamina.oci.image import Manifest
from lamina.plan.annotations import annotated_key
from lamina.plan.contents import Contents
from lamina.plan.key import InvalidKey, LayerKey
from lamina.plan.plan import LayerKind
from lamina.reuse.record import BaseRecord, LayerRecord, Record

_UNTOLD = LayerRecord(-1, LayerKind.OTHER)


@dataclass(frozen=True, slots=True)
class FormerLayer:
    """A layer of an earlier image."""

    descriptor: Descriptor
    diff_id: DiffID
    key: LayerKey | None
    """None of a layer that is not known by one, such as a base's."""
    kind: LayerKind
    contents: Contents
    is_sized: bool
    """Whether the size is what it was when the image was made; else the blob must be asked for."""


@dataclass(frozen=True, slots=True)
class FormerBase:
    """The base of an earlier image, as that image knew it."""

    record: BaseRecord
    config: ImageConfig
    """With the base's own layers and history; of a base in a registry."""
    layers: tuple[FormerLayer, ...]


@dataclass(frozen=True, slots=True)
class FormerImage:
    """An earlier image of ours."""

    platform: Platform
    layers: tuple[FormerLayer, ...]
    record: Record
    base: FormerBase | None
    """If it was one of a registry, and all of its layers are here."""

    @classmethod
    def of(cls, manifest: Manifest, config: ImageConfig) -> FormerImage | None:
        """Return what an image tells, or None if it is none of ours.

        Raises `MalformedDocument`.
        """
        record = Record.of(config) or Record()
        keys = _keys(manifest, config)
        if not any(keys) or len(manifest.layers) != len(config.diff_ids):
            return None
        fits = len(record.layers) == len(manifest.layers)
        told = record.layers if fits else [_UNTOLD] * len(manifest.layers)
        layers = tuple(
            FormerLayer(
                descriptor,
                diff_id,
                key if mediatype.as_oci(descriptor.media_type) in mediatype.LAYERS else None,
                each.kind,
                each.contents,
                _is_as_made(descriptor, each),
            )
            for descriptor, diff_id, key, each in zip(
                manifest.layers, config.diff_ids, keys, told, strict=True
            )
        )
        return cls(config.platform, layers, record, _base(record.base, config, layers))


def _is_as_made(descriptor: Descriptor, told: LayerRecord) -> bool:
    """Say whether a layer is described as it was made; all but the base's are packed by gzip."""
    packed = mediatype.as_oci(descriptor.media_type)
    kinds = mediatype.LAYERS if told.kind is LayerKind.BASE else {mediatype.LAYER_GZIP}
    return descriptor.size == told.size and packed in kinds


def _base(
    known: BaseRecord | None, config: ImageConfig, layers: tuple[FormerLayer, ...]
) -> FormerBase | None:
    """Put the base together: the image that stands upon it has its layers and its history."""
    if known is None or known.config is None:
        return None
    kinds = [layer.kind for layer in layers]
    if kinds.count(LayerKind.BASE) != known.layers or set(kinds[: known.layers]) - {LayerKind.BASE}:
        return None
    own = replace(
        known.config,
        diff_ids=config.diff_ids[: known.layers],
        history=tuple(_without_last(config.history, len(layers) - known.layers)),
    )
    return FormerBase(known, own, layers[: known.layers])


def _keys(manifest: Manifest, config: ImageConfig) -> list[LayerKey | None]:
    """Return the key of each layer, from its annotation or, where that was dropped, the history."""
    told = [entry for entry in config.history if not entry.empty_layer]
    fits = len(told) == len(manifest.layers)
    entries: Sequence[History] = told if fits else [History()] * len(manifest.layers)
    return [
        annotated_key(descriptor.annotations) or _told_key(entry)
        for descriptor, entry in zip(manifest.layers, entries, strict=True)
    ]


def _told_key(entry: History) -> LayerKey | None:
    try:
        return LayerKey.parse(entry.comment)
    except InvalidKey:
        return None


def _without_last(history: Sequence[History], count: int) -> Iterator[History]:
    """Give the history but for what tells of the uppermost ``count`` layers."""
    left = sum(not entry.empty_layer for entry in history) - count
    for entry in history:
        if not entry.empty_layer:
            if left == 0:
                return
            left -= 1
        yield entry
