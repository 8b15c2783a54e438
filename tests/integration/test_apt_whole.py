"""An image with Debian packages beside a base where the real apt installed them, file by file."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from debian.deb822 import Deb822

from integration import file_trees
from integration.debian_root import DebianRoot, unpack_root
from integration.file_trees import Node, Tree
from integration.installed_program import CHECKS
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, write_project
from lamina.system.loader.cache import Cache

pytestmark = [pytest.mark.integration, pytest.mark.network, pytest.mark.apt]

STATUS, CACHE, TRIGGERS = "var/lib/dpkg/status", "etc/ld.so.cache", "var/lib/dpkg/triggers/File"
OF_THE_RUN = re.compile(
    r"dev(/.*)?|etc/resolv\.conf"
    r"|var/(cache/(apt|debconf|ldconfig)|lib/apt|log)/.*"
    r"|var/lib/dpkg/(status-old|lock.*|available|updates.*)"
)
"""What apt and dpkg note for themselves, of which an image has no use."""
OURS = re.compile(r"(app|opt/venv|var/lib/lamina)(/.*)?")
"""What a build puts above the system, and what it notes for the next one."""
DOCUMENTATION = re.compile(r"usr/share/doc/.*")
"""dpkg leaves the files out, as the base tells it, and keeps their folders and links."""
LEFT_UNDONE = re.compile(
    r"usr/share/mime/(?!packages).*"
    r"|var/cache/fontconfig.*"
    r"|usr/lib/x86_64-linux-gnu/gdk-pixbuf-2\.0/2\.10\.0/loaders\.cache"
    r"|etc/rc.\.d/.*"
)
"""Caches that the build's warnings name or programs do without, and services."""


@dataclass(frozen=True)
class Both:
    """The packages above the same base, by a build and by apt."""

    layout: Path
    root: DebianRoot

    def ours(self, path: str) -> bytes:
        """Return a file of the image."""
        for blob in reversed(file_trees.layer_blobs(self.layout)):
            with tarfile.open(blob) as tar:
                if path in tar.getnames():
                    file = tar.extractfile(path)
                    assert file is not None
                    return file.read()
        raise KeyError(path)

    def theirs(self, path: str) -> bytes:
        return (self.root.path / path).read_bytes()


@pytest.fixture(scope="module")
def both(lamina: Lamina, slim: Path, tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("whole")
    root = unpack_root(file_trees.layer_blobs(slim), folder / "root")
    root.apt_get("update")
    root.apt_get("install", "-y", "--no-install-recommends", *CHECKS)
    project = write_project(folder / "project", [LocalWheel("demo")])
    apt = [part for name in CHECKS for part in ("--apt", name)]
    lamina("build", project, "--base", f"oci:{slim}", "-o", f"oci:{folder / 'image'}", *apt)
    return Both(folder / "image", root)


def test_every_file_is_as_apt_leaves_it(both: Both) -> None:
    (both.root.path / "dev" / "null").unlink()
    ours = file_trees.of_layers(file_trees.layer_blobs(both.layout))
    theirs = file_trees.of_folder(both.root.path)

    assert list(unexplained(ours, theirs)) == []


def unexplained(ours: Tree, theirs: Tree) -> Iterator[tuple[str, Node | None, Node | None]]:
    for path, mine, real in file_trees.differences(ours, theirs):
        is_other = path in (STATUS, CACHE, TRIGGERS) or OF_THE_RUN.fullmatch(path)
        is_missing = mine is None and (LEFT_UNDONE.fullmatch(path) or DOCUMENTATION.fullmatch(path))
        is_more = real is None and OURS.fullmatch(path)
        if not (is_other or is_missing or is_more):
            yield path, mine, real


def test_the_status_says_the_same_of_every_package(both: Both) -> None:
    assert paragraphs(both.ours(STATUS)) == paragraphs(both.theirs(STATUS))


def paragraphs(status: bytes) -> dict[str, dict[str, str]]:
    return {each["Package"]: dict(each) for each in Deb822.iter_paragraphs(status)}


def test_a_later_package_triggers_the_same(both: Both) -> None:
    assert sorted(both.ours(TRIGGERS).splitlines()) == sorted(both.theirs(TRIGGERS).splitlines())


def test_the_loader_finds_the_same_libraries(both: Both) -> None:
    assert Cache.parse(both.ours(CACHE)).entries == Cache.parse(both.theirs(CACHE)).entries
