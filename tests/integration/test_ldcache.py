"""The loader's cache that we make, beside that of the real `ldconfig`, in small Debian systems."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from engines import find_program
from lamina.system.loader.cache import PATH, Cache
from lamina.system.loader.elf import ElfWatch
from lamina.system.loader.ldconfig import System, added_to
from lamina.system.loader.library import Library, is_library_name, library_of

pytestmark = [pytest.mark.integration, pytest.mark.network]

PACKAGES = "fakeroot,file,libblas3,libgl1,libc6-dev,libpython3-stdlib,python3-minimal"
"""With a folder of its own, alternatives, links for linkers, and texts for linkers."""

LIBRARY = "usr/lib/x86_64-linux-gnu"


@dataclass
class Chroot:
    """A system of some release, which tests may change."""

    root: Path

    def run(self, *command: str) -> str:
        prefix = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        done = subprocess.run(
            [*prefix, "chroot", str(self.root), *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def system(self) -> System:
        libraries: list[Library] = []
        links: dict[str, str] = {}
        for folder in ("etc/alternatives", "lib", "opt", "usr/lib", "usr/local/lib"):
            if (self.root / folder).is_symlink():
                links[folder] = str((self.root / folder).readlink())
            else:
                self._walk(folder, libraries, links)
        names = ["etc/ld.so.conf", *sorted(self._names("etc/ld.so.conf.d"))]
        texts = {name: (self.root / name).read_bytes() for name in names}
        return System(libraries, links, texts, "amd64")

    def _walk(self, folder: str, libraries: list[Library], links: dict[str, str]) -> None:
        for name in self._names(folder):
            path = self.root / name
            if path.is_symlink():
                links[name] = str(path.readlink())
            elif path.is_dir():
                self._walk(name, libraries, links)
            elif is_library_name(path.name) and (library := read(path, name)):
                libraries.append(library)

    def _names(self, folder: str) -> list[str]:
        path = self.root / folder
        return [f"{folder}/{each.name}" for each in path.iterdir()] if path.is_dir() else []


def read(path: Path, name: str) -> Library | None:
    watch = ElfWatch()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 16):
            watch.feed(chunk)
    return library_of(name, watch)


@pytest.fixture(scope="module", params=["bookworm", pytest.param("trixie", marks=pytest.mark.apt)])
def release(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp(request.param) / "root"
    command = [
        find_program("mmdebstrap"),
        "--variant=essential",
        "--dpkgopt=force-unsafe-io",
        "--skip=output/mknod",
        f"--include={PACKAGES}",
        request.param,
        str(root),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def chroot(release: Path, tmp_path: Path) -> Chroot:
    root = tmp_path / "root"
    # Its devices are none that one copies.
    shutil.copytree(release, root, symlinks=True, ignore=shutil.ignore_patterns("dev"))
    (root / "dev").mkdir()
    # Python opens it before it starts `ldconfig`.
    (root / "dev/null").touch()
    return Chroot(root)


def test_it_is_that_of_ldconfig(chroot: Chroot) -> None:
    folder = chroot.root / LIBRARY
    # For better processors; a newer and an older file of one name; one that goes before Debian's.
    better = folder / "glibc-hwcaps" / "x86-64-v3"
    better.mkdir(parents=True)
    (chroot.root / "usr/local/lib").mkdir(parents=True, exist_ok=True)
    magic = (folder / "libmagic.so.1").resolve().read_bytes()
    for path in (
        better / "libmagic.so.1.1",
        folder / "libmagic.so.1.99",
        chroot.root / "usr/local/lib/libmagic.so.1",
        chroot.root / "opt/libmagic.so.1",
    ):
        path.write_bytes(magic)
    (folder / "libmagic.so.1").unlink()
    before = chroot.system()

    chroot.run("ldconfig")

    real = Cache.parse((chroot.root / PATH).read_bytes())
    ours, links = added_to(Cache(), before)
    assert ours.entries == real.entries
    assert len(ours.entries) > 50
    assert links == {f"{LIBRARY}/libmagic.so.1": "libmagic.so.1.99"}
    assert (folder / "libmagic.so.1").readlink() == Path("libmagic.so.1.99")


def test_ldconfig_lists_ours_as_its_own(chroot: Chroot) -> None:
    real = chroot.run("ldconfig", "-p").splitlines()
    ours, _ = added_to(Cache(), chroot.system())

    (chroot.root / PATH).write_bytes(ours.encode())

    assert chroot.run("ldconfig", "-p").splitlines()[:-1] == real[:-1]


def test_what_is_added_to_the_cache_of_a_base_is_what_ldconfig_would_have(chroot: Chroot) -> None:
    whole = chroot.system()
    real = Cache.parse((chroot.root / PATH).read_bytes())
    is_new = {each.path for each in whole.libraries if "magic" in each.path or "GL" in each.path}
    new = [each for each in whole.libraries if each.path in is_new]
    names = {each.soname for each in new}
    base = Cache.of(each for each in real.entries if each.soname not in names)

    merged, links = added_to(
        base, System(new, whole.links, whole.configuration, whole.architecture)
    )

    assert names
    assert base != real
    assert merged == real
    assert links == {}


def test_the_loader_finds_a_library_that_lies_only_in_a_folder_of_the_configuration(
    chroot: Chroot,
) -> None:
    (chroot.root / "opt/own/lib").mkdir(parents=True)
    for path in (chroot.root / LIBRARY).glob("libmagic.so*"):
        path.rename(chroot.root / "opt/own/lib" / path.name)
    (chroot.root / "etc/ld.so.conf.d/own.conf").write_text("/opt/own/lib\n")
    (chroot.root / PATH).unlink()
    command = ["python3", "-c", "import ctypes.util as u; print(u.find_library('magic'))"]
    assert chroot.run(*command) == "None\n"

    ours, _ = added_to(Cache(), chroot.system())
    (chroot.root / PATH).write_bytes(ours.encode())

    assert chroot.run(*command) == "libmagic.so.1\n"
    assert "/opt/own/lib/libmagic.so.1" in chroot.run("ldd", "/usr/bin/file")
    assert chroot.run("file", "--version").startswith("file-5")
