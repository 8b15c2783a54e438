from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fakes.observer import RecordingObserver
from fakes.registry import FakeRegistry, Fault, serve_registry
from images import Member, make_image, make_layer
from lamina.destinations.base import DestinationError, closing
from lamina.destinations.registry import Pushed, tags_by_repository
from lamina.oci import mediatype
from lamina.oci.blob import DamagedBlob
from lamina.oci.images import Images
from lamina.oci.reference import Reference
from lamina.registry.client import Registry
from lamina.registry.errors import RegistryError
from lamina.transport.http import HttpTransport, Network

NAME = "team/app"
ONE, TWO = make_layer(Member("one", data=b"1")), make_layer(Member("two", data=b"2"))
IMAGE = make_image(ONE, TWO, ONE)
TRANSPORTS: list[HttpTransport] = []


@pytest.fixture
def server() -> Iterator[FakeRegistry]:
    with serve_registry() as registry:
        yield registry


@pytest.fixture(autouse=True)
def transport() -> Iterator[HttpTransport]:
    TRANSPORTS.append(HttpTransport(Network(timeout=5, backoff=0)))
    yield TRANSPORTS[-1]
    TRANSPORTS.pop().close()


def pushed(server: FakeRegistry, *tags: str) -> Pushed:
    registry = Registry(server.host, TRANSPORTS[-1], sleep=lambda seconds: None)
    return Pushed(registry.repository(NAME, push=True), tags, RecordingObserver())


def test_the_image_is_there_under_each_tag(server: FakeRegistry) -> None:
    with closing(pushed(server, "1.0", "latest")) as destination:
        destination.take(ONE)
        descriptor = destination.write(Images.of(IMAGE))

    contents = server.contents(NAME)
    assert descriptor.digest == IMAGE.digest
    assert contents.blobs[str(ONE.descriptor.digest)] == ONE.blob
    assert contents.blobs[str(TWO.descriptor.digest)] == TWO.blob
    assert contents.blobs[str(IMAGE.manifest.config.digest)] == IMAGE.raw_config
    assert contents.manifests[str(IMAGE.digest)] == (mediatype.MANIFEST, IMAGE.raw_manifest)
    assert contents.tags == {"1.0": str(IMAGE.digest), "latest": str(IMAGE.digest)}


def test_a_blob_that_is_there_is_not_sent_again(server: FakeRegistry) -> None:
    for layer in (ONE, TWO):
        server.add_blob(NAME, layer.blob)

    with closing(pushed(server, "1.0")) as destination:
        destination.write(Images.of(IMAGE))

    assert [asked.method for asked in server.asked].count("POST") == 1


def test_a_blob_that_is_named_twice_is_sent_once(server: FakeRegistry) -> None:
    with closing(pushed(server, "1.0")) as destination:
        destination.write(Images.of(IMAGE))

    assert [asked.method for asked in server.asked].count("POST") == 3


def test_the_manifest_goes_last(server: FakeRegistry) -> None:
    with closing(pushed(server, "1.0")) as destination:
        destination.write(Images.of(IMAGE))

    assert server.trace()[-1] == f"PUT /v2/{NAME}/manifests/1.0"


def test_no_tag_names_an_image_that_is_not_whole(server: FakeRegistry) -> None:
    server.fail("POST", "/blobs/uploads/", *[Fault(status=403)] * 3)

    with pytest.raises(RegistryError), closing(pushed(server, "1.0")) as destination:
        destination.write(Images.of(IMAGE))

    assert server.contents(NAME).tags == {}


def test_a_damaged_blob_is_told_and_may_come_again(server: FakeRegistry) -> None:
    damaged = make_layer(Member("one", data=b"1"))
    object.__setattr__(damaged, "blob", ONE.blob[:-1] + b"!")

    with closing(pushed(server, "1.0")) as destination:
        destination.take(damaged)
        with pytest.raises(DamagedBlob) as caught:
            destination.write(Images.of(replace(IMAGE, layers=(damaged, TWO, damaged))))
        destination.take(ONE)
        destination.write(Images.of(IMAGE))

    assert caught.value.digest == ONE.descriptor.digest
    assert list(server.contents(NAME).tags) == ["1.0"]


def test_tags_are_grouped_by_repository() -> None:
    texts = ["a.example/x:1", "a.example/x", "a.example/y:1", "a.example/x:1"]

    assert tags_by_repository([Reference.parse(text) for text in texts]) == {
        ("a.example", "x"): ["1", "latest"],
        ("a.example", "y"): ["1"],
    }


def test_something_must_say_where_to_push() -> None:
    with pytest.raises(DestinationError) as caught:
        tags_by_repository([])

    assert str(caught.value) == "Nothing says where to push the image"
    assert caught.value.hint == "Name it with `-t REGISTRY/NAME:TAG`"


def test_a_digest_cannot_be_pushed_to() -> None:
    reference = Reference.parse(f"a.example/x@{IMAGE.digest}")

    with pytest.raises(DestinationError) as caught:
        tags_by_repository([reference])

    assert str(caught.value) == f"Unable to push to `{reference}`: a digest cannot be chosen"
