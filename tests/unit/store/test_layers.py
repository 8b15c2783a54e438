"""Layers by key: what is believed, and what is made again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lamina.archive.blob import Extent
from lamina.oci.blob import DamagedBlob
from lamina.oci.digest import Digest
from lamina.store.store import Store
from unit.store.stores import CONTENTS, key, put_layer, spoil


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def document(store: Store, name: str) -> Path:
    return store.layers.documents.path(key(name).hex)


def test_a_layer_comes_back_with_all_that_is_known_of_it(store: Store) -> None:
    put = put_layer(store, "a")

    layer = store.layers.get(key("a"))

    assert layer == put
    assert layer.contents == CONTENTS
    assert layer.diff_id == Digest.of(b"tar of a")
    assert layer.descriptor.digest == Digest.of(b"a")
    assert layer.descriptor.media_type == "application/vnd.oci.image.layer.v1.tar+gzip"
    assert layer.descriptor.annotations == {"dev.lamina.key": str(key("a"))}
    with layer.open() as blob:
        assert blob.read() == b"a"


def test_some_bytes_of_a_layer_can_be_read(store: Store) -> None:
    assert put_layer(store, "hello").read(Extent(1, 3)) == b"ell"


def test_what_was_not_made_is_not_there(store: Store) -> None:
    assert store.layers.get(key("a")) is None


def test_two_keys_may_have_one_blob(store: Store) -> None:
    put_layer(store, "a", b"same")
    put_layer(store, "b", b"same")

    assert [digest for _, digest in store.layers] == [Digest.of(b"same")] * 2
    assert store.layers.get(key("a")) is not None
    assert len(list(store.blobs)) == 1


def test_a_layer_without_its_blob_is_made_again(store: Store) -> None:
    put_layer(store, "a").path.unlink()

    assert store.layers.get(key("a")) is None


@pytest.mark.parametrize("data", [b"hallo", b"hell", b""], ids=["changed", "cut", "empty"])
def test_a_damaged_blob_is_noticed_once(store: Store, data: bytes) -> None:
    spoil(put_layer(store, "hello").path, data)

    with pytest.raises(DamagedBlob) as caught:
        store.layers.get(key("hello"))

    digest = Digest.of(b"hello")
    assert str(caught.value) == (
        f"Damaged blob {digest}\n  expected: {digest}\n  got:      {Digest.of(data)}"
    )
    assert store.layers.get(key("hello")) is None
    assert store.blobs.path(digest) is None


def test_a_store_copied_elsewhere_is_read_once(store: Store, tmp_path: Path) -> None:
    put_layer(store, "a")
    shutil.copytree(store.root, tmp_path / "copy", copy_function=shutil.copyfile)
    copied = Store(tmp_path / "copy")
    path = copied.blobs.path(Digest.of(b"a"))
    assert path is not None
    os.utime(path, (1, 1))
    before = json.loads(document(copied, "a").read_bytes())

    assert copied.layers.get(key("a")) is not None
    after = json.loads(document(copied, "a").read_bytes())

    assert before["stamp"] != after["stamp"] == [1, 1_000_000_000]
    assert copied.layers.get(key("a")) is not None


def test_a_blob_that_is_as_it_was_is_not_read(store: Store) -> None:
    """Told by a blob that was changed in secret: its size and date are as before."""
    path = put_layer(store, "hello").path
    stat = path.stat()
    spoil(path, b"hallo")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert store.layers.get(key("hello")) is not None


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param(lambda said: said | {"digest": "sha256:xyz"}, id="digest"),
        pytest.param(lambda said: said | {"digest": "md5:" + "a" * 32}, id="algorithm"),
        pytest.param(lambda said: said | {"digest": None}, id="no digest"),
        pytest.param(lambda said: said | {"size": "many"}, id="size"),
        pytest.param(lambda said: said | {"size": 1e400}, id="infinite size"),
        pytest.param(lambda said: said | {"contents": None, "diff_id": 5}, id="diff ID"),
        pytest.param(lambda said: said | {"contents": [{"name": "x"}]}, id="contents"),
        pytest.param(lambda said: {"schemaVersion": 2}, id="something else"),
    ],
)
def test_a_document_of_another_kind_is_a_miss(
    store: Store, spoiled: Callable[[dict[str, object]], dict[str, object]]
) -> None:
    put_layer(store, "a")
    path = document(store, "a")
    path.write_text(json.dumps(spoiled(json.loads(path.read_bytes()))))

    assert store.layers.get(key("a")) is None
    assert list(store.layers) == []
    assert put_layer(store, "a") == store.layers.get(key("a"))


def test_an_odd_stamp_only_means_another_reading(store: Store) -> None:
    put_layer(store, "a")
    path = document(store, "a")
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"stamp": {"x": 1}}))

    assert store.layers.get(key("a")) is not None


def test_a_layer_that_is_used_is_noted(store: Store) -> None:
    put_layer(store, "a")
    os.utime(document(store, "a"), (1, 1))

    store.layers.get(key("a"))

    assert document(store, "a").stat().st_mtime > 1
