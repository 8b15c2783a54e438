"""Tar headers, padding and the end of an archive: ustar, and PAX where ustar cannot say it.

Written here because layers are promised to the byte, and library headers have changed between
Python versions. Format: POSIX.1-2017 `pax`, "ustar Interchange Format" and "pax Header Block".
"""

from __future__ import annotations

from lamina.archive.entry import Entry, Kind

BLOCK = 512
END = bytes(2 * BLOCK)
"""What follows the last entry and its padding."""

_TYPES = {Kind.FILE: b"0", Kind.HARDLINK: b"1", Kind.SYMLINK: b"2", Kind.DIRECTORY: b"5"}
_NAME, _PREFIX, _LINK = 100, 155, 100
_MAX_NUMBER = 0o77777777777
_MAX_ID = 0o7777777
# Magic and version; user and group names and device numbers are left empty, which every reader
# takes for none, so that nothing of a builder's machine can be in them.
_MAGIC = b"ustar\x0000" + bytes(32 + 32 + 8 + 8)
_PAX_NAME = b"././@PaxHeader"


def padding(size: int) -> bytes:
    """Return the zeros that follow content of ``size`` bytes, up to a whole block.

    >>> len(padding(0)), len(padding(1)), len(padding(512))
    (0, 511, 0)
    """
    return bytes(-size % BLOCK)


def header(entry: Entry, mtime: int) -> bytes:
    """Return what stands before the entry's content: its header, and one of PAX if need be.

    ``mtime`` is in whole seconds since 1970, not negative.
    """
    path = entry.path + "/" if entry.kind is Kind.DIRECTORY else entry.path
    name = path.encode()
    link = entry.target.encode()
    size = entry.content.size if entry.kind is Kind.FILE else 0
    records = {}
    split = _split(name) if path.isascii() else None
    if split is None:
        records["path"] = name
        split = b"", _shorten(name, _NAME)
    if len(link) > _LINK or not entry.target.isascii():
        records["linkpath"] = link
        link = _shorten(link, _LINK)
    if entry.capabilities:
        # As GNU tar, Docker and containerd write and read extended attributes.
        records["SCHILY.xattr.security.capability"] = entry.capabilities
    uid = _number("uid", entry.uid, _MAX_ID, records)
    gid = _number("gid", entry.gid, _MAX_ID, records)
    size = _number("size", size, _MAX_NUMBER, records)
    mtime = _number("mtime", mtime, _MAX_NUMBER, records)
    block = _block(
        split,
        entry.mode,
        uid,
        gid,
        size,
        mtime,
        _TYPES[entry.kind],
        link,
    )
    return _pax(records, mtime) + block if records else block


def _number(key: str, number: int, most: int, records: dict[str, bytes]) -> int:
    """Return what ustar says of a number: itself, or 0 where only a PAX record can say it."""
    if number <= most:
        return number
    records[key] = b"%d" % number
    return 0


def _pax(records: dict[str, bytes], mtime: int) -> bytes:
    """Return an extended header with ``records``, sorted: ``length key=value`` a line."""
    body = b"".join(_record(key.encode(), records[key]) for key in sorted(records))
    block = _block((b"", _PAX_NAME), 0o644, 0, 0, len(body), mtime, b"x", b"")
    return block + body + padding(len(body))


def _record(key: bytes, value: bytes) -> bytes:
    """Return one record; its length counts its own digits.

    >>> _record(b"path", b"x" * 91)[:9]
    b'101 path='
    """
    rest = len(key) + len(value) + 3
    length = rest
    while len(str(length)) + rest != length:
        length = len(str(length)) + rest
    return b"%d %b=%b\n" % (length, key, value)


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """Divide a name into ustar's prefix and name at a slash, or say that it does not fit."""
    if len(name) <= _NAME:
        return b"", name
    # The first slash that leaves a name of at most 100 bytes gives the shortest prefix. A slash
    # at the very end belongs to a directory's own name.
    at = name.find(b"/", len(name) - _NAME - 1, len(name) - 1)
    if at <= 0 or at > _PREFIX:
        return None
    return name[:at], name[at + 1 :]


def _shorten(name: bytes, most: int) -> bytes:
    """Return what a reader that knows no PAX sees of a name: ASCII, cut at the front."""
    return name.decode().encode("ascii", "replace")[-most:]


def _block(
    name: tuple[bytes, bytes],
    mode: int,
    uid: int,
    gid: int,
    size: int,
    mtime: int,
    kind: bytes,
    link: bytes,
) -> bytes:
    """Return one ustar header block."""
    prefix, base = name
    before = b"%b%07o\0%07o\0%07o\0%011o\0%011o\0" % (
        base.ljust(_NAME, b"\0"),
        mode,
        uid,
        gid,
        size,
        mtime,
    )
    after = b"%b%b%b%b" % (
        kind,
        link.ljust(_LINK, b"\0"),
        _MAGIC,
        prefix.ljust(_PREFIX + 12, b"\0"),
    )
    # The checksum is taken with its own field as eight spaces.
    checksum = sum(before) + 8 * 32 + sum(after)
    return b"%b%06o\0 %b" % (before, checksum, after)
