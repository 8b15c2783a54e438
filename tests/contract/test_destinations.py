"""Every promise of a destination, asked of each, the fake included."""

from __future__ import annotations

import resource
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing as closed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pytest

from fakes.destination import MemoryDestination
from fakes.engine import FakeEngine, serve_engine
from images import Member, MemoryLayer, folder, make_image, make_layer
from lamina.bases.docker_archive import read_docker_archive
from lamina.bases.layout import read_layout
from lamina.destinations.base import (
    Destination,
    DestinationError,
    DestinationUnusable,
    closing,
)
from lamina.destinations.choose import destination_at
from lamina.destinations.daemon import Loaded
from lamina.engine.client import Engine
from lamina.oci import validate
from lamina.oci.blob import DamagedBlob
from lamina.oci.config import ImageConfig
from lamina.oci.descriptor import Platform
from lamina.oci.digest import Digest
from lamina.oci.image import Image, assemble
from lamina.oci.images import Images
from lamina.oci.location import Location
from lamina.transport.http import HttpTransport, Network

AMD64 = Platform("linux", "amd64")
BELOW = make_layer(folder("d"), Member("d/f", data=b"x" * 100_000))
ABOVE = make_layer(Member("d/g"))
IMAGE = make_image(BELOW, ABOVE, BELOW)


