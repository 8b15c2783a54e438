"""The same input gives the same image: whoever builds it, wherever, and from whatever store."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project

pytestmark = [pytest.mark.integration, pytest.mark.network]

REST = """
[tool.lamina]
base = "debian:bookworm"
copy = [{ from = "data", to = "/srv/data" }, { from = "run.py", to = "." }]
"""
FILES = ("data/b", "data/a/c", "data/ä", "run.py")


def copy_of(project: Path, folder: Path) -> Path:
    shutil.copytree(project, folder, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with wheels large and small, whose files were written in a certain order."""
    wheels = [
        *(LocalWheel(f"large{n}", [module(f"large{n}"), noise(f"large{n}")]) for n in range(5)),
        *(LocalWheel(f"small{n}") for n in range(20)),
        LocalWheel("tool", [module("tool", "def main(): ...\n")]),
    ]
    return write_project(tmp_path_factory.mktemp("project") / "local", wheels, REST, FILES)


@pytest.fixture(scope="module")
def digest(lamina: Lamina, project: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the image, as the shared store gives it."""
    return image_of(lamina, project, tmp_path_factory.mktemp("image"))


def image_of(lamina: Lamina, project: Path, folder: Path, umask: int = -1) -> str:
    done = lamina.run("build", project, "-o", f"oci:{folder / 'image'}", umask=umask)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids="{:03o}".format)
def test_an_empty_store_and_any_umask_give_the_same_image(
    digest: str, project: Path, tmp_path: Path, umask: int
) -> None:
    assert image_of(Lamina(tmp_path / "store"), project, tmp_path, umask) == digest


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
        {"TZ": "America/Adak", "PYTHONHASHSEED": "4242", "LC_ALL": "C", "LANG": None},
        {"LC_ALL": "POSIX", "COLUMNS": "20", "USER": "nobody", "NO_COLOR": "1"},
    ],
    ids=["far-east", "far-west", "posix"],
)
def test_time_zone_locale_and_hash_seed_do_not_matter(
    digest: str, project: Path, tmp_path: Path, environment: dict[str, str | None]
) -> None:
    home = tmp_path / "home"
    home.mkdir()

    lamina = Lamina(tmp_path / "store", {**environment, "HOME": str(home)})

    assert image_of(lamina, project, tmp_path) == digest


def test_the_folder_and_the_dates_of_the_project_do_not_matter(
    lamina: Lamina, digest: str, project: Path, tmp_path: Path
) -> None:
    elsewhere = copy_of(project, tmp_path / "a longer name, with spaces" / "x")
    for number, path in enumerate(sorted(elsewhere.rglob("*"))):
        os.utime(path, (number, number))

    assert image_of(lamina, elsewhere, tmp_path) == digest


def test_the_order_of_files_on_disk_does_not_matter(
    lamina: Lamina, digest: str, project: Path, tmp_path: Path
) -> None:
    (elsewhere := tmp_path / "reversed").mkdir()
    for path in sorted(project.rglob("*"), reverse=True):
        target = elsewhere / path.relative_to(project)
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

    assert image_of(lamina, elsewhere, tmp_path) == digest


def test_modes_that_git_does_not_keep_do_not_matter(
    lamina: Lamina, digest: str, project: Path, tmp_path: Path
) -> None:
    elsewhere = copy_of(project, tmp_path / "closed")
    for path in elsewhere.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)

    assert image_of(lamina, elsewhere, tmp_path) == digest


def test_a_store_that_was_copied_elsewhere_gives_the_same_image_and_makes_nothing(
    digest: str, project: Path, tmp_path: Path
) -> None:
    first = Lamina(tmp_path / "store")
    image_of(first, project, tmp_path)
    # Without dates, as most ways of keeping a cache between machines do.
    shutil.copytree(first.store, tmp_path / "copied", copy_function=shutil.copyfile)
    shutil.rmtree(first.store)

    report = Lamina(tmp_path / "copied").build(project, "-o", f"oci:{tmp_path / 'again'}")

    assert report["digest"] == digest.strip()
    (platform,) = report["platforms"]
    assert {layer["origin"] for layer in platform["layers"]} == {"base", "store"}
    assert report["transfer"]["wheels_downloaded"] == 0
    assert report["transfer"]["dependency_bytes_in"] == 0


def test_another_user_gets_the_same_image(digest: str, project: Path, tmp_path: Path) -> None:
    lamina = Lamina(tmp_path / "store", {"HOME": str(tmp_path)})
    # In a namespace where all files are this user's; what others may enter is no matter there.
    command = ["unshare", "--user", "--map-user=1234", "--map-group=1234"]
    command += lamina.command("build", project, "-o", f"oci:{tmp_path / 'image'}")

    done = subprocess.run(command, env=lamina.env(), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout == digest
