"""Distributions taken out of an environment, by what their RECORD lists.

METADATA goes first and RECORD last: what was begun is never taken for installed, and can always
be finished. What came without a wheel keeps its notes to the last.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Set
from contextlib import suppress
from pathlib import Path

from lamina.sync.installed import Installed, Kind
from lamina.sync.legacy import unlink_development
from lamina.sync.records import Place, paths_of

_LAST = ("RECORD", "installed-files.txt", "namespace_packages.txt", "top_level.txt")


def remove(place: Place, installed: Installed, kept: Set[str]) -> None:
    """Remove the files of a distribution, but those that others own: ``kept``.

    What Python has compiled of its modules goes with them, and so do folders that are empty then.
    """
    folder = f"{place.site}/{installed.folder}"
    own = f"{folder}/"
    _unlink(f"{own}METADATA")
    paths = [path for path, _ in paths_of(place, installed) if path not in kept]
    others = [path for path in paths if not path.startswith(own) and path != folder]
    for path in others:
        _unlink(path)
    _remove_bytecode(others)
    _remove_empty(place, {path.rpartition("/")[0] for path in others})
    for name in sorted(_listing(folder)):
        if name not in _LAST:
            _unlink(f"{own}{name}")
    if installed.kind is Kind.EGG_LINK:
        unlink_development(place.site, installed)
        _unlink(folder)
    shutil.rmtree(folder, ignore_errors=True)
    if Path(folder).exists():
        Path(folder, "RECORD").unlink(missing_ok=True)  # It says why not.
        Path(folder).rmdir()


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
        os.unlink(path)  # noqa: PTH108  # As text: there are many.


def _remove_bytecode(paths: Iterable[str]) -> None:
    modules: dict[str, set[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if name.endswith(".py"):
            modules.setdefault(f"{folder}/__pycache__", set()).add(name[:-3])
    for cache, names in modules.items():
        for name in _listing(cache):
            if name.endswith(".pyc") and name.partition(".")[0] in names:
                _unlink(f"{cache}/{name}")
        with suppress(OSError):
            os.rmdir(cache)  # noqa: PTH106


def _remove_empty(place: Place, folders: Iterable[str]) -> None:
    """Remove folders that are empty, and those above that become so; never the environment's."""
    prefix = place.scheme.prefix
    stay = {prefix, f"{prefix}/bin", str(place.site), *map(str, place.site.parents)}
    for folder in sorted(folders, key=len, reverse=True):
        while folder not in stay and folder.startswith(f"{prefix}/"):
            try:
                os.rmdir(folder)  # noqa: PTH106
            except OSError:
                break
            folder = folder.rpartition("/")[0]


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
