"""From a codename to packages: what a base consists of, resolved in the archives' indices."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from lamina.bases.debian.plan import DebianPlan, roots
from lamina.deb import resolver
from lamina.deb.asked import UnknownPackages
from lamina.deb.installed import Installed
from lamina.deb.packages import PackagesIndex
from lamina.deb.wish import Wish
from lamina.errors import LaminaError
from lamina.mirrors.archives import Archive, MirrorNotFound
from lamina.mirrors.fetching import Fetch
from lamina.mirrors.indices import read_packages
from lamina.mirrors.releases import SuiteRelease, read_releases

_CODENAME = re.compile("[a-z]+")


class IncompleteArchive(LaminaError):
    """An archive that lacks what every base has."""

    def __init__(self, codename: str, error: LaminaError) -> None:
        _, *lines = str(error).splitlines()
        super().__init__(
            "\n".join([f"Unable to make the base `debian:{codename}`", *lines]),
            hint="The mirror may be in the middle of an update; try again, or name another mirror",
        )


class InvalidCodename(LaminaError):
    """What cannot be the codename of a release."""

    def __init__(self, codename: str) -> None:
        super().__init__(
            f"Unable to make the base `debian:{codename}`: expected a codename, as in `bookworm`"
        )


def resolve(
    codename: str,
    architecture: str,
    archives: Sequence[Archive],
    *,
    fetch: Fetch,
    now: datetime,
    shell: bool = False,
    seen: Mapping[str, datetime] | None = None,
    keep: Callable[[Sequence[SuiteRelease]], object] = tuple,
    preferred: Mapping[str, str] = resolver.NO_PINS,
    previous: DebianPlan | None = None,
) -> DebianPlan:
    """Return the packages of a base, as apt would install them in an empty system.

    A ``shell`` comes with the few programs that scripts rely on. ``preferred`` are versions that
    are taken where the archives still have them. ``previous`` is an earlier answer
    to the same question. It is given again where no release file has changed since, which spares
    the indices. ``seen``: see `read_releases`; ``keep`` is told what to remember for it.
    """
    if not _CODENAME.fullmatch(codename):
        raise InvalidCodename(codename)
    if not archives:
        raise MirrorNotFound(codename)
    found = read_releases(archives, fetch=fetch, now=now, seen=seen)
    keep(found)
    suites = tuple(each.archive.suite for each in found)
    releases = tuple(each.release.sha256 for each in found)
    if previous is not None and (previous.suites, previous.releases) == (suites, releases):
        return replace(previous, resolved_at=now)
    files = read_packages(found, architecture, fetch=fetch)
    wishes = [Wish(name) for name in roots(shell=shell)]
    index, nothing = PackagesIndex(files), Installed.nothing()
    try:
        resolution = resolver.resolve(
            wishes, index, nothing, architecture=architecture, preferred=preferred
        )
    except (UnknownPackages, resolver.Unsatisfiable) as error:
        raise IncompleteArchive(codename, error) from error
    return DebianPlan(codename, architecture, suites, releases, resolution.packages, now)
