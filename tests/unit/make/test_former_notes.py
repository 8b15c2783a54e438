"""What an earlier image tells of its packages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from fakes.observer import RecordingObserver
from images import Member, MemoryLayer, make_layer
from lamina.archive.rootfs import Rootfs
from lamina.deb.package import DebianPackage
from lamina.deb.status import INFO, STATUS
from lamina.make.former_notes import former_notes
from lamina.make.image_workshop import ImageWorkshop
from lamina.oci.digest import Digest
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerKind
from lamina.reuse.known import Beside, Known
from lamina.reuse.reused import ReusedLayer
from lamina.system.plan import SystemPlan
from unit.test_build import Ground

ONE = DebianPackage("one", "1", "amd64", "s", "pool/main/o/one/one.deb", 1, "11" * 32)
TWO = DebianPackage("two", "1", "amd64", "s", "pool/main/t/two/two.deb", 1 << 20, "22" * 32)
PLAN = SystemPlan(
    architecture="amd64", packages=(ONE, TWO), base=Digest.of(b"base"), rootfs=Rootfs()
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
)


@dataclass(frozen=True)
class Earlier:
    """Earlier images, each with its small layer and with the layers of some packages."""

    images: tuple[tuple[frozenset[LayerKey], MemoryLayer], ...]

    def highest(self, kind: LayerKind, keys: Iterable[LayerKey]) -> Iterator[Beside]:
        assert kind is LayerKind.SYSTEM
        for there, layer in self.images:
            if found := there & frozenset(keys):
                yield Beside(found, cast(ReusedLayer, layer))


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[ImageWorkshop]:
    with Ground(tmp_path).workshop() as workshop:
        yield workshop


def key_of(package: DebianPackage) -> LayerKey:
    (key,) = [each.key for each in PLAN.layers if package in each.packages]
    return key


def told(workshop: ImageWorkshop, *images: tuple[frozenset[LayerKey], MemoryLayer]) -> list[str]:
    known = cast(Known, Earlier(images))
    return [each.name for each in former_notes(PLAN.layers, replace(workshop, known=known))]


def warnings(workshop: ImageWorkshop) -> list[str]:
    return cast(RecordingObserver, workshop.observer).warnings


def test_only_packages_whose_own_layers_are_there_are_told_of(workshop: ImageWorkshop) -> None:
    assert told(workshop, (frozenset({key_of(TWO)}), TOLD)) == ["two"]
    assert warnings(workshop) == []


def test_another_version_in_the_database_is_not_believed(workshop: ImageWorkshop) -> None:
    status = b"Package: two\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2\n"
    other = make_layer(Member(STATUS, data=status), Member(f"{INFO}/two.list", data=b"/.\n"))

    assert told(workshop, (frozenset({key_of(TWO)}), other)) == []


def test_a_damaged_layer_is_told_and_the_next_image_asked(workshop: ImageWorkshop) -> None:
    damaged = replace(TOLD, blob=TOLD.blob[:-1] + b"x")
    both = frozenset({key_of(ONE), key_of(TWO)})

    assert told(workshop, (both, damaged), (both, TOLD)) == ["two", "one"]

    (warning,) = warnings(workshop)
    assert warning.endswith("; packages are fetched instead")
