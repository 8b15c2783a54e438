"""Distributions put into an environment, file by file.

RECORD comes first and METADATA last: what was begun is never taken for installed, and whoever
comes next knows which files are of it.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path

from lamina.archive.entry import Content, Entry, Kind
from lamina.store.trees import TreeFile
from lamina.sync.bulk import Bulk
from lamina.sync.errors import InTheWay
from lamina.sync.hands import Hands
from lamina.sync.link import Linker
from lamina.sync.records import Owned, Place
from lamina.sync.supply import Supplied
from lamina.wheel.unpack import Unpacked


class Installation:
    """Writes distributions into one environment; several threads may do so at a time.

    The state is which folders are there.
    """

    def __init__(self, linker: Linker, place: Place, at: Path, hands: Hands) -> None:
        """``at`` is where the environment is now, ``place`` where it will be."""
        self._linker = linker
        self._prefix = len(str(place.prefix))
        self._at = str(at)
        self._site = str(at / place.site.relative_to(place.prefix))
        self._hands = hands
        self._folders: set[str] = set()

    def install(self, each: Supplied, left_out: Set[str]) -> None:
        """Write a distribution, but the files that others win: ``left_out``, paths of entries."""
        wheel = each.unpacked
        metadata = f"{wheel.record.rpartition('/')[0]}/METADATA"
        ordered = sorted(
            (entry for entry in wheel.entries if entry.path not in left_out),
            key=lambda entry: (entry.path == metadata) - (entry.path == wheel.record),
        )
        for entry in ordered:
            if entry.path == metadata and not self._has_brought(each.bulk):
                self.install(each.expanded(), left_out)
                return
            path = f"{self._at}{entry.path[self._prefix - 1 :]}"
            if entry.kind is Kind.DIRECTORY:
                self._make_folder(path)
                continue
            self._make_folder(path.rpartition("/")[0])
            self._put(entry, path)

    def _has_brought(self, bulk: Bulk | None) -> bool:
        """Bring a bulk as other files of it could be; False if that goes only file by file."""
        mode = self._linker.mode.value
        return bulk is None or self._hands.do("bring", bulk.tree, self._site, mode)

    def _put(self, entry: Entry, path: str) -> None:
        try:
            self._write(entry.content, path, entry.mode)
        except FileExistsError:
            # Whose it was is settled before: it is replaced at once, never written to, since it
            # may be linked.
            beside = f"{path}.{secrets.token_hex(6)}"
            try:
                self._write(entry.content, beside, entry.mode)
                os.replace(beside, path)  # noqa: PTH105
                with suppress(FileNotFoundError):
                    os.unlink(beside)  # noqa: PTH108  # It stays, if it was the same file already.
            except BaseException:
                with suppress(OSError):
                    os.unlink(beside)  # noqa: PTH108
                raise

    def _write(self, content: Content, path: str, mode: int) -> None:
        if isinstance(content, TreeFile) and content.mode == mode:
            self._linker.link(content.path, path, mode)
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in content.chunks():
                file.write(chunk)

    def _make_folder(self, path: str) -> None:
        if path not in self._folders:
            os.makedirs(path, exist_ok=True)  # noqa: PTH103  # As text: there are many.
            self._folders.add(path)


def with_free_bulk(
    place: Place, at: Path, supplied: Iterable[Supplied], kept: Owned
) -> list[Supplied]:
    """Return distributions, of which those keep their bulk that share no folder with anybody.

    Of the others each file must be looked at: it may be in the way, or another one's. ``at`` is
    where the environment is now.
    """
    found = list(supplied)
    site, here = f"{place.site}/", str(at / place.site.relative_to(place.prefix))
    taken = Counter(_tops(site, (f"{site}{name}" for name in _listing(here))))
    taken.update(_tops(site, kept.rows))
    for each in found:
        if each.bulk is None:
            taken.update(_tops(site, (f"/{entry.path}" for entry in each.unpacked.entries)))
        else:
            taken.update(each.bulk.tops)
    return [
        each
        if each.bulk is None or all(taken[top] == 1 for top in each.bulk.tops)
        else each.expanded()
        for each in found
    ]


def _tops(site: str, paths: Iterable[str]) -> set[str]:
    """Return the names in a site-packages below which paths lie, without regard to case."""
    length = len(site)
    return {path[length:].partition("/")[0].casefold() for path in paths if path.startswith(site)}


def _listing(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []


def losers(wheels: Sequence[Unpacked], kept: Owned) -> Mapping[str, Set[str]]:
    """Return for each distribution the paths of its entries that another one has.

    Of what several own, the one whose name sorts last has it, as in an image.
    """
    winners: dict[str, str] = {}
    for wheel in wheels:
        for entry in wheel.entries:
            if entry.kind is not Kind.DIRECTORY:
                winners[entry.path] = max(winners.get(entry.path, ""), wheel.name)
    for path, rows in kept.rows.items():
        if (before := winners.get(path[1:])) is not None:
            winners[path[1:]] = max(before, *rows)
    return {
        wheel.name: {
            entry.path
            for entry in wheel.entries
            if winners.get(entry.path, wheel.name) != wheel.name
        }
        for wheel in wheels
    }


def check_new(place: Place, at: Path, wheels: Sequence[Unpacked]) -> None:
    """Refuse to replace what a new environment has itself; see `check_free`."""
    prefix = place.prefix
    here = {f"{prefix}/{path.relative_to(at)}"[1:] for path in at.rglob("*") if not path.is_dir()}
    found = [
        (entry.path[len(str(prefix)) :], wheel.name)
        for wheel in wheels
        for entry in wheel.entries
        if entry.path in here
    ]
    if found:
        raise InTheWay(prefix, found)


def check_free(place: Place, wheels: Sequence[Unpacked], owned: Set[str]) -> None:
    """Refuse to replace what no distribution has; what has the same bytes may be replaced.

    ``owned`` are the paths that are of distributions. Raises `InTheWay`.
    """
    found: dict[str, str] = {}
    folders: dict[str, bool | None] = {}
    for wheel in wheels:
        for entry in wheel.entries:
            path = f"/{entry.path}"
            folder = path if entry.kind is Kind.DIRECTORY else path.rpartition("/")[0]
            above = _obstacle(folder, folders, place)
            if above is not None and above not in owned:
                found[above] = wheel.name
            elif above is None and folders[folder] and path not in owned and _differs(entry, path):
                found[path] = wheel.name
    if found:
        start = f"{place.scheme.prefix}/"
        raise InTheWay(
            place.prefix, [(path.removeprefix(start), name) for path, name in found.items()]
        )


def _obstacle(folder: str, known: dict[str, bool | None], place: Place) -> str | None:
    """Return what is no folder where one must be; note for each folder whether it is there."""
    if folder in known:
        return folder if known[folder] is None else None
    above = folder.rpartition("/")[0]
    obstacle = _obstacle(above, known, place) if len(folder) > len(place.scheme.prefix) else None
    if obstacle is not None:
        return obstacle
    if len(folder) > len(place.scheme.prefix) and not known[above]:
        known[folder] = False
    elif os.path.isdir(folder):  # noqa: PTH112
        known[folder] = True
    else:
        known[folder] = None if os.path.lexists(folder) else False
    return folder if known[folder] is None else None


def _differs(entry: Entry, path: str) -> bool:
    """Say whether something else than the entry lies at a path; what Python compiled may."""
    if entry.kind is Kind.DIRECTORY or "/__pycache__/" in path or not os.path.lexists(path):
        return False
    try:
        there = Path(path)
        is_same = there.is_file() and there.stat().st_size == entry.content.size
        return not is_same or there.read_bytes() != b"".join(entry.content.chunks())
    except OSError:
        return True
