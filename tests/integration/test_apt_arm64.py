"""Packages for another architecture: laid out with no emulator, and started with one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engines import find_program
from integration import file_trees
from integration.debian_root import add_null
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, write_project

pytestmark = [pytest.mark.integration, pytest.mark.network]

AARCH64 = 183
"""Of the ELF header (elf(5), ``e_machine``)."""
EMULATOR = "qemu-aarch64-static"
QUICK = {
    "curl": (["curl", "--version"], "curl 7.88.1 (aarch64-unknown-linux-gnu)"),
    "git": (["git", "--version"], "git version 2.39.5"),
    "libmagic1": (
        ["python3", "-c", "import ctypes; print(ctypes.CDLL('libmagic.so.1').magic_version())"],
        "544",
    ),
    "tini": (["tini", "--version"], "tini version 0.19.0"),
}
SLOW = {
    "ffmpeg": (["ffmpeg", "-version"], "ffmpeg version 5.1"),
    "poppler-utils": (["pdftotext", "-v"], "pdftotext version 22.12.0"),
    "libgomp1": (["python3", "-c", "import ctypes; ctypes.CDLL('libgomp.so.1')"], ""),
    "libpq5": (["python3", "-c", "import ctypes; ctypes.CDLL('libpq.so.5')"], ""),
    "libgl1": (["python3", "-c", "import ctypes; ctypes.CDLL('libGL.so.1')"], ""),
    "libglib2.0-0": (["python3", "-c", "import ctypes; ctypes.CDLL('libglib-2.0.so.0')"], ""),
    "libxml2": (["python3", "-c", "import ctypes; ctypes.CDLL('libxml2.so.2')"], ""),
    "libgeos-c1v5": (["python3", "-c", "import ctypes; ctypes.CDLL('libgeos_c.so.1')"], ""),
}
"""By package, a command and how its output begins."""


@dataclass(frozen=True)
class Emulated:
    """The files of an image, and its programs, run by an emulator."""

    root: Path
    commands: dict[str, tuple[list[str], str]]

    def run(self, name: str, *arguments: str) -> str:
        """Run a program of the image, which may not start others."""
        found = shutil.which(name, path=f"{self.root}/usr/bin:{self.root}/opt/venv/bin")
        assert found is not None, name
        path = f"/{Path(found).relative_to(self.root)}"
        command = [find_program("chroot"), str(self.root), f"/{EMULATOR}", path, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={})
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def programs(self) -> Iterator[Path]:
        """Give all files that the kernel or the loader would start."""
        for parent, _, files in os.walk(self.root):
            for name in files:
                path = Path(parent, name)
                if path.name != EMULATOR and path.is_file() and not path.is_symlink():
                    with path.open("rb") as file:
                        if file.read(4) == b"\x7fELF":
                            yield path


@pytest.fixture(scope="module", params=["quick", pytest.param("all", marks=pytest.mark.apt)])
def emulated(
    request: pytest.FixtureRequest, lamina: Lamina, tmp_path_factory: pytest.TempPathFactory
) -> Emulated:
    commands = QUICK if request.param == "quick" else QUICK | SLOW
    folder = tmp_path_factory.mktemp("arm64")
    project = write_project(folder / "project", [LocalWheel("demo")])
    layout, root = folder / "image", folder / "root"
    apt = [part for name in commands for part in ("--apt", name)]
    options = ("--base", "debian:bookworm", "--platform", "linux/arm64", "-o", f"oci:{layout}")
    lamina("build", project, *options, *apt)
    root.mkdir()
    for blob in file_trees.layer_blobs(layout, "arm64"):
        subprocess.run(["tar", "-xpzf", str(blob), "-C", str(root)], check=True, umask=0)
    add_null(root)
    shutil.copy2(find_program(EMULATOR), root / EMULATOR)
    return Emulated(root, dict(commands))


def test_programs_and_libraries_start(emulated: Emulated) -> None:
    for name, (command, start) in emulated.commands.items():
        assert emulated.run(*command).startswith(start), name


def test_no_program_is_of_another_machine(emulated: Emulated) -> None:
    machines = {}
    for path in emulated.programs():
        with path.open("rb") as file:
            machines[path] = int.from_bytes(file.read(20)[18:20], "little")

    assert {path for path, machine in machines.items() if machine != AARCH64} == set()
    assert len(machines) > 100


def test_the_database_is_of_that_architecture(emulated: Emulated) -> None:
    command = ["dpkg-query", f"--admindir={emulated.root}/var/lib/dpkg", "-W"]
    form = "-f=${Package} ${Architecture} ${db:Status-Abbrev}\n"
    said = subprocess.run([*command, form], capture_output=True, text=True, check=True).stdout

    listed = [line.split() for line in said.splitlines()]
    assert {architecture for _, architecture, _ in listed} == {"arm64", "all"}
    assert {state for _, _, state in listed} == {"ii"}
    assert emulated.commands.keys() <= {name for name, _, _ in listed}
