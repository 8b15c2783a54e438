"""What an image is made of, as far as its manifest and its config tell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lamina.oci import mediatype
from lamina.oci.config import History, ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID, Digest, InvalidDigest
from lamina.oci.document import MalformedDocument
from lamina.oci.image import Manifest
from lamina.plan.contents import Contents
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerKind
from lamina.reuse.former import FormerImage, FormerLayer

BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"

_OURS = "lamina: "
"""How our entries of the history begin."""
_WHEEL = re.compile(r"([a-z0-9][a-z0-9._-]*)==([^\s,]+)")


@dataclass(frozen=True, slots=True)
class Distribution:
    """One distribution of an image."""

    name: str
    version: str
    hash: str = ""
    """Of its wheel, as ``algorithm:hex``; empty where it is not known."""
    size: int | None = None
    """Of its wheel, in bytes."""


@dataclass(frozen=True, slots=True)
class InspectedLayer:
    """One layer, as manifest, config and history tell of it."""

    kind: LayerKind
    descriptor: Descriptor
    diff_id: DiffID
    title: str = ""
    """What its history entry says, in the words of whoever made the image."""
    key: LayerKey | None = None
    distributions: tuple[Distribution, ...] = ()

    @property
    def digest(self) -> Digest:
        """Of the blob."""
        return self.descriptor.digest

    @property
    def size(self) -> int:
        """Of the blob, in bytes."""
        return self.descriptor.size


@dataclass(frozen=True, slots=True)
class InspectedBase:
    """The base, as the image knows it."""

    name: str
    """Empty where it is not told."""
    digest: Digest | None
    """Of its manifest; of its config, where it has none."""


@dataclass(frozen=True, slots=True)
class InspectedImage:
    """One image for one platform."""

    manifest: Manifest
    config: ImageConfig
    layers: tuple[InspectedLayer, ...]
    """Lowest first."""
    is_lamina: bool
    digest: Digest | None = None
    """Of its manifest; None in a docker archive, which has none."""
    manifest_size: int = 0
    base: InspectedBase | None = None

    @property
    def size(self) -> int:
        """Of all blobs of layers, in bytes, each once."""
        return sum({layer.digest: layer.size for layer in self.layers}.values())

    @property
    def is_packed(self) -> bool:
        """Whether its layers are compressed, as they are in registries."""
        return all(
            mediatype.as_oci(each.descriptor.media_type) != mediatype.LAYER for each in self.layers
        )

    @property
    def distributions(self) -> dict[str, Distribution]:
        """What was locked, by name; the project itself is not among it."""
        return {
            each.name: each
            for layer in self.layers
            if layer.kind is LayerKind.WHEELS
            for each in layer.distributions
        }

    @property
    def documents(self) -> dict[Digest, int]:
        """The sizes of manifest and config, by their digests."""
        config = self.manifest.config
        own = {self.digest: self.manifest_size} if self.digest is not None else {}
        return {**own, config.digest: config.size}


def inspect(
    manifest: Manifest, config: ImageConfig, digest: Digest | None = None, size: int = 0
) -> InspectedImage:
    """Return what an image is made of; ``digest`` and ``size`` are those of its manifest.

    Raises `MalformedDocument`.
    """
    count = len(manifest.layers)
    if count != len(config.diff_ids):
        raise MalformedDocument(
            f"Malformed image {digest or manifest.config.digest}: manifest and config disagree on "
            f"its layers\n  manifest: {count}\n  config:   {len(config.diff_ids)}"
        )
    former = FormerImage.of(manifest, config)
    told = layer_history(config)
    titles = [each.created_by for each in told] if told else [""] * count
    base = InspectedBase(
        manifest.annotations.get(BASE_NAME, ""),
        _digest(manifest.annotations.get(BASE_DIGEST, ""))
        or (former.record.base.identity if former and former.record.base else None),
    )
    return InspectedImage(
        manifest,
        config,
        tuple(_strange(manifest, config, titles) if former is None else _ours(former, titles)),
        former is not None,
        digest,
        size,
        base if base.name or base.digest else None,
    )


def layer_history(config: ImageConfig) -> Sequence[History] | None:
    """Return the entry of the history for each layer; None, where they do not fit."""
    told = [entry for entry in config.history if not entry.empty_layer]
    return told if len(told) == len(config.diff_ids) else None


def _strange(
    manifest: Manifest, config: ImageConfig, titles: Sequence[str]
) -> list[InspectedLayer]:
    """Return the layers of an image that is none of ours."""
    return [
        InspectedLayer(LayerKind.OTHER, descriptor, diff_id, title)
        for descriptor, diff_id, title in zip(manifest.layers, config.diff_ids, titles, strict=True)
    ]


def _ours(former: FormerImage, titles: Sequence[str]) -> list[InspectedLayer]:
    """Return the layers of an image of ours; others may have put some upon it."""
    below = _base_layers(former)
    found = []
    for number, (layer, said) in enumerate(zip(former.layers, titles, strict=True)):
        title = said.removeprefix(_OURS) if layer.key else said
        kind = _kind(layer, title, is_below=number < below)
        held = () if kind is LayerKind.BASE else _distributions(kind, title, layer.contents)
        found.append(InspectedLayer(kind, layer.descriptor, layer.diff_id, title, layer.key, held))
    return found


def _base_layers(former: FormerImage) -> int:
    """Return how many of the layers are the base's: as recorded, else those before our first."""
    if former.record.base is not None:
        return former.record.base.layers
    if former.record.recipe:
        return 0
    return next(number for number, layer in enumerate(former.layers) if layer.key is not None)


def _kind(layer: FormerLayer, title: str, *, is_below: bool) -> LayerKind:
    """Return what a layer of ours is made from: as recorded, else as far as its title shows."""
    if is_below:
        return LayerKind.BASE
    if layer.key is None or layer.kind is not LayerKind.OTHER:
        return layer.kind
    return LayerKind.WHEELS if _titled(title) else LayerKind.OTHER


def _distributions(kind: LayerKind, title: str, contents: Contents) -> tuple[Distribution, ...]:
    """Return what a layer holds: as recorded, else as its title names it."""
    if contents.distributions:
        return tuple(
            Distribution(each.name, each.version, each.hash, each.size)
            for each in contents.distributions
        )
    return _titled(title) if kind is LayerKind.WHEELS else ()


def _titled(title: str) -> tuple[Distribution, ...]:
    """Return the distributions that the title of a layer of wheels names; else none.

    >>> [each.version for each in _titled("idna==3.10, six==1.17.0")]
    ['3.10', '1.17.0']
    """
    matches = [_WHEEL.fullmatch(each) for each in title.split(", ")]
    named = [Distribution(match[1], match[2]) for match in matches if match is not None]
    return tuple(named) if len(named) == len(matches) else ()


def _digest(text: str) -> Digest | None:
    try:
        return Digest.parse(text)
    except InvalidDigest:
        return None


def settings(config: ImageConfig) -> Mapping[str, object]:
    """Return what a config says besides its layers, by the names of the image-spec."""
    return {
        "created": config.created,
        "author": config.author,
        "platform": config.platform,
        "Env": dict(config.env),
        "Entrypoint": config.entrypoint,
        "Cmd": config.cmd,
        "User": config.user,
        "WorkingDir": config.working_dir,
        "Labels": dict(config.labels),
        "ExposedPorts": config.exposed_ports,
        "Volumes": config.volumes,
        "StopSignal": config.stop_signal,
        "Healthcheck": config.healthcheck,
        **config.extra_config,
    }
