"""Deflate streams, entries and their content, of every shape that the laws must hold for."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from lamina.archive.entry import Entry, Kind, Literal
from lamina.archive.payload import Payload, Plain

LEVELS = st.integers(0, 9)
STRATEGIES = st.sampled_from(
    [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED]
)

# Runs, repetitions and noise: what each kind of block is good at.
DATA = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.builds(bytes.__mul__, st.binary(min_size=1, max_size=8), st.integers(1, 400)),
    ),
    max_size=8,
).map(b"".join)


@dataclass(frozen=True)
class Stream:
    """A deflate stream that some compressor made."""

    data: bytes
    raw: bytes


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    """Return a whole raw deflate stream, of one block or several, flushed within or not."""
    data = draw(DATA)
    deflater = zlib.compressobj(
        draw(LEVELS), zlib.DEFLATED, -15, draw(st.integers(1, 9)), draw(STRATEGIES)
    )
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    flush = draw(st.sampled_from([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_BLOCK]))
    raw, at = b"", 0
    for cut in cuts:
        raw += deflater.compress(data[at:cut]) + deflater.flush(flush)
        at = cut
    return Stream(data, raw + deflater.compress(data[at:]) + deflater.flush())


def cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Cut ``data`` into pieces of these sizes, over and over."""
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[at : at + size])
        at += size
    return pieces


SIZES = st.lists(st.integers(1, 300), min_size=1, max_size=4)


@st.composite
def contents(draw: st.DrawFn) -> tuple[bytes, Literal | Plain | Payload]:
    """Return some bytes, and content that gives them."""
    stream, sizes = draw(streams()), draw(SIZES)
    data, crc = stream.data, zlib.crc32(stream.data)
    kind = draw(st.sampled_from(["literal", "plain", "payload", "payload"]))
    if kind == "literal":
        return data, Literal(data)
    if kind == "plain":
        return data, Plain("x", len(data), crc, lambda: iter(cut(data, sizes)))
    raw = stream.raw
    return data, Payload("x", len(data), crc, len(raw), lambda: iter(cut(raw, sizes)))


# Short and long, ASCII and not, but nothing that a wheel may not have.
PARTS = st.one_of(
    st.text("abc", min_size=1, max_size=3),
    st.text(
        st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=9
    ).filter(lambda part: part not in (".", "..")),
    st.integers(50, 255).map(lambda size: "n" * size),
)
PATHS = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
MODES = st.sampled_from([0o644, 0o755, 0o600, 0o4755])


@dataclass(frozen=True)
class Sample:
    """An entry, with the bytes that its content must be read back as."""

    entry: Entry
    data: bytes = b""


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Return an entry of any kind."""
    path, mode = draw(PATHS), draw(MODES)
    kind = draw(st.sampled_from([Kind.FILE, Kind.FILE, Kind.DIRECTORY, Kind.SYMLINK]))
    if kind is Kind.FILE:
        data, content = draw(contents())
        return Sample(Entry(path, kind, mode, content), data)
    target = draw(PATHS) if kind is Kind.SYMLINK else ""
    return Sample(Entry(path, kind, mode, target=target))


ARCHIVES = st.lists(samples(), max_size=12, unique_by=lambda sample: sample.entry.path)
"""Entries of different paths, in any order."""
