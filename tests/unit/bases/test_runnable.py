"""What of a base's layers its interpreter gets; whether it then runs is tried with real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from images import Member, link, make_layer
from lamina.bases import runnable
from lamina.bases.base import BaseError
from lamina.bases.runnable import take_out
from lamina.oci.layer import Layer
from lamina.plan.base import BasePython

X86, ARM = b"\x7fELF\x02\x01" + bytes(12) + b"\x3e\0", b"\x7fELF\x02\x01" + bytes(12) + b"\xb7\0"
ASKS = b"\0/lib64/ld-linux-x86-64.so.2\0"
PYTHON = BasePython("/usr/bin/python3.12", "3.12.4")


def plain(*more: Member) -> Layer:
    """Return a layer with an interpreter, a loader, a library and a module."""
    return make_layer(
        Member("usr/bin/python3.12", data=X86 + ASKS),
        link("lib64", "usr/lib64"),
        link("lib", "usr/lib"),
        link("usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
        Member("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", data=X86 + b"loader"),
        Member("usr/lib/x86_64-linux-gnu/libc.so.6", data=X86 + b"libc"),
        Member("usr/lib/x86_64-linux-gnu/libz.so.1.3", data=X86 + b"libz"),
        link("usr/lib/x86_64-linux-gnu/libz.so.1", "libz.so.1.3"),
        Member("usr/lib/python3.12/os.py", data=b"os"),
        Member("usr/lib/python3.12/encodings/utf_8.py", data=b"utf_8"),
        Member("usr/lib/python3.12/lib-dynload/unicodedata.cpython-312.so", data=b"names"),
        Member("usr/lib/python3.12/lib-dynload/_codecs_jp.cpython-312.so", data=b"jp"),
        *more,
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Return what lies where the interpreter looks."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for name in ("home", "libraries")
        for path in sorted((folder / name).rglob("*"))
        if path.is_file()
    }


def test_the_interpreter_is_started_by_its_own_loader(tmp_path: Path) -> None:
    found = take_out([plain()], PYTHON, tmp_path)

    loader, option, libraries, executable = found.words
    assert Path(loader).read_bytes() == X86 + b"loader"
    assert (option, libraries) == ("--library-path", str(tmp_path / "libraries"))
    assert Path(executable).read_bytes() == X86 + ASKS
    assert Path(executable).stat().st_mode & 0o111
    assert found.environment == {"PYTHONHOME": str(tmp_path / "home")}
    assert tree(tmp_path) == {
        "home/lib/python3.12/encodings/utf_8.py": b"utf_8",
        "home/lib/python3.12/lib-dynload/_codecs_jp.cpython-312.so": b"jp",
        "home/lib/python3.12/lib-dynload/unicodedata.cpython-312.so": b"names",
        "home/lib/python3.12/os.py": b"os",
        "libraries/ld-linux-x86-64.so.2": X86 + b"loader",
        "libraries/libc.so.6": X86 + b"libc",
        "libraries/libz.so.1": X86 + b"libz",
        "libraries/libz.so.1.3": X86 + b"libz",
    }


def test_nothing_else_is_taken(tmp_path: Path) -> None:
    take_out(
        [
            plain(
                Member("usr/lib/python3.12/test/test_os.py", data=b"no"),
                Member("usr/lib/python3/dist-packages/a.py", data=b"no"),
                Member("usr/lib/python3.12/lib-dynload/_ssl.cpython-312.so", data=b"no"),
                Member("usr/lib/x86_64-linux-gnu/gconv/UTF-16.so", data=X86),
                Member("etc/passwd", data=b"no"),
                Member("usr/lib/arm/libc.so.6", data=ARM),
                Member("usr/lib/aarch64-linux-gnu/libc.so.6", data=ARM),
            )
        ],
        PYTHON,
        tmp_path,
    )

    assert not any(data in (b"no", X86, ARM) for data in tree(tmp_path).values())


def test_what_a_higher_layer_has_counts(tmp_path: Path) -> None:
    higher = make_layer(
        Member("usr/lib/x86_64-linux-gnu/libc.so.6", data=X86 + b"new"),
        Member("usr/lib/python3.12/.wh.os.py", data=b""),
        Member("usr/lib/x86_64-linux-gnu/.wh.libz.so.1", data=b""),
    )

    take_out([plain(), higher], PYTHON, tmp_path)

    found = tree(tmp_path)
    assert found["libraries/libc.so.6"] == X86 + b"new"
    assert "home/lib/python3.12/os.py" not in found
    assert "libraries/libz.so.1" not in found


def test_one_that_is_linked_statically_needs_no_loader(tmp_path: Path) -> None:
    found = take_out([make_layer(Member("usr/bin/python3.12", data=X86))], PYTHON, tmp_path)

    assert len(found.words) == 1


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (make_layer(), "the base has no file `/usr/bin/python3.12`"),
        (
            make_layer(Member("usr/bin/python3.12", data=b"#!/bin/sh")),
            "`/usr/bin/python3.12` is no program",
        ),
        (
            make_layer(Member("usr/bin/python3.12", data=X86 + ASKS)),
            "the base has no file `/lib64/ld-linux-x86-64.so.2`",
        ),
        (
            make_layer(Member("../usr/bin/python3.12", data=X86)),
            "A path leaves the root of the image: '../usr/bin/python3.12'",
        ),
    ],
)
def test_a_base_whose_python_cannot_run_is_refused(tmp_path: Path, layer: Layer, why: str) -> None:
    with pytest.raises(BaseError) as caught:
        take_out([layer], PYTHON, tmp_path)

    assert str(caught.value) == f"Unable to run the Python of the base image here: {why}"


def test_no_more_is_taken_than_a_disk_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runnable, "LIMIT", 10)

    with pytest.raises(BaseError) as caught:
        take_out([plain()], PYTHON, tmp_path)

    assert str(caught.value).endswith("what it needs has more than 10 bytes")
