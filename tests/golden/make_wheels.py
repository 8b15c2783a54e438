"""Make the wheels of the golden cases: once, since their bytes are those of some compressor.

They are files of this repository. Run this for new ones only: another zlib may write others.
"""

from __future__ import annotations

import random
from pathlib import Path

from builders import (
    BZIP2,
    DESCRIPTOR,
    LZMA,
    STORED,
    ZSTANDARD,
    Item,
    deflated,
    directory,
    link,
    write_wheel,
)

FOLDER = Path(__file__).parent / "wheels"
WORDS = b"To be, or not to be, that is the question. "


def make_wheels(folder: Path) -> None:
    """Write all of them into ``folder``."""
    noise = random.Random(1).randbytes(3000).hex().encode()
    write_wheel(
        folder,
        Item("plain/__init__.py"),
        Item("plain/one_block.py", b"x = 1\n" * 20),
        *(Item(f"plain/end_{n}.py", WORDS[: 5 + n]) for n in range(8)),
        Item("plain/blocks.txt", noise, raw=deflated(noise, memory=1)),
        Item("plain/after.txt", WORDS * 40),
        Item("plain/stored.bin", noise[:2000], STORED),
        Item("plain/level_0.bin", noise[:300], raw=deflated(noise[:300], level=0)),
        Item("plain/fixed.txt", WORDS, raw=deflated(WORDS, strategy=4)),
        Item("plain/tool", b"\x7fELF" + bytes(600), mode=0o100755),
        directory("plain/empty"),
        Item("plain-1.0.data/scripts/run", b"#!python\nprint('run')\n"),
        Item("plain-1.0.data/data/share/plain.txt", b"data\n"),
        Item("plain-1.0.data/headers/plain.h", b"#define PLAIN\n"),
        Item("plain-1.0.dist-info/entry_points.txt", b"[console_scripts]\nplain = plain:main\n"),
        name="plain",
    )
    write_wheel(
        folder,
        Item("odd/bzip2.txt", WORDS * 30, BZIP2),
        Item("odd/lzma.txt", WORDS * 30, LZMA),
        Item("odd/zstandard.txt", WORDS * 30, ZSTANDARD),
        Item("odd/zip64.txt", WORDS * 30, zip64=True),
        Item("odd/descriptor.txt", WORDS * 30, flags=DESCRIPTOR),
        Item("odd/zeros.bin", bytes(70_000), STORED),
        Item("odd/é/naïve, \"quoted\".py", WORDS),
        Item(f"odd/{'p' * 120}/split.py", WORDS),
        Item(f"odd/{'n' * 120}.py", WORDS),
        link("odd/link.py", "zip64.txt"),
        name="odd",
    )  # fmt: skip


if __name__ == "__main__":
    make_wheels(FOLDER)
