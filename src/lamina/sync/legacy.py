"""What `setup.py` has installed without a wheel: ``*.egg-info`` and ``*.egg-link``.

No RECORD lists its files. What it has is gathered from what setuptools notes, as uv does it; what
has no such notes (distutils wrote a single file) cannot be removed, and that is said.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from packaging.utils import canonicalize_name

from lamina.sync.errors import SyncError
from lamina.sync.installed import Installed, Kind
from lamina.wheel.errors import WheelError
from lamina.wheel.scripts import parse_entry_points

_NAMED = re.compile(r"(?P<name>[^-]+)(?:-(?P<version>[^-]+)(?:-py[0-9].*)?)?\.egg-info")
_FIELD = re.compile(r"^(Name|Version):[ \t]*(\S+)", re.MULTILINE)
_MODULES = (".py", ".pyc", ".pyo", ".so")
_PATHS = "easy-install.pth"


class NotRemovable(SyncError):
    """Distributions that would have to be removed, and do not say which files are theirs."""

    def __init__(self, site: Path, found: Iterable[Installed]) -> None:
        lines = [f"  {each}: `{each.folder}`" for each in sorted(found, key=str)]
        super().__init__(
            "\n".join(
                [
                    f"Unable to remove what does not say which files are its own, in `{site}`:",
                    *lines,
                ]
            ),
            hint="Nothing was changed; remove it by hand, or make the environment anew with "
            "`lamina venv --clear`",
        )


def read_legacy(site: Path) -> Iterator[Installed]:
    """Give what was installed without a wheel, sorted by file."""
    try:
        names = sorted(os.listdir(site))  # noqa: PTH208
    except OSError:
        return
    for name in names:
        if name.endswith(".egg-info"):
            found = _egg_info(site, name)
        elif name.endswith(".egg-link"):
            found = _egg_link(site, name)
        else:
            continue
        if found is not None:
            yield found


def _egg_info(site: Path, name: str) -> Installed | None:
    path = site / name
    kind = Kind.EGG_INFO if path.is_dir() else Kind.EGG_FILE
    match = _NAMED.fullmatch(name)
    if match is not None and match["version"]:
        return Installed(canonicalize_name(match["name"]), match["version"], name, kind=kind)
    return _told(path / "PKG-INFO" if kind is Kind.EGG_INFO else path, name, kind)


def _egg_link(site: Path, name: str) -> Installed | None:
    told = _development(site, name)
    return None if told is None else _told(told / "PKG-INFO", name, Kind.EGG_LINK)


def _development(site: Path, link: str) -> Path | None:
    """Return the ``*.egg-info`` of what a link leads to."""
    folder = next(iter(_lines(site / link)), None)
    if folder is None:
        return None
    name = link.removesuffix(".egg-link").replace("-", "_")
    return Path(folder) / f"{name}.egg-info"


def _told(metadata: Path, name: str, kind: Kind) -> Installed | None:
    """Return what the metadata says of itself; None for what is no distribution."""
    fields = dict(reversed(_FIELD.findall("\n".join(_lines(metadata)))))
    if fields.keys() != {"Name", "Version"}:
        return None
    return Installed(canonicalize_name(fields["Name"]), fields["Version"], name, kind=kind)


def is_removable(site: Path, installed: Installed) -> bool:
    """Say whether it is known which files a distribution has."""
    if installed.kind is Kind.EGG_INFO:
        notes = site / installed.folder
        return any((notes / name).is_file() for name in ("top_level.txt", "installed-files.txt"))
    return installed.kind is not Kind.EGG_FILE


def rows_of_legacy(site: Path, installed: Installed) -> Iterator[str]:
    """Give the files of a distribution, relative to site-packages as RECORD would have them."""
    if installed.kind is Kind.EGG_FILE:
        yield installed.folder
        return
    if installed.kind is Kind.EGG_LINK:
        notes = _development(site, installed.folder)
        yield installed.folder
    else:
        notes = site / installed.folder
        yield from _noted(site, installed.folder)
    if notes is not None:
        yield from (f"../../../bin/{name}" for name in _commands(notes))


def _noted(site: Path, folder: str) -> Iterator[str]:
    """Give what an ``*.egg-info`` folder holds, and what it says that was installed."""
    notes = site / folder
    yield from (f"{folder}/{below}" for below in _below(notes))
    for line in _lines(notes / "installed-files.txt"):
        yield os.path.normpath(f"{folder}/{line}")
    shared = set(_lines(notes / "namespace_packages.txt"))
    listed = sorted(os.listdir(site))  # noqa: PTH208
    for top in _lines(notes / "top_level.txt"):
        if top in shared or "/" in top or top in (".", ".."):
            continue
        if (site / top).is_dir() and not (site / top).is_symlink():
            yield from (f"{top}/{below}" for below in _below(site / top))
        for name in listed:
            if name.partition(".")[0] == top and name.endswith(_MODULES):
                yield name


def _below(folder: Path) -> Iterator[str]:
    """Give the files in a folder and in those below it; links are not followed."""
    for parent, folders, names in os.walk(folder):
        linked = [name for name in folders if os.path.islink(f"{parent}/{name}")]  # noqa: PTH114
        for name in (*names, *linked):
            yield os.path.relpath(f"{parent}/{name}", folder)


def _commands(notes: Path) -> Iterator[str]:
    with suppress(OSError, WheelError):
        points = parse_entry_points((notes / "entry_points.txt").read_bytes())
        yield from sorted({each.name for each in (*points.console, *points.gui)})


def unlink_development(site: Path, installed: Installed) -> None:
    """Let Python look no longer into the folder that an ``*.egg-link`` leads to."""
    folders = set(_lines(site / installed.folder)[:1])
    path = site / _PATHS
    if folders & set(_lines(path)):
        beside = path.with_name(f"{_PATHS}.lamina-part")
        kept = [line for line in _lines(path) if line not in folders]
        beside.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        beside.replace(path)


def _lines(path: Path) -> list[str]:
    """Return the lines of a file, without space around them and without empty ones."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]
