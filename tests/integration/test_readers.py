"""Layers as other programs read them: GNU tar, gzip, pigz, igzip."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders import STORED, Item, deflated, write_wheel
from engines import find_program
from golden.cases import SPLICED, WHEELS
from lamina.archive.blob import Written
from lamina.archive.entry import Kind
from lamina.archive.splice import splice
from lamina.wheel.file import WheelFile
from lamina.wheel.scheme import Scheme
from lamina.wheel.unpack import layer_entries, unpack
from layers import MTIME

pytestmark = pytest.mark.integration

SCHEME = Scheme("/opt/venv", "3.12")
GUNZIP = [["gzip", "-dc"], ["pigz", "-dc"], ["pigz", "-dc", "-p1"], ["igzip", "-dc"]]


@dataclass(frozen=True)
class LayerFile:
    """A layer on disk, with what is said of it and what its files hold."""

    path: Path
    written: Written
    files: dict[str, tuple[bytes, int]]


def make_layer(folder: Path, wheels: list[Path]) -> LayerFile:
    path = folder / "layer.tar.gz"
    with ExitStack() as stack, path.open("wb") as file:
        opened = [stack.enter_context(WheelFile(wheel, wheel.name)) for wheel in wheels]
        entries = list(layer_entries(unpack(wheel, SCHEME) for wheel in opened))
        written = splice(entries, file.write, mtime=MTIME)
        files = {
            entry.path: (b"".join(entry.content.chunks()), entry.mode)
            for entry in entries
            if entry.kind is Kind.FILE
        }
    return LayerFile(path, written, files)


def large(folder: Path) -> Path:
    """Return a wheel of many members of every shape, of some tens of megabytes."""
    chance = random.Random(1)
    noise = chance.randbytes(300_000)
    text = noise.hex().encode()
    items = [Item("large/zeros.bin", bytes(20_000_000)), Item("large/text.txt", text * 5)]
    for n in range(2000):
        start, size = chance.randrange(200_000), chance.randrange(30_000)
        data = text[start : start + size]
        level, memory = chance.randrange(10), chance.randrange(1, 10)
        raw = deflated(data, level=level, memory=memory, strategy=chance.randrange(5))
        items.append(Item(f"large/{n % 20}/{n}.py", data, raw=raw))
        items.append(Item(f"large/{n % 20}/{n}.bin", noise[start : start + size // 9], STORED))
    return write_wheel(folder, *items, name="large")


@pytest.fixture(scope="module", params=[*SPLICED, "large"])
def layer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LayerFile:
    """Layers of the golden wheels, and of a large one."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "large":
        return make_layer(folder, [large(folder)])
    names = SPLICED[request.param][2]
    return make_layer(folder, [WHEELS / f"{name}-1.0-py3-none-any.whl" for name in names])


@pytest.mark.parametrize("command", GUNZIP, ids=" ".join)
def test_every_gunzip_gives_the_bytes_of_the_diff_id(layer: LayerFile, command: list[str]) -> None:
    done = subprocess.run(
        [find_program(command[0]), *command[1:], layer.path], capture_output=True, check=True
    )

    assert done.stderr == b""
    assert hashlib.sha256(done.stdout).hexdigest() == layer.written.diff_id.hex
    assert len(done.stdout) == layer.written.unpacked_size


@pytest.mark.parametrize("command", [["gzip", "-t"], ["pigz", "-t"]], ids=" ".join)
def test_every_gunzip_finds_the_file_sound(layer: LayerFile, command: list[str]) -> None:
    done = subprocess.run(
        [find_program(command[0]), *command[1:], layer.path], capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("through", ["gzip", "pigz", "igzip"])
def test_gnu_tar_unpacks_the_files(layer: LayerFile, tmp_path: Path, through: str) -> None:
    command = [find_program("tar"), "-x", "-p", "--no-same-owner", "-f", str(layer.path)]
    done = subprocess.run(
        [*command, "-C", str(tmp_path), f"--use-compress-program={find_program(through)}"],
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )

    assert done.stderr == b""
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    found = {
        path.relative_to(tmp_path).as_posix(): (path.read_bytes(), path.stat().st_mode & 0o7777)
        for path in files
    }
    assert found == layer.files
    # Not of directories: GNU tar dates them before it comes back to them. Engines do it last.
    assert {int(path.stat().st_mtime) for path in files} == {MTIME}
