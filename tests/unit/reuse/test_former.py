"""An earlier image, read back from its manifest and its config."""

from __future__ import annotations

from dataclasses import replace

from lamina.oci import mediatype
from lamina.oci.config import History, ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID, Digest
from lamina.oci.image import Manifest
from lamina.plan.annotations import layer_annotations
from lamina.plan.base import NO_BASE
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerKind
from lamina.reuse.former import FormerImage
from lamina.reuse.record import BaseRecord, LayerRecord, Record

KEYS = [LayerKey(f"{number}" * 64) for number in range(3)]
DIFF_IDS = tuple(DiffID(Digest.of(b"tar %d" % number)) for number in range(3))
OURS = [History("lamina: x", "", str(key)) for key in KEYS[1:]]
BELOW = (History("FROM"), History("ENV x", empty_layer=True))
CONFIG = ImageConfig("amd64", diff_ids=DIFF_IDS, history=(*BELOW, *OURS))
BASE = ImageConfig("amd64", cmd=("sh",))


def manifest(*, annotated: bool = False) -> Manifest:
    layers = tuple(
        Descriptor(
            mediatype.LAYER_GZIP,
            Digest.of(b"blob %d" % number),
            100 + number,
            layer_annotations(KEYS[number]) if annotated and number else {},
        )
        for number in range(3)
    )
    config = Descriptor(mediatype.CONFIG, Digest.of(b"config"), 1)
    return Manifest(mediatype.MANIFEST, config, layers, {})


def recorded(sizes: tuple[int, ...] = (100, 101, 102)) -> ImageConfig:
    base = BaseRecord(Digest.of(b"base"), NO_BASE, 1, BASE)
    return Record({}, base, tuple(LayerRecord(size, LayerKind.WHEELS) for size in sizes)).within(
        CONFIG
    )


def test_keys_come_from_annotations_or_else_from_the_history() -> None:
    for given in (manifest(annotated=True), manifest()):
        image = FormerImage.of(given, CONFIG)

        assert image is not None
        assert [layer.key for layer in image.layers] == [None, *KEYS[1:]]


def test_a_history_that_does_not_fit_tells_nothing() -> None:
    squashed = replace(CONFIG, history=CONFIG.history[:-1])

    assert FormerImage.of(manifest(), squashed) is None
    assert FormerImage.of(manifest(annotated=True), squashed) is not None


def test_an_image_that_contradicts_itself_is_none_of_ours() -> None:
    assert FormerImage.of(manifest(), replace(CONFIG, diff_ids=DIFF_IDS[:2])) is None


def test_sizes_are_compared_with_those_of_before() -> None:
    image = FormerImage.of(manifest(), recorded((100, 999, 102)))

    assert image is not None
    assert [layer.is_sized for layer in image.layers] == [True, False, True]


def test_without_a_record_no_size_is_known() -> None:
    image = FormerImage.of(manifest(), CONFIG)

    assert image is not None
    assert [layer.is_sized for layer in image.layers] == [False, False, False]
    assert image.base is None


def test_the_base_gets_its_layers_and_its_history_back() -> None:
    image = FormerImage.of(manifest(), recorded())

    assert image is not None
    assert image.base is not None
    assert image.base.config == replace(BASE, diff_ids=DIFF_IDS[:1], history=BELOW)
    assert image.base.layers == image.layers[:1]


def test_a_base_of_more_layers_than_there_are_is_none() -> None:
    base = BaseRecord(Digest.of(b"base"), NO_BASE, 4, BASE)
    image = FormerImage.of(manifest(), Record({}, base).within(CONFIG))

    assert image is not None
    assert image.base is None
