"""Docker's own builds of Dockerfiles, upon images that are made here: no registry is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from engines import Engine, find_program
from integration import file_trees
from integration.example_image import Example
from integration.uv_oracle import find_python, full_version, uv_program

UV, BASE, SLIM = "uv:1", "python:3.10.14-slim", "python:3.11-slim"
APPLETS = ("sh", "readlink", "env", "ln", "mkdir")


@dataclass(frozen=True)
class Builder:
    """An engine with the images that the Dockerfiles begin with."""

    engine: Engine

    def build(self, folder: Path, dockerfile: str, tag: str) -> str:
        """Build, and return what was said."""
        command = self.engine.command(
            "build", "--network=host", "--progress=plain", f"--tag={tag}", "--file=-", str(folder)
        )
        environment = {**os.environ, **self.engine.environment, "DOCKER_BUILDKIT": "1"}
        done = subprocess.run(
            command, input=dockerfile, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    def environment_of(self, image: str, at: Path) -> Path:
        """Return a copy of the environment in an image."""
        self.unpack(image, at, "opt/venv")
        return at / "opt" / "venv"

    def unpack(self, image: str, at: Path, *paths: str) -> None:
        """Copy what is in an image to a folder: all of it, or these paths."""
        at.mkdir()
        container = self.engine("create", image).strip()
        with subprocess.Popen(
            self.engine.command("export", container), stdout=subprocess.PIPE
        ) as export:
            command = ["tar", "--numeric-owner", "-xp", "-C", str(at), *paths]
            subprocess.run(command, stdin=export.stdout, check=True, umask=0)
        self.engine("rm", container)


def add_images(engine: Engine, example: Example, folder: Path) -> Builder:
    """Add `BASE` and `UV` to an engine."""
    add_base(engine, example, folder / "base")
    (folder / "uv").mkdir()
    shutil.copy2(uv_program().resolve(), folder / "uv" / "uv")
    add_image(engine, folder / "uv", UV)
    return Builder(engine)


def add_base(engine: Engine, example: Example, root: Path) -> None:
    """Add what is like the official image of Python 3.10: a CPython in `/usr/local`, and a shell.

    Debian's packages are those that the example stands on.
    """
    root.mkdir()
    layers = example.report["platforms"][0]["layers"]
    count = sum(layer["kind"] == "base" for layer in layers)
    for blob in file_trees.layer_blobs(example.layout)[:count]:
        subprocess.run(["tar", "-xpzf", str(blob), "-C", str(root)], check=True, umask=0)
    python = Path(find_python("3.10")).resolve()
    local, prefix = root / "usr" / "local", python.parents[1]
    shutil.copytree(
        prefix / "lib",
        local / "lib",
        ignore=shutil.ignore_patterns("test", "tests", "__pycache__", "site-packages", "*.a"),
        symlinks=True,
        dirs_exist_ok=True,
    )
    (local / "bin").mkdir(exist_ok=True)
    shutil.copy2(python, local / "bin" / "python3.10")
    for name in ("python3", "python"):
        (local / "bin" / name).symlink_to("python3.10")
    add_shell(root / "usr" / "bin")
    (root / "etc" / "ld.so.conf").write_text("/usr/local/lib\n")
    subprocess.run(["chroot", str(root), "ldconfig"], check=True)
    variables = f"PATH=/usr/local/bin:/usr/bin:/bin PYTHON_VERSION={full_version(str(python))}"
    add_image(engine, root, BASE, f"ENV {variables}")


def add_slim(engine: Engine, layout: Path, root: Path) -> None:
    """Add a base that has apt, such as `slim_python.slim_python` makes."""
    root.mkdir()
    for blob in file_trees.layer_blobs(layout):
        command = ["tar", "-xpzf", str(blob), "-C", str(root), "--numeric-owner"]
        subprocess.run(command, check=True, umask=0)
    version = full_version(str(Path(find_python("3.11")).resolve()))
    path = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    variables = f"PATH={path} LANG=C.UTF-8 PYTHON_VERSION={version}"
    add_image(engine, root, SLIM, f"ENV {variables}", owners=())


def add_shell(folder: Path) -> None:
    """Add programs that need no C library."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(find_program("busybox"), folder / "busybox")
    for name in APPLETS:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("busybox")


def add_image(
    engine: Engine,
    root: Path,
    name: str,
    change: str = "CMD []",
    *,
    owners: tuple[str, ...] = ("--owner=0", "--group=0"),
) -> None:
    command = ["tar", "-c", "--numeric-owner", *owners, "-C", str(root), "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:
        engine("import", f"--change={change}", "-", name, stdin=tar.stdout)