@dataclass(frozen=True)
class Place:
    """A kind of destination: how to open it, and what can be seen of it."""

    open: Callable[[], Destination]
    folder: Path
    read: Callable[[Destination], Image]

    def seen(self) -> dict[str, bytes]:
        """Return every file below the folder, hidden ones too."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


def read_back(location: Location) -> Image:
    """Read with the code for bases; an archive of a layout is unpacked by the test beside it."""
    read = {"oci": read_layout, "docker-archive": read_docker_archive}[location.transport]
    base = read(location, AMD64)
    return assemble(base.config, base.layers)


def unpack(path: Path) -> Image:
    target = path.with_name("unpacked")
    with tarfile.open(path, "r:") as tar:
        # Python 3.11 has filters since 3.11.4 only.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(target)
    return read_back(Location("oci", str(target)))


ON_DISK = ["oci", "oci-archive", "docker-archive"]


def place_of(kind: str, inside: Path) -> Place:
    inside.mkdir()
    if kind == "memory":
        return Place(MemoryDestination, inside, remembered)
    location = Location(kind, str(inside / "out"))

    def read(_: Destination) -> Image:
        return unpack(inside / "out") if kind == "oci-archive" else read_back(location)

    return Place(lambda: destination_at(location), inside, read)


def remembered(destination: Destination) -> Image:
    assert isinstance(destination, MemoryDestination)
    assert destination.image is not None
    return destination.image


@contextmanager
def engine_place(kind: str, inside: Path) -> Iterator[Place]:
    inside.mkdir()
    with serve_engine(kind) as fake, closed(HttpTransport(Network(socket=fake.socket))) as http:
        engine = Engine.connect(fake.socket, http)
        yield Place(lambda: Loaded(engine, lambda _: None), inside, lambda _: only_image(fake))


def only_image(fake: FakeEngine) -> Image:
    (kept,) = fake.images.values()
    return kept.image


CAREFUL = ["memory", *ON_DISK]
"""Those that read a blob when they take it."""


@pytest.fixture(params=[*CAREFUL, "docker", "containerd", "podman"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param in CAREFUL:
        yield place_of(request.param, tmp_path / "inside")
    else:
        with engine_place(request.param, tmp_path / "inside") as place:
            yield place


def test_an_image_is_written_whole(place: Place) -> None:
    with closing(place.open()) as destination:
        for layer in IMAGE.layers:
            destination.take(layer)
        descriptor = destination.write(Images.of(IMAGE))

    written = place.read(destination)
    validate.image(written)
    assert descriptor == IMAGE.descriptor
    assert (written.raw_manifest, written.raw_config) == (IMAGE.raw_manifest, IMAGE.raw_config)


def test_layers_that_were_not_taken_are_taken_at_the_end(place: Place) -> None:
    with closing(place.open()) as destination:
        destination.write(Images.of(IMAGE))

    validate.image(place.read(destination))


def test_an_image_without_layers_is_written(place: Place) -> None:
    with closing(place.open()) as destination:
        destination.write(Images.of(make_image()))

    assert place.read(destination).layers == ()


def test_what_is_written_is_the_same_again(place: Place) -> None:
    def seen() -> dict[str, bytes]:
        with closing(place.open()) as destination:
            destination.write(Images.of(IMAGE))
        return place.seen()

    assert seen() == seen()


def test_what_was_written_may_be_written_once_more(place: Place) -> None:
    """As it is where another destination, written after this one, found a layer damaged."""
    with closing(place.open()) as destination:
        destination.write(Images.of(IMAGE))
        destination.write(Images.of(IMAGE))

    validate.image(place.read(destination))


def test_an_interrupted_build_leaves_nothing(place: Place) -> None:
    with closing(place.open()) as destination:
        destination.take(BELOW)

    assert list(place.folder.iterdir()) == []


def test_an_interrupted_build_leaves_what_was_there(place: Place) -> None:
    with closing(place.open()) as destination:
        destination.write(Images.of(IMAGE))
    before = place.seen()

    def interrupted() -> None:
        with closing(place.open()) as destination:
            destination.take(make_layer(Member("other")))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert place.seen() == before


def test_to_abort_twice_is_to_abort_once(place: Place) -> None:
    destination = place.open()
    destination.take(BELOW)

    destination.abort()
    destination.abort()

    assert list(place.folder.iterdir()) == []


@pytest.mark.parametrize("kind", CAREFUL)
@pytest.mark.parametrize(
    "damaged",
    [
        pytest.param(replace(BELOW, blob=BELOW.blob[:-1]), id="short"),
        pytest.param(replace(BELOW, blob=BELOW.blob + b"x"), id="long"),
        pytest.param(replace(BELOW, blob=b"\0" * len(BELOW.blob)), id="other bytes"),
    ],
)
def test_a_damaged_blob_is_noticed_and_may_come_again(
    kind: str, tmp_path: Path, damaged: MemoryLayer
) -> None:
    place = place_of(kind, tmp_path / "inside")

    with closing(place.open()) as destination:
        with pytest.raises(DamagedBlob) as caught:
            destination.take(damaged)
        destination.take(BELOW)
        destination.write(Images.of(IMAGE))

    assert caught.value.digest == BELOW.descriptor.digest
    validate.image(place.read(destination))


@pytest.mark.parametrize("kind", CAREFUL)
def test_a_blob_that_is_gone_counts_as_damaged(kind: str, tmp_path: Path) -> None:
    place = place_of(kind, tmp_path / "inside")

    class Gone(MemoryLayer):
        def open(self) -> BinaryIO:
            return (tmp_path / "gone").open("rb")

    with closing(place.open()) as destination, pytest.raises(DamagedBlob) as caught:
        destination.take(Gone(BELOW.descriptor, BELOW.diff_id, b""))

    assert str(caught.value) == (
        f"Damaged blob {BELOW.descriptor.digest}\n"
        f"  expected: {BELOW.descriptor.size} bytes\n"
        "  got:      No such file or directory"
    )


@contextmanager
def little_room(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes: a write fails as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("kind", ON_DISK)
def test_a_full_disk_is_told_and_nothing_half_written_is_left(kind: str, tmp_path: Path) -> None:
    place = place_of(kind, tmp_path / "inside")
    incompressible = b"".join(Digest.of(b"%d" % n).hex.encode() for n in range(2000))
    large = make_layer(Member("f", data=incompressible))

    with (
        pytest.raises(DestinationUnusable) as caught,
        closing(place.open()) as destination,
        little_room(10_000),
    ):
        destination.take(large)

    assert str(caught.value) == f"Unable to write to `{place.folder / 'out'}`: File too large"
    assert caught.value.path == place.folder / "out"
    assert list(place.folder.iterdir()) == []


OTHER = make_image(BELOW, config=ImageConfig("arm64"))


@pytest.mark.parametrize("kind", ["memory", "oci", "oci-archive"])
def test_images_of_several_platforms_are_written_under_an_index(kind: str, tmp_path: Path) -> None:
    place = place_of(kind, tmp_path / "inside")
    both = Images.of(IMAGE, OTHER)

    with closing(place.open()) as destination:
        descriptor = destination.write(both)

    assert descriptor == both.descriptor
    assert place.read(destination).raw_manifest == IMAGE.raw_manifest


def test_a_docker_archive_holds_one_image(tmp_path: Path) -> None:
    place = place_of("docker-archive", tmp_path / "inside")

    with pytest.raises(DestinationError) as caught, closing(place.open()) as destination:
        destination.write(Images.of(IMAGE, OTHER))

    assert str(caught.value) == (
        "Unable to write images for several platforms to a docker archive: it holds one"
    )
    assert list(place.folder.iterdir()) == []
