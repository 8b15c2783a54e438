"""What is signed of a suite: its release file, believed only as far as its keys and dates go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from lamina.deb.release import Release
from lamina.deb.signature import verify
from lamina.errors import LaminaError
from lamina.mirrors.archives import Archive
from lamina.mirrors.fetching import Fetch
from lamina.mirrors.keyrings import KeyringNotFound

PARALLEL = 8


class SuiteNotFound(LaminaError):
    """A mirror without the suite asked for."""

    def __init__(self, archive: Archive) -> None:
        super().__init__(
            f"Unable to find {archive}",
            hint="Check the codename, or name another mirror in `LAMINA_DEBIAN_MIRROR`",
        )


class RolledBack(LaminaError):
    """A release file older than one that was seen before."""

    def __init__(self, where: str, seen: datetime, got: datetime) -> None:
        super().__init__(
            f"{where} is older than one that was seen before\n"
            f"  seen: {seen:%Y-%m-%d %H:%M:%S} UTC\n"
            f"  got:  {got:%Y-%m-%d %H:%M:%S} UTC",
            hint="The mirror is behind, or somebody holds updates back: try again later, or name "
            "another mirror as `debian-mirror` in `[tool.lamina]`",
        )


@dataclass(frozen=True, slots=True)
class SuiteRelease:
    """A suite, and what its archive signed of it."""

    archive: Archive
    release: Release


def read_releases(
    archives: Sequence[Archive],
    *,
    fetch: Fetch,
    now: datetime,
    seen: Mapping[str, datetime] | None = None,
) -> tuple[SuiteRelease, ...]:
    """Return the release files, each verified; suites that may be missing and are, are left out.

    ``seen`` tells the newest date that was seen of an archive, by `Archive.name`.
    """
    read = partial(_read, fetch=fetch, now=now, seen=seen or {})
    with ThreadPoolExecutor(PARALLEL, "release") as pool:
        return tuple(found for found in pool.map(read, archives) if found is not None)


def _read(
    archive: Archive, fetch: Fetch, now: datetime, seen: Mapping[str, datetime]
) -> SuiteRelease | None:
    where = f"`InRelease` of {archive}"
    signed = fetch.read(archive.release_url)
    if signed is None:
        if archive.is_required:
            raise SuiteNotFound(archive)
        return None
    if not archive.keys.keyrings:
        raise KeyringNotFound(str(archive), archive.keys.tried)
    release = Release.parse(verify(signed, archive.keys.keyrings, what=where), where=where)
    if not archive.is_flat:
        release.check_suite(archive.suite, where=where)
    if archive.checks_date:
        release.check_date(now, where=where)
    newest = seen.get(archive.name)
    if newest is not None and release.date < newest:
        raise RolledBack(where, newest, release.date)
    return SuiteRelease(archive, release)
