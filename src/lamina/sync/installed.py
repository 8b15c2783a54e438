"""What is installed in an environment, as its ``*.dist-info`` folders say, or what came before."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from packaging.utils import canonicalize_name

from lamina.wheel.errors import WheelError
from lamina.wheel.record import Row, parse_installed

NOTE = "lamina.json"
"""The file in which we note what a distribution of no index was installed from."""


class Kind(Enum):
    """How a distribution was installed."""

    WHEEL = "wheel"
    EGG_INFO = "egg-info"
    """By `setup.py install`, with a folder of notes."""
    EGG_FILE = "egg-info, a file"
    """By distutils, which notes nothing but the name."""
    EGG_LINK = "egg-link"
    """By `setup.py develop`."""


@dataclass(frozen=True, slots=True)
class Installed:
    """One distribution of an environment (recording-installed-projects, PyPA)."""

    name: str
    version: str
    folder: str
    """The name of its ``*.dist-info``, or of what it has instead."""
    is_whole: bool = True
    """Whether it was installed to the end, and can be removed by what its RECORD lists."""
    origin: bytes | None = None
    """Its ``direct_url.json``."""
    note: bytes | None = None
    """Its `NOTE`."""
    kind: Kind = Kind.WHEEL

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def read_installed(site: Path) -> list[Installed]:
    """Return what is installed in a site-packages, sorted; the files are not looked at.

    A folder without METADATA is one that was not finished: it is written last, and removed first.
    """
    try:
        names = sorted(name for name in os.listdir(site) if name.endswith(".dist-info"))  # noqa: PTH208
    except FileNotFoundError:
        return []
    return [_read(site, name) for name in names]


def _read(site: Path, folder: str) -> Installed:
    name, _, version = folder.removesuffix(".dist-info").partition("-")
    below = f"{site}/{folder}"
    is_whole = all(os.path.isfile(f"{below}/{each}") for each in ("METADATA", "RECORD"))  # noqa: PTH113
    return Installed(
        canonicalize_name(name),
        version,
        folder,
        is_whole,
        _content(f"{below}/direct_url.json"),
        _content(f"{below}/{NOTE}"),
    )


def read_record(site: Path, installed: Installed) -> tuple[Row, ...]:
    """Return what a distribution's RECORD lists; nothing, where there is none to be read."""
    data = _content(f"{site}/{installed.folder}/RECORD")
    try:
        return parse_installed(data) if data is not None else ()
    except WheelError:
        return ()


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # As text: there are many.
            return file.read()
    except OSError:
        return None
