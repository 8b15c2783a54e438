"""The tar of a layer, which the image-spec calls a filesystem changeset, header by header.

Our own reader, since `tarfile` reads extended headers of any size into memory, and ends in silence
where an archive is broken behind its first header.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lamina.errors import LaminaError

_BLOCK = 512
_EXTENDED_LIMIT = 1 << 20
"""Linux ends paths at 4096 bytes; extended attributes make up the rest."""

_HEADER_ONLY = frozenset(b"123456")
_PAX, _PAX_GLOBAL, _GNU_NAME, _GNU_TARGET, _GNU_SPARSE = b"xgLKS"


class MalformedLayer(LaminaError):
    """A layer's tar cannot be read."""


@dataclass(frozen=True, slots=True)
class Member:
    """One header of a layer's tar, with what extended headers say of it."""

    path: str
    """As written; bytes that are not UTF-8 become surrogates."""
    type: str
    """The ``typeflag`` of POSIX's ustar; ``0`` is an ordinary file."""
    mode: int
    uid: int
    gid: int
    size: int
    target: str

    @property
    def is_directory(self) -> bool:
        """Say whether it is a directory."""
        return self.type == "5"

    @property
    def is_symlink(self) -> bool:
        """Say whether it is a symlink."""
        return self.type == "2"

    @property
    def is_hardlink(self) -> bool:
        """Say whether it is another name of an earlier member."""
        return self.type == "1"


class Changeset:
    """The members of a layer's tar, read from pieces of it, once, in order.

    Iterate to get each `Member`; `content` gives the bytes of the one just given, if they are
    wanted. At the end everything is read, so that whoever hashes the pieces has seen all.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = memoryview(b"")
        self._left = 0
        self._padding = 0
        self.hides_bytes = False
        """After the end: whether anything but zeros follows the archive."""

    def __iter__(self) -> Iterator[Member]:
        """Give each member; raises `MalformedLayer`."""
        extended: dict[str, str] = {}
        while (header := self._header()) is not None:
            size, type_ = _number(header[124:136], "size"), header[156] or ord("0")
            if type_ in (_PAX, _PAX_GLOBAL, _GNU_NAME, _GNU_TARGET):
                data = self._extended(size)
                if type_ == _PAX:
                    extended |= _pax_records(data)
                elif type_ != _PAX_GLOBAL:  # Docker, too, reads over global headers.
                    key = "path" if type_ == _GNU_NAME else "linkpath"
                    extended.setdefault(key, _text(data))
                continue
            member = _member(header, type_, size, extended)
            extended = {}
            if type_ == _GNU_SPARSE:
                self._skip_sparse_map(header)
            self._left, self._padding = member.size, -member.size % _BLOCK
            yield member
            self._skip()
        self._drain()

    def content(self) -> Iterator[bytes]:
        """Give the bytes of the member just given, which may be only some of them so far."""
        while self._left:
            piece = self._piece(self._left)
            self._left -= len(piece)
            yield bytes(piece)

    def _header(self) -> bytes | None:
        """Return the next header, ``None`` at the end, which two blocks of zeros should mark."""
        header = self._take(_BLOCK, may_end=True)
        if not any(header):
            return None
        stated = _number(header[148:156], "checksum")
        signed = sum(byte - 256 if byte > 127 else byte for byte in header[:148] + header[156:])
        if stated not in (sum(header[:148]) + sum(header[156:]) + 256, signed + 256):
            raise MalformedLayer("A header of its tar has a wrong checksum")
        return header

    def _extended(self, size: int) -> bytes:
        if size > _EXTENDED_LIMIT:
            raise MalformedLayer(
                f"An extended header of its tar has {size} bytes: the limit is {_EXTENDED_LIMIT}"
            )
        return self._take(size + -size % _BLOCK)[:size]

    def _skip_sparse_map(self, header: bytes) -> None:
        more = header[482]
        while more:
            more = self._take(_BLOCK)[504]

    def _skip(self) -> None:
        for _ in self.content():
            pass
        self._take(self._padding)

    def _drain(self) -> None:
        while chunk := bytes(self._buffer) or next(self._chunks, b""):
            self._buffer = memoryview(b"")
            self.hides_bytes |= chunk.count(0) != len(chunk)

    def _piece(self, most: int) -> memoryview:
        """Return between 1 and ``most`` bytes."""
        while not self._buffer:
            if (chunk := next(self._chunks, None)) is None:
                raise MalformedLayer("Its tar ends too early")
            self._buffer = memoryview(chunk)
        piece, self._buffer = self._buffer[:most], self._buffer[most:]
        return piece

    def _take(self, size: int, *, may_end: bool = False) -> bytes:
        """Return exactly ``size`` bytes, or none if the tar ends here and may."""
        taken = bytearray()
        while len(taken) < size:
            if may_end and not taken and not self._buffer:
                if (chunk := next(self._chunks, None)) is None:
                    return b""
                self._buffer = memoryview(chunk)
                continue
            taken += self._piece(size - len(taken))
        return bytes(taken)


def _member(header: bytes, type_: int, size: int, extended: dict[str, str]) -> Member:
    path = _text(header[:100])
    if header[257:263] == b"ustar\0" and (prefix := _text(header[345:500])):
        path = f"{prefix}/{path}"
    path = extended.get("GNU.sparse.name", extended.get("path", path))
    if not header[156] and path.endswith("/"):  # Before POSIX, this is how a directory was told.
        type_ = ord("5")
    if type_ in _HEADER_ONLY:
        size = 0
    elif "size" in extended:
        size = _decimal(extended["size"], "size")
    return Member(
        path,
        chr(type_),
        _number(header[100:108], "mode") & 0o7777,
        _decimal(extended["uid"], "uid") if "uid" in extended else _number(header[108:116], "uid"),
        _decimal(extended["gid"], "gid") if "gid" in extended else _number(header[116:124], "gid"),
        size,
        extended.get("linkpath", _text(header[157:257])),
    )


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _number(field: bytes, name: str) -> int:
    """Read an octal number, or GNU's base 256."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if set(digits) - set(b"01234567"):
        raise MalformedLayer(f"A header of its tar has no number for its {name}: {field!r}")
    return int(digits, 8)


def _decimal(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise MalformedLayer(f"A header of its tar has no number for its {name}: {text[:50]!r}")
    return int(text)


def _pax_records(data: bytes) -> dict[str, str]:
    r"""Read the records of a PAX header, each ``length keyword=value\n`` (POSIX, pax)."""
    records = {}
    while data:
        length, space, _ = data[:20].partition(b" ")
        end = int(length) if space and length.isdigit() else 0
        keyword, equals, value = data[len(length) + 1 : end].partition(b"=")
        if not equals or end > len(data) or not value.endswith(b"\n"):
            raise MalformedLayer("An extended header of its tar is broken")
        records[keyword.decode("utf-8", "replace")] = value[:-1].decode("utf-8", "surrogateescape")
        data = data[end:]
    return records
