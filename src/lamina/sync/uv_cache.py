"""The note by which uv knows whether a local distribution is still what it was installed from.

Written so that uv takes what we have installed for what it is, and does not install it once more.
We go by our own note, which goes by contents and not by dates.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys
from pathlib import Path

import tomli

UV_CACHE = "uv_cache.json"
_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_FOLDER = "src"
_HERE, _BIRTH = -100, 0x800
"""As statx(2) has them: paths are relative to the working folder, and the birth is asked for."""


def of_archive(path: Path) -> bytes | None:
    """Return the note of a wheel or an sdist; None if the file is not there."""
    try:
        return _document(path.stat().st_ctime_ns, {})
    except OSError:
        return None


def of_tree(folder: Path) -> bytes | None:
    """Return the note of a source tree; None if its project has told uv other `cache-keys`."""
    dates = []
    for name in _FILES:
        try:
            dates.append((folder / name).stat().st_ctime_ns)
        except OSError:
            continue
    if _has_keys(folder / _FILES[0]):
        return None
    return _document(max(dates, default=None), {_FOLDER: _birth(folder / _FOLDER)})


def _has_keys(path: Path) -> bool:
    try:
        table: object = tomli.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    for key in ("tool", "uv"):
        table = table.get(key) if isinstance(table, dict) else None
    return isinstance(table, dict) and "cache-keys" in table


def _birth(folder: Path) -> object:
    """Return when a folder was made; its inode, where the file system does not know."""
    try:
        inode = folder.stat().st_ino
    except OSError:
        return None
    born = _born(folder)
    return inode if born is None else _date(born)


def _born(path: Path) -> int | None:
    """Return the date of birth in nanoseconds, which Python does not tell on Linux (statx(2))."""
    if sys.platform != "linux":
        return None
    buffer = ctypes.create_string_buffer(256)
    try:
        failed = ctypes.CDLL(None).statx(_HERE, os.fsencode(path), 0, _BIRTH, buffer)
    except (AttributeError, OSError):
        return None
    (known,) = struct.unpack_from("=I", buffer, 0)
    if failed or not known & _BIRTH:
        return None
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, 0x50)
    return int(seconds) * 10**9 + int(nanoseconds)


def _document(date: int | None, folders: dict[str, object]) -> bytes:
    document = {
        "timestamp": None if date is None else _date(date),
        "commit": None,
        "tags": None,
        "env": {},
        "directories": folders,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _date(nanoseconds: int) -> dict[str, int]:
    seconds, rest = divmod(nanoseconds, 10**9)
    return {"secs_since_epoch": seconds, "nanos_since_epoch": rest}
