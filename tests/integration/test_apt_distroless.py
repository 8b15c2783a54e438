"""Packages above a base as distroless ones are: ``status.d``, no dpkg, no shell."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from debian.deb822 import Deb822

from engines import Engine
from images import pack, write_layout
from integration import file_trees
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, write_project
from integration.uv_oracle import lock_project
from integration.working_packages import WORKS, works
from lamina.oci.config import ImageConfig
from lamina.oci.image import assemble

pytestmark = [pytest.mark.integration, pytest.mark.network, pytest.mark.apt]

PACKAGES = ("curl", "libmagic1", "libpq5", "libxml2", "tini")
PYPROJECT = """\
[project]
name = "users"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["psycopg", "python-magic"]

[tool.uv]
environments = ["sys_platform == 'linux'"]

[tool.lamina]
apt = {apt}
"""
FOLDER = "var/lib/dpkg/status.d"


@pytest.fixture(scope="module")
def base(lamina: Lamina, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layout of a base made of the packages of another: its own database is rewritten."""
    folder = tmp_path_factory.mktemp("distroless")
    project = write_project(folder / "project", [LocalWheel("demo")])
    report = lamina.build(project, "--base", "debian:bookworm", "-o", f"oci:{folder / 'built'}")
    layers = report["platforms"][0]["layers"]
    count = [layer["origin"] for layer in layers].count("base")
    root = folder / "root"
    root.mkdir()
    for blob in file_trees.layer_blobs(folder / "built")[:count]:
        subprocess.run(["tar", "-xpzf", str(blob), "-C", str(root)], check=True, umask=0)
    scatter(root)
    command = ["tar", "-c", "--sort=name", "--numeric-owner", "-C", str(root), "."]
    tar = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    config = ImageConfig("amd64", env={"PATH": "/usr/sbin:/usr/bin", "LANG": "C.UTF-8"})
    write_layout(folder / "base", [("", assemble(config, [pack(tar)]))])
    return folder / "base"


def scatter(root: Path) -> None:
    """Write dpkg's database as distroless does: of each package its control file and its sums."""
    dpkg = root / "var" / "lib" / "dpkg"
    paragraphs = [*Deb822.iter_paragraphs((dpkg / "status").read_bytes())]
    sums = {
        path.name.removesuffix(".md5sums").partition(":")[0]: path.read_bytes()
        for path in (dpkg / "info").glob("*.md5sums")
    }
    shutil.rmtree(dpkg)
    (dpkg / "status.d").mkdir(parents=True)
    for each in paragraphs:
        name = each["Package"]
        for field in ("Status", "Conffiles"):
            each.pop(field, None)
        (dpkg / "status.d" / name).write_text(str(each))
        if name in sums:
            (dpkg / "status.d" / f"{name}.md5sums").write_bytes(sums[name])


@pytest.fixture(scope="module")
def built(lamina: Lamina, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the image as a layout and as an archive."""
    folder = tmp_path_factory.mktemp("image")
    project = folder / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(PYPROJECT.format(apt=json.dumps(PACKAGES)))
    lock_project(project)
    options = ("--base", f"oci:{base}", "-t", "lamina-distroless:1")
    lamina.build(project, *options, "-o", f"oci:{folder / 'image'}")
    lamina.build(project, *options, "-o", f"docker-archive:{folder / 'image.tar'}")
    return folder


def test_each_package_has_a_file_and_its_sums(base: Path, built: Path) -> None:
    before = file_trees.below(file_trees.of_layers(file_trees.layer_blobs(base)), FOLDER)
    after = file_trees.below(file_trees.of_layers(file_trees.layer_blobs(built / "image")), FOLDER)

    assert {path: after[path] for path in before} == before
    new = after.keys() - before.keys()
    names = {path for path in new if not path.endswith(".md5sums")}
    assert set(PACKAGES) <= names
    assert new - names == {f"{name}.md5sums" for name in names}
    tree = file_trees.of_layers(file_trees.layer_blobs(built / "image"))
    assert {path for path in tree if path.startswith("var/lib/dpkg/")} == {
        FOLDER,
        *(f"{FOLDER}/{path}" for path in after),
    }


def test_they_work_without_a_shell(engine: Engine, built: Path, tmp_path: Path) -> None:
    engine("load", "--input", built / "image.tar")

    answers = works(engine, "lamina-distroless:1", PACKAGES, tmp_path / "proof")

    assert answers == {name: WORKS[name] for name in PACKAGES}
