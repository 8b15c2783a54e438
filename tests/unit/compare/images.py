"""Images as their documents tell of them, written in a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lamina.archive.blob import Extent
from lamina.compare.image import InspectedImage, inspect
from lamina.oci import mediatype
from lamina.oci.config import History, ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID, Digest
from lamina.oci.image import Manifest
from lamina.plan.base import NO_BASE
from lamina.plan.contents import Contents, InLayer
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerKind
from lamina.reuse.record import BaseRecord, LayerRecord, Record

BASE = "docker.io/library/python:3.12-slim"
PLAIN = ImageConfig("amd64", created="2023-11-14T22:13:20Z")


def digest(text: str) -> Digest:
    return Digest.of(text.encode())


def wheel(text: str) -> InLayer:
    """Return a distribution, written ``name==version`` or ``name==version#hash``."""
    pin, _, hash_ = text.partition("#")
    name, _, version = pin.partition("==")
    return InLayer(name, version, f"sha256:{hash_ or pin}", 7, (name,), Extent(0, 1))


@dataclass(frozen=True)
class Made:
    """A layer to be: its bytes and its diff ID follow from ``content``."""

    title: str
    content: str = ""
    wheels: Sequence[str] = ()
    size: int = 100
    is_ours: bool = True
    kind: LayerKind = LayerKind.FILES
    blob: str = ""
    """What else the bytes of the blob follow from, such as another compressor."""

    @property
    def text(self) -> str:
        return f"{self.title} {self.content} {' '.join(self.wheels)}"

    @property
    def key(self) -> LayerKey:
        return LayerKey(digest(f"key {self.text}").hex)

    @property
    def descriptor(self) -> Descriptor:
        return Descriptor(mediatype.LAYER_GZIP, digest(self.text + self.blob), self.size)

    @property
    def diff_id(self) -> DiffID:
        return DiffID(digest(f"diff {self.text}"))

    @property
    def history(self) -> History:
        if not self.is_ours:
            return History(self.title)
        return History(f"lamina: {self.title}", comment=str(self.key))


def wheels(*texts: str, size: int = 100) -> Made:
    """Return a layer of wheels, with the title that a plan gives it."""
    title = ", ".join(each.partition("#")[0] for each in texts)
    return Made(title, "", texts, size, kind=LayerKind.WHEELS)


def base(title: str, size: int = 1000) -> Made:
    return Made(title, size=size, is_ours=False, kind=LayerKind.BASE)


SKELETON = Made("environment /opt/venv", kind=LayerKind.SKELETON)


@dataclass(frozen=True)
class Making:
    """Manifest and config to be, for tests that spoil something first."""

    layers: Sequence[Made]
    config: ImageConfig = PLAIN
    below: int | None = None
    """How many layers are the base's, as recorded; None, where there is no record."""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def config_with_layers(self) -> ImageConfig:
        config = replace(
            self.config,
            diff_ids=tuple(each.diff_id for each in self.layers),
            history=(*self.config.history, *(each.history for each in self.layers)),
        )
        if self.below is None:
            return config
        told = tuple(
            LayerRecord(each.size, each.kind, Contents(tuple(map(wheel, each.wheels))))
            for each in self.layers
        )
        known = BaseRecord(digest("base"), NO_BASE, self.below) if self.below else None
        return Record({"format": 1}, known, told).within(config)

    def inspected(self) -> InspectedImage:
        config = self.config_with_layers()
        encoded = config.encode()
        described = Descriptor(mediatype.CONFIG, Digest.of(encoded), len(encoded))
        manifest = Manifest(
            mediatype.MANIFEST,
            described,
            tuple(each.descriptor for each in self.layers),
            self.annotations,
        )
        return inspect(manifest, config, digest(repr(manifest)), 500)


def image(*layers: Made, config: ImageConfig = PLAIN) -> InspectedImage:
    """Return an image of ours, whose record knows the base's layers."""
    below = sum(not each.is_ours for each in layers)
    return Making(layers, config, below).inspected()
