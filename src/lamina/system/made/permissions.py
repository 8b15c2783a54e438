"""Modes and owners that maintainer scripts would have given to files of their package.

Such a file stands once more in a layer above its package's, whose owners must not depend on the
accounts of a base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lamina.archive.entry import Entry, Kind, Literal, file
from lamina.system.made.users import Accounts
from lamina.system.scripts.deeds import Deed, Permission

_OVERRIDES = "var/lib/dpkg/statoverride"


def permissions(
    wanted: Iterable[Deed],
    accounts: Accounts,
    captured: Mapping[str, bytes],
    base: Mapping[str, bytes],
) -> tuple[list[Entry], list[Permission]]:
    """Return files with their new modes and owners, and those deeds that nothing was made of.

    ``captured`` has the bytes of files by path; one that is not there, or whose owner or mode is
    unknown, is left as it was. What dpkg is to remember stands in its own file, after the lines
    of the base, which come first as they do for scripts: an administrator has written them.
    """
    entries: dict[str, Entry] = {}
    left: list[Permission] = []
    before = base.get(_OVERRIDES, b"").decode("utf-8", "surrogateescape").splitlines()
    known = {line.rpartition(" ")[2] for line in before}
    overrides: list[str] = []
    for deed in wanted:
        if not isinstance(deed, Permission) or deed.path in known:
            continue
        entry = _entry(deed, accounts, captured)
        if entry is None:
            left.append(deed)
            continue
        entries[entry.path] = entry
        if deed.is_override:
            overrides.append(f"{deed.owner.user} {deed.owner.group} {deed.mode:o} {deed.path}")
    if overrides:
        text = "".join(f"{line}\n" for line in (*before, *overrides))
        entries[_OVERRIDES] = file(_OVERRIDES, text.encode("utf-8", "surrogateescape"))
    return list(entries.values()), left


def _entry(deed: Permission, accounts: Accounts, captured: Mapping[str, bytes]) -> Entry | None:
    path = deed.path.lstrip("/")
    uid, gid = (
        accounts.uid(deed.owner.user or "root"),
        accounts.gid(deed.owner.group or "root"),
    )
    if deed.mode is None or uid is None or gid is None or path not in captured:
        return None
    return Entry(path, Kind.FILE, deed.mode, Literal(captured[path]), uid=uid, gid=gid)
