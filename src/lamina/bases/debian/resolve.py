"""From a codename to packages: the closure of what a base consists of, in the archives' indices."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from lamina.bases.debian.plan import ALONE, ROOTS, DebianPlan
from lamina.deb.packages import PackagesIndex
from lamina.errors import LaminaError
from lamina.mirrors.archives import Archive, MirrorNotFound
from lamina.mirrors.fetching import Fetch
from lamina.mirrors.indices import read_packages
from lamina.mirrors.releases import SuiteRelease, read_releases

_CODENAME = re.compile("[a-z]+")


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
    seen: Mapping[str, datetime] | None = None,
    keep: Callable[[Sequence[SuiteRelease]], object] = tuple,
    previous: DebianPlan | None = None,
) -> DebianPlan:
    """Return the packages of a base; of each the newest version that an archive has.

    ``previous`` is an earlier answer to the same question. It is given again where no release file
    has changed since, which spares the indices. ``seen``: see `read_releases`; ``keep`` is told
    what to remember for it.
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
    packages = PackagesIndex(files).closure(ROOTS, alone=ALONE)
    return DebianPlan(codename, architecture, suites, releases, packages, now)
