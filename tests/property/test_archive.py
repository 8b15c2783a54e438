"""The laws of archives: whatever goes in comes out, and the bytes depend on nothing else."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.archive import deflate
from lamina.archive.blob import regular
from lamina.archive.entry import Entry, Kind, directory
from lamina.archive.inflate import InflateError, inflate, inflate_whole
from lamina.archive.layer import write_layer
from lamina.archive.parents import with_parents
from lamina.archive.splice import _open_end
from layers import MTIME, Found, gunzip, members, payload, spliced, untar
from property.strategies import ARCHIVES, DATA, PATHS, SIZES, Sample, Stream, cut, streams

TYPES = {
    Kind.FILE: tarfile.REGTYPE,
    Kind.DIRECTORY: tarfile.DIRTYPE,
    Kind.SYMLINK: tarfile.SYMTYPE,
}


def as_found(samples: Sequence[Sample]) -> dict[str, Found]:
    return {
        sample.entry.path: Found(
            TYPES[sample.entry.kind], sample.entry.mode, sample.data, sample.entry.target
        )
        for sample in samples
    }


@given(ARCHIVES)
def test_what_is_spliced_is_read_back(samples: list[Sample]) -> None:
    blob, written = spliced(sample.entry for sample in samples)

    archive = gunzip(blob)
    assert untar(archive) == as_found(samples)
    assert list(untar(archive)) == [sample.entry.path for sample in samples]
    assert written.unpacked_size == len(archive)


@given(ARCHIVES)
def test_a_generated_layer_has_the_diff_id_of_a_spliced_one(samples: list[Sample]) -> None:
    entries = [sample.entry for sample in samples]

    written = write_layer(entries, lambda data: None, mtime=MTIME)

    assert written.diff_id == spliced(entries)[1].diff_id


@given(ARCHIVES)
def test_only_streams_of_several_blocks_end_a_member(samples: list[Sample]) -> None:
    blob, _ = spliced(sample.entry for sample in samples)

    payloads = [content for s in samples if hasattr(content := s.entry.content, "raw")]
    several = [p for p in payloads if p.size and not next(p.raw())[0] & 1]
    assert len(members(blob)) == 1 + len(several)


@given(streams(), SIZES, SIZES)
def test_how_a_payload_comes_does_not_matter(
    stream: Stream, sizes: list[int], others: list[int]
) -> None:
    first = Entry("a", content=payload(stream.data, stream.raw, pieces=sizes[0]))
    second = Entry("a", content=payload(stream.data, stream.raw, pieces=others[0]))

    assert spliced([first])[0] == spliced([second])[0]


@given(DATA)
def test_a_fixed_block_inflates_to_its_data(data: bytes) -> None:
    assert zlib.decompress(deflate.fixed_block(data, final=True), -15) == data
    assert zlib.decompress(deflate.fixed_block(data) + deflate.LAST, -15) == data


@given(st.binary(max_size=300))
def test_stored_blocks_are_read_back(data: bytes) -> None:
    assert deflate.read_stored(deflate.stored_blocks(data)) == data


@given(st.binary(max_size=60))
def test_reading_stored_blocks_fails_in_one_way(data: bytes) -> None:
    try:
        read = deflate.read_stored(data)
    except ValueError:
        return
    assert zlib.decompress(data + deflate.LAST, -15) == read


@given(streams(), DATA)
def test_a_stream_that_was_opened_goes_on(stream: Stream, following: bytes) -> None:
    opened = _open_end(stream.raw, stream.data)

    # One block or several: the first bit says which.
    assert (opened is not None) == bool(stream.raw[0] & 1)
    if opened is not None:
        joined = opened + deflate.fixed_block(following, final=True)
        assert zlib.decompress(joined, -15) == stream.data + following
        assert opened[1 : len(stream.raw)] == stream.raw[1:]


@given(streams(), SIZES)
def test_a_stream_is_inflated_however_it_comes(stream: Stream, sizes: list[int]) -> None:
    pieces = list(inflate(cut(stream.raw, sizes), len(stream.data)))

    assert b"".join(pieces) == stream.data
    assert all(pieces)


@given(streams(), SIZES, st.binary(min_size=1, max_size=20))
def test_no_byte_may_follow(stream: Stream, sizes: list[int], behind: bytes) -> None:
    with pytest.raises(InflateError, match="there are bytes behind the end of its deflate stream"):
        list(inflate(cut(stream.raw + behind, sizes), len(stream.data)))


@given(streams(), st.data())
def test_no_byte_may_be_missing(stream: Stream, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, len(stream.raw) - 1))

    with pytest.raises(InflateError):
        inflate_whole(stream.raw[:kept], len(stream.data))


@given(streams(), st.integers(-3, 3).filter(bool))
def test_no_other_size_will_do(stream: Stream, off: int) -> None:
    with pytest.raises(InflateError, match="it holds"):
        inflate_whole(stream.raw, max(0, len(stream.data) + off) if stream.data else abs(off))


@given(streams(), st.lists(st.integers(min_value=0), min_size=1, max_size=4))
def test_what_is_taken_for_a_stream_means_the_same_to_zlib(
    stream: Stream, flips: list[int]
) -> None:
    damaged = bytearray(stream.raw)
    for flip in flips:
        damaged[flip // 8 % len(damaged)] ^= 1 << flip % 8

    try:
        data = inflate_whole(bytes(damaged), len(stream.data))
        expected = zlib.decompress(damaged, -15)
    except (InflateError, zlib.error):
        # zlib refuses some codes that ISA-L does not; a layer of them would not be unpacked.
        return
    assert data == expected


@given(st.lists(st.binary(max_size=20)), st.integers(1, 30))
def test_pieces_are_cut_anew_and_lose_nothing(pieces: list[bytes], size: int) -> None:
    again = list(regular(iter(pieces), size))

    assert b"".join(again) == b"".join(pieces)
    assert all(len(piece) == size for piece in again[:-1])


@given(st.lists(PATHS, unique=True))
def test_every_entry_comes_after_its_parents_and_none_is_lost(paths: list[str]) -> None:
    entries = [Entry(path, Kind.DIRECTORY) for path in paths]

    seen: list[str] = []
    for entry in with_parents(entries):
        assert "/" not in entry.path or entry.path.rpartition("/")[0] in seen
        assert entry.path not in seen
        seen.append(entry.path)

    assert set(paths) <= set(seen)
    assert all(any(f"{path}/".startswith(f"{made}/") for path in paths) for made in seen)


@given(st.lists(PATHS, unique=True))
def test_parents_that_are_there_already_are_not_added(paths: list[str]) -> None:
    whole = list(with_parents(map(directory, paths)))

    assert list(with_parents(whole)) == whole
