"""Release files: what a suite consists of, and until when it may be believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from lamina.deb.control import ControlError, Paragraph, parse_paragraph, required
from lamina.errors import LaminaError
from lamina.oci.digest import Digest, InvalidDigest

_FORMS = (".gz", ".xz", ".zst", ".bz2", "")
"""Of an index, the best first. That of bookworm's `main`, 50 MB, comes as 8.8 MB of xz or 12.1 MB
of gzip, which take 0.66 s and 0.12 s to unpack: 3 MB more of a download, once, and half a second
less in each build that reads it."""

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
class PackagesForm:
    """A Packages index in one of the forms in which it may be fetched."""

    file: IndexFile
    unpacked: IndexFile | None
    """As it is without compression, if the release file tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The content of a release file."""

    suite: str
    codename: str
    version: str
    origin: str
    label: str
    date: datetime
    valid_until: datetime | None
    has_by_hash: bool
    is_automatic: bool
    """Whether its packages are taken without being asked for by suite; not so of backports."""
    upgrades: bool
    """Of a suite that is not automatic: whether what was taken from it is upgraded from it."""
    architectures: tuple[str, ...]
    components: tuple[str, ...]
    has_separate_all: bool
    """Whether packages for all architectures have an index of their own, and stand nowhere else."""
    files: Mapping[str, IndexFile]
    sha256: str
    """Of its text."""

    @classmethod
    def parse(cls, data: bytes, *, where: str) -> Release:
        """Read the verified text of an InRelease file."""
        paragraph = parse_paragraph(data, where=where)
        date, _ = required(paragraph, "Date", "SHA256", where=where)
        until = paragraph.get("Valid-Until")
        architectures = tuple(paragraph.get("Architectures", "").split())
        without_all = paragraph.get("No-Support-for-Architecture-all", "").split()
        return cls(
            suite=paragraph.get("Suite", ""),
            codename=paragraph.get("Codename", ""),
            version=paragraph.get("Version", ""),
            origin=paragraph.get("Origin", ""),
            label=paragraph.get("Label", ""),
            date=_parse_date(date, where),
            valid_until=_parse_date(until, where) if until else None,
            has_by_hash=paragraph.get("Acquire-By-Hash") == "yes",
            is_automatic=paragraph.get("NotAutomatic") != "yes",
            upgrades=paragraph.get("ButAutomaticUpgrades") == "yes",
            architectures=architectures,
            components=tuple(paragraph.get("Components", "").split()),
            has_separate_all="all" in architectures and "Packages" not in without_all,
            files={file.path: file for file in _files(paragraph, where)},
            sha256=Digest.of(data).hex,
        )

    @property
    def priority(self) -> int:
        """What apt gives its packages (apt_preferences(5))."""
        if self.is_automatic:
            return 500
        return 100 if self.upgrades else 1

    def check_suite(self, suite: str, *, where: str) -> None:
        """Refuse the release of another suite, be its signature ever so good.

        A suite may be asked for by its name or its codename. Where all suites of a release share
        the codename, as in Ubuntu's, that names the release itself, and not its updates.
        """
        wanted = suite.removesuffix("/updates").rstrip("/")
        is_of_release = self.suite.startswith(f"{self.codename}-")
        names = {self.suite} if is_of_release else {self.suite, self.codename}
        if not names & {suite, wanted}:
            got = ", ".join(sorted(names - {""})) or "no name"
            raise WrongRelease(
                f"{where} is of another suite\n  expected: {suite}\n  got:      {got}"
            )

    def check_date(self, now: datetime, *, where: str, may_be_old: bool = False) -> None:
        """Refuse a release that is from the future, or older than it says it may get."""
        if self.date > now + _SKEW:
            raise OutdatedRelease(
                f"{where} is dated {self.date:%Y-%m-%d}, which is in the future",
                hint="Set the clock of this machine",
            )
        if not may_be_old and self.valid_until is not None and now > self.valid_until:
            raise OutdatedRelease(
                f"{where} was valid until {self.valid_until:%Y-%m-%d %H:%M} UTC",
                hint="Name a mirror that is up to date; for a snapshot, say "
                "`Check-Valid-Until: no` in the apt source",
            )

    def packages(self, component: str, architecture: str, *, where: str) -> list[PackagesForm]:
        """Return the Packages indices of a component: its own, and that for all architectures.

        Of each the form that is the fastest to read.
        """
        folder = f"{component}/" if component else ""
        own = self._form(f"{folder}binary-{architecture}/Packages" if folder else "Packages")
        every = self._form(f"{folder}binary-all/Packages") if self.has_separate_all else None
        if own is None and (every is None or architecture not in self.architectures):
            raise self._lacks(component, architecture, where)
        return [form for form in (own, every) if form is not None]

    def _form(self, path: str) -> PackagesForm | None:
        for suffix in _FORMS:
            if (file := self.files.get(path + suffix)) is not None:
                return PackagesForm(file, self.files.get(path))
        return None

    def _lacks(self, component: str, architecture: str, where: str) -> WrongRelease:
        what, has = "component", self.components
        if component in (*self.components, ""):
            what, has = "packages for the architecture", self.architectures
        name = architecture if what != "component" else component
        known = ", ".join(f"`{each}`" for each in has) or "none that it names"
        return WrongRelease(
            f"{where} has no {what} `{name}`\n  it has: {known}",
            hint="Name sources that have it as `apt-sources` in `[tool.lamina]`",
        )


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
