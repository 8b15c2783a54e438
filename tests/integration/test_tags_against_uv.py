"""The wheel that we choose for each Python, C library and architecture is the one uv chooses."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.interpreters import pretend
from integration.uv_oracle import run_uv
from integration.wheel_server import WheelServer, serve_wheels
from lamina.lock.target import Libc, Target, make_target
from lamina.lock.uvlock import parse
from lamina.oci.descriptor import Platform
from unit.lock.locks import filenames

pytestmark = pytest.mark.integration

MINORS = range(8, 16)
PYTHONS = [*(f"3.{minor}" for minor in MINORS), "3.13t", "3.14t", "3.15t"]

LIBCS = ["glibc 2.41", "musl 1.2", "glibc 2.17"]
CASES = [
    *(("linux/amd64", python, LIBCS[number % 3]) for number, python in enumerate(PYTHONS)),
    ("linux/arm64", "3.8", "musl 1.2"),
    ("linux/arm64", "3.14t", "glibc 2.36"),
    ("linux/386", "3.12", "glibc 2.31"),
    ("linux/arm/v5", "3.11", "glibc 2.36"),
    ("linux/arm/v6", "3.12", "musl 1.2"),
    ("linux/arm/v7", "3.14t", "glibc 2.31"),
    ("linux/ppc64le", "3.12", "glibc 2.28"),
    ("linux/s390x", "3.12", "musl 1.2"),
    ("linux/riscv64", "3.13", "glibc 2.39"),
    ("linux/loong64", "3.13", "glibc 2.38"),
]


def target_of(platform: str, python: str, libc: str) -> Target:
    kind, _, version = libc.partition(" ")
    major, minor = map(int, version.split("."))
    return make_target(
        Platform.parse(platform),
        python.removesuffix("t") + ".1",
        Libc("musl" if kind == "musl" else "glibc", (major, minor)),
        free_threaded=python.endswith("t"),
    )


def assorted_lock(machine: str, minor: int, count: int) -> str:
    """Return a lock whose packages have wheels of every sort, in every order."""
    chance = random.Random(f"{machine} {minor}")
    near = [m for m in (minor - 1, minor, minor + 1) if m > 6]
    pythons = [
        *(f"cp3{m}-cp3{m}" for m in near),
        *(f"cp3{m}-cp3{m}t" for m in near),
        *(f"cp3{m}-abi3" for m in (2, 7, 9, minor, minor + 1)),
        *(f"cp3{m}-abi3t" for m in (7, 13, minor, minor + 1)),
        *(f"cp3{m}-abi3.abi3t" for m in (15, minor)),
        *(f"cp3{minor}-none", f"cp3{minor}.py3-none", f"cp3{minor - 1}-none", "py3-none"),
        *(f"py3{m}-none" for m in (0, minor - 2, minor, minor + 1)),
        *("cp37.cp38-abi3", "py2.py3-none", "pp310-pypy310_pp73"),
    ]  # fmt: skip
    platforms = [
        *(f"manylinux_2_{m}_{machine}" for m in (5, 12, 17, 27, 28, 31, 36, 38, 39, 41, 42)),
        *(f"musllinux_1_{m}_{machine}" for m in (0, 1, 2, 3)),
        *(f"{old}_{machine}" for old in ("manylinux1", "manylinux2010", "manylinux2014", "linux")),
        f"manylinux_2_17_{machine}.manylinux2014_{machine}.manylinux_2_28_{machine}",
        *("any", "any", "win_amd64", "macosx_11_0_arm64", "linux_mips64"),
    ]
    needs = ", ".join(f'{{ name = "p{number}" }}' for number in range(count))
    head = 'version = 1\nrequires-python = ">=3.8"\n'
    app = f'[[package]]\nname = "app"\nsource = {{ virtual = "." }}\ndependencies = [{needs}]\n'
    packages = []
    for number in range(count):
        names = {
            f"p{number}-1.0-{chance.choice(['', '', '', '', '1-', '10-', '2b-'])}"
            f"{chance.choice(pythons)}-{chance.choice(platforms)}.whl"
            for _ in range(chance.randint(2, 14))
        }
        names.add(f"p{number}-1.0-py2.py3-none-any.whl")
        wheels = sorted(names, key=lambda _: chance.random())
        listed = ",\n".join(f'{{ url = "https://files.example/{name}" }}' for name in wheels)
        packages.append(
            f'[[package]]\nname = "p{number}"\nversion = "1.0"\n'
            f'source = {{ registry = "https://index.example/simple" }}\nwheels = [\n{listed},\n]\n'
        )
    return "\n".join([head, app, *packages])


@pytest.fixture(scope="module")
def server() -> Iterator[WheelServer]:
    with serve_wheels() as server:
        yield server


@pytest.mark.parametrize(("platform", "python", "libc"), CASES)
def test_uv_takes_the_same_wheel_of_every_sort(
    platform: str, python: str, libc: str, server: WheelServer, tmp_path: Path
) -> None:
    target = target_of(platform, python, libc)
    machine = target.marker_environment["platform_machine"]
    text = server.take_over(assorted_lock(machine, target.python.minor, count=40))
    (tmp_path / "uv.lock").write_text(text)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.8"\n'
    )
    flags = ["--no-emit-project", "--no-header", "-o", str(tmp_path / "pylock.toml")]
    exported = run_uv(tmp_path, "export", "--frozen", *flags)
    assert exported.returncode == 0, exported.stderr
    server.asked.clear()

    done = run_uv(
        tmp_path,
        *["pip", "sync", "--preview-features", "pylock", "--no-build", "--no-verify-hashes"],
        *["--python", str(pretend(target, tmp_path / "python")), "pylock.toml"],
        *["--target", str(tmp_path / "target"), "--cache-dir", str(tmp_path / "cache")],
        env={"UV_PYTHON": ""},
    )

    assert done.returncode == 0, done.stderr
    assert set(filenames(parse(text), target)) == server.asked
