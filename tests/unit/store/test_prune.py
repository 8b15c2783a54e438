"""What lies in a store, what of it goes, and whether it is sound."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lamina.oci.digest import Digest
from lamina.store.prune import Amount, Damaged, prune, size, verify
from lamina.store.store import Store, StoreInUse
from unit.store.stores import key, put_download, put_layer, spoil

DAY = 86400
NOW = 1_000 * DAY


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def used(path: Path, days_ago: float) -> None:
    os.utime(path, (NOW - days_ago * DAY,) * 2)


def layer(store: Store, name: str, days_ago: float = 0) -> Path:
    """Put a layer that was made long ago, and was last used so many days ago."""
    put = put_layer(store, name)
    os.utime(put.path, (1, 1))
    document = store.layers.documents.path(key(name).hex)
    used(document, days_ago)
    return document


def download(store: Store, data: bytes, days_ago: float = 0) -> Path:
    path = put_download(store, data)
    used(path, days_ago)
    return path


def leave(store: Store) -> None:
    """Leave what a killed build leaves: a folder of scratch, and half a document."""
    folder = store.root / "scratch/abc"
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    (folder / "0").write_bytes(b"half")
    store.facts.root.mkdir(exist_ok=True)
    (store.facts.root / ".1234").write_bytes(b"{")


def digests(store: Store) -> set[Digest]:
    return {digest for digest, _ in store.blobs}


def test_an_empty_store_holds_nothing(store: Store) -> None:
    assert size(store).total == Amount()
    assert not store.root.exists()


def test_what_lies_in_a_store_is_counted_by_what_it_is(store: Store) -> None:
    document = layer(store, "hello")
    download(store, b"small wheel")
    store.facts.put("ab" * 32, {})
    leave(store)

    found = size(store)

    assert found.layers == Amount(1, 5)
    assert found.downloads == Amount(1, 11)
    assert found.documents == Amount(2, document.stat().st_size + 2)
    assert found.scratch == Amount(2, 5)
    assert found.total == Amount(6, 23 + document.stat().st_size)


def test_a_store_can_be_measured_while_a_build_runs(store: Store) -> None:
    with store.scratch() as folder:
        folder.new().write_bytes(b"half")

        assert size(store).scratch == Amount(1, 4)


def test_layers_stay_and_what_no_layer_needs_goes(store: Store) -> None:
    layer(store, "a", days_ago=500)
    download(store, b"small wheel")
    leave(store)

    gone = prune(store, now=NOW)

    assert (gone.layers, gone.downloads, gone.scratch) == (Amount(), Amount(1, 11), Amount(2, 5))
    assert gone.documents == Amount()
    assert digests(store) == {Digest.of(b"a")}
    assert list((store.root).glob("scratch/*")) == []


def test_what_was_not_used_for_long_goes(store: Store) -> None:
    old = layer(store, "old", days_ago=31).stat().st_size
    layer(store, "new", days_ago=29)
    download(store, b"old wheel", days_ago=31)
    download(store, b"new wheel", days_ago=29)
    store.facts.put("ab" * 32, {})
    used(store.facts.path("ab" * 32), 31)

    gone = prune(store, now=NOW, unused_for=30 * DAY)

    assert gone.layers == Amount(1, 3)
    assert gone.downloads == Amount(1, 9)
    assert gone.documents == Amount(2, old + 2)
    assert digests(store) == {Digest.of(b"new"), Digest.of(b"new wheel")}
    assert store.layers.get(key("old")) is None
    assert store.layers.get(key("new")) is not None


def test_a_blob_stays_while_any_layer_needs_it(store: Store) -> None:
    put_layer(store, "a", b"same")
    put_layer(store, "b", b"same")
    used(store.layers.documents.path(key("a").hex), 31)
    used(store.layers.documents.path(key("b").hex), 1)

    prune(store, now=NOW, unused_for=30 * DAY)

    assert digests(store) == {Digest.of(b"same")}


def test_everything_goes_if_that_is_asked_for(store: Store) -> None:
    layer(store, "a", days_ago=-1)
    download(store, b"wheel", days_ago=-1)
    store.facts.put("ab" * 32, {})
    leave(store)

    gone = prune(store, now=NOW, unused_for=0)

    assert gone.total.count == 6
    assert size(store).total == Amount()


def test_what_is_said_of_a_layer_that_is_gone_goes(store: Store) -> None:
    document = layer(store, "a")
    (put_layer(store, "b").path).unlink()
    document.write_text("{")

    gone = prune(store, now=NOW)

    assert gone.documents.count == 2
    assert list(store.layers.documents) == []


def test_files_of_others_stay(store: Store) -> None:
    layer(store, "a")
    (store.root / "README").touch()
    (store.root / "blobs/sha256/ab").mkdir()
    (store.root / "blobs/sha256/ab/notes.txt").touch()

    prune(store, now=NOW, unused_for=0)

    assert (store.root / "README").exists()
    assert (store.root / "blobs/sha256/ab/notes.txt").exists()


def test_nothing_goes_while_a_build_runs(store: Store) -> None:
    download(store, b"wheel")

    with store.scratch():
        with pytest.raises(StoreInUse):
            prune(store, now=NOW, unused_for=0)
        with pytest.raises(StoreInUse):
            verify(store)

    assert digests(store) == {Digest.of(b"wheel")}


def test_a_sound_store_is_said_to_be_sound(store: Store) -> None:
    layer(store, "a")
    download(store, b"wheel")

    verified = verify(store)

    assert verified.sound == Amount(2, 6)
    assert verified.damaged == ()


def test_an_empty_store_is_sound(store: Store) -> None:
    assert verify(store).sound == Amount()


def test_damaged_blobs_are_removed_with_their_layers(store: Store) -> None:
    """Those too that keep their size and date, which a build believes."""
    put = put_layer(store, "hello")
    stat = put.path.stat()
    spoil(put.path, b"hallo")
    os.utime(put.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    spoil(download(store, b"wheel"), b"")
    layer(store, "sound")

    verified = verify(store)

    assert verified.sound == Amount(1, 5)
    assert set(verified.damaged) == {
        Damaged(Digest.of(b"hello"), str(Digest.of(b"hallo")), is_layer=True),
        Damaged(Digest.of(b"wheel"), str(Digest.of(b"")), is_layer=False),
    }
    assert list(verified.damaged) == sorted(verified.damaged)
    assert digests(store) == {Digest.of(b"sound")}
    assert [found for found, _ in store.layers] == [key("sound")]
