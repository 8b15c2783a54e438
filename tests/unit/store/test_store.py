"""The store as a whole: who may use it when."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.store.scratch import StoreUnusable
from lamina.store.store import Store, StoreInUse


def test_a_store_is_made_by_the_first_who_writes(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep/store")
    assert not store.root.parent.exists()

    with store.scratch() as folder:
        assert folder.new().parent.parent == store.root / "scratch"

    assert store.root.exists()


def test_builds_share_a_store(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with store.scratch() as one, store.scratch() as other:
        assert one.new() != other.new()


def test_a_store_is_not_pruned_while_a_build_uses_it(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with store.scratch(), pytest.raises(StoreInUse) as caught, store.exclusive():
        pytest.fail("it was given away")

    assert str(caught.value) == f"Unable to change the store at `{tmp_path}`: a build is using it"
    assert caught.value.hint == "Wait for the build to end, then run the command again"


def test_only_one_prunes(tmp_path: Path) -> None:
    store = Store(tmp_path)

    with store.exclusive(), pytest.raises(StoreInUse), store.exclusive():
        pytest.fail("it was given away twice")


def test_a_store_is_free_again_afterwards(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(KeyboardInterrupt), store.scratch():
        raise KeyboardInterrupt
    with pytest.raises(BlockingIOError), store.exclusive():
        raise BlockingIOError("of somebody else")

    with store.exclusive():
        pass
    with store.scratch():
        pass


def test_a_folder_that_cannot_be_a_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = Store(tmp_path / "file/store")

    with pytest.raises(StoreUnusable) as caught, store.scratch():
        pytest.fail("there is no such store")

    assert str(caught.value) == f"Unable to write to `{store.root}`: Not a directory"
