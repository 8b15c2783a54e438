"""The list of shells that users may have (shells(5)), with those that `add-shell` adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lamina.archive.entry import Entry, file
from lamina.system.scripts.deeds import Deed, Shell

_PATH = "etc/shells"


def shells(wanted: Iterable[Deed], base: Mapping[str, bytes]) -> list[Entry]:
    """Return the list with what is missing in the base's; a base without a list gets none."""
    if _PATH not in base:
        return []
    lines = base[_PATH].decode("utf-8", "surrogateescape").splitlines()
    before = len(lines)
    for deed in wanted:
        if isinstance(deed, Shell) and deed.path not in lines:
            lines.append(deed.path)
    if len(lines) == before:
        return []
    return [file(_PATH, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))]
