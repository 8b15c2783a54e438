"""Small documents that are remembered by name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from lamina.store.documents import Documents
from lamina.store.scratch import StoreUnusable

NAME = "ab" * 32


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return Documents(tmp_path / "facts")


def test_a_document_comes_back(documents: Documents) -> None:
    documents.put(NAME, {"size": 5, "name": "ünïcode"})

    assert documents.get(NAME) == {"size": 5, "name": "ünïcode"}
    assert list(documents) == [NAME]


def test_the_last_one_stays(documents: Documents) -> None:
    documents.put(NAME, {"size": 5})
    documents.put(NAME, {"size": 6})

    assert documents.get(NAME) == {"size": 6}


def test_what_was_not_kept_is_not_there(documents: Documents) -> None:
    assert documents.get(NAME) is None
    assert list(documents) == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"size": ', id="torn"),
        pytest.param(b"[1]", id="no object"),
        pytest.param(b"\xff\xfe", id="not text"),
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
def test_what_cannot_be_read_counts_as_not_there(documents: Documents, data: bytes) -> None:
    documents.put(NAME, {})
    documents.path(NAME).write_bytes(data)

    assert documents.get(NAME) is None


def test_a_document_may_be_forgotten_twice(documents: Documents) -> None:
    documents.put(NAME, {})

    documents.remove(NAME)
    documents.remove(NAME)

    assert documents.get(NAME) is None


def test_nothing_half_written_is_left(documents: Documents) -> None:
    with pytest.raises(TypeError):
        documents.put(NAME, {"size": object()})

    assert list(documents.root.iterdir()) == []


def test_the_date_says_when_a_document_was_used(documents: Documents) -> None:
    documents.put(NAME, {})
    os.utime(documents.path(NAME), (1, 1))

    documents.peek(NAME)
    peeked = documents.path(NAME).stat().st_mtime
    documents.get(NAME)

    assert peeked == 1
    assert documents.path(NAME).stat().st_mtime > 1


def test_others_may_read_what_the_umask_lets_them(documents: Documents) -> None:
    documents.put(NAME, {})
    mask = os.umask(0)
    os.umask(mask)

    assert stat.S_IMODE(documents.path(NAME).stat().st_mode) == 0o666 & ~mask


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "facts").touch()

    with pytest.raises(StoreUnusable) as caught:
        Documents(tmp_path / "facts").put(NAME, {})

    assert str(caught.value) == f"Unable to write to `{tmp_path}/facts/{NAME}.json`: File exists"
