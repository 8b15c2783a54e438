from __future__ import annotations

import struct

import pytest

from lamina.system.loader.cache import Cache, CacheEntry, MalformedCache, name_key

Z9 = CacheEntry("libz.so.9", "/lib/x86_64-linux-gnu/libz.so.9", 0x303)
Z10 = CacheEntry("libz.so.10", "/usr/local/lib/libz.so.10", 0x303)
FAST = CacheEntry("libz.so.9", "/lib/glibc-hwcaps/x86-64-v3/libz.so.9", 0x303, "x86-64-v3", 2)
SPARE = CacheEntry("libz.so.9", "/usr/lib/libz.so.9", 0x303)
OTHER = CacheEntry("libz.so.9", "/lib32/libz.so.9", 0x3)

GOLDEN = (
    bytes.fromhex(
        "676c6962632d6c642e736f2e6361636865312e31"
        "01000000"
        "20000000"
        "02000000"
        "68000000"
        "000000000000000000000000"
        "03030000"
        "5e000000"
        "48000000"
        "00000000"
        "0000000000000000"
    )
    + b"/lib/x86_64-linux-gnu/libz.so.9\0"
)


def refusal(data: bytes) -> str:
    with pytest.raises(MalformedCache) as caught:
        Cache.parse(data)
    return str(caught.value)


def test_numbers_in_names_count_by_their_value() -> None:
    names = ["libz.so", "libz.so.1", "libz.so.1.2", "libz.so.9", "libz.so.10", "libz1.so"]

    assert sorted(reversed(names), key=name_key) == names


def test_a_number_beyond_a_c_int_wraps_as_in_the_loader() -> None:
    assert name_key("lib.so.4294967297") == name_key("lib.so.1")
    assert name_key("lib.so.2147483648") < name_key("lib.so.0")


def test_entries_are_in_the_order_that_the_loader_searches() -> None:
    cache = Cache.of([OTHER, Z9, SPARE, Z10, FAST, Z9])

    # Downwards by name; then 64 bit, for a good processor, and by folder.
    assert cache.entries == (Z10, FAST, Z9, SPARE, OTHER)


def test_what_is_written_is_read_again() -> None:
    cache = Cache.of([OTHER, Z9, SPARE, Z10, FAST])

    assert Cache.parse(cache.encode()) == cache
    assert Cache.parse(Cache((), False).encode()) == Cache()


def test_a_cache_for_big_endian_machines() -> None:
    cache = Cache.of([Z9, FAST], is_big_endian=True)

    assert Cache.parse(cache.encode()) == cache


def test_golden_bytes() -> None:
    """The bytes we promised last release are the bytes we write now."""
    data = Cache.of([Z9]).encode()

    extension = struct.pack("<IIIIII", 0xEAA42174, 1, 0, 0, 0x80, 6) + b"lamina"
    assert data == GOLDEN + extension


def old(*entries: CacheEntry, embedded: bytes = b"", order: str = "<") -> bytes:
    count = len(entries)
    strings, places = b"", []
    start = len(embedded)
    for entry in entries:
        key = start + len(strings)
        strings += entry.soname.encode() + b"\0"
        places.append((entry.flags, key, start + len(strings)))
        strings += entry.path.encode() + b"\0"
    head = struct.pack(f"{order}12sI", b"ld.so-1.7.0", count)
    packed = b"".join(struct.pack(f"{order}iII", *place) for place in places)
    return head + packed + embedded + strings


def test_the_old_format_is_read() -> None:
    assert Cache.parse(old(Z9, Z10)) == Cache.of([Z9, Z10])


def test_the_new_format_is_read_from_within_the_old() -> None:
    data = Cache.of([Z9, Z10]).encode()
    # The offset of extensions counts from the start of the file.
    at = struct.unpack_from("<I", data, 32)[0] + 40
    embedded = data[:32] + struct.pack("<I", at) + data[36:]

    assert Cache.parse(old(SPARE, SPARE, embedded=embedded)) == Cache.of([Z9, Z10])


def test_a_cache_without_a_word_on_its_byte_order_is_read() -> None:
    for is_big_endian in (False, True):
        cache = Cache.of([Z9, Z10], is_big_endian=is_big_endian)
        data = bytearray(cache.encode())
        data[28] = 0

        assert Cache.parse(bytes(data)) == cache


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it does not begin as one"),
        (b"ld.so-1.7.0\0", "it is cut off"),
        (b"ld.so-1.7.0\0" + b"\xff\xff\xff\x7f", "it is cut off"),
        (Cache.of([Z9]).encode()[:60], "it is cut off"),
        (bytes(5 << 20), "it has 5242880 bytes"),
        (
            Cache.of([Z9]).encode()[:28] + b"\1" + Cache.of([Z9]).encode()[29:],
            "it says itself that it is invalid",
        ),
        (old(Z9)[:-1], "no string at byte 38"),
    ],
    ids=["empty", "header", "count", "entries", "size", "invalid", "string"],
)
def test_a_malformed_cache_is_refused(data: bytes, problem: str) -> None:
    assert refusal(data) == f"Unable to read the loader's cache `/etc/ld.so.cache`: {problem}"


def spoilt(cache: Cache, at: int, value: int) -> bytes:
    data = bytearray(cache.encode())
    struct.pack_into("<I", data, at, value)
    return bytes(data)


def test_extensions_that_lie_are_refused() -> None:
    cache = Cache.of([FAST])
    data = cache.encode()
    (at,) = struct.unpack_from("<I", data, 32)

    assert refusal(spoilt(cache, at, 7)).endswith("its extensions do not begin as such")
    assert refusal(spoilt(cache, at + 4, 1 << 30)).endswith("it has 1073741824 extensions")
    assert refusal(spoilt(cache, at + 36, 1 << 30)).endswith("it has 268435456 extensions")
    assert refusal(spoilt(cache, 64, 9)).endswith("folder 9 of glibc-hwcaps is not there")
    assert refusal(spoilt(cache, 32, 1 << 30)).endswith("it is cut off")


def test_the_hint_says_what_makes_it_anew() -> None:
    with pytest.raises(MalformedCache) as caught:
        Cache.parse(b"")

    assert caught.value.hint == "To have it made anew, run `ldconfig` in the base image"
