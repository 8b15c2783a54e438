"""Folders and symlinks that maintainer scripts would have made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lamina.archive.entry import Entry, Kind, symlink
from lamina.system.deeds import Deed, Folder, Link
from lamina.system.users import Accounts


def folders(
    wanted: Iterable[Deed], accounts: Accounts, exists: Callable[[str], bool]
) -> Iterator[Entry]:
    """Give what the deeds make where nothing is; others than folders and links are no matter.

    ``exists`` says whether the image has something at an absolute path. A folder of somebody
    unknown belongs to root, as it would have after a failed `chown`.
    """
    made: set[str] = set()
    for deed in wanted:
        if not isinstance(deed, Folder | Link) or deed.path in made or exists(deed.path):
            continue
        made.add(deed.path)
        path = deed.path.strip("/")
        match deed:
            case Folder():
                uid, gid = accounts.uid(deed.owner.user), accounts.gid(deed.owner.group)
                yield Entry(path, Kind.DIRECTORY, deed.mode, uid=uid or 0, gid=gid or 0)
            case Link():
                yield symlink(path, deed.target)
