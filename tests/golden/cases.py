"""The layers whose digests are frozen."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from lamina.archive.blob import Written
from lamina.archive.entry import Entry, Kind, directory, file, symlink
from lamina.archive.layer import write_layer
from lamina.archive.splice import splice
from lamina.wheel.file import WheelFile
from lamina.wheel.scheme import Scheme
from lamina.wheel.unpack import layer_entries, unpack

WHEELS = Path(__file__).parent / "wheels"
MTIME = 1_000_000_000

OPT = Scheme("/opt/venv", "3.12")
APP = Scheme("/srv/app/.venv", "3.13", free_threaded=True)
URL = b'{"url":"https://index.example/plain-1.0-py3-none-any.whl","archive_info":{}}'

# Name of the case: scheme, direct_url.json, wheels.
SPLICED: dict[str, tuple[Scheme, bytes | None, tuple[str, ...]]] = {
    "plain": (OPT, None, ("plain",)),
    "odd": (OPT, None, ("odd",)),
    "shared": (OPT, None, ("odd", "plain")),
    "elsewhere": (APP, None, ("plain",)),
    "url": (OPT, URL, ("plain",)),
}

GENERATED: dict[str, list[Entry]] = {
    "empty": [],
    "files": [
        directory("srv"),
        directory("srv/private", 0o700),
        file("srv/run.sh", b"#!/bin/sh\nexec python\n", 0o755),
        file("srv/é", b"x" * 1000),
        file("srv/" + "n" * 150, b""),
        symlink("srv/link", "t" * 150),
        Entry("srv/hard", Kind.HARDLINK, target="srv/run.sh"),
        Entry("srv/owned", uid=1000, gid=1 << 22),
    ],
}


def spliced(case: str) -> Written:
    """Return what the wheels of a case become."""
    scheme, url, names = SPLICED[case]
    with ExitStack() as stack:
        wheels = []
        for name in names:
            path = WHEELS / f"{name}-1.0-py3-none-any.whl"
            wheel = stack.enter_context(WheelFile(path, path.name))
            wheels.append(unpack(wheel, scheme, url))
        return splice(layer_entries(wheels), lambda data: None, mtime=MTIME)


def generated(case: str) -> Written:
    """Return what the entries of a case become."""
    return write_layer(GENERATED[case], lambda data: None, mtime=MTIME)


def digests() -> dict[str, dict[str, dict[str, str]]]:
    """Return all that is frozen: blob and diff ID of spliced layers, diff ID of others."""
    wheels = {case: spliced(case) for case in SPLICED}
    return {
        "spliced": {
            case: {"digest": str(written.digest), "diff_id": str(written.diff_id)}
            for case, written in wheels.items()
        },
        "generated": {case: {"diff_id": str(generated(case).diff_id)} for case in GENERATED},
    }
