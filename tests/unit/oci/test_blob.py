from __future__ import annotations

import gzip
import io

import pytest
import zstandard

from lamina.oci.blob import DamagedBlob, UnreadableBlob, unpacked, verified
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest

DATA = bytes(range(256)) * 4000


def read(blob: bytes, piece: int = 1 << 16) -> bytes:
    pieces = (blob[at : at + piece] for at in range(0, len(blob), piece))
    return b"".join(unpacked(pieces))


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(DATA, id="plain"),
        pytest.param(gzip.compress(DATA), id="gzip"),
        pytest.param(gzip.compress(DATA[:1000]) + gzip.compress(DATA[1000:]), id="two members"),
        pytest.param(
            b"".join(gzip.compress(DATA[at : at + 512]) for at in range(0, len(DATA), 512)),
            id="many members",
        ),
        pytest.param(gzip.compress(DATA) + bytes(512), id="zeros behind"),
        pytest.param(zstandard.ZstdCompressor().compress(DATA), id="zstd"),
        pytest.param(
            b"".join(zstandard.ZstdCompressor().compress(half) for half in (DATA[:9], DATA[9:])),
            id="two frames",
        ),
    ],
)
@pytest.mark.parametrize("piece", [7, 1 << 16])
def test_a_blob_is_unpacked_whatever_its_pieces(blob: bytes, piece: int) -> None:
    assert read(blob, piece) == DATA


def test_an_empty_blob_is_an_empty_tar() -> None:
    assert read(b"") == b""


@pytest.mark.parametrize(
    ("blob", "text"),
    [
        pytest.param(gzip.compress(DATA)[:-1], "Truncated gzip stream", id="truncated"),
        pytest.param(gzip.compress(DATA) + b"junk" * 9, "Broken gzip stream", id="junk behind"),
        pytest.param(gzip.compress(DATA)[:-8] + bytes(8), "Broken gzip stream", id="wrong CRC"),
        pytest.param(
            zstandard.ZstdCompressor().compress(DATA)[:-1], "Truncated zstd stream", id="zstd"
        ),
        pytest.param(b"\x28\xb5\x2f\xfd" + b"\xff" * 99, "Broken zstd stream", id="zstd junk"),
    ],
)
def test_what_cannot_be_unpacked_is_told(blob: bytes, text: str) -> None:
    with pytest.raises(UnreadableBlob, match=f"^{text}"):
        read(blob)


def test_a_bomb_comes_in_small_pieces() -> None:
    bomb = gzip.compress(bytes(50_000_000))

    assert max(len(piece) for piece in unpacked(iter([bomb]))) <= 1 << 18


def described(data: bytes, size: int) -> Descriptor:
    return Descriptor("m", Digest.of(data), size)


def test_a_blob_that_is_as_described_is_given() -> None:
    assert b"".join(verified(io.BytesIO(DATA), described(DATA, len(DATA)))) == DATA


@pytest.mark.parametrize(
    ("data", "size", "expected", "got"),
    [
        pytest.param(b"abc", 2, "2 bytes", "more", id="too long"),
        pytest.param(b"abc", 4, "4 bytes", "3 bytes", id="too short"),
        pytest.param(b"xyz", 3, str(Digest.of(b"abc")), str(Digest.of(b"xyz")), id="other bytes"),
    ],
)
def test_a_damaged_blob_carries_its_digest(data: bytes, size: int, expected: str, got: str) -> None:
    digest = Digest.of(b"abc")

    with pytest.raises(DamagedBlob) as caught:
        list(verified(io.BytesIO(data), described(b"abc", size)))

    assert caught.value.digest == digest
    assert str(caught.value) == (
        f"Damaged blob {digest}\n  expected: {expected}\n  got:      {got}"
    )
    assert caught.value.hint == "Its source must be made or fetched again"
