"""What is signed of a suite: its release file, believed only as far as its keys and dates go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import partial

from lamina.deb.release import Release
from lamina.deb.signature import BadSignature, UnreadableKeyring, verify, verify_detached
from lamina.errors import LaminaError
from lamina.mirrors.archives import Archive
from lamina.mirrors.distributions import DISTRIBUTIONS
from lamina.mirrors.fetching import Fetch, MirrorUnreachable
from lamina.mirrors.keyrings import DamagedKeyring, KeyringNotFound
from lamina.transport.protocol import Interrupted, TransportError

PARALLEL = 8


class SuiteNotFound(LaminaError):
    """A mirror without the suite asked for."""

    def __init__(self, archive: Archive) -> None:
        near = _near(archive.suite)
        check = f"Did you mean `{near}`? Or" if near else "Check the codename, or"
        super().__init__(
            f"Unable to find {archive}",
            hint=f"{check} name another mirror in `LAMINA_DEBIAN_MIRROR`",
        )


def _near(suite: str) -> str | None:
    """Return the suite that a misspelt name is close to; None for one that is known."""
    stem, dash, rest = suite.partition("-")
    known = sorted(frozenset().union(*(each.stems for each in DISTRIBUTIONS)))
    near = [] if stem in known else get_close_matches(stem, known, 1)
    return f"{near[0]}{dash}{rest}" if near else None


class UnsignedSource(LaminaError):
    """A source that is to be believed without a signature."""

    def __init__(self, archive: Archive) -> None:
        super().__init__(
            f"Unable to believe {archive}: the source in {archive.unsigned_in} says to trust it "
            "without a signature",
            hint="Name its key in `Signed-By` instead of `Trusted: yes`; or name the sources to "
            "use as `apt-sources` in `[tool.lamina]`",
        )


class RolledBack(LaminaError):
    """A release file older than one that was seen before."""

    def __init__(self, where: str, seen: datetime, got: datetime) -> None:
        super().__init__(
            f"{where} is older than the one that was seen before\n"
            f"  seen: {seen:%Y-%m-%d %H:%M:%S} UTC\n"
            f"  got:  {got:%Y-%m-%d %H:%M:%S} UTC",
            hint="The mirror is behind, or somebody keeps updates from you: try again later, or "
            "name another mirror as `debian-mirror` in `[tool.lamina]`; to go back on purpose, "
            "forget what was seen: run `lamina cache prune --all`, and remove `lamina.lock`",
        )


@dataclass(frozen=True, slots=True)
class SuiteRelease:
    """A suite, and what its archive signed of it."""

    archive: Archive
    url: str
    """That of the mirror which had it; the others may be behind it."""
    release: Release
    where: str
    """What the release file is called in errors."""


def read_releases(
    archives: Sequence[Archive],
    *,
    fetch: Fetch,
    now: datetime,
    seen: Mapping[str, datetime] | None = None,
) -> tuple[SuiteRelease, ...]:
    """Return the release files, each verified; suites that may be missing and are, are left out.

    ``seen`` tells the newest date that was seen of an archive, by `Archive.name`; an older one is
    refused, and so is the lack of a suite that was there.
    """
    read = partial(_read, fetch=fetch, now=now, seen=seen or {})
    with ThreadPoolExecutor(PARALLEL, "release") as pool:
        return tuple(found for found in pool.map(read, archives) if found is not None)


def newest_dates(releases: Sequence[SuiteRelease]) -> dict[str, datetime]:
    """Return what is to be remembered of releases, to be given as ``seen`` next time."""
    return {each.archive.name: each.release.date for each in releases}


def with_pinned(
    seen: Mapping[str, datetime], archives: Sequence[Archive], pinned: Mapping[str, datetime]
) -> dict[str, datetime]:
    """Return ``seen``, and what a lock tells of suites, by their names, where that is newer.

    A snapshot is older on purpose: of a source that says `Check-Valid-Until: no`, what was seen at
    that very address counts, and not what a lock tells of others.
    """
    found = dict(seen)
    for archive in archives:
        date = pinned.get(archive.suite) if archive.checks_date else None
        if date is not None:
            found[archive.name] = max(date, found.get(archive.name, date))
    return found


def _read(
    archive: Archive, fetch: Fetch, now: datetime, seen: Mapping[str, datetime]
) -> SuiteRelease | None:
    if archive.unsigned_in:
        raise UnsignedSource(archive)
    if not archive.keys.keyrings:
        raise KeyringNotFound(str(archive), archive.keys.tried)
    try:
        found = _verified(archive, fetch, now)
    except UnreadableKeyring as error:
        raise DamagedKeyring(error, archive.keys.tried) from None
    newest = seen.get(archive.name)
    if found is None:
        if archive.is_required or newest is not None:
            raise SuiteNotFound(archive)
        return None
    url, text, where = found
    release = Release.parse(text, where=where)
    if not archive.is_flat:
        release.check_suite(archive.suite, where=where)
    release.check_date(now, where=where, may_be_old=not archive.checks_date)
    if newest is not None and release.date < newest:
        raise RolledBack(where, newest, release.date)
    return SuiteRelease(archive, url, release, where)


def _verified(archive: Archive, fetch: Fetch, now: datetime) -> tuple[str, bytes, str] | None:
    """Return the URL of the first mirror that has the suite, what it has signed, and its name."""
    failure: TransportError | None = None
    for url in archive.urls:
        try:
            found = _signed_text(archive, f"{url}/{archive.folder}", fetch, now)
        except Interrupted:
            raise
        except TransportError as error:
            failure = failure or error
        else:
            if found is not None:
                return url, *found
    if failure is not None:
        raise MirrorUnreachable(failure) if failure.may_pass else failure
    return None


def _signed_text(
    archive: Archive, folder: str, fetch: Fetch, now: datetime
) -> tuple[bytes, str] | None:
    """Return the text of the release file, signed within itself or by a file beside it."""
    keyrings, only = archive.keys.keyrings, archive.keys.fingerprints
    where = f"`InRelease` of {archive}"
    signed = fetch.read(f"{folder}InRelease")
    if signed is not None:
        return verify(signed, keyrings, what=where, now=now, only=only), where
    where = f"`Release` of {archive}"
    text = fetch.read(f"{folder}Release")
    if text is None:
        return None
    signature = fetch.read(f"{folder}Release.gpg")
    if signature is None:
        raise BadSignature(where, "the mirror has none")
    return verify_detached(text, signature, keyrings, what=where, now=now, only=only), where
