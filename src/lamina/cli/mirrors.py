"""Where Debian's packages come from: the environment, the configuration, or this machine's apt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from lamina.bases.debian.archives import (
    archives_of_mirror,
    archives_of_sources,
    read_keyrings,
)
from lamina.deb.sources import AptSource, parse_sources
from lamina.make.debian_base import DebianSettings
from lamina.project.config import Config

_SOURCES = (
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/*.list",
    "etc/apt/sources.list.d/*.sources",
)
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def debian_settings(
    codename: str, environ: Mapping[str, str], config: Config, warn: Callable[[str], None]
) -> DebianSettings:
    """Return the settings for a codename of Debian."""
    mirror = environ.get("LAMINA_DEBIAN_MIRROR") or config.debian_mirror
    if mirror:
        security = environ.get("LAMINA_DEBIAN_SECURITY_MIRROR") or config.debian_security_mirror
        archives = archives_of_mirror(codename, mirror, security=security)
    else:
        archives = archives_of_sources(codename, apt_sources(Path("/"), warn))
    keyring = environ.get("LAMINA_DEBIAN_KEYRING")
    keyrings = read_keyrings(
        archives, configured=Path(keyring) if keyring else None, system=_KEYRING
    )
    return DebianSettings(archives=archives, keyrings=keyrings, now=datetime.now(UTC))


def apt_sources(root: Path, warn: Callable[[str], None]) -> list[AptSource]:
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
