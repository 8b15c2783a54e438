"""What dpkg, apt and scanners read of packages that are installed: `deb-status` and ``info``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lamina.archive.entry import Entry, file
from lamina.deb.status import INFO, STATUS, STATUS_FOLDER, merged
from lamina.system.notes import PackageNotes
from lamina.system.small_files import SmallFiles

_SCRIPTS = frozenset({"preinst", "postinst", "prerm", "postrm", "config"})
_FORMAT = f"{INFO}/format"


def database(notes: Sequence[PackageNotes], base: SmallFiles, architecture: str) -> Iterator[Entry]:
    """Give the files that say what is installed, as the base says it of its own packages."""
    if base.has_status:
        yield from _dpkg(notes, base, architecture)
    else:
        yield from _scattered(notes)


def _dpkg(notes: Sequence[PackageNotes], base: SmallFiles, architecture: str) -> Iterator[Entry]:
    status = base.files[STATUS].decode("utf-8", "surrogateescape")
    text = merged(status, [each.stanza() for each in notes], architecture)
    yield file(STATUS, text.encode("utf-8", "surrogateescape"))
    if _FORMAT not in base.files:
        yield file(_FORMAT, b"1\n")
    for each in notes:
        name = each.info_name
        yield file(f"{INFO}/{name}.list", "".join(f"{path}\n" for path in each.listed).encode())
        for kind, data in sorted(each.control.items()):
            if kind != "control":
                mode = 0o755 if kind in _SCRIPTS else 0o644
                yield file(f"{INFO}/{name}.{kind}", data, mode)


def _scattered(notes: Sequence[PackageNotes]) -> Iterator[Entry]:
    """Give a file for each package, as distroless has them, where scanners look as well."""
    for each in notes:
        yield file(f"{STATUS_FOLDER}/{each.name}", each.stanza(is_installed=False).encode())
        if "md5sums" in each.control:
            yield file(f"{STATUS_FOLDER}/{each.name}.md5sums", each.control["md5sums"])
