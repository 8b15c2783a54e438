"""Payloads are what their archive says, or an error that names them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.archive.payload import DamagedPayload, Plain
from layers import payload

HINT = "The file was published like this; report it to the project, or lock another one"


def test_a_payload_gives_its_content_and_its_raw_bytes() -> None:
    content = payload(b"abc" * 100)

    assert b"".join(content.chunks()) == b"abc" * 100
    assert b"".join(content.inflate(content.raw())) == b"abc" * 100
    assert len(b"".join(content.raw())) == content.raw_size


def test_content_that_is_not_deflated_is_given_as_it_is() -> None:
    assert list(Plain("x", 3, 0x352441C2, lambda: iter([b"a", b"bc"])).chunks()) == [b"a", b"bc"]


def test_a_wrong_crc_shows_both() -> None:
    with pytest.raises(DamagedPayload) as caught:
        list(replace(payload(b"abc"), crc=0xBAD).chunks())

    assert str(caught.value) == (
        "Unable to unpack `a` of wheel `b`: its CRC-32 differs\n"
        "  expected: 00000bad\n"
        "  got:      352441c2"
    )
    assert caught.value.hint == HINT


@pytest.mark.parametrize(
    ("size", "reason"),
    [(2, "it holds more than the 2 bytes that it says"), (4, "it holds 3 bytes and says 4")],
)
def test_a_wrong_size_is_told(size: int, reason: str) -> None:
    for content in (
        replace(payload(b"abc"), size=size),
        Plain("`a` of wheel `b`", size, 0x352441C2, lambda: iter([b"abc"])),
    ):
        with pytest.raises(DamagedPayload) as caught:
            list(content.chunks())

        assert str(caught.value) == f"Unable to unpack `a` of wheel `b`: {reason}"
