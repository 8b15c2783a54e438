"""Which wheels a base takes: by its Python, its C library and its architecture."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from builders import Item, make_wheel
from images import Member, link, make_image, make_layer, write_layout
from integration.file_trees import layer_blobs
from lamina.oci.config import ImageConfig
from layers import gunzip, untar
from projects import LockedProject, sha256
from unit.cli.program import Program

MUSL = Member("lib/ld-musl-x86_64.so.1", data=b"musl libc\0" + b"1.2.5\0")


def glibc(version: str) -> Member:
    text = f"GNU C Library (Debian) stable release version {version}.\n"
    return Member("lib/x86_64-linux-gnu/libc.so.6", data=text.encode())


def write_base(folder: Path, libc: Member, python: str, version: str) -> None:
    """Write the layout of a base with the few files that tell what it has."""
    image = make_image(
        make_layer(
            libc,
            Member(f"usr/local/bin/python{python}", mode=0o755),
            link("usr/local/bin/python3", f"python{python}"),
            Member(
                f"usr/local/include/python{python}/patchlevel.h",
                data=f'#define PY_VERSION "{version}"\n'.encode(),
            ),
        ),
        config=ImageConfig("amd64", env={"PATH": "/usr/local/bin"}),
    )
    write_layout(folder, [("", image)])


def lock_native(locked: LockedProject, tags: Iterable[str], there: str = "") -> None:
    """Lock a distribution whose wheels are in a folder; only the one of ``there`` is."""
    data = make_wheel(Item("native.py", b"ONE = 1\n"), name="native")
    (locked.folder / "wheels").mkdir(parents=True)
    if there:
        (locked.folder / "wheels" / f"native-1.0-{there}.whl").write_bytes(data)
    wheels = ", ".join(
        f'{{ path = "native-1.0-{each}.whl", hash = "{sha256(data)}" }}' for each in tags
    )
    locked.listed("native", f"wheels = [{wheels}]\n")
    locked.packages["native"] = locked.packages["native"].replace(
        "https://index.example/simple", "wheels"
    )
    locked.write()


MANYLINUX, NEWER = "cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_34_x86_64"
MUSLLINUX = "cp312-cp312-musllinux_1_2_x86_64"


@pytest.mark.parametrize(
    ("libc", "wheel"),
    [(MUSL, MUSLLINUX), (glibc("2.31"), MANYLINUX), (glibc("2.36"), NEWER)],
    ids=["musl", "an older glibc", "a newer glibc"],
)
def test_the_c_library_of_the_base_decides(
    libc: Member, wheel: str, locked: LockedProject, program: Program
) -> None:
    write_base(program.root / "base", libc, "3.12", "3.12.4")
    lock_native(locked, [MANYLINUX, NEWER, MUSLLINUX], there=wheel)

    ended = program("build", "project", "--base", "oci:base", "-o", "oci:out")

    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    ("libc", "wheel", "why", "wanted", "had"),
    [
        (glibc("2.31"), NEWER, "glibc 2.34, the base has 2.31", "glibc 2.34", "glibc 2.31"),
        (MUSL, MANYLINUX, "glibc 2.17, the base has musl 1.2", "glibc 2.17", "musl 1.2"),
        (glibc("2.31"), MUSLLINUX, "musl 1.2, the base has glibc 2.31", "musl 1.2", "glibc 2.31"),
    ],
    ids=["an older glibc", "musl", "glibc"],
)
def test_a_wheel_that_cannot_load_on_the_base_is_refused(
    libc: Member,
    wheel: str,
    why: str,
    wanted: str,
    had: str,
    locked: LockedProject,
    program: Program,
) -> None:
    write_base(program.root / "base", libc, "3.12", "3.12.4")
    lock_native(locked, [wheel], there=wheel)

    ended = program("build", "project", "--base", "oci:base", "-o", "oci:out")

    assert (ended.code, ended.err.partition("error: ")[2]) == (
        1,
        "No wheel of 1 project fits linux/amd64, Python 3.12\n"
        f"  native 1.0   needs {why}\n\n"
        f"hint: Choose a `--base` with {wanted} or newer, or lock versions that have wheels for "
        f"{had}\n",
    )


@pytest.mark.parametrize(
    ("python", "version", "wheel"),
    [
        ("3.15", "3.15.0b1", "cp315-cp315-manylinux_2_17_x86_64"),
        ("3.15t", "3.15.0", "cp315-abi3t-manylinux_2_17_x86_64"),
        ("3.13t", "3.13.1", "cp313-cp313t-manylinux_2_17_x86_64"),
        ("3.8", "3.8.20", "cp38-cp38-manylinux_2_17_x86_64"),
    ],
)
def test_the_environment_is_for_the_python_of_the_base(
    python: str, version: str, wheel: str, locked: LockedProject, program: Program
) -> None:
    write_base(program.root / "base", glibc("2.36"), python, version)
    locked.head = locked.head.replace(">=3.11", ">=3.8")
    locked.pyproject = locked.pyproject.replace(">=3.11", ">=3.8")
    lock_native(locked, [wheel], there=wheel)

    ended = program("build", "project", "--base", "oci:base", "-o", "oci:out")

    assert ended.code == 0, ended.err
    paths = {path for blob in layer_blobs(Path("out")) for path in untar(gunzip(blob.read_bytes()))}
    assert f"opt/venv/lib/python{python}/site-packages/native.py" in paths
    assert f"opt/venv/bin/python{python}" in paths
