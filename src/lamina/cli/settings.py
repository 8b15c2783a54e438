"""What the world around the process says: the environment, the home folder, the clock."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from lamina import __version__
from lamina.cli.indexes import package_indexes
from lamina.cli.python_places import python_places
from lamina.errors import LaminaError
from lamina.fetch.indexes import Index
from lamina.make.workshop import Backends
from lamina.oci.descriptor import Platform
from lamina.plan.epoch import EPOCH
from lamina.project.program import Programs
from lamina.pythons.discovery import Preference
from lamina.pythons.finder import Pythons, candidates
from lamina.pythons.interpreter import Interpreter

if TYPE_CHECKING:
    from lamina.transport.http import Network

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}


class InvalidSetting(LaminaError):
    """An environment variable with a value that means nothing."""


def store_folder(given: Path | None) -> Path:
    """Return where the store is: as given, or in the user's cache folder."""
    return (given or platformdirs.user_cache_path("lamina")).absolute()


def outputs(environ: Mapping[str, str], given: Sequence[str]) -> Sequence[str]:
    """Return where the image goes: as given, or as `LAMINA_OUTPUT` says."""
    text = environ.get("LAMINA_OUTPUT")
    return given or ([text] if text else [])


def network(environ: Mapping[str, str]) -> Network:
    """Return how the network is reached."""
    # Here, since much is done without it.
    import urllib.request

    from lamina.transport.http import Network

    return Network(
        timeout=timeout(environ),
        proxies=urllib.request.getproxies(),
        ca_bundle=environ.get("LAMINA_CA_BUNDLE") or None,
        user_agent=f"lamina/{__version__}",
    )


def timeout(environ: Mapping[str, str]) -> float:
    """Return how long the network may be silent, in seconds. Raises `InvalidSetting`."""
    names = [each for each in ("LAMINA_HTTP_TIMEOUT", "UV_HTTP_TIMEOUT") if each in environ]
    text = environ[names[0]] if names else "60"
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86400:
        raise InvalidSetting(f"Expected seconds in `{names[0]}`, got: {text}")
    return seconds


def backends(
    environ: Mapping[str, str],
    indexes: tuple[Index, ...],
    address: Callable[[str], str],
    pythons: Pythons,
    programs: Programs,
) -> Backends:
    """Return how build backends are run, and where what they need is found."""
    bundle = environ.get("LAMINA_CA_BUNDLE")
    own = {"PIP_CERT": bundle, **environ} if bundle else environ
    return Backends(
        pythons=pythons,
        indexes=package_indexes(own, indexes, address),
        path=environ.get("PATH", os.defpath),
        environ=environ,
        programs=programs,
    )


def pythons(environ: Mapping[str, str]) -> Pythons:
    """Return the Pythons of this machine: on `PATH`, and those that pyenv and uv keep."""

    def listed() -> list[Path]:
        places = python_places(environ, Preference.MANAGED)
        return candidates(places.path, [places.pyenv, places.managed])

    return Pythons(Interpreter.running(), listed, environ)


def machine() -> Platform | None:
    """Return what programs of images run here; None, where that is another system than Linux."""
    name = platform.machine().lower()
    if sys.platform != "linux":
        return None
    return Platform("linux", _ARCHITECTURES.get(name, name))


def makers() -> int:
    """Return how many layers to make at a time: as many as there are processors for us."""
    if hasattr(os, "sched_getaffinity"):
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
