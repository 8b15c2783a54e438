"""What the world around the process says: the environment, the home folder, the clock."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from lamina import __version__
from lamina.bases.debian.archives import (
    archives_of_mirror,
    archives_of_sources,
    read_keyrings,
)
from lamina.deb.sources import AptSource, parse_sources
from lamina.errors import LaminaError
from lamina.make.base import DebianSettings
from lamina.make.workshop import Backends
from lamina.plan.key import EPOCH
from lamina.project.requirements import Interpreter, PackageIndexes
from lamina.transport import Network

_SOURCES = (
    "/etc/apt/sources.list",
    "/etc/apt/sources.list.d/*.list",
    "/etc/apt/sources.list.d/*.sources",
)
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class InvalidSetting(LaminaError):
    """An environment variable with a value that means nothing."""


def store_folder(given: Path | None) -> Path:
    """Return where the store is: as given, or in the user's cache folder."""
    return (given or platformdirs.user_cache_path("lamina")).absolute()


def network(environ: Mapping[str, str]) -> Network:
    """Return how the network is reached."""
    text = environ.get("LAMINA_HTTP_TIMEOUT", "60")
    try:
        timeout = float(text)
    except ValueError:
        timeout = 0.0
    if not 0 < timeout < 86400:
        raise InvalidSetting(f"Expected seconds in `LAMINA_HTTP_TIMEOUT`, got: {text}")
    return Network(
        timeout=timeout,
        proxies=urllib.request.getproxies(),
        user_agent=f"lamina/{__version__}",
    )


def backends(environ: Mapping[str, str]) -> Backends:
    """Return how build backends are run."""
    return Backends(
        interpreter=Interpreter.running(),
        indexes=PackageIndexes(environ=dict(environ)),
        path=environ.get("PATH", os.defpath),
    )


def makers() -> int:
    """Return how many layers to make at a time: as many as there are processors."""
    if sys.platform == "linux":
        return max(2, len(os.sched_getaffinity(0)))
    return max(2, os.cpu_count() or 1)


def created_at(environ: Mapping[str, str], folder: Path) -> str:
    """Return the date of the image: `SOURCE_DATE_EPOCH`, the commit's, or a fixed one."""
    text = environ.get("SOURCE_DATE_EPOCH")
    if text is None:
        text = _git(folder, "log", "-1", "--format=%ct") or str(EPOCH)
    if not text.isdecimal() or len(text) > 11:
        raise InvalidSetting(f"Expected whole seconds in `SOURCE_DATE_EPOCH`, got: {text}")
    return datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def revision(folder: Path) -> str | None:
    """Return the commit that is checked out, if there is one."""
    return _git(folder, "rev-parse", "HEAD") or None


def _git(folder: Path, *args: str) -> str:
    """Ask git something of the folder; nothing, where it has no answer."""
    try:
        answer = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *args],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def debian_settings(
    environ: Mapping[str, str], configured: str | None
) -> Callable[[str], DebianSettings]:
    """Return what gives the settings for a codename of Debian."""

    def settings(codename: str) -> DebianSettings:
        mirror = environ.get("LAMINA_DEBIAN_MIRROR") or configured
        if mirror:
            archives = archives_of_mirror(codename, mirror)
        else:
            archives = archives_of_sources(codename, _apt_sources())
        keyring = environ.get("LAMINA_DEBIAN_KEYRING")
        keyrings = read_keyrings(
            archives, configured=Path(keyring) if keyring else None, system=_KEYRING
        )
        return DebianSettings(archives=archives, keyrings=keyrings, now=datetime.now(UTC))

    return settings


def _apt_sources() -> list[AptSource]:
    root = Path("/")
    paths = [path for pattern in _SOURCES for path in sorted(root.glob(pattern.lstrip("/")))]
    return [source for path in paths for source in parse_sources(path.read_bytes(), str(path))]
