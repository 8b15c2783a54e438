"""What was seen of the release files of mirrors, so that none goes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lamina.plan.key import LayerKey
from lamina.store.store import Store

if TYPE_CHECKING:
    from lamina.mirrors.archives import Archive
    from lamina.mirrors.releases import SuiteRelease


@dataclass(frozen=True, slots=True)
class ReleaseDates:
    """The dates of release files: those that were seen before, and those that are seen now."""

    store: Store
    """Which remembers them by the address of the archive."""
    pinned: Mapping[str, datetime] = field(default_factory=dict)
    """Those that `lamina.lock` has, by the name of the suite."""
    found: dict[str, datetime] = field(default_factory=dict)
    """Those that are seen now, by the name of the suite; of several archives, the oldest."""

    def seen(self, archives: Iterable[Archive]) -> dict[str, datetime]:
        """Return the newest date that was seen of each archive, by its name."""
        from lamina.mirrors.releases import with_pinned  # Here, since most builds need none.

        archives, found = list(archives), {}
        for archive in archives:
            match self.store.facts.get(_key(archive.name)):
                case {"date": int(seconds)} if 0 <= seconds < 1 << 37:
                    found[archive.name] = datetime.fromtimestamp(seconds, UTC)
        return with_pinned(found, archives, self.pinned)

    def keep(self, releases: Sequence[SuiteRelease]) -> None:
        """Remember the dates of releases, none of which is older than what was seen before."""
        from lamina.mirrors.releases import newest_dates

        for name, date in newest_dates(releases).items():
            self.store.facts.put(_key(name), {"date": int(date.timestamp())})
        for each in releases:
            suite, date = each.archive.suite, each.release.date
            self.found[suite] = min(date, self.found.get(suite, date))


def _key(name: str) -> str:
    return LayerKey.of({"newest-release": name}).hex
