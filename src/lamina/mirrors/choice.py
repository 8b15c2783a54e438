"""Which archives packages come from: those that are configured, the base's, or this machine's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from lamina.deb.sources import AptSource, parse_sources
from lamina.errors import LaminaError
from lamina.mirrors.archives import (
    Archive,
    MirrorNotFound,
    archives_of_machine,
    archives_of_mirror,
    archives_of_sources,
    at_mirror,
)
from lamina.mirrors.distributions import DISTRIBUTIONS, Distribution
from lamina.mirrors.keyrings import Keys, Read, named_keys, usual_keys

_LIST = "etc/apt/sources.list"
_TRUSTED = "etc/apt/trusted.gpg"
_NO_SECURITY = (
    "There are no security updates, since a mirror is configured and none for those; "
    "name it as `debian-security-mirror`"
)


class NothingForArchitecture(LaminaError):
    """Sources that all are for other architectures."""

    def __init__(self, architecture: str, sources: Sequence[AptSource]) -> None:
        lines = "".join(f"\n  {each.place}" for each in sources)
        super().__init__(
            f"Unable to find packages for `{architecture}`: every apt source is for others{lines}",
            hint="Name sources that have it as `apt-sources` in `[tool.lamina]`",
        )


class BaseFiles(Protocol):
    """Small files of a base, by their paths relative to its root."""

    def get(self, path: str) -> bytes | None:
        """Return the bytes of a file, through symlinks; None where there is none."""
        ...

    def below(self, folder: str) -> dict[str, bytes]:
        """Return the files of a folder by their paths, sorted."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """What packages are wanted for."""

    base: BaseFiles | None
    """None: there is no base below."""
    architecture: str
    codename: str | None
    distribution: Distribution | None
    """None: one whose archive we do not know, as of a derivative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """What the user says."""

    mirror: str | None = None
    """Of the distribution, whichever it is."""
    security_mirror: str | None = None
    is_for_all: bool = False
    """Whether the mirror stands in for that of configured sources, too."""
    sources: tuple[str, ...] = ()
    """In one line each; they are taken instead of the base's."""
    keyring: bytes | None = None
    keyring_path: str = ""
    """Where it lies; for errors."""
    read: Read
    """Gives the keyrings that `sources` name by relative paths."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What apt of this machine has."""

    sources: Callable[[], Sequence[AptSource]]
    read: Read


def choose_archives(
    target: Target, configured: Configured, machine: Machine, warn: Callable[[str], None]
) -> tuple[Archive, ...]:
    """Return the archives with the keys of each; ``warn`` is told of what is left out.

    Of a source that the base names, the keys are the base's: those in its `Signed-By`, else those
    that its apt trusts. A keyring that is configured goes before the keys of the distribution.
    """
    if configured.sources:
        archives = _of_configured(target, configured)
        if configured.is_for_all:
            archives = _moved(archives, target, configured, warn)
        return _with_keys(archives, target, configured, machine)
    sources = _usable(_sources_of(target.base), warn) if target.base is not None else []
    if sources:
        archives = _of_sources(sources, target)
        return _with_keys(_moved(archives, target, configured, warn), target, configured, machine)
    archives = _of_release(target, configured, machine, warn)
    return _with_keys(archives, replace(target, base=None), configured, machine)


def _of_configured(target: Target, configured: Configured) -> tuple[Archive, ...]:
    sources = [
        source
        for number, line in enumerate(configured.sources)
        for source in parse_sources(line.encode(), f"tool.lamina.apt-sources[{number}]")
    ]
    return _of_sources(sources, target)


def _of_sources(sources: Sequence[AptSource], target: Target) -> tuple[Archive, ...]:
    archives = archives_of_sources(
        sources, target.architecture, target.codename, target.distribution
    )
    if not archives:
        raise NothingForArchitecture(target.architecture, sources)
    return archives


