"""What we ask of registries, asked of the fake and of a real one, open and with credentials."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from engines import docker_registry
from fakes.registry import serve_registry
from integration.token_signer import Signer
from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.document import encode
from lamina.registry.client import Registry, Repository
from lamina.registry.credentials import Credentials
from lamina.registry.errors import BlobsMissing, Denied, NotFound
from lamina.transport.http import HttpTransport, Network

ME = Credentials("me", "open sesame")
HTPASSWD = "me:$2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy\n"
DATA = Random(1).randbytes(1_000_000)
BLOB = Descriptor(mediatype.LAYER, Digest.of(DATA), len(DATA))
CONFIG = b"{}"
CONFIG_BLOB = Descriptor(mediatype.CONFIG, Digest.of(CONFIG), len(CONFIG))
NAMES = (f"team/app-{number}" for number in itertools.count())


@dataclass
class Count:
    """Counts what goes over the network."""

    requests: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def requested(self) -> None:
        with self.lock:
            self.requests += 1

    def sent(self, count: int) -> None:
        with self.lock:
            self.bytes_out += count

    def received(self, count: int) -> None:
        with self.lock:
            self.bytes_in += count


@dataclass(frozen=True)
class Place:
    """A registry that runs, and who may push to it."""

    host: str
    credentials: Credentials | None = None

    def registry(self, credentials: Credentials | None = None) -> Registry:
        known = credentials or self.credentials
        return Registry(
            self.host,
            HttpTransport(Network(timeout=10)),
            credentials=lambda registry, repository: known,
            sleep=lambda seconds: None,
        )

    def repository(self, name: str = "") -> Repository:
        return self.registry().repository(name or next(NAMES), push=True)


@contextmanager
def fake(scheme: str = "") -> Iterator[Place]:
    with serve_registry() as registry:
        registry.scheme = scheme
        registry.users = {ME.user: ME.secret} if scheme else {}
        yield Place(registry.host, ME if scheme else None)


@contextmanager
def real(htpasswd: str = "") -> Iterator[Place]:
    with docker_registry(htpasswd=htpasswd) as registry:
        yield Place(registry.host, ME if htpasswd else None)


@contextmanager
def real_with_tokens() -> Iterator[Place]:
    """The fake is the token server, which signs what the real one believes."""
    with TemporaryDirectory() as folder, serve_registry() as tokens:
        tokens.sign = signer = Signer(Path(folder))
        tokens.scheme, tokens.users = "bearer", {ME.user: ME.secret}
        with docker_registry(more=signer.settings(tokens.realm)) as registry:
            yield Place(registry.host, ME)


PLACES: dict[str, Callable[[], AbstractContextManager[Place]]] = {
    "fake": fake,
    "fake, basic": lambda: fake("basic"),
    "fake, tokens": lambda: fake("bearer"),
    "docker-registry": real,
    "docker-registry, htpasswd": lambda: real(HTPASSWD),
    "docker-registry, tokens": real_with_tokens,
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.integration] if name.startswith("docker") else [])
        for name in PLACES
    ],
)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with PLACES[request.param]() as place:
        yield place


def pieces(data: bytes = DATA, size: int = 70_000) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def push_manifest(repository: Repository, tag: str, **more: object) -> tuple[Digest, bytes]:
    """Push an image of no layers, told apart by ``more``."""
    repository.upload(CONFIG_BLOB, lambda: iter([CONFIG]))
    data = encode(
        {
            "schemaVersion": 2,
            "mediaType": mediatype.MANIFEST,
            "config": CONFIG_BLOB.to_json(),
            "layers": [],
            **more,
        }
    )
    return repository.put_manifest(tag, data, mediatype.MANIFEST), data


def test_a_blob_comes_back_as_it_was_pushed(place: Place) -> None:
    repository = place.repository()

    repository.upload(BLOB, pieces)

    assert b"".join(repository.read_blob(BLOB)) == DATA
    with repository.open_blob(BLOB) as file:
        assert file.read(10) == DATA[:10]


def test_a_blob_is_pushed_in_chunks(place: Place) -> None:
    repository = place.repository()

    repository.upload(BLOB, pieces, chunk=300_000)

    assert b"".join(repository.read_blob(BLOB)) == DATA


def test_an_empty_blob_is_a_blob(place: Place) -> None:
    repository, empty = place.repository(), Descriptor(mediatype.LAYER, Digest.of(b""), 0)

    repository.upload(empty, lambda: iter([]))

    assert b"".join(repository.read_blob(empty)) == b""


def test_a_part_of_a_blob_is_read(place: Place) -> None:
    repository = place.repository()
    repository.upload(BLOB, pieces)

    assert b"".join(repository.read_part(BLOB, 500_000, 1000)) == DATA[500_000:501_000]


def test_a_blob_is_known_by_its_size(place: Place) -> None:
    repository = place.repository()
    repository.upload(BLOB, pieces)

    assert repository.has_blob(BLOB.digest) == len(DATA)
    assert repository.has_blob(Digest.of(b"never pushed")) is None


def test_a_blob_that_is_missing_is_named(place: Place) -> None:
    repository = place.repository()

    with pytest.raises(NotFound) as caught:
        list(repository.read_blob(BLOB))

    assert str(caught.value) == (
        f"Failed to read blob {BLOB.digest} of `{place.host}/{repository.name}`: registry"
        " answered 404 (BLOB_UNKNOWN: blob unknown to registry)"
    )


def test_a_blob_of_another_repository_is_mounted(place: Place) -> None:
    source, target = place.repository(), place.repository()
    source.upload(BLOB, pieces)

    assert target.mount(BLOB.digest, source.name)
    assert target.has_blob(BLOB.digest) == len(DATA)


def test_a_mount_that_fails_becomes_an_upload(place: Place) -> None:
    source, target = place.repository(), place.repository()

    assert not target.mount(BLOB.digest, source.name)

    target.upload(BLOB, pieces)
    assert target.has_blob(BLOB.digest) == len(DATA)


def test_a_blob_streams_from_one_repository_to_another(place: Place) -> None:
    source, target = place.repository(), place.repository()
    source.upload(BLOB, pieces)

    target.upload(BLOB, lambda: source.read_blob(BLOB))

    assert target.has_blob(BLOB.digest) == len(DATA)


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_a_manifest_comes_back_as_it_was_pushed(place: Place, by: str) -> None:
    repository = place.repository()
    digest, data = push_manifest(repository, "1.0")

    found = repository.manifest("1.0" if by == "tag" else digest)

    assert (found.data, found.media_type, found.digest) == (data, mediatype.MANIFEST, digest)


def test_an_index_and_docker_types_come_back_as_pushed(place: Place) -> None:
    repository = place.repository()
    digest, data = push_manifest(repository, "1.0")
    child = Descriptor(mediatype.MANIFEST, digest, len(data)).to_json()
    for media_type in (mediatype.INDEX, mediatype.DOCKER_INDEX):
        platform = {"os": "linux", "architecture": "amd64"}
        index = {"schemaVersion": 2, "mediaType": media_type}
        raw = encode({**index, "manifests": [{**child, "platform": platform}]})
        repository.put_manifest("multi", raw, media_type)

        assert repository.manifest("multi").data == raw
        assert repository.manifest("multi").media_type == media_type


def test_a_tag_moves(place: Place) -> None:
    repository = place.repository()
    push_manifest(repository, "latest")
    digest, _ = push_manifest(repository, "latest", annotations={"version": "2"})

    assert repository.manifest("latest").digest == digest


def test_a_manifest_that_is_missing_is_named(place: Place) -> None:
    repository = place.repository()
    push_manifest(repository, "1.0")

    with pytest.raises(NotFound) as caught:
        repository.manifest("2.0")

    assert caught.value.codes == ("MANIFEST_UNKNOWN",)


def test_a_repository_that_is_missing_has_no_manifest(place: Place) -> None:
    with pytest.raises(NotFound):
        place.repository().manifest("1.0")


def test_blobs_that_a_manifest_needs_are_named(place: Place) -> None:
    repository = place.repository()

    with pytest.raises(BlobsMissing) as caught:
        push_manifest(repository, "1.0", layers=[BLOB.to_json()])

    assert caught.value.digests == (BLOB.digest,)
    assert repository.tags() == ()


def test_tags_are_listed(place: Place) -> None:
    repository = place.repository()
    for tag in ("b", "a", "c"):
        push_manifest(repository, tag)

    assert sorted(repository.tags()) == ["a", "b", "c"]  # Registries differ in the order.
    assert len(repository.tags(2)) == 2


def test_a_repository_that_is_missing_has_no_tags(place: Place) -> None:
    assert place.repository().tags() == ()


def test_a_manifest_that_nobody_refers_to_has_no_referrers(place: Place) -> None:
    repository = place.repository()
    digest, _ = push_manifest(repository, "1.0")

    assert repository.referrers(digest) == ()


def test_threads_share_a_repository_and_all_is_counted(place: Place) -> None:
    count = Count()
    repository = place.registry().repository(next(NAMES), push=True, meter=count)
    blobs = [bytes([number]) * 10_000 for number in range(16)]
    described = [Descriptor(mediatype.LAYER, Digest.of(blob), len(blob)) for blob in blobs]

    def there_and_back(number: int) -> bytes:
        repository.upload(described[number], lambda: pieces(blobs[number]))
        return b"".join(repository.read_blob(described[number]))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(there_and_back, range(16))) == blobs

    bare = place.credentials is None
    assert count.requests == 48 if bare else count.requests > 48
    assert count.bytes_in == 160_000 if bare else count.bytes_in > 160_000
    assert count.bytes_out >= 160_000


def test_a_wrong_password_is_explained_and_not_shown(place: Place) -> None:
    if place.credentials is None:
        return
    stranger = place.registry(Credentials("me", "hush hush"))

    with pytest.raises(Denied) as caught:
        stranger.repository(next(NAMES), push=True).upload(BLOB, pieces)

    shown = f"{caught.value}{caught.value.hint}{caught.value!r}"
    assert "answered 401" in shown
    assert "hush" not in shown
    assert caught.value.hint == (
        "The credentials found do not allow it; to log in with others, run"
        f" `docker login {place.host}`"
    )


def test_json_of_a_manifest_may_be_written_in_any_way(place: Place) -> None:
    """Its bytes are the truth: nobody writes them again."""
    repository = place.repository()
    _, data = push_manifest(repository, "1.0")
    spaced = json.dumps(json.loads(data), indent=3).encode()

    digest = repository.put_manifest("spaced", spaced, mediatype.MANIFEST)

    assert repository.manifest(digest).data == spaced


def test_a_tag_is_resolved_without_reading_what_it_names(place: Place) -> None:
    repository = place.repository()
    manifest, _ = push_manifest(repository, "1.0")

    assert repository.resolve("1.0") == manifest
    assert repository.resolve("2.0") is None
