"""The version of musl, as its loader says it."""

from __future__ import annotations

from pathlib import Path

from lamina.pythons.musl import find_musl


def write_loader(folder: Path, *lines: str) -> None:
    said = "\n".join(lines)
    path = folder / "ld-musl-x86_64.so.1"
    path.write_text(f"#!/bin/sh\ncat >&2 <<END\n{said}\nEND\nexit 1\n")
    path.chmod(0o755)


def test_the_loader_is_asked(tmp_path: Path) -> None:
    write_loader(tmp_path, "musl libc (x86_64)", "Version 1.2.4", "Dynamic Program Loader")

    assert find_musl(tmp_path) == "musl 1.2"


def test_what_says_nothing_is_no_musl(tmp_path: Path) -> None:
    assert find_musl(tmp_path) is None
    write_loader(tmp_path, "something else")
    assert find_musl(tmp_path) is None
