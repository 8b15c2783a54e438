"""What a build takes above real bases, beside what the real apt would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3

from integration.debian_root import DebianRoot
from integration.installed_program import CHECKS
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, write_project
from integration.machine_mirror import Http
from lamina.bases.layout import read_layout
from lamina.bases.small_files import read_small_files
from lamina.cli.mirrors import archives_for
from lamina.deb.asked import UnknownPackages
from lamina.deb.installed import Installed
from lamina.deb.packages import PackagesIndex
from lamina.deb.resolver import Unsatisfiable, resolve
from lamina.deb.wish import Wish
from lamina.mirrors.indices import read_index
from lamina.mirrors.preferences import preferences_of
from lamina.oci.descriptor import Platform
from lamina.oci.location import Location
from lamina.project.config import Config

pytestmark = [pytest.mark.integration, pytest.mark.network]

MORE = (
    ("build-essential",),
    ("python3-numpy",),
    ("default-jre-headless",),
    ("libreoffice-core-nogui",),
    ("postgresql-client", "redis-tools", "unzip"),
    ("wkhtmltopdf", "fonts-noto-cjk"),
    ("libgdal32", "gdal-bin"),
    ("openssl", "zip", "xz-utils"),
    ("imagemagick", "ghostscript"),
    ("git", "git-lfs", "openssh-client"),
    ("chromium",),
    ("unixodbc", "libodbc1", "tdsodbc"),
)
"""What else stands in Dockerfiles, one `apt-get install` each."""

WIDE = """
    default-jre-headless libreoffice-writer chromium-driver firefox-esr nodejs npm graphviz
    libgdal-dev texlive-latex-extra tesseract-ocr libgl1-mesa-glx default-libmysqlclient-dev
    unixodbc-dev gnupg sudo cron supervisor nginx-light tzdata locales fonts-noto exim4 postfix
    mail-transport-agent default-mta awk original-awk editor java-runtime-headless x-www-browser
    dbus-session-bus httpd-cgi pinentry-curses python3-pyqt5 python3-venv python3-opencv
    systemd-sysv dbus-user-session vim-tiny emacs-nox bind9-dnsutils netcat telnet gdb
    mariadb-server pulseaudio libgtk-3-dev xvfb libatlas-base-dev libhdf5-dev postgis krb5-user
    librdkafka-dev libcurl4-gnutls-dev rsyslog syslog-ng runit man-db calibre qtbase5-dev
    gstreamer1.0-libav libvips-dev libheif-dev unoconv libsystemd-dev network-manager docker.io
    podman samba-client apache2 rabbitmq-server r-base julia ghc perf-tools-unstable
    linux-headers-amd64 grub-pc libssl1.1 sysvinit-core libpam-systemd default-dbus-session-bus
    gcc-multilib crossbuild-essential-arm64 wine devscripts aptitude libc6 dpkg base-files
    task-gnome-desktop kde-full init elogind
"""
"""Large ones, virtual ones and ones with many alternatives; some that there are not."""


@dataclass(frozen=True)
class Pair:
    """A base, as the resolver sees it and as apt does."""

    index: PackagesIndex
    installed: Installed
    architecture: str
    apt: DebianRoot

    def ours(self, names: Sequence[str]) -> Mapping[str, str]:
        wishes = [Wish.parse(name) for name in names]
        found = resolve(wishes, self.index, self.installed, architecture=self.architecture).packages
        return {package.name: package.version for package in found}


def pair_of(layout: Path, architecture: str, apt: DebianRoot, folder: Path) -> Pair:
    """Read a base, and the indices that its own sources name; ask apt with what it has."""
    base = read_layout(Location("oci", str(layout)), Platform("linux", architecture))
    small, _ = read_small_files(base)
    archives = archives_for(small, architecture, {}, Config(), pytest.fail, folder=folder)
    fetch = Http(folder, urllib3.PoolManager())
    files = read_index(archives, architecture, fetch=fetch, now=datetime.now(UTC)).files
    preferences = preferences_of(small, files, architecture)
    installed = Installed.parse(small.statuses.values(), where=str(layout))
    (status,) = small.statuses.values()
    same = apt.of_base(status, f"{layout.name}-{architecture}", architecture)
    return Pair(PackagesIndex(files, preferences), installed, architecture, same)


def debian(lamina: Lamina, architecture: str, folder: Path) -> Path:
    """Return the layout of an image upon `debian:bookworm`."""
    project = write_project(folder / "project", [LocalWheel("demo")])
    options = ("--base", "debian:bookworm", "--platform", f"linux/{architecture}")
    lamina("build", project, *options, "-o", f"oci:{folder / 'image'}")
    return folder / "image"


@pytest.fixture(
    scope="module",
    params=["slim-amd64", "debian-amd64", pytest.param("debian-arm64", marks=pytest.mark.apt)],
)
def pair(
    request: pytest.FixtureRequest,
    slim: Path,
    slim_root: DebianRoot,
    lamina: Lamina,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pair:
    base, architecture = request.param.split("-")
    folder = tmp_path_factory.mktemp(request.param)
    layout = slim if base == "slim" else debian(lamina, architecture, folder)
    return pair_of(layout, architecture, slim_root, folder)


@pytest.mark.parametrize("name", CHECKS)
def test_each_package_comes_with_what_apt_would_bring(pair: Pair, name: str) -> None:
    assert pair.ours([name]) == pair.apt.would_install(name)


@pytest.mark.apt
@pytest.mark.parametrize("name", WIDE.split())
def test_a_wide_choice_comes_as_with_apt_or_is_refused_as_by_apt(pair: Pair, name: str) -> None:
    try:
        ours = pair.ours([name])
    except (Unsatisfiable, UnknownPackages):
        ours = None

    assert ours == pair.apt.can_install(name)


def test_all_of_them_at_once(pair: Pair) -> None:
    assert pair.ours(tuple(CHECKS)) == pair.apt.would_install(*CHECKS)


@pytest.mark.apt
@pytest.mark.parametrize("names", MORE, ids=" ".join)
def test_others_that_stand_in_dockerfiles(pair: Pair, names: Sequence[str]) -> None:
    assert pair.ours(names) == pair.apt.would_install(*names)
