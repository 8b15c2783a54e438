"""An earlier image, read back from its manifest and its config."""

from __future__ import annotations

from dataclasses import replace

import pytest

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
    kinds = (LayerKind.BASE, LayerKind.SKELETON, LayerKind.WHEELS)
    return Record({}, base, tuple(map(LayerRecord, sizes, kinds))).within(CONFIG)


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


@pytest.mark.parametrize("count", [0, 2, 4, -1])
def test_a_base_of_other_layers_than_are_recorded_is_none(count: int) -> None:
    told = recorded()
    record = Record.of(told)
    assert record is not None
    base = BaseRecord(Digest.of(b"base"), NO_BASE, count, BASE)

    image = FormerImage.of(manifest(), replace(record, base=base).within(CONFIG))

    assert image is not None
    assert image.base is None


@pytest.mark.parametrize(
    ("media_type", "is_known", "is_sized"),
    [
        (mediatype.LAYER_GZIP, True, True),
        (mediatype.DOCKER_LAYER, True, True),
        (mediatype.LAYER_ZSTD, True, False),
        ("text/html", False, False),
    ],
)
def test_a_layer_of_another_media_type_is_not_as_it_was_made(
    media_type: str, is_known: bool, is_sized: bool
) -> None:
    given = manifest()
    layers = (*given.layers[:2], replace(given.layers[2], media_type=media_type))

    image = FormerImage.of(replace(given, layers=layers), recorded())

    assert image is not None
    assert (image.layers[2].key is not None, image.layers[2].is_sized) == (is_known, is_sized)
