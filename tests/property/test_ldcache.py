"""The loader's cache: what is written is read again, and what is damaged is refused or read."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from lamina.system.loader.cache import Cache, CacheEntry, MalformedCache

_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_NAMES = st.sampled_from(["libz.so.1", "libz.so.10", "libz.so.9", "liba.so", "lib"]) | _TEXTS
_PATHS = st.builds("{}/{}".format, st.sampled_from(["/lib", "/usr/local/lib"]), _NAMES) | _TEXTS
_FLAGS = st.sampled_from([0x303, 0x3, 0xA03]) | st.integers(-(1 << 31), (1 << 31) - 1)
_PLAIN = st.builds(
    CacheEntry,
    _NAMES,
    _PATHS,
    _FLAGS,
    hwcap=st.integers(0, (1 << 62) - 1) | st.integers(1 << 63, (1 << 64) - 1),
    os_version=st.integers(0, (1 << 32) - 1),
)
_FOR_PROCESSORS = st.builds(
    CacheEntry,
    _NAMES,
    _PATHS,
    _FLAGS,
    hwcaps=st.sampled_from(["x86-64-v2", "x86-64-v3", "x86-64-v4", ""]),
    isa_level=st.integers(0, 1023),
)
caches = st.builds(
    Cache.of, st.lists(_PLAIN | _FOR_PROCESSORS, max_size=12), is_big_endian=st.booleans()
)


@given(caches)
def test_what_is_written_is_read_again(cache: Cache) -> None:
    assert Cache.parse(cache.encode()) == cache


@given(caches, st.data())
def test_damage_is_refused_and_never_a_crash(cache: Cache, data: st.DataObject) -> None:
    encoded = bytearray(cache.encode())
    for at in data.draw(st.lists(st.integers(0, len(encoded) - 1), min_size=1, max_size=4)):
        encoded[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(encoded)))

    with contextlib.suppress(MalformedCache):
        Cache.parse(bytes(encoded[:cut]))


@given(st.binary(max_size=200))
def test_any_bytes_behind_a_header_are_refused_or_read(rest: bytes) -> None:
    for magic in (b"glibc-ld.so.cache1.1", b"ld.so-1.7.0\0"):
        with contextlib.suppress(MalformedCache):
            Cache.parse(magic + rest)
