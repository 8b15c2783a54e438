"""Syncs on real disks that are full or read-only: what is said, and that nothing is lost.

What they need is mounted where nobody else sees it; see `mounts`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from integration import file_trees
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project
from integration.mounts import Mounts, own_mounts
from integration.synced import arguments, make_environment, tree
from integration.uv_oracle import find_python

pytestmark = pytest.mark.integration

MEGABYTE = 1 << 20
INSTEAD = "tests/unit/cli/test_sync.py lets the same calls fail"
UNFINISHED = (
    "\n\nhint: The environment is not finished; once this is mended, run the command again, which "
    "goes on from there\n"
)
OTHER_STORE = "\n\nhint: To keep the store elsewhere, pass `--store DIR` or set `LAMINA_STORE`\n"
FULL, READ_ONLY = "No space left on device", "Read-only file system"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wheels = [LocalWheel("large", [module("large"), noise("large", 2 * MEGABYTE)])]
    return write_project(tmp_path_factory.mktemp("project") / "local", wheels)


@pytest.fixture(scope="module")
def whole(project: Path, tmp_path_factory: pytest.TempPathFactory) -> file_trees.Tree:
    folder = tmp_path_factory.mktemp("whole")
    prefix = make_environment(folder / "venv")
    Lamina(folder / "store").within(VIRTUAL_ENV=str(prefix))(*arguments(project))
    return tree(prefix)


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    with own_mounts(INSTEAD) as opened:
        yield opened


@dataclass(frozen=True)
class Scene:
    """A folder for the environment, another one for the store, and what is mounted there."""

    mounts: Mounts
    project: Path
    root: Path

    @property
    def disk(self) -> Path:
        return self.root / "disk"

    @property
    def prefix(self) -> Path:
        return self.disk / "venv"

    @property
    def store(self) -> Path:
        return self.root / "store"

    def sync(self, *options: str, store: Path | None = None) -> subprocess.CompletedProcess[str]:
        lamina = Lamina(store or self.store).within(VIRTUAL_ENV=str(self.prefix))
        command = self.mounts.command(*lamina.command(*arguments(self.project), *options))
        return subprocess.run(
            command, env=lamina.env(), capture_output=True, text=True, check=False
        )

    def tree(self) -> file_trees.Tree:
        return tree(self.mounts.path(self.prefix))

    def used(self) -> int:
        """Return how much lies on the disk, in KiB."""
        found = os.statvfs(self.mounts.path(self.disk))
        return (found.f_blocks - found.f_bfree) * found.f_bsize // 1024

    def beside(self) -> list[str]:
        return sorted(path.name for path in self.mounts.path(self.disk).iterdir())


@pytest.fixture
def scene(mounts: Mounts, project: Path, tmp_path: Path) -> Scene:
    scene = Scene(mounts, project, tmp_path)
    for folder in (scene.disk, scene.store):
        folder.mkdir()
    return scene


def site(scene: Scene) -> Path:
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return scene.prefix / "lib" / f"python{minor}" / "site-packages"


def ends(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a sync said that must have ended in an explained error."""
    assert done.returncode == 1, done.stdout + done.stderr
    _, error, text = done.stderr.partition("error: ")
    assert error, done.stderr
    return text


def test_a_full_disk_below_the_environment_is_told_and_mended(
    scene: Scene, whole: file_trees.Tree
) -> None:
    scene.mounts.small(scene.disk, 1024)

    said = ends(scene.sync())

    assert said == f"Unable to write to `{scene.prefix}`: {FULL}{UNFINISHED}"
    scene.mounts.grow(scene.disk)
    assert scene.sync().returncode == 0
    assert scene.tree() == whole


def test_a_full_disk_below_the_store_leaves_the_environment_as_it_was(
    scene: Scene, whole: file_trees.Tree
) -> None:
    scene.mounts.small(scene.store, 1024)
    make_environment(scene.prefix)
    before = tree(scene.prefix)

    said = ends(scene.sync())

    assert said.startswith(f"Unable to write to `{scene.store}/scratch/")
    assert said.endswith(f"/files/large/noise.bin`: {FULL}{OTHER_STORE}")
    assert scene.tree() == before
    left = scene.mounts.path(scene.store) / "scratch"
    assert [path.name for path in left.iterdir()] == [".lock"]
    scene.mounts.grow(scene.store)
    assert scene.sync().returncode == 0
    assert scene.tree() == whole


