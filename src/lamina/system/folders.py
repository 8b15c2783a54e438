"""Folders, symlinks and copies of files that maintainer scripts would have made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from lamina.archive.entry import Entry, Kind, Literal, symlink
from lamina.system.deeds import NOTHING, Copy, Deed, Folder, Link
from lamina.system.users import Accounts


def folders(
    wanted: Iterable[Deed],
    accounts: Accounts,
    captured: Mapping[str, bytes],
    exists: Callable[[str], bool],
) -> Iterator[Entry]:
    """Give what the deeds make where nothing is; others are no matter.

    ``exists`` says whether the image has something at an absolute path. A folder of somebody
    unknown belongs to root, as it would have after a failed `chown`. ``captured`` has the bytes of
    files by path; what is to be copied and is not among them is not made.
    """
    made: set[str] = set()
    for deed in wanted:
        if not isinstance(deed, Folder | Link | Copy) or deed.path in made or exists(deed.path):
            continue
        made.add(deed.path)
        path = deed.path.strip("/")
        match deed:
            case Folder():
                uid, gid = accounts.uid(deed.owner.user), accounts.gid(deed.owner.group)
                yield Entry(path, Kind.DIRECTORY, deed.mode, uid=uid or 0, gid=gid or 0)
            case Copy():
                data = b"" if deed.source == NOTHING else captured.get(deed.source.lstrip("/"))
                if data is not None:
                    uid, gid = accounts.uid(deed.owner.user), accounts.gid(deed.owner.group)
                    content = Literal(data)
                    yield Entry(path, Kind.FILE, deed.mode, content, uid=uid or 0, gid=gid or 0)
            case Link():
                yield symlink(path, deed.target)
