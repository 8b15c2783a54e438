"""Where Debian packages come from: the configuration, the base's apt sources, or this machine's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lamina.deb.sources import AptSource, parse_sources
from lamina.errors import LaminaError
from lamina.make.debian_base import DebianSettings
from lamina.mirrors.archives import Archive, archives_of_machine, archives_of_mirror
from lamina.mirrors.distributions import DEBIAN
from lamina.mirrors.keyrings import Keys, named_keys, usual_keys
from lamina.project.config import Config

_SOURCES = (
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/*.list",
    "etc/apt/sources.list.d/*.sources",
)


def debian_settings(
    codename: str, environ: Mapping[str, str], config: Config, warn: Callable[[str], None]
) -> DebianSettings:
    """Return the settings for a codename of Debian."""
    mirror = environ.get("LAMINA_DEBIAN_MIRROR") or config.debian_mirror
    if mirror:
        security = environ.get("LAMINA_DEBIAN_SECURITY_MIRROR") or config.debian_security_mirror
        archives = archives_of_mirror(codename, mirror, security=security)
    else:
        archives = archives_of_machine(codename, apt_sources(Path("/"), warn))
    keyring = environ.get("LAMINA_DEBIAN_KEYRING")
    configured = Keys((_read_keyring(Path(keyring)),)) if keyring else None
    return DebianSettings(
        archives=[replace(each, keys=configured or _keys(each)) for each in archives],
        now=datetime.now(UTC),
    )


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


def _keys(archive: Archive) -> Keys:
    """Return the keys of this machine for an archive."""
    if archive.signed_by:
        return named_keys(archive.signed_by, _of_machine)
    return usual_keys([DEBIAN.keyrings], _of_machine)


def _of_machine(path: str) -> bytes | None:
    found = Path(path)
    return _read_keyring(found) if found.is_absolute() and found.is_file() else None


def _read_keyring(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LaminaError(f"Unable to read the keyring `{path}`: {error.strerror}") from error


def archives_of_base(
    base: Callable[[str], bytes | None],
    environ: Mapping[str, str],
    config: Config,
    warn: Callable[[str], None],
) -> Sequence[Archive]:
    """Return the archives of this machine for a base, whose files ``base`` gives."""
    text = (base("etc/os-release") or b"").decode("utf-8", "replace")
    found = re.search(r'^VERSION_CODENAME="?([a-z]+)', text, re.MULTILINE)
    return debian_settings(found[1] if found else "", environ, config, warn).archives