@pytest.mark.parametrize("kibibytes", [48, 1024, None])
def test_a_full_disk_below_both_is_told_and_mended(
    kibibytes: int | None, scene: Scene, whole: file_trees.Tree
) -> None:
    """Full while the environment is made, while a wheel is unpacked, and at the very last."""
    store = scene.disk / "store"
    if kibibytes is None:
        scene.mounts.small(scene.disk, 8 * 1024)
        assert scene.sync(store=store).returncode == 0
        kibibytes = scene.used() - 4
        scene.mounts.undo(scene.disk)
    scene.mounts.small(scene.disk, kibibytes)

    said = ends(scene.sync(store=store))

    assert said.splitlines()[0].endswith(f": {FULL}")
    assert f"`{scene.disk}/" in said
    scene.mounts.grow(scene.disk)
    assert scene.sync(store=store).returncode == 0
    assert scene.tree() == whole
    assert scene.beside() == ["store", "venv"]


def test_a_full_disk_keeps_the_environment_of_another_python(scene: Scene) -> None:
    scene.mounts.small(scene.disk, 3 * 1024)
    assert scene.sync().returncode == 0
    before = file_trees.of_folder(scene.mounts.path(scene.prefix))
    other = find_python("3.12")

    said = ends(scene.sync("--python", other))

    assert said == (
        f"Unable to make the environment at `{scene.prefix}` anew: {FULL}\n\n"
        "hint: It is as it was; once this is mended, run the command again\n"
    )
    assert file_trees.of_folder(scene.mounts.path(scene.prefix)) == before
    assert scene.beside() == ["venv"]
    scene.mounts.grow(scene.disk)
    assert scene.sync("--python", other).returncode == 0
    assert scene.sync("--python", other, "--check").returncode == 0
    assert scene.beside() == ["venv"]


def test_a_read_only_environment_is_told_and_mended(scene: Scene, whole: file_trees.Tree) -> None:
    make_environment(scene.prefix)
    scene.mounts.read_only(scene.prefix)

    said = ends(scene.sync())

    path = site(scene) / "large-1.0.dist-info"
    assert said == f"Unable to write to `{path}`: {READ_ONLY}{UNFINISHED}"
    scene.mounts.undo(scene.prefix)
    assert scene.sync().returncode == 0
    scene.mounts.read_only(scene.prefix)
    assert scene.sync().returncode == 0
    assert scene.sync("--check").returncode == 0
    assert scene.tree() == whole


def test_a_read_only_environment_of_another_python_is_let_alone(scene: Scene) -> None:
    make_environment(scene.prefix)
    before = scene.tree()
    scene.mounts.read_only(scene.disk)

    said = ends(scene.sync("--python", find_python("3.12")))

    assert said == (
        f"Unable to make the environment at `{scene.prefix}` anew: {READ_ONLY}\n\n"
        "hint: It is as it was; once this is mended, run the command again\n"
    )
    assert scene.tree() == before


def test_a_file_that_cannot_be_removed_is_told_and_mended(
    scene: Scene, whole: file_trees.Tree
) -> None:
    make_environment(scene.prefix)
    assert scene.sync().returncode == 0
    module_ = site(scene) / "large" / "__init__.py"
    scene.mounts.read_only(module_)

    said = ends(scene.sync("--reinstall"))

    assert said == f"Unable to write to `{module_}`: Device or resource busy{UNFINISHED}"
    scene.mounts.undo(module_)
    assert scene.sync().returncode == 0
    assert scene.tree() == whole


def test_a_read_only_store_serves_what_it_has_and_is_told_else(
    scene: Scene, whole: file_trees.Tree
) -> None:
    make_environment(scene.prefix)
    scene.mounts.read_only(scene.store)

    said = ends(scene.sync())

    assert said == f"Unable to write to `{scene.store}/scratch`: {READ_ONLY}{OTHER_STORE}"
    scene.mounts.undo(scene.store)
    assert scene.sync().returncode == 0
    scene.mounts.read_only(scene.store)
    assert scene.sync("--reinstall").returncode == 0
    assert scene.tree() == whole
