"""An image with Debian packages beside a base where the real apt installed them, file by file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from integration import file_trees
from integration.debian_root import unpack_root
from integration.file_trees import Node, Tree
from integration.installed_program import CHECKS
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, write_project

pytestmark = [pytest.mark.integration, pytest.mark.network, pytest.mark.apt]

NOT_IN_AN_IMAGE = re.compile(
    r"dev(/.*)?|etc/resolv\.conf"
    r"|var/(cache/(apt|debconf|ldconfig)|lib/apt|log)/.*"
    r"|var/lib/dpkg/(status-old|lock.*|available|updates.*)"
)
"""What apt and dpkg note for themselves, of which an image has no use."""
OURS = re.compile(r"(app|opt/venv)(/.*)?")
"""What a build puts above the system."""
LEFT_UNDONE = re.compile(
    r"usr/share/mime/(?!packages).*"
    r"|var/cache/fontconfig.*"
    r"|usr/lib/x86_64-linux-gnu/gdk-pixbuf-2\.0/2\.10\.0/loaders\.cache"
    r"|etc/rc.\.d/.*"
)
"""What the warnings of the build name: caches that programs do without, services."""
MADE_OTHERWISE = {"etc/ld.so.cache", "var/lib/dpkg/status"}
"""What is right in more than one form, and is tested elsewhere."""


def real(tree: Tree) -> Tree:
    return {path: node for path, node in tree.items() if not NOT_IN_AN_IMAGE.fullmatch(path)}


def test_it_is_what_apt_makes_of_the_base(lamina: Lamina, slim: Path, tmp_path: Path) -> None:
    root = unpack_root(file_trees.layer_blobs(slim), tmp_path / "root")
    root.apt_get("update")
    root.apt_get("install", "-y", "--no-install-recommends", *CHECKS)
    project = write_project(tmp_path / "project", [LocalWheel("demo")])
    apt = [part for name in CHECKS for part in ("--apt", name)]
    lamina("build", project, "--base", f"oci:{slim}", "-o", f"oci:{tmp_path / 'image'}", *apt)

    ours = real(file_trees.of_layers(file_trees.layer_blobs(tmp_path / "image")))
    theirs = real(file_trees.of_folder(root.path))

    assert list(unexplained(ours, theirs)) == []


def unexplained(ours: Tree, theirs: Tree) -> list[tuple[str, Node | None, Node | None]]:
    return [
        (path, mine, real)
        for path, mine, real in file_trees.differences(ours, theirs)
        if not (mine is None and LEFT_UNDONE.fullmatch(path))
        and not (real is None and OURS.fullmatch(path))
        and path not in MADE_OTHERWISE
    ]
