"""The files of packages in an image beside what `dpkg` itself unpacks of them."""

from __future__ import annotations

import os
import re
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integration import file_trees
from integration.debian_root import DebianRoot
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, write_project
from lamina.bases.layout import read_layout
from lamina.oci.descriptor import Platform
from lamina.oci.location import Location

pytestmark = [pytest.mark.integration, pytest.mark.network]

NAMES = ("bzip2", "fuse3", "openssh-client", "sudo", "unzip", "vim-tiny")
"""With setuid and setgid programs, hard links, configuration, folders of other modes."""
MERGED = ("bin", "sbin", "lib", "lib64")
DOCUMENTATION = re.compile(
    r"usr/share/(doc/.+|(groff|info|linda|lintian|man)/.+|locale/(?!locale\.alias).+)"
)
BY_SCRIPTS = {
    "etc/sudoers": (0o440, (0, 0)),
    "usr/bin/fusermount3": (0o4755, (0, 0)),
    "usr/bin/ssh-agent": (0o2755, (0, 101)),
}
"""Modes and owners that postinst scripts set; 101 is the first group that they may add."""
NAMED = (
    "sudo has a setuid or setgid program: /usr/bin/sudo\n",
    "openssh-client has a setuid or setgid program: /usr/lib/openssh/ssh-keysign\n",
    "As a script of its package would, `/usr/bin/fusermount3` is made setuid or setgid\n",
    "As a script of its package would, `/usr/bin/ssh-agent` is made setuid or setgid\n",
)


@pytest.fixture(scope="module")
def built(lamina: Lamina, slim: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The layout of an image with these packages, and what the build said."""
    folder = tmp_path_factory.mktemp("files")
    project = write_project(folder / "project", [LocalWheel("demo")])
    apt = [part for name in NAMES for part in ("--apt", name)]
    done = lamina.run(
        "build", project, "--base", f"oci:{slim}", "-o", f"oci:{folder / 'image'}", *apt
    )
    assert done.returncode == 0, done.stderr
    return folder / "image", done.stderr


@pytest.fixture(scope="module")
def unpacked(slim_root: DebianRoot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `dpkg-deb` unpacks of them, into one folder; `/bin` and the like are merged."""
    folder = tmp_path_factory.mktemp("debs")
    urls = slim_root.apt_get(
        "--print-uris", "--quiet", "install", "-y", "--no-install-recommends", *NAMES
    )
    root = folder / "root"
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for deb in fetch_all(slim_root, urls, folder):
        # Not `dpkg-deb --extract`, which would make a folder of the link `/bin`.
        data = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", str(deb)], check=True, capture_output=True
        )
        command = ["tar", "-xp", "--keep-directory-symlink", "--numeric-owner", "-C", str(root)]
        subprocess.run(command, input=data.stdout, check=True, umask=0)
    return root


def fetch_all(root: DebianRoot, urls: str, folder: Path) -> list[Path]:
    """Fetch what apt says that it would."""
    root.apt_get("download", *(re.findall(r"/([^/_]+)_[^/]*\.deb' ", urls)))
    found = sorted(root.path.glob("*.deb"))
    return [path.rename(folder / path.name) for path in found]


def layers_of(layout: Path, base: Path) -> list[Path]:
    """Return the layers of an image that are not its base's."""
    return file_trees.layer_blobs(layout)[len(file_trees.layer_blobs(base)) :]


def test_paths_modes_owners_and_bytes_are_those_of_dpkg(
    built: tuple[Path, str], unpacked: Path
) -> None:
    layout, _ = built
    theirs = file_trees.of_folder(unpacked)
    ours = file_trees.of_layers(file_trees.layer_blobs(layout))

    wanted = {path: node for path, node in theirs.items() if not DOCUMENTATION.fullmatch(path)}

    for path, (mode, owner) in BY_SCRIPTS.items():
        assert wanted[path].mode != mode
        wanted[path] = replace(wanted[path], mode=mode, owner=owner)
    assert {path: ours.get(path) for path in wanted} == wanted
    assert {"usr/bin/sudo", "usr/bin/ssh", "usr/bin/vim.tiny", "usr/bin/unzip"} <= wanted.keys()


def test_licences_are_there(built: tuple[Path, str]) -> None:
    tree = file_trees.of_layers(file_trees.layer_blobs(built[0]))

    assert {f"usr/share/doc/{name}/copyright" for name in NAMES} <= tree.keys()


def test_files_that_dpkg_links_are_linked(
    built: tuple[Path, str], unpacked: Path, slim: Path
) -> None:
    inodes: dict[int, set[str]] = {}
    for parent, _, files in os.walk(unpacked):
        for name in files:
            path = Path(parent, name)
            if path.lstat().st_nlink > 1:
                at = path.relative_to(unpacked).as_posix()
                inodes.setdefault(path.lstat().st_ino, set()).add(at)
    theirs = {frozenset(paths) for paths in inodes.values()}

    ours: dict[str, set[str]] = {}
    for blob in layers_of(built[0], slim):
        with tarfile.open(blob) as tar:
            for member in tar:
                if member.islnk():
                    ours.setdefault(member.linkname, {member.linkname}).add(member.name)

    assert {frozenset(paths) for paths in ours.values()} == theirs
    assert theirs


def test_what_is_setuid_or_setgid_is_named(built: tuple[Path, str]) -> None:
    _, said = built

    assert [line for line in NAMED if line not in said] == []


def test_layers_have_no_whiteout_and_one_date(built: tuple[Path, str], slim: Path) -> None:
    members: list[Any] = []
    for blob in layers_of(built[0], slim):
        with tarfile.open(blob) as tar:
            members += [*tar]

    assert not [each.name for each in members if Path(each.name).name.startswith(".wh.")]
    assert len({each.mtime for each in members}) == 1
    assert not {each.type for each in members} & {tarfile.CHRTYPE, tarfile.BLKTYPE}


def test_the_base_is_at_the_bottom_untouched(built: tuple[Path, str], slim: Path) -> None:
    platform = Platform("linux", "amd64")
    base = read_layout(Location("oci", str(slim)), platform).layers
    image = read_layout(Location("oci", str(built[0])), platform).layers

    assert [each.descriptor.digest for each in image[: len(base)]] == [
        each.descriptor.digest for each in base
    ]
