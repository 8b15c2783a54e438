"""Which layers go to an engine, and what stands there afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import BinaryIO

import pytest

from fakes.engine import LOAD, Answer, FakeEngine, serve_engine
from images import Member, MemoryLayer, make_image, make_layer
from lamina.destinations.base import DestinationError
from lamina.destinations.daemon import Loaded, Loading, known_layers
from lamina.engine.client import Engine, Kind
from lamina.engine.errors import EngineRefused
from lamina.oci import validate
from lamina.oci.blob import DamagedBlob
from lamina.oci.config import ImageConfig
from lamina.oci.image import Image
from lamina.oci.images import Images
from lamina.oci.reference import Reference
from lamina.transport.http import HttpTransport, Network

A, B, C, D = (make_layer(Member(name, data=name.encode() * 1000)) for name in "abcd")
APP = Reference.parse("app:1")
KINDS = ["docker", "containerd", "podman"]


@contextmanager
def destination_in(fake: FakeEngine) -> Iterator[tuple[Loaded, list[Loading]]]:
    told: list[Loading] = []
    with closing(HttpTransport(Network(timeout=5, socket=fake.socket))) as transport:
        yield Loaded(Engine.connect(fake.socket, transport), told.append), told


def load(fake: FakeEngine, image: Image, *names: Reference) -> Loading:
    """Load an image, which must then be there whole; return what was told."""
    with destination_in(fake) as (destination, told):
        assert destination.write(Images.of(image), names=names) == image.descriptor
    (loading,) = told
    kept = fake.images[loading.image_id]
    validate.image(kept.image)
    assert kept.raw_config == image.raw_config
    return loading


def files(*layers: MemoryLayer) -> dict[str, int]:
    return {f"{each.descriptor.digest.hex}.tar.gz": each.descriptor.size for each in layers}


def marks(*layers: MemoryLayer) -> dict[str, int]:
    return dict.fromkeys(files(*layers), 0)


@pytest.mark.parametrize("kind", KINDS)
def test_an_engine_that_has_nothing_gets_everything(kind: str) -> None:
    image = make_image(A, B)

    with serve_engine(kind) as fake:
        loading = load(fake, image, APP, Reference.parse("registry.example/app:2"))

        assert fake.loads == [files(A, B)]
        assert fake.tags() == {"docker.io/library/app:1", "registry.example/app:2"}
        (archive,) = fake.archives
    assert (loading.layers, loading.size) == (2, archive.size)
    assert loading.kind is (Kind.PODMAN if kind == "podman" else Kind.DOCKER)
    if kind != "containerd":
        assert loading.image_id == str(image.manifest.config.digest)


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_without_a_name_is_loaded_untagged(kind: str) -> None:
    with serve_engine(kind) as fake:
        load(fake, make_image(A))

        assert fake.tags() == set()


def test_docker_is_not_sent_what_one_of_its_images_begins_with() -> None:
    with serve_engine("docker") as fake:
        load(fake, make_image(A, D))
        load(fake, make_image(A, B))
        loading = load(fake, make_image(A, B, C, D))

        assert fake.loads[-1] == files(C, D)
    assert loading.layers == 2


def test_podman_is_not_sent_what_it_has_anywhere() -> None:
    with serve_engine("podman") as fake:
        load(fake, make_image(D, C))
        loading = load(fake, make_image(A, C, B, D))

        assert fake.loads[-1] == files(A, B) | marks(C, D)
    assert loading.layers == 2


@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_what_an_engine_has_is_not_even_read(kind: str) -> None:
    """So a layer of a base in a registry is not pulled."""

    class Unread(MemoryLayer):
        def open(self) -> BinaryIO:
            pytest.fail("it is read")

    image = make_image(A, B)
    unread = replace(image, layers=(Unread(A.descriptor, A.diff_id, b""), B))

    with serve_engine(kind) as fake:
        load(fake, make_image(A))
        load(fake, unread)


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_that_lies_twice_in_an_image_is_sent_once(kind: str) -> None:
    with serve_engine(kind) as fake:
        load(fake, make_image(A, B, A))

        assert fake.loads == [files(A, B)]


def test_a_layer_that_lies_higher_up_again_is_sent_to_docker() -> None:
    with serve_engine("docker") as fake:
        load(fake, make_image(A))
        load(fake, make_image(A, B, A))

        assert fake.loads[-1] == files(A, B)


def test_an_engine_that_wants_a_whole_archive_gets_one() -> None:
    with serve_engine("containerd") as fake:
        load(fake, make_image(A, B), APP)
        loading = load(fake, make_image(A, C), APP)

        assert fake.loads[1:] == [files(C), files(A, C)]
        assert fake.find("app:1") == fake.images[loading.image_id]
    assert loading.layers == 2


@pytest.mark.parametrize("kind", KINDS)
def test_where_only_the_settings_differ_at_most_a_config_is_sent(kind: str) -> None:
    other = make_image(A, B, config=ImageConfig("amd64", created="2026-01-01T00:00:00Z"))

    with serve_engine(kind) as fake:
        load(fake, make_image(A, B))
        loading = load(fake, other)

    assert loading.layers == (2 if kind == "containerd" else 0)


@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_an_image_that_is_there_is_only_tagged(kind: str) -> None:
    image = make_image(A, B)

    with serve_engine(kind) as fake:
        load(fake, image)
        loading = load(fake, image, APP, Reference.parse("other:2"))

        assert len(fake.archives) == 1
        assert fake.tags() == {"docker.io/library/app:1", "docker.io/library/other:2"}
    assert (loading.layers, loading.size) == (0, 0)


def test_earlier_builds_are_looked_at_first() -> None:
    with serve_engine("docker") as fake:
        load(fake, make_image(A, B), APP)
        for number in range(100):
            fake.keep(b"%d" % number, (D,), [f"docker.io/library/other:{number}"])
        loading = load(fake, make_image(A, B, C), Reference.parse("app:2"))

    assert loading.layers == 1


@pytest.mark.parametrize(
    "answer",
    [Answer(500, b'{"message":"no database"}'), Answer(body=b"?")],
    ids=["refused", "malformed"],
)
def test_an_engine_that_does_not_say_what_it_has_gets_everything(answer: Answer) -> None:
    with serve_engine("docker") as fake:
        load(fake, make_image(A))
        fake.answers["/images/json"] = answer
        load(fake, make_image(A, B))

        assert fake.loads[-1] == files(A, B)


def test_an_image_that_cannot_be_looked_at_is_passed_over() -> None:
    with serve_engine("docker") as fake:
        load(fake, make_image(A))
        fake.keep(b"{}", (B,), [])
        fake.answers[f"/images/{[*fake.images][-1]}/json"] = Answer(500, b"")
        loading = load(fake, make_image(A, C))

    assert loading.layers == 1


def refused(fake: FakeEngine, image: Image) -> EngineRefused:
    with destination_in(fake) as (destination, told), pytest.raises(EngineRefused) as caught:
        destination.write(Images.of(image))
    assert told == []
    return caught.value


def test_an_archive_is_sent_once_where_nothing_was_left_out() -> None:
    with serve_engine("docker") as fake:
        fake.answers[LOAD] = Answer(body=b'{"error":"no space left"}')

        error = refused(fake, make_image(A))

        assert str(error) == "Docker failed to load the image: no space left"
        assert fake.asked.count(f"POST /v1.41{LOAD}?quiet=1") == 1


def test_what_an_engine_refuses_twice_is_told() -> None:
    with serve_engine("podman") as fake:
        load(fake, make_image(A))
        fake.answers[LOAD] = Answer(500, b'{"message":"no space left"}')

        error = refused(fake, make_image(A, B))

        assert str(error) == "Podman failed to load the image: no space left"
        assert fake.asked.count(f"POST /v1.41{LOAD}?quiet=1") == 3


def test_an_engine_that_only_says_it_has_loaded_is_not_believed() -> None:
    with serve_engine("docker") as fake:
        fake.keep(b"{}", (B,), ["docker.io/library/app:1"])
        fake.answers[LOAD] = Answer(body=b'{"stream":"Loaded image: app:1\\n"}')

        error = refused(fake, make_image(A))

    assert str(error) == "Docker does not have the image, though it gave no error"
    assert error.hint == "Its log may say why"


def test_several_platforms_are_refused() -> None:
    both = Images.of(make_image(A), make_image(A, config=ImageConfig("arm64")))

    with serve_engine("docker") as fake, destination_in(fake) as (destination, _):
        with pytest.raises(DestinationError) as caught:
            destination.write(both)

        assert fake.asked == ["GET /_ping"]
    assert str(caught.value) == "Unable to load images for several platforms: an engine takes one"
    assert caught.value.hint == "Choose one with `--platform`, or push them"


def test_a_damaged_blob_breaks_the_archive_off_and_may_come_again() -> None:
    image = make_image(A, B)
    damaged = replace(image, layers=(A, replace(B, blob=B.blob[:-1])))

    with serve_engine("docker") as fake, destination_in(fake) as (destination, told):
        with pytest.raises(DamagedBlob) as caught:
            destination.write(Images.of(damaged), names=(APP,))
        assert fake.images == {}
        destination.write(Images.of(image), names=(APP,))

        assert [each.size for each in fake.archives] == [each.size for each in told]
    assert caught.value.digest == B.descriptor.digest


def test_images_are_looked_at_until_nothing_is_lacking() -> None:
    def images() -> Iterator[list[str]]:
        yield [str(A.diff_id), str(B.diff_id)]
        pytest.fail("nothing is lacking any more")

    for kind in Kind:
        assert known_layers((A, B), images(), kind) == {A.descriptor.digest, B.descriptor.digest}
