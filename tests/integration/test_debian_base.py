"""A base made from Debian's own packages, from the mirror that apt of this machine uses."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3

from integration.machine_mirror import Http
from lamina.archive.entry import EMPTY, Entry, Kind
from lamina.archive.layer import write_layer
from lamina.bases.debian.plan import DebianPlan
from lamina.bases.debian.resolve import resolve
from lamina.bases.debian.rootfs import configured, entries
from lamina.cli.mirrors import debian_settings
from lamina.deb.status import STATUS
from lamina.mirrors.archives import Archive
from lamina.mirrors.debs import fetch_deb
from lamina.plan.epoch import EPOCH
from lamina.project.config import Config
from lamina.system.base_paths import BasePaths
from lamina.system.loader import cache as ldcache
from lamina.system.loader.cache import Cache
from lamina.system.notes import PackageNotes
from lamina.system.python import libc_of, python_of
from lamina.system.small_files import SmallFiles
from lamina.system.telling import KnownBase, is_told_by, telling, told

SYSTEM_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

pytestmark = [pytest.mark.integration, pytest.mark.network]

PROGRAM = """
import bz2, ctypes, curses, dbm.ndbm, json, locale, lzma, pwd, readline, socket, sqlite3, ssl, sys
import datetime, uuid, venv, zlib, zoneinfo
ctypes.CDLL("libstdc++.so.6")
summer = datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
print(json.dumps({
    "version": ".".join(map(str, sys.version_info[:3])),
    "executable": sys.executable,
    "libc": __import__("platform").libc_ver()[1],
    "certificates": ssl.create_default_context().cert_store_stats()["x509_ca"] > 100,
    "summer": summer.isoformat(),
    "local": datetime.datetime.now().astimezone().tzname(),
    "locale": locale.setlocale(locale.LC_ALL, ""),
    "home": pwd.getpwnam("root").pw_dir,
    "port": socket.getservbyname("https"),
}))
"""


@dataclass
class Base:
    """A base on disk, with the plan and the entries that it was made of."""

    root: Path
    plan: DebianPlan
    archives: Sequence[Archive]
    entries: list[list[Entry]]
    notes: list[PackageNotes] = field(default_factory=list)
    size: int = 0
    """Of its layers, compressed."""

    @property
    def has_shell(self) -> bool:
        return any(package.name == "dash" for package in self.plan.packages)

    def run(self, *command: str) -> str:
        """Run a program inside, as a container would, but for its isolation."""
        prefix = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        environment = {"PATH": "/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}
        done = subprocess.run(
            [*prefix, "chroot", str(self.root), *command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _noted(found: Iterable[Entry], seen: list[Entry]) -> Iterator[Entry]:
    for entry in found:
        seen.append(entry)
        yield entry


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Http:
    return Http(tmp_path_factory.mktemp("fetched"), urllib3.PoolManager())


@pytest.fixture(
    scope="module", params=["bookworm", "trixie", "bookworm with a shell", "trixie with a shell"]
)
def base(
    request: pytest.FixtureRequest, http: Http, tmp_path_factory: pytest.TempPathFactory
) -> Base:
    codename, _, more = request.param.partition(" ")
    folder = tmp_path_factory.mktemp("project")
    settings = debian_settings(codename, "amd64", {}, Config(), pytest.fail, folder=folder)
    archives = settings.archives
    now = datetime.now(UTC)
    plan = resolve(codename, "amd64", archives, fetch=http, now=now, shell=bool(more))

    base = Base(tmp_path_factory.mktemp(codename), plan, archives, [])
    for layer in plan.layers:
        blob = io.BytesIO()
        seen: list[Entry] = []

        if layer.is_database:
            base.notes.sort(key=lambda each: each.name)
            found: Iterable[Entry] = configured(base.notes, layer.architecture)
        else:
            found = entries(
                layer,
                lambda package: fetch_deb(package, archives, http),
                lambda _package, noted: base.notes.append(noted),
            )
        base.size += write_layer(_noted(found, seen), blob.write, mtime=EPOCH).size
        base.entries.append(seen)
        blob.seek(0)
        with tarfile.open(fileobj=blob) as tar:
            # Python 3.11 has filters since 3.11.4 only.
            tar.extraction_filter = getattr(tarfile, "fully_trusted_filter", None)
            tar.extractall(base.root, numeric_owner=True)
    # A container has it; here, Python opens it before it starts a program.
    (base.root / "dev/null").touch()
    return base


@dataclass
class Apt:
    """The apt of this machine, which takes a base for the system that it is on."""

    options: list[str]

    def __call__(self, *arguments: str) -> str:
        command = ["apt-get", *self.options, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def apt(base: Base, tmp_path: Path) -> Apt:
    for folder in ("lists/partial", "cache/archives/partial"):
        (tmp_path / folder).mkdir(parents=True)
    sources = tmp_path / "base.list"
    lines = (f"deb [signed-by={SYSTEM_KEYRING}] {at.url} {at.suite} main" for at in base.archives)
    sources.write_text("".join(f"{line}\n" for line in lines))
    settings = {
        "Dir::State": tmp_path,
        "Dir::State::status": base.root / STATUS,
        "Dir::Cache": tmp_path / "cache",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
    }
    apt = Apt([f"-o{key}={value}" for key, value in settings.items()])
    apt("update")
    return apt


def test_apt_and_dpkg_find_nothing_amiss(base: Base, apt: Apt) -> None:
    dpkg = subprocess.run(
        ["dpkg", "--root", str(base.root), "--audit"], capture_output=True, text=True, check=True
    )

    assert dpkg.stdout == ""
    apt("--simulate", "check")
    said = apt("--simulate", "install", "--no-install-recommends", "ffmpeg")
    assert "\nInst ffmpeg " in said
    assert "\nRemv " not in said
    apt("--simulate", "upgrade")


def test_it_is_small(base: Base) -> None:
    assert base.size < (30 if base.has_shell else 25) * 1_000_000


def test_the_loader_and_python_find_libraries_as_after_ldconfig(base: Base) -> None:
    program = "import ctypes.util as u; print(u.find_library('ssl'), u.find_library('stdc++'))"

    assert base.run("/usr/bin/python3", "-c", program) == "libssl.so.3 libstdc++.so.6\n"

    ours = Cache.parse((base.root / ldcache.PATH).read_bytes())
    base.run("/usr/sbin/ldconfig", "-C", "/tmp/real.cache")
    assert Cache.parse((base.root / "tmp/real.cache").read_bytes()).entries == ours.entries


def test_openssl_and_awk_work_as_after_their_scripts(base: Base) -> None:
    (certificate,) = (base.root / "etc/ssl/certs").glob("ISRG_Root_X1.pem")
    path = f"/etc/ssl/certs/{certificate.name}"

    # By its hash: the bundle is left aside.
    assert base.run("openssl", "verify", "-no-CAfile", path) == f"{path}: OK\n"
    assert base.run("awk", "BEGIN { print 6 * 7 }") == "42\n"


def test_of_what_the_highest_layer_tells_the_same_layer_is_made(base: Base) -> None:
    made = base.entries[-1]
    nothing = KnownBase(SmallFiles({STATUS: b""}), BasePaths())
    telling_too = [*made, telling(base.notes, nothing, made)]
    found = told({each.path: _whole(each)[1] for each in telling_too if is_told_by(each.path)})
    assert found is not None

    again = configured([found.packages[each.info_name] for each in base.notes], "amd64")

    assert list(map(_whole, again)) == list(map(_whole, made))


def _whole(entry: Entry) -> tuple[Entry, bytes]:
    return replace(entry, content=EMPTY), b"".join(entry.content.chunks())


def test_there_is_a_user_without_rights(base: Base) -> None:
    assert base.run("getent", "passwd", "nonroot").split(":")[2:6] == [
        "65532",
        "65532",
        "nonroot",
        "/home/nonroot",
    ]
    assert base.run("getent", "group", "nonroot").startswith("nonroot:*:65532:")


def test_a_shell_with_what_scripts_rely_on_is_there_if_asked_for(base: Base) -> None:
    script = (
        "set -eu; cd /etc; for each in $(find . -name 'host*' | sort); do basename $each; done "
        "| grep host | sed 's/host/HOST/' | head -n 1"
    )
    if base.has_shell:
        assert base.run("/bin/sh", "-c", script) == "HOST.conf\n"
    else:
        assert not (base.root / "usr/bin/sh").exists()


def test_python_runs_with_all_that_it_needs(base: Base) -> None:
    found = json.loads(base.run("/usr/bin/python3", "-c", PROGRAM))

    python, libc = python_of(base.plan.packages), libc_of(base.plan.packages)
    assert python is not None
    assert libc is not None
    assert found == {
        "version": python.version,
        "executable": "/usr/bin/python3",
        "libc": libc.version,
        "certificates": True,
        "summer": "2026-07-01T00:00:00+02:00",
        "local": "UTC",
        "locale": "C.UTF-8",
        "home": "/root",
        "port": 443,
    }
    assert (base.root / python.path.lstrip("/")).resolve().is_file()


def test_the_c_library_answers_for_users_and_services(base: Base) -> None:
    assert base.run("getent", "passwd", "www-data").startswith("www-data:*:33:33:")
    assert base.run("getent", "group", "0").startswith("root:*:0:")
    assert base.run("getent", "services", "ssh").split() == ["ssh", "22/tcp"]


def test_dpkg_finds_every_package_installed_and_whole(base: Base) -> None:
    def dpkg(*arguments: str) -> str:
        command = ["dpkg", "--root", str(base.root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    listed = [line.split() for line in dpkg("--list").splitlines() if line.startswith("ii")]

    assert {(name.partition(":")[0], version) for _, name, version, *_ in listed} == {
        (package.name, package.version) for package in base.plan.packages
    }
    assert dpkg("--search", "/etc/debian_version") == "base-files: /etc/debian_version\n"
    # Only what is left out as documentation may be missing.
    complaints = [line.split()[-1] for line in dpkg("--verify").splitlines()]
    left_out = ("doc/", "man/", "locale/", "info/", "lintian/")
    assert [path for path in complaints if not path.startswith(_below_share(left_out))] == []


def test_no_two_layers_differ_about_a_directory(base: Base) -> None:
    """Layers know nothing of each other, so this holds only as long as Debian's packages agree."""
    told: dict[str, set[tuple[int, int, int]]] = {}
    others: dict[str, int] = {}
    for layer in base.entries:
        for entry in layer:
            if entry.kind is Kind.DIRECTORY:
                told.setdefault(entry.path, set()).add((entry.mode, entry.uid, entry.gid))
            else:
                others[entry.path] = others.get(entry.path, 0) + 1

    assert {path: modes for path, modes in told.items() if len(modes) > 1} == {}
    assert {path for path, count in others.items() if count > 1} == set()
    assert told.keys() & others.keys() == set()


@pytest.mark.parametrize(
    ("path", "mode"),
    [("tmp", 0o1777), ("var/tmp", 0o1777), ("root", 0o700), ("run/lock", 0o1777), ("mnt", 0o755)],
)
def test_directories_have_the_modes_that_programs_expect(base: Base, path: str, mode: int) -> None:
    assert (base.root / path).stat().st_mode & 0o7777 == mode


def test_usr_is_merged_and_no_link_dangles(base: Base) -> None:
    for name in ("bin", "sbin", "lib", "lib64"):
        assert (base.root / name).readlink() == Path("usr") / name
    links = [entry for layer in base.entries for entry in layer if entry.kind is Kind.SYMLINK]
    paths = [f"/{entry.path}" for entry in links]
    program = "import os, sys; print(*(p for p in sys.argv[1:] if not os.path.exists(p)), sep='|')"

    dangling = base.run("/usr/bin/python3", "-c", program, *paths).strip().split("|")

    assert dangling == [""]


def _below_share(folders: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"/usr/share/{folder}" for folder in folders)
