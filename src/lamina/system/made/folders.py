"""Folders, symlinks and copies of files that maintainer scripts would have made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from lamina.archive.entry import Entry, directory, file, symlink
from lamina.system.made.users import Accounts
from lamina.system.scripts.deeds import NOTHING, ROOT, Copy, Deed, Folder, Link, Text


def folders(
    wanted: Iterable[Deed],
    accounts: Accounts,
    captured: Mapping[str, bytes],
    exists: Callable[[str], bool],
) -> Iterator[Entry]:
    """Give what the deeds make where nothing is, and homes of new users.

    ``exists`` says whether the image has something at an absolute path. A folder of somebody
    unknown belongs to root, as it would have after a failed `chown`. ``captured`` has the bytes of
    files by path; what is to be copied and is not among them is not made.
    """
    made: set[str] = set()
    homes = (Folder(home) for home in accounts.homes)
    for deed in (*wanted, *homes):
        if not isinstance(deed, Folder | Link | Copy | Text):
            continue
        if deed.path in made or exists(deed.path):
            continue
        made.add(deed.path)
        if isinstance(deed, Link):
            yield symlink(deed.path.strip("/"), deed.target)
        elif (entry := _entry(deed, captured)) is not None:
            uid, gid = _owner(deed, accounts)
            yield replace(entry, uid=uid, gid=gid)


def lacking(
    wanted: Iterable[Deed], captured: Mapping[str, bytes], exists: Callable[[str], bool]
) -> list[Copy | Text]:
    """Return what `folders` does not make, though a script would have.

    Files that were too large to be noted are not copied; what is there is not written over.
    """
    return [
        deed
        for deed in wanted
        if (isinstance(deed, Text) and exists(deed.path))
        or (isinstance(deed, Copy) and not exists(deed.path) and _entry(deed, captured) is None)
    ]


def _entry(deed: Folder | Copy | Text, captured: Mapping[str, bytes]) -> Entry | None:
    path = deed.path.strip("/")
    if isinstance(deed, Folder):
        return directory(path, deed.mode)
    if isinstance(deed, Text):
        return file(path, deed.text.encode("utf-8", "surrogateescape"), deed.mode)
    data = b"" if deed.source == NOTHING else captured.get(deed.source.lstrip("/"))
    return None if data is None else file(path, data, deed.mode)


def _owner(deed: Folder | Copy | Text, accounts: Accounts) -> tuple[int, int]:
    if deed.owner == ROOT and deed.path in accounts.homes:
        # Made with the account, before a script says `mkdir`.
        return accounts.homes[deed.path]
    return accounts.uid(deed.owner.user) or 0, accounts.gid(deed.owner.group) or 0
