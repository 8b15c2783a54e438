from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lamina.lock.target import Libc, Target, make_target
from lamina.make.fitting import DoesNotFit, ForeignWheels, check_fits
from lamina.make.symbols import needed_glibc
from lamina.oci.descriptor import Platform
from pythons import interpreter

AMD64 = make_target(Platform("linux", "amd64"), "3.12.4", Libc("glibc", (2, 31)))
MUSL = make_target(Platform("linux", "amd64"), "3.12.4", Libc("musl", (1, 2)))
PURE, COMPILED = "a-1-py3-none-any.whl", "a-1-cp312-cp312-linux_x86_64.whl"


def wheel(path: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_the_newest_version_that_an_elf_file_names_counts(tmp_path: Path) -> None:
    names = b"\0GLIBC_2.4\0GLIBC_2.34\0GLIBC_2.17\0GLIBC_PRIVATE\0"
    far = bytes((1 << 20) - 10) + b"\0GLIBC_2.35\0"

    assert needed_glibc(wheel(tmp_path / "a.whl", x=b"\x7fELF" + names)) == 34
    assert needed_glibc(wheel(tmp_path / "b.whl", x=b"\x7fELF" + names, y=b"\x7fELF" + far)) == 35
    assert needed_glibc(wheel(tmp_path / "c.whl", x=names, y=b"")) is None


@pytest.mark.parametrize("target", [AMD64, MUSL])
def test_a_pure_wheel_fits_everywhere_and_asks_nobody(target: Target) -> None:
    check_fits("a 1", PURE, None, lambda: pytest.fail("asked"), target)


def test_a_compiled_wheel_that_can_be_loaded_fits() -> None:
    check_fits("a 1", COMPILED, 31, interpreter, AMD64)
    check_fits("a 1", COMPILED, None, interpreter, AMD64)


@pytest.mark.parametrize(
    ("filename", "glibc", "python", "target", "why"),
    [
        (COMPILED, 34, "3.12.1", AMD64, "needs glibc 2.34, the base has glibc 2.31"),
        (COMPILED, None, "3.12.1", MUSL, "was built with glibc, the base has musl 1.2"),
        (
            "a-1-cp311-cp311-linux_x86_64.whl",
            None,
            "3.11.2",
            AMD64,
            "was built as cp311-cp311-linux_x86_64: no Python 3.12 was found to build it with",
        ),
        (
            "a-1-cp312-cp312-linux_aarch64.whl",
            None,
            "3.12.1",
            AMD64,
            "was built as cp312-cp312-linux_aarch64",
        ),
    ],
)
def test_a_compiled_wheel_that_cannot_be_loaded_is_refused(
    filename: str, glibc: int | None, python: str, target: Target, why: str
) -> None:
    with pytest.raises(DoesNotFit) as caught:
        check_fits("a 1", filename, glibc, lambda: interpreter(python), target)

    assert caught.value.why == why
    assert str(caught.value) == f"Unable to use the wheel of `a 1` that was built here: {why}"


def test_all_misfits_are_told_at_once() -> None:
    error = ForeignWheels(AMD64, [DoesNotFit("long-name 1", "b"), DoesNotFit("a 1", "c")])

    assert str(error) == (
        "What has compiled parts must be built on linux/amd64, Python 3.12\n"
        "  a 1           c\n"
        "  long-name 1   b"
    )
    assert error.hint == "Run `lamina` on such a machine, or lock versions that have wheels for it"
