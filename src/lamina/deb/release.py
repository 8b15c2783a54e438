"""Release files: what a suite consists of, and until when it may be believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from lamina.deb.control import ControlError, Paragraph, parse_paragraph, required
from lamina.errors import LaminaError
from lamina.oci.digest import Digest, InvalidDigest

_SKEW = timedelta(days=1)
"""How far the archive's clock may be ahead of ours."""


class OutdatedRelease(LaminaError):
    """A release file outside the time in which it may be believed."""


class WrongRelease(LaminaError):
    """A release file of another suite than the one asked for, or without what we need."""


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A file of a suite as its release file lists it, by path relative to the suite."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Release:
    """The content of a release file."""

    names: frozenset[str]
    """Its codename and its suite, which may be asked for alike."""
    date: datetime
    valid_until: datetime | None
    has_by_hash: bool
    files: Mapping[str, IndexFile]
    sha256: str
    """Of its text."""

    @classmethod
    def parse(cls, data: bytes, *, where: str) -> Release:
        """Read the verified text of an InRelease file."""
        paragraph = parse_paragraph(data, where=where)
        date, _ = required(paragraph, "Date", "SHA256", where=where)
        until = paragraph.get("Valid-Until")
        return cls(
            names=frozenset(paragraph[key] for key in ("Codename", "Suite") if key in paragraph),
            date=_parse_date(date, where),
            valid_until=_parse_date(until, where) if until else None,
            has_by_hash=paragraph.get("Acquire-By-Hash") == "yes",
            files={file.path: file for file in _files(paragraph, where)},
            sha256=Digest.of(data).hex,
        )

    def check_suite(self, suite: str, *, where: str) -> None:
        """Refuse the release of another suite, be its signature ever so good."""
        if suite not in self.names:
            got = ", ".join(sorted(self.names)) or "no name"
            raise WrongRelease(
                f"{where} is of another suite\n  expected: {suite}\n  got:      {got}"
            )

    def check_date(self, now: datetime, *, where: str) -> None:
        """Refuse a release that is from the future, or older than it says it may get."""
        if self.date > now + _SKEW:
            raise OutdatedRelease(
                f"{where} is dated {self.date:%Y-%m-%d}, which is in the future",
                hint="Set the clock of this machine",
            )
        if self.valid_until is not None and now > self.valid_until:
            raise OutdatedRelease(
                f"{where} was valid until {self.valid_until:%Y-%m-%d %H:%M} UTC",
                hint="Name a mirror that is up to date; for a snapshot, say "
                "`Check-Valid-Until: no` in the apt source",
            )

    def packages_file(self, component: str, architecture: str, *, where: str) -> IndexFile:
        """Return the smallest form of the Packages index that can be read."""
        path = f"{component}/binary-{architecture}/Packages"
        for suffix in (".xz", ".gz", ""):
            if (file := self.files.get(path + suffix)) is not None:
                return file
        raise WrongRelease(f"{where} has no packages for `{architecture}` in `{component}`")


def _files(paragraph: Paragraph, where: str) -> Iterator[IndexFile]:
    for line in paragraph["SHA256"].splitlines():
        if not line.strip():
            continue
        parts = line.split()
        if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdecimal()):
            raise ControlError(f"Malformed `SHA256` in {where}: {line.strip()}")
        sha256, size, path = parts
        try:
            Digest.parse(f"sha256:{sha256}")
        except InvalidDigest:
            raise ControlError(f"Malformed `SHA256` in {where}: {line.strip()}") from None
        if path.startswith("/") or ".." in path.split("/"):
            raise ControlError(f"Malformed path in {where}: {path}")
        yield IndexFile(path, int(size), sha256)


def _parse_date(text: str, where: str) -> datetime:
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        raise ControlError(f"Malformed date in {where}: {text}") from None
    # "UTC" gives a time without a zone on some Pythons; release files know no other zone.
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
