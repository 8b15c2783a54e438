"""Which files of an environment are whose, as RECORDs say; none outside of it is anybody's."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lamina.sync.installed import Installed, Kind, read_record
from lamina.sync.legacy import rows_of_legacy
from lamina.wheel.record import Row
from lamina.wheel.scheme import Scheme


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment lies."""

    scheme: Scheme
    _inside: dict[str, bool] = field(default_factory=dict)
    """Whether folders are of the environment, all links followed."""

    @property
    def prefix(self) -> Path:
        """The environment's folder."""
        return Path(self.scheme.prefix)

    @property
    def site(self) -> Path:
        """Where distributions lie."""
        return Path("/", self.scheme.site_packages)

    def path(self, row: str) -> str | None:
        """Return where a path of a RECORD leads; None, if that is outside of the environment."""
        prefix = self.scheme.prefix
        path = os.path.normpath(f"/{self.scheme.site_packages}/{row}")
        if row.startswith("/") or not path.startswith(f"{prefix}/"):
            return None
        if path.startswith(f"{prefix}/lib64/"):
            path = f"{prefix}/lib/{path[len(prefix) + 7 :]}"
        return path if self._is_inside(path.rpartition("/")[0]) else None

    def _is_inside(self, folder: str) -> bool:
        known = self._inside.get(folder)
        if known is None:
            real, top = os.path.realpath(folder), os.path.realpath(self.scheme.prefix)
            known = self._inside[folder] = f"{real}/".startswith(f"{top}/")
        return known


@dataclass(frozen=True, slots=True)
class Owned:
    """The files of some distributions: for each path, the rows that list it by their names."""

    rows: Mapping[str, Mapping[str, Row]]

    @classmethod
    def read(cls, place: Place, distributions: Iterable[Installed]) -> Owned:
        """Read the RECORDs of what is installed."""
        rows: dict[str, dict[str, Row]] = {}
        for each in distributions:
            for path, row in paths_of(place, each):
                rows.setdefault(path, {})[each.name] = row
        return cls(rows)


def paths_of(place: Place, installed: Installed) -> Iterator[tuple[str, Row]]:
    """Give the files of a distribution that lie in the environment, each with its row."""
    rows: Iterable[Row] = (
        read_record(place.site, installed)
        if installed.kind is Kind.WHEEL
        else map(Row, rows_of_legacy(place.site, installed))
    )
    for row in rows:
        if (path := place.path(row.path)) is not None:
            yield path, row
