"""The releases that a build backend needs, for whatever machine builds with it.

pip finds them for one interpreter. What others would need besides, by the markers of what was
found, is looked for as well; and all wheels of each release are taken, whichever would fit here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from lamina.pins.releases import PinnedRelease, PinnedWheel
from lamina.project.index_page import wheels_of
from lamina.project.pinned import exactly
from lamina.project.requirements import BuildWheel, Pip, UnmetBuildRequirements, read_report

ReadPage = Callable[[str], bytes | None]
"""Gives the page at a URL; None, where it cannot be had."""

_ROUNDS = 4
_MINORS = range(8, 16)
_SYSTEMS = (
    ("linux", "Linux", "x86_64"),
    ("linux", "Linux", "aarch64"),
    ("darwin", "Darwin", "x86_64"),
    ("darwin", "Darwin", "arm64"),
)
_PAGE = re.compile(r"\bGetting page (\S+)")
"""What pip's log says of each page that it reads."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What pip found."""

    wheels: tuple[BuildWheel, ...]
    needs: tuple[Requirement, ...]
    """What the found distributions say that they need, each with its marker."""
    pages: tuple[str, ...]
    """That were read for it."""


def find_releases(
    requires: Iterable[str],
    constraints: Iterable[str],
    preferred: Sequence[PinnedRelease],
    pip: Pip,
    read_page: ReadPage,
) -> tuple[PinnedRelease, ...]:
    """Return the releases that meet ``requires``: those that are preferred, where they still do.

    Raises `UnmetBuildRequirements`.
    """
    wanted, bounds = sorted(set(requires)), sorted(set(constraints))
    if not wanted:
        return ()
    answer = _ask_preferring(wanted, bounds, exactly(preferred), pip)
    wheels, pages, needs = {*answer.wheels}, [*answer.pages], [*answer.needs]
    needs += map(Requirement, wanted)
    for _ in range(_ROUNDS):
        more = _needed_elsewhere(needs, {canonicalize_name(each.name) for each in wheels})
        if not more:
            break
        needs = []
        for each in more:
            found = _ask_if_there(each, [*bounds, *_versions(wheels)], exactly(preferred), pip)
            wheels |= {*found.wheels}
            pages += found.pages
            needs += found.needs
    return _releases(wheels, tuple(dict.fromkeys(pages)), read_page)


def _ask_preferring(
    wanted: list[str], bounds: list[str], preferred: list[str], pip: Pip
) -> _Answer:
    if not preferred:
        return _ask(wanted, bounds, pip)
    try:
        return _ask(wanted, [*bounds, *preferred], pip)
    except UnmetBuildRequirements:
        return _ask(wanted, bounds, pip)


def _ask_if_there(wanted: str, bounds: list[str], preferred: list[str], pip: Pip) -> _Answer:
    """Return nothing for what has no wheel for this interpreter, though it may have one there."""
    try:
        return _ask_preferring([wanted], bounds, preferred, pip)
    except UnmetBuildRequirements:
        return _Answer((), (), ())


def _ask(wanted: list[str], bounds: list[str], pip: Pip) -> _Answer:
    log = pip.scratch / "pages.log"
    log.unlink(missing_ok=True)
    data = pip.report(wanted, bounds, "--log", str(log))
    pages = _PAGE.findall(log.read_text(errors="replace")) if log.is_file() else []
    return _Answer(read_report(data), tuple(_needs(data)), tuple(dict.fromkeys(pages)))


def _needs(report: bytes) -> Iterator[Requirement]:
    """Give what the distributions of a report need, of the extras that were asked for, too."""
    for item in json.loads(report)["install"]:
        extras = item.get("requested_extras", [])
        for text in item["metadata"].get("requires_dist", []):
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if _is_of_extras(requirement, extras):
                yield requirement


def _is_of_extras(requirement: Requirement, extras: Sequence[str]) -> bool:
    return any(_holds_somewhere(requirement, extra) for extra in ("", *extras))


def _needed_elsewhere(needs: Iterable[Requirement], had: set[str]) -> list[str]:
    found = {
        str(_unmarked(each))
        for each in needs
        if each.marker is not None
        and canonicalize_name(each.name) not in had
        and each.url is None
        and _holds_somewhere(each, "")
    }
    return sorted(found)


def _unmarked(requirement: Requirement) -> Requirement:
    copy = Requirement(str(requirement))
    copy.marker = None
    return copy


def _holds_somewhere(requirement: Requirement, extra: str) -> bool:
    """Say whether a requirement counts for any interpreter that may build."""
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({**environment, "extra": extra}) for environment in _environments()
    )


def _environments() -> Iterator[dict[str, str]]:
    for minor in _MINORS:
        for platform, system, machine in _SYSTEMS:
            yield {
                "implementation_name": "cpython",
                "implementation_version": f"3.{minor}.0",
                "os_name": "posix",
                "platform_machine": machine,
                "platform_python_implementation": "CPython",
                "platform_release": "",
                "platform_system": system,
                "platform_version": "",
                "python_full_version": f"3.{minor}.0",
                "python_version": f"3.{minor}",
                "sys_platform": platform,
            }


def _versions(wheels: Iterable[BuildWheel]) -> list[str]:
    return sorted(f"{each.name}=={each.version}" for each in wheels)


def _releases(
    wheels: Iterable[BuildWheel], pages: Sequence[str], read_page: ReadPage
) -> tuple[PinnedRelease, ...]:
    found = {}
    for wheel in wheels:
        name = canonicalize_name(wheel.name)
        listed = {
            each.file: each
            for page in pages
            if _project(page) == name and (data := read_page(page)) is not None
            for each in wheels_of(data, name, wheel.version)
        }
        # The one that was found counts, whatever else an index says of it.
        listed[wheel.filename] = PinnedWheel(wheel.filename, wheel.sha256)
        found[name] = PinnedRelease(name, wheel.version, tuple(sorted(listed.values())))
    return tuple(found[name] for name in sorted(found))


def _project(page: str) -> str:
    """Return the project that a page is of: the last folder of its address (PEP 503)."""
    parts = [part for part in urlsplit(page).path.split("/") if part]
    if parts and parts[-1] == "index.html":
        parts.pop()
    return canonicalize_name(unquote(parts[-1])) if parts else ""
