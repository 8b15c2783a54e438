"""Layers of generated content."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterable

import pytest
from isal import isal_zlib

from lamina.archive.blob import Written
from lamina.archive.entry import (
    ContentChanged,
    Entry,
    Streamed,
    directory,
    file,
    symlink,
)
from lamina.archive.layer import write_layer
from layers import MTIME, Found, gunzip, members, payload, spliced, untar

ENTRIES = [
    directory("app"),
    file("app/run.sh", b"#!/bin/sh\n", 0o755),
    Entry("app/data", content=Streamed(1_000_000, lambda: io.BytesIO(bytes(1_000_000)))),
    Entry("app/empty"),
    symlink("app/link", "data"),
    Entry("app/payload", content=payload(b"abc" * 1000)),
]


def written(entries: Iterable[Entry]) -> tuple[bytes, Written]:
    blob = io.BytesIO()
    result = write_layer(entries, blob.write, mtime=MTIME)
    return blob.getvalue(), result


def test_a_layer_holds_its_entries_in_one_gzip_member() -> None:
    blob, _ = written(ENTRIES)

    assert len(members(blob)) == 1
    assert untar(gunzip(blob)) == {
        "app": Found(tarfile.DIRTYPE, 0o755),
        "app/run.sh": Found(tarfile.REGTYPE, 0o755, b"#!/bin/sh\n"),
        "app/data": Found(tarfile.REGTYPE, 0o644, bytes(1_000_000)),
        "app/empty": Found(tarfile.REGTYPE, 0o644),
        "app/link": Found(tarfile.SYMTYPE, 0o777, link="data"),
        "app/payload": Found(tarfile.REGTYPE, 0o644, b"abc" * 1000),
    }
    assert blob.startswith(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff")
    assert len(blob) < 5000


def test_what_is_said_of_a_layer_is_true() -> None:
    blob, said = written(ENTRIES)
    archive = gunzip(blob)

    assert str(said.digest) == f"sha256:{hashlib.sha256(blob).hexdigest()}"
    assert str(said.diff_id) == f"sha256:{hashlib.sha256(archive).hexdigest()}"
    assert (said.size, said.unpacked_size) == (len(blob), len(archive))


def test_a_spliced_layer_of_the_same_entries_has_the_same_diff_id() -> None:
    assert written(ENTRIES)[1].diff_id == spliced(ENTRIES)[1].diff_id


def test_another_compressor_gives_the_same_diff_id(monkeypatch: pytest.MonkeyPatch) -> None:
    usual_blob, usual = written(ENTRIES)

    monkeypatch.setattr(
        isal_zlib, "compressobj", lambda level, wbits: zlib.compressobj(1, 8, wbits)
    )
    other_blob, other = written(ENTRIES)

    assert other_blob != usual_blob
    assert gunzip(other_blob) == gunzip(usual_blob)
    assert other.diff_id == usual.diff_id


@pytest.mark.parametrize("size", [0, 2, 4])
def test_a_file_that_changes_while_it_is_read_stops_the_layer(size: int) -> None:
    content = Streamed(size, lambda: io.BytesIO(b"abc"))

    with pytest.raises(ContentChanged) as caught:
        written([Entry("app/log", content=content)])

    assert str(caught.value) == "Unable to archive `/app/log`: its size changed while it was read"
