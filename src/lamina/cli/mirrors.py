"""Where Debian packages come from: what environment, configuration and this machine say of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from lamina.deb.sources import AptSource, parse_sources
from lamina.errors import LaminaError
from lamina.make.debian_base import DebianSettings
from lamina.mirrors.archives import Archive
from lamina.mirrors.choice import BaseFiles, Configured, Machine, Target, choose_archives
from lamina.mirrors.distributions import DEBIAN
from lamina.mirrors.os_release import OsRelease
from lamina.project.config import Config

_SOURCES = (
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/*.list",
    "etc/apt/sources.list.d/*.sources",
)

Warn = Callable[[str], None]


def debian_settings(
    codename: str,
    architecture: str,
    environ: Mapping[str, str],
    config: Config,
    warn: Warn,
    *,
    folder: Path,
) -> DebianSettings:
    """Return the settings for the base `debian:CODENAME`; ``folder`` is the project's."""
    target = Target(None, architecture, codename, DEBIAN)
    archives = choose_archives(target, _configured(environ, config, folder), _machine(warn), warn)
    return DebianSettings(archives=archives, now=datetime.now(UTC), shell=config.shell)


def archives_for(
    base: BaseFiles,
    architecture: str,
    environ: Mapping[str, str],
    config: Config,
    warn: Warn,
    *,
    folder: Path,
) -> tuple[Archive, ...]:
    """Return the archives that packages above a base come from; ``folder`` is the project's."""
    release = OsRelease.of(base.get)
    target = Target(base, architecture, release.codename, release.distribution)
    return choose_archives(target, _configured(environ, config, folder), _machine(warn), warn)


def apt_sources(root: Path, warn: Warn) -> list[AptSource]:
    """Return the apt sources of a machine; files that may not be read are named and left out."""
    found: list[AptSource] = []
    for path in (path for pattern in _SOURCES for path in sorted(root.glob(pattern))):
        try:
            data = path.read_bytes()
        except OSError as error:
            warn(f"Unable to read the apt sources in `{path}`: {error.strerror}")
            continue
        found += parse_sources(data, str(path))
    return found


def _configured(environ: Mapping[str, str], config: Config, folder: Path) -> Configured:
    """Return what is configured; the environment goes before the file, each for itself."""
    mirror = environ.get("LAMINA_DEBIAN_MIRROR")
    keyring = environ.get("LAMINA_DEBIAN_KEYRING")
    if not keyring and config.debian_keyring is not None:
        keyring = str(folder / config.debian_keyring)

    def read(path: str) -> bytes | None:
        return _read_keyring(folder / path)

    return Configured(
        mirror=mirror or config.debian_mirror,
        security_mirror=(
            environ.get("LAMINA_DEBIAN_SECURITY_MIRROR") or config.debian_security_mirror
        ),
        is_for_all=bool(mirror),
        sources=config.apt_sources,
        keyring=_read_keyring(Path(keyring)) if keyring else None,
        keyring_path=keyring or "",
        read=read,
    )


def _machine(warn: Warn) -> Machine:
    def read(path: str) -> bytes | None:
        found = Path(path)
        return _read_keyring(found) if found.is_absolute() and found.is_file() else None

    return Machine(sources=lambda: apt_sources(Path("/"), warn), read=read)


def _read_keyring(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LaminaError(
            f"Unable to read the keyring `{path}`: {error.strerror}",
            hint="A path in `[tool.lamina]` is relative to the project's folder, one in "
            "`LAMINA_DEBIAN_KEYRING` to the working directory",
        ) from error
