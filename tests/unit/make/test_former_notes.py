"""What an earlier image tells of its packages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, cast

import pytest

from fakes.observer import RecordingObserver
from images import Member, MemoryLayer, make_layer
from lamina.archive.rootfs import Rootfs
from lamina.deb.package import DebianPackage
from lamina.deb.status import INFO, STATUS
from lamina.make.former_notes import FormerNotes
from lamina.make.image_workshop import ImageWorkshop
from lamina.oci.digest import Digest
from lamina.pins.model import PinnedLayer
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerKind
from lamina.reuse.known import Highest, Known
from lamina.reuse.reused import ReusedLayer
from lamina.system.notes import PackageNotes
from lamina.system.plan import SystemPlan
from lamina.system.small_files import SmallFiles
from lamina.system.telling import PATH, KnownBase
from unit.test_build import Ground

ONE = DebianPackage("one", "1", "amd64", "s", "pool/main/o/one/one.deb", 1, "11" * 32)
TWO = DebianPackage("two", "1", "amd64", "s", "pool/main/t/two/two.deb", 1 << 20, "22" * 32)
PLAN = SystemPlan(
    architecture="amd64", packages=(ONE, TWO), base=Digest.of(b"base"), rootfs=Rootfs()
)
NOTHING_MORE = PackageNotes(control={}, listed=()).to_json()
del NOTHING_MORE["control"]
NOTES = Member(
    PATH,
    data=json.dumps(
        {
            "format": 1,
            "base": {"files": {"etc/debian_version": "12"}, "untold": ["a.gpg"]},
            "packages": {"one": NOTHING_MORE, "two": NOTHING_MORE},
        }
    ).encode(),
)
TOLD = make_layer(
    Member(
        STATUS,
        data=b"".join(
            b"Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n" % name
            for name in (b"one", b"two")
        ),
    ),
    Member(f"{INFO}/one.list", data=b"/.\n/usr\n"),
    Member(f"{INFO}/two.list", data=b"/.\n/usr\n"),
    NOTES,
)
SMALL = LayerKey.of({"small": "layer"})


@dataclass(frozen=True)
class Earlier:
    """Earlier images, each with its small layer and with the layers of some packages."""

    images: tuple[tuple[frozenset[LayerKey], MemoryLayer], ...]

    def highest(self, kind: LayerKind) -> Iterator[Highest]:
        assert kind is LayerKind.SYSTEM
        for at, (there, layer) in enumerate(self.images):
            reused = cast(ReusedLayer, Reused(layer, f"registry.example/{at}"))
            yield Highest(reused, there, PLAN.base)


class Reused:
    """A layer in a registry, and how often it was read."""

    key = SMALL

    def __init__(self, layer: MemoryLayer, repository: str = "") -> None:
        self.layer = layer
        self.repository = SimpleNamespace(shown=repository)
        self.descriptor = layer.descriptor
        self.reads = 0

    def open(self) -> BinaryIO:
        self.reads += 1
        return self.layer.open()


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[ImageWorkshop]:
    with Ground(tmp_path).workshop() as workshop:
        yield workshop


def key_of(package: DebianPackage) -> LayerKey:
    (key,) = [each.key for each in PLAN.layers if package in each.packages]
    return key


def told(workshop: ImageWorkshop, *images: tuple[frozenset[LayerKey], MemoryLayer]) -> list[str]:
    known = cast(Known, Earlier(images))
    former = FormerNotes(replace(workshop, known=known))
    return [each.name for each in former.notes(PLAN.layers)]


def warnings(workshop: ImageWorkshop) -> list[str]:
    return cast(RecordingObserver, workshop.observer).warnings


def test_only_packages_whose_own_layers_are_there_are_told_of(workshop: ImageWorkshop) -> None:
    assert told(workshop, (frozenset({key_of(TWO)}), TOLD)) == ["two"]
    assert warnings(workshop) == []


def test_another_version_in_the_database_is_not_believed(workshop: ImageWorkshop) -> None:
    status = b"Package: two\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n"
    listed = [Member(f"{INFO}/{name}.list", data=b"/.\n") for name in ("one", "two")]
    one = b"Package: one\nArchitecture: amd64\nVersion: 1\n\n"
    other = make_layer(Member(STATUS, data=one + status), *listed, NOTES)

    assert told(workshop, (frozenset({key_of(TWO)}), other)) == []


def test_a_damaged_layer_is_told_and_the_next_image_asked(workshop: ImageWorkshop) -> None:
    damaged = replace(TOLD, blob=TOLD.blob[:-1] + b"x")
    both = frozenset({key_of(ONE), key_of(TWO)})

    assert told(workshop, (both, damaged), (both, TOLD)) == ["two", "one"]

    (warning,) = warnings(workshop)
    assert warning.endswith("; what it would tell is fetched instead")


def base_told(workshop: ImageWorkshop, identity: Digest, *layers: MemoryLayer) -> KnownBase | None:
    known = cast(Known, Earlier(tuple((frozenset(), each) for each in layers)))
    return FormerNotes(replace(workshop, known=known)).base(identity)


def test_the_base_is_told_by_an_image_that_stands_on_it(workshop: ImageWorkshop) -> None:
    found = base_told(workshop, PLAN.base, make_layer(), TOLD)

    assert found is not None
    assert found.files == SmallFiles({"etc/debian_version": b"12"}, untold=frozenset({"a.gpg"}))
    assert base_told(workshop, Digest.of(b"another"), TOLD) is None
    assert warnings(workshop) == []


def test_where_layers_are_pinned_a_registry_does_not_tell_of_the_base(
    workshop: ImageWorkshop,
) -> None:
    pin = PinnedLayer(SMALL, TOLD.descriptor.digest, TOLD.diff_id, 1)

    assert base_told(replace(workshop, pinned={SMALL: pin}), PLAN.base, TOLD) is None


def test_a_layer_is_read_once(workshop: ImageWorkshop) -> None:
    reused = Reused(TOLD)
    image = Highest(cast(ReusedLayer, reused), frozenset({key_of(ONE)}), PLAN.base)
    known = cast(Known, SimpleNamespace(highest=lambda kind: iter([image])))
    former = FormerNotes(replace(workshop, known=known))

    assert former.base(PLAN.base) is not None
    assert [each.name for each in former.notes(PLAN.layers)] == ["one"]
    assert reused.reads == 1
