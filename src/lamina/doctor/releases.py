"""Releases of Debian and Ubuntu: their names, and when nobody mends them any more.

The days are those of Debian's long-term support (wiki.debian.org/LTS) and of Ubuntu's standard
support (ubuntu.com/about/release-cycle).
"""

from __future__ import annotations

from datetime import date

from lamina.dockerfile.model.bases import UV_IMAGE, Base

DEBIAN = {
    "jessie": ("8", date(2020, 6, 30)),
    "stretch": ("9", date(2022, 6, 30)),
    "buster": ("10", date(2024, 6, 30)),
    "bullseye": ("11", date(2026, 8, 31)),
    "bookworm": ("12", date(2028, 6, 30)),
    "trixie": ("13", date(2030, 6, 30)),
}
UBUNTU = {
    "trusty": ("14.04", date(2019, 4, 25)),
    "xenial": ("16.04", date(2021, 4, 30)),
    "bionic": ("18.04", date(2023, 5, 31)),
    "focal": ("20.04", date(2025, 5, 31)),
    "jammy": ("22.04", date(2027, 4, 30)),
    "lunar": ("23.04", date(2024, 1, 25)),
    "mantic": ("23.10", date(2024, 7, 11)),
    "noble": ("24.04", date(2029, 5, 31)),
    "oracular": ("24.10", date(2025, 7, 10)),
}
_NEWEST_OF_PYTHON = ("bullseye", "bookworm", "trixie")
"""What the official images of Python from 3.10 were ever built upon by default."""


def release_of(suite: str) -> str | None:
    """Return the release that a suite belongs to, if it is a known one.

    >>> release_of("buster-updates"), release_of("bookworm/updates"), release_of("stable")
    ('buster', 'bookworm', None)
    """
    name = suite.partition("/")[0].partition("-")[0].lower()
    return name if name in DEBIAN or name in UBUNTU else None


def ended(release: str) -> date:
    """Return when nobody mends a release any more."""
    return (DEBIAN.get(release) or UBUNTU[release])[1]


def releases_of(base: Base) -> tuple[str, ...]:
    """Return the releases that a base image may be of; none if it is not known.

    >>> releases_of(Base("python:3.10.14-slim", is_known=True))
    ('bullseye', 'bookworm', 'trixie')
    """
    repository, tag = base.repository, base.tag.lower()
    if repository not in ("debian", "ubuntu", "python", "buildpack-deps", UV_IMAGE):
        return ()
    words = tag.replace("_", "-").split("-")
    for name, (number, _) in {**DEBIAN, **UBUNTU}.items():
        if name in words:
            return (name,)
        of_its_own = repository == ("debian" if name in DEBIAN else "ubuntu")
        if of_its_own and words[0].split(".")[: number.count(".") + 1] == number.split("."):
            return (name,)
    return _of_python(words) if repository == "python" and "alpine" not in tag else ()


def _of_python(words: list[str]) -> tuple[str, ...]:
    numbers = words[0].split(".")
    is_new = len(numbers) >= 2 and numbers[0] == "3" and numbers[1].isdecimal()
    return _NEWEST_OF_PYTHON if is_new and int(numbers[1]) >= 10 else ()
