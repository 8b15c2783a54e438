"""What maintainer scripts leave behind, beside what is made of reading them.

Debian's own programs are the judges: the packages are installed in a Debian, where all of their
scripts run; what these changed is compared with what we make of the same packages.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from engines import find_program
from lamina.archive.entry import Entry
from lamina.archive.rootfs import Rootfs
from lamina.deb.file import DebFile
from lamina.deb.package import DebianPackage
from lamina.system.configuration import Below, Configuration, configure
from lamina.system.notes import PackageNotes
from lamina.system.small_files import SmallFiles, is_wanted, program_of
from lamina.system.unpacking import note

pytestmark = [pytest.mark.integration, pytest.mark.network]

PACKAGES = (
    "ca-certificates cron dbus fontconfig-config less libblas3 liblapack3 libopenblas0-pthread "
    "mawk nano openssh-client procps sudo systemd-sysv vim-tiny"
)
MERGED = {name: f"usr/{name}" for name in ("bin", "lib", "lib64", "sbin")}
ACCOUNTS = ("etc/passwd", "etc/group", "etc/gshadow", "etc/shadow")


@dataclass(frozen=True)
class Installed:
    """A Debian before and after packages were installed, and what we make of them above it."""

    before: Path
    after: Path
    debs: tuple[Path, ...]

    @cached_property
    def notes(self) -> list[PackageNotes]:
        return sorted((noted(deb) for deb in self.debs), key=lambda each: each.name)

    @cached_property
    def made(self) -> Configuration:
        links = {name: target for name, target in MERGED.items() if (self.before / name).exists()}
        below = Below(files=small_files(self.before), rootfs=Rootfs(links), architecture="amd64")
        return configure(self.notes, below, lambda _path, _kind: True)

    @cached_property
    def entries(self) -> dict[str, Entry]:
        return {entry.path: entry for entry in self.made.entries}

    def text(self, path: str) -> str:
        """Return a file as we make it, or as the base has it."""
        if path in self.entries:
            return b"".join(self.entries[path].content.chunks()).decode()
        return (self.before / path).read_text()


def noted(deb: Path) -> PackageNotes:
    with DebFile(deb, deb.name) as opened:
        name, version, architecture = (
            opened.control[key] for key in ("Package", "Version", "Architecture")
        )
    return note(DebianPackage(name, version, architecture, "s", deb.name, 0, ""), deb)


def small_files(root: Path) -> SmallFiles:
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    programs: set[str] = set()
    for path in paths(root):
        programs.add(program_of(path))
        if (root / path).is_symlink():
            links[path] = str((root / path).readlink())
        elif is_wanted(path):
            files[path] = (root / path).read_bytes()
    return SmallFiles(files, links, frozenset(programs - {""}))


def paths(root: Path) -> Iterator[str]:
    """Give all files and symlinks, relative to the root."""
    for folder, inner, names in os.walk(root):
        links = [name for name in inner if Path(folder, name).is_symlink()]
        for name in (*names, *links):
            path = Path(folder, name)
            if path.is_symlink() or path.is_file():
                yield str(path.relative_to(root))


@pytest.fixture(scope="module", params=["bookworm", pytest.param("trixie", marks=pytest.mark.apt)])
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    folder = tmp_path_factory.mktemp(request.param)
    before, after, debs = folder / "before", folder / "after", folder / "debs"
    before.mkdir()
    debs.mkdir()
    copy = f"tar -C {shlex.quote(str(before))} --extract"
    install = f'chroot "$1" apt-get --yes --no-install-recommends install {PACKAGES}'
    hooks = [
        f'tar -C "$1" --one-file-system --exclude=./dev --create . | {copy}',
        f"DEBIAN_FRONTEND=noninteractive {install}",
        f'cp "$1"/var/cache/apt/archives/*.deb {shlex.quote(str(debs))}',
    ]
    command = [
        find_program("mmdebstrap"),
        "--variant=minbase",
        "--dpkgopt=force-unsafe-io",
        "--skip=output/mknod",
        *(f"--customize-hook={hook}" for hook in hooks),
        request.param,
        str(after),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Installed(before, after, tuple(debs.glob("*.deb")))


def links_below(root: Path, folder: str) -> dict[str, str]:
    return {
        f"{folder}/{path.name}": str(path.readlink())
        for path in (root / folder).iterdir()
        if path.is_symlink()
    }


def test_alternatives_are_those_of_update_alternatives(installed: Installed) -> None:
    folder = "var/lib/dpkg/alternatives"
    chosen = links_below(installed.before, "etc/alternatives") | {
        path: entry.target for path, entry in installed.entries.items() if entry.target
    }

    assert len(list((installed.after / folder).iterdir())) > 10
    for path in (installed.after / folder).iterdir():
        assert installed.text(f"{folder}/{path.name}") == path.read_text()
    for link, target in links_below(installed.after, "etc/alternatives").items():
        assert chosen[link] == target
    for link in ("usr/bin/editor", "usr/lib/x86_64-linux-gnu/libblas.so.3", "usr/bin/vi"):
        assert chosen[link] == str((installed.after / link).readlink())


def test_accounts_are_those_of_adduser_and_sysusers(installed: Installed) -> None:
    assert "messagebus" in installed.text("etc/passwd")
    for path in ACCOUNTS:
        assert accounts(installed.text(path)) == accounts((installed.after / path).read_text())


def accounts(text: str) -> dict[str, list[str]]:
    """Return the fields of each line, without numbers and days.

    Numbers depend on the order in which packages are configured: they are compared apart.
    """
    return {
        line.split(":")[0]: [each for each in line.split(":") if not each.isdecimal()]
        for line in text.splitlines()
    }


def test_numbers_are_of_the_same_range_and_given_once(installed: Installed) -> None:
    for path in ACCOUNTS[:2]:
        ours, real = (
            [int(line.split(":")[2]) for line in text.splitlines()]
            for text in (installed.text(path), (installed.after / path).read_text())
        )

        assert sorted(ours) == sorted(real)


def test_certificates_are_those_of_update_ca_certificates(installed: Installed) -> None:
    folder = "etc/ssl/certs"
    links = links_below(installed.after, folder)

    assert len(links) > 200
    assert {
        path: entry.target
        for path, entry in installed.entries.items()
        if path.startswith(f"{folder}/") and entry.target
    } == links
    for path in (f"{folder}/ca-certificates.crt", "etc/ca-certificates.conf"):
        assert installed.text(path) == (installed.after / path).read_text()


def test_triggers_are_those_of_dpkg(installed: Installed) -> None:
    folder = "var/lib/dpkg/triggers"
    for path in (installed.after / folder).iterdir():
        if path.name not in ("Lock", "Unincorp"):
            ours = installed.text(f"{folder}/{path.name}")
            assert sorted(ours.splitlines()) == sorted(path.read_text().splitlines())


@pytest.mark.parametrize(
    "path",
    ["usr/bin/ssh-agent", "usr/bin/crontab", "usr/lib/dbus-1.0/dbus-daemon-launch-helper"],
)
def test_files_have_the_mode_and_the_owner_that_scripts_give(
    installed: Installed, path: str
) -> None:
    entry, real = installed.entries[path], (installed.after / path).stat()

    assert entry.mode == stat.S_IMODE(real.st_mode)
    assert b"".join(entry.content.chunks()) == (installed.after / path).read_bytes()
    for text, gid in ((installed.text("etc/group"), entry.gid), (None, real.st_gid)):
        group = text or (installed.after / "etc/group").read_text()
        assert re.search(rf"^(_ssh|crontab|messagebus):x:{gid}:", group, re.MULTILINE)


def test_what_remains_is_told(installed: Installed) -> None:
    """All that scripts made is made by us, is told of, or is of no matter in an image."""
    shipped = {merged(path[1:]) for each in installed.notes for path in each.listed}
    ours = {merged(path) for path in installed.entries}
    before = set(paths(installed.before))
    left = [
        path
        for path in paths(installed.after)
        if path not in before and merged(path) not in shipped | ours
    ]

    remaining = sorted(path for path in left if not NO_MATTER.match(path))
    assert remaining == []


def merged(path: str) -> str:
    top, _, rest = path.partition("/")
    return f"{MERGED[top]}/{rest}" if top in MERGED else path


NO_MATTER = re.compile(
    r"(dev|proc|run|sys|tmp|var/cache|var/log)/"  # of a running system, or made again
    r"|etc/(passwd|group|shadow|gshadow)-$|var/lib/dpkg/.*-(old|new)$|etc/\.pwd\.lock$"
    r"|etc/rc.\.d/|etc/systemd/|var/lib/systemd/|etc/machine-id$|var/lib/dbus/machine-id$"
    r"|usr/share/man/|etc/networks$|etc/mtab$|etc/default/locale$|etc/vconsole.conf$"
    r"|var/lib/(apt|ucf|pam)/|etc/pam\.d/|var/lib/dpkg/(info|lock|triggers/Lock)"
    r"|usr/lib/udev/hwdb\.bin$|.*/__pycache__/"
)