def _of_release(
    target: Target, configured: Configured, machine: Machine, warn: Callable[[str], None]
) -> tuple[Archive, ...]:
    """Return the archives of a release, about which the base says nothing but its name."""
    codename, distribution = target.codename, target.distribution
    if codename is None or distribution is None:
        raise MirrorNotFound(codename, distribution)
    if configured.mirror is None:
        return archives_of_machine(codename, machine.sources(), distribution)
    if configured.security_mirror is None and distribution.has_own_security:
        warn(_NO_SECURITY)
    return archives_of_mirror(
        codename,
        configured.mirror,
        security=configured.security_mirror,
        distribution=distribution,
    )


def _moved(
    archives: tuple[Archive, ...],
    target: Target,
    configured: Configured,
    warn: Callable[[str], None],
) -> tuple[Archive, ...]:
    """Return the archives, those of the distribution at the mirror that is configured."""
    if configured.mirror is None:
        return archives
    if target.codename is None or target.distribution is None:
        warn("`debian-mirror` changes nothing: the base is of no release of Debian or Ubuntu")
        return archives
    moved = at_mirror(
        archives,
        target.codename,
        configured.mirror,
        security=configured.security_mirror,
        distribution=target.distribution,
    )
    if not any(archive.is_own for archive in archives):
        warn(
            "`debian-mirror` changes nothing: no apt source of the base is of "
            f"{target.distribution.name} itself"
        )
    if len(moved) < len(archives):
        warn(_NO_SECURITY)
    return moved


def _sources_of(base: BaseFiles) -> list[AptSource]:
    """Return the apt sources of a base, in the order in which apt reads them."""
    files = {_LIST: base.get(_LIST), **base.below(f"{_LIST}.d")}
    return [
        source
        for path, data in files.items()
        if data is not None and path.endswith((".list", ".sources"))
        for source in parse_sources(data, f"/{path}")
    ]


def _usable(sources: Sequence[AptSource], warn: Callable[[str], None]) -> list[AptSource]:
    """Return the sources that HTTP can fetch from, and say which cannot be."""
    for source in sources:
        for uri in source.other_uris:
            shown = uri.partition(":")[0] if "@" in uri else uri
            warn(f"Left out `{shown}` of {source.place}: only `http://` and `https://` are read")
    return [source for source in sources if source.uris]


def _with_keys(
    archives: tuple[Archive, ...], target: Target, configured: Configured, machine: Machine
) -> tuple[Archive, ...]:
    mine = () if configured.keyring is None else (configured.keyring,)

    def keys(archive: Archive) -> Keys:
        if mine and archive.is_own:
            return Keys(mine, tried=(configured.keyring_path,))
        found = _keys(archive, target, configured, machine)
        if archive.signed_by:
            return found
        tried = (configured.keyring_path,) if mine else ()
        return replace(found, keyrings=mine + found.keyrings, tried=tried + found.tried)

    return tuple(replace(archive, keys=keys(archive)) for archive in archives)


def _keys(archive: Archive, target: Target, configured: Configured, machine: Machine) -> Keys:
    base = target.base

    def read(path: str) -> bytes | None:
        if not path.startswith("/"):
            return configured.read(path) if configured.sources else None
        if base is None:
            return machine.read(path)
        found = base.get(path.lstrip("/"))
        # What the user names may lie here; what the base names lies in the base.
        return machine.read(path) if found is None and configured.sources else found

    named = named_keys(archive.signed_by, read)
    if named.keyrings or named.tried:
        return named
    usual = usual_keys(_usual(target), read)
    if not usual.keyrings:
        usual = usual_keys([_archive_keyrings(target.distribution)], machine.read)
    return replace(usual, fingerprints=named.fingerprints)


def _usual(target: Target) -> Sequence[Sequence[str]]:
    """Return where keys lie that apt trusts for all sources, and those of the distribution."""
    own = _archive_keyrings(target.distribution)
    if target.base is None:
        return [own]
    paths = [path for path in target.base.below(f"{_TRUSTED}.d") if path.endswith((".gpg", ".asc"))]
    return [[f"/{path}" for path in (*paths, _TRUSTED)], own]


def _archive_keyrings(distribution: Distribution | None) -> Sequence[str]:
    known = DISTRIBUTIONS if distribution is None else [distribution]
    return [path for each in known for path in each.keyrings]
