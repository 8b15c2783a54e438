"""Modes, owners and capabilities that maintainer scripts would have given to what packages ship.

Such a file stands once more in a layer above its package's, whose owners must not depend on the
accounts of a base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lamina.archive.entry import Entry, Kind, Literal, file
from lamina.system.made.users import Accounts
from lamina.system.notes import Shipped
from lamina.system.scripts.capabilities import capabilities_of
from lamina.system.scripts.deeds import Deed, Permission

_OVERRIDES = "var/lib/dpkg/statoverride"
_SETID = 0o6000


def permissions(
    wanted: Iterable[Deed],
    accounts: Accounts,
    shipped: Mapping[str, Shipped],
    captured: Mapping[str, bytes],
    base: Mapping[str, bytes],
) -> tuple[list[Entry], list[Permission]]:
    """Return what is changed, and those deeds that nothing was made of.

    ``shipped`` has what lies at the paths, ``captured`` the bytes of files; what is not there, or
    whose owner is unknown, is left as it was. What dpkg is to remember stands in its own file,
    after the lines of the base, which come first as they do for scripts: an administrator has
    written them.
    """
    entries: dict[str, Entry] = {}
    left: list[Permission] = []
    before = base.get(_OVERRIDES, b"").decode("utf-8", "surrogateescape").splitlines()
    known = {line.rpartition(" ")[2] for line in before}
    overrides: list[str] = []
    for deed in wanted:
        if not isinstance(deed, Permission) or deed.path in known:
            continue
        entry = _entry(deed, accounts, shipped, captured)
        if entry is None:
            left.append(deed)
            continue
        entries[entry.path] = entry
        if deed.is_override:
            owner, mode = deed.owner, entry.mode
            overrides.append(f"{owner.user} {owner.group} {mode:o} {deed.path}")
    if overrides:
        text = "".join(f"{line}\n" for line in (*before, *overrides))
        entries[_OVERRIDES] = file(_OVERRIDES, text.encode("utf-8", "surrogateescape"))
    return list(entries.values()), left


def _entry(
    deed: Permission,
    accounts: Accounts,
    shipped: Mapping[str, Shipped],
    captured: Mapping[str, bytes],
) -> Entry | None:
    path = deed.path.lstrip("/")
    there = shipped.get(path)
    if there is None:
        return None
    uid = accounts.uid(deed.owner.user) if deed.owner.user else there.uid
    gid = accounts.gid(deed.owner.group) if deed.owner.group else there.gid
    if uid is None or gid is None:
        return None
    if there.kind is Kind.DIRECTORY:
        mode = deed.mode.of(there.mode, is_directory=True)
        return None if deed.capabilities else Entry(path, there.kind, mode, uid=uid, gid=gid)
    if path not in captured:
        return None
    # The kernel takes these from a file whose owner changes; what `chmod` says comes after that.
    before = there.mode & ~_SETID if deed.owner.user or deed.owner.group else there.mode
    return Entry(
        path,
        Kind.FILE,
        deed.mode.of(before),
        Literal(captured[path]),
        uid=uid,
        gid=gid,
        capabilities=capabilities_of(deed.capabilities) if deed.capabilities else b"",
    )
