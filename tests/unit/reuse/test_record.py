"""What travels with an image."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.archive.blob import Extent
from lamina.archive.rootfs import Rootfs
from lamina.archive.tree import Permissions
from lamina.oci.config import History, ImageConfig
from lamina.oci.digest import DiffID, Digest
from lamina.oci.document import MalformedDocument
from lamina.plan.base import BaseFacts, BaseLibc, BasePython
from lamina.plan.collisions import Collision
from lamina.plan.contents import Contents, InLayer
from lamina.plan.key import LayerKey, Recipe
from lamina.plan.plan import LayerKind
from lamina.reuse.record import FIELD, BaseRecord, LayerRecord, Record

DIGEST = Digest.of(b"base")
FACTS = BaseFacts(
    BasePython("/usr/bin/python3.11", "3.11.2"),
    BaseLibc("glibc", "2.36"),
    Rootfs({"lib": "usr/lib"}, {"tmp": Permissions(0o1777, 0, 0)}),
)
WHEEL = InLayer("demo", "1.0", f"sha256:{'a' * 64}", 1000, ("demo",), Extent(7, 9))
KEY = LayerKey("0" * 64)
BARE = ImageConfig("amd64", env={"LANG": "C.UTF-8"}, cmd=("python3",), extra={"moby": {"x": 1}})
RECORD = Record(
    Recipe("/opt/venv", "3.11").to_json(),
    BaseRecord(DIGEST, FACTS, 2, BARE, Digest.of(b"index")),
    (
        LayerRecord(10, LayerKind.BASE),
        LayerRecord(20, LayerKind.SKELETON),
        LayerRecord(30, LayerKind.WHEELS, Contents((WHEEL,))),
    ),
    {KEY: (Collision("lib/python3.11/site-packages/x.py", ("a", "b")),)},
)


def spoilt(**changes: object) -> ImageConfig:
    return replace(BARE, extra={FIELD: {**RECORD.to_json(), **changes}})


def test_a_record_comes_back_as_it_was_written() -> None:
    config = ImageConfig.parse(RECORD.within(BARE).encode())

    assert Record.of(config) == RECORD
    assert config.extra["moby"] == {"x": 1}


def test_the_record_of_a_base_that_is_ours_does_not_travel() -> None:
    ours = RECORD.within(replace(BARE, diff_ids=(DiffID(DIGEST),), history=(History("x"),)))
    record = replace(RECORD, base=BaseRecord(DIGEST, FACTS, 2, ours))

    found = Record.of(record.within(ImageConfig("amd64")))

    assert found is not None
    assert found.base is not None
    assert found.base.config == BARE


def test_an_image_without_a_record_has_none() -> None:
    assert Record.of(BARE) is None


def test_a_record_of_another_release_is_none() -> None:
    assert Record.of(spoilt(format=2)) is None


def test_more_collisions_than_are_worth_it_do_not_travel() -> None:
    many = tuple(Collision(f"{number}", ("a", "b")) for number in range(101))

    assert replace(RECORD, agreements={KEY: many}).to_json()["agreements"] == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"layers": 5},
        {"layers": [5]},
        {"layers": [[]]},
        {"layers": [["10", "base"]]},
        {"layers": [[10, "odd"]]},
        {"layers": [[10, "wheels", ["demo"]]]},
        {"agreements": {"x": []}},
        {"agreements": {str(KEY): 5}},
        {"agreements": {str(KEY): [["path", ["a"]]]}},
        {"agreements": {str(KEY): [["path", ["a", 5]]]}},
        {"recipe": "x"},
        {"base": 5},
        {"base": {"identity": "x"}},
        {"base": {"identity": str(DIGEST), "layers": 1, "facts": {}}},
    ],
)
def test_a_malformed_record_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedDocument, match=r"^Malformed "):
        Record.of(spoilt(**changes))
