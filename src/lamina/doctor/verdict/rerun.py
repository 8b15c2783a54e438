"""Why a step ran although nothing of what it installs has changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Outcome, Step
from lamina.doctor.project import static_version
from lamina.doctor.verdict.case import Case
from lamina.doctor.verdict.model import Amount, Cause, Kind
from lamina.doctor.verdict.trail import Trail

_KEYS = frozenset({"LAM401", "LAM402", "LAM407", "LAM408", "LAM410", "LAM413", "LAM414", "LAM415"})
"""Of a Dockerfile, by which the key of a layer changes although what is installed does not."""
_VERSIONED = frozenset({"pyproject.toml", "uv.lock"})
"""The files that hold the project's own version."""
_UV = (
    "LAM401",
    "`pyproject.toml` and `uv.lock` hold the project's own version, so that each release changes"
    " them and runs the step again",
    "No Dockerfile prevents it altogether; let an earlier stage set the version to 0.0.0 in both,"
    " or install from `uv export --format pylock.toml --no-emit-project`, which stays as it is",
)
_OTHERS = (
    "LAM401",
    "`pyproject.toml` holds the project's own version, so that each release changes it and runs the"
    " step again",
    "No Dockerfile prevents it altogether; let an earlier stage set the version to 0.0.0",
)
_UNLESS = "Unless more than the version has changed in them: the log does not tell"
_WORD = re.compile(r"[^\s,=]+")


def causes(case: Case) -> Iterator[Cause]:
    """Give the causes why a step was not cached."""
    way = case.installing.trail
    if way is None or not way.first.keyword:
        return
    place = case.build.place(way.first)
    found = list(case.findings(place, _KEYS))
    for finding in found:
        yield Cause(
            Kind.RAN_AGAIN,
            finding.code,
            finding.message,
            finding.fix,
            finding.span,
            _evidence(way),
            _saved(case),
            finding.notes,
        )
    if not found:
        yield _own(way, case)


def _own(way: Trail, case: Case) -> Cause:
    """Return what no rule says of the first step; what one says of the installing step helps."""
    code, what, fix = _told(way, case)
    place = case.build.place(way.first)
    about = next(case.findings(case.installing.place, {code}), None)
    return Cause(
        Kind.RAN_AGAIN,
        code,
        what,
        about.fix if about is not None else fix,
        place.instruction.span if place is not None else None,
        _evidence(way),
        _saved(case) if code else None,
        about.notes if about is not None else (_UNLESS,) if code == "LAM401" else (),
    )


def _told(way: Trail, case: Case) -> tuple[str, str, str]:
    """Say why a step was the first that was not cached, as far as its text tells."""
    first = way.first
    words = {word.rpartition("/")[2] for word in _WORD.findall(first.instruction)}
    if way.is_from_start and all(each.outcome is not Outcome.CACHED for each in case.build.steps):
        return (
            "",
            "No step was cached: it is the first build on this builder, which may begin empty each"
            " time, or the base image has moved",
            "Nothing, if it was the first; else let the build read the cache of the last one"
            " (`--cache-from`, `--cache-to ...,mode=max`), and pin the base image by its digest",
        )
    if words & _VERSIONED and _has_version(case):
        return _UV if "uv.lock" in words or _is_uv(case) else _OTHERS
    if first.keyword in ("COPY", "ADD") and "." in first.instruction.split()[1:-1]:
        return (
            "LAM402",
            f"`{_short(first)}` comes before the dependencies are installed, so that each edit of a"
            " file installs them again",
            "Copy `pyproject.toml` and `uv.lock` alone first, install, and copy the rest behind it",
        )
    if first is case.installing.step:
        return (
            "",
            "The step itself was the first that was not cached: its text, a variable that it sees,"
            " or what is mounted into it has changed, or it is built for the first time",
            "Look at ARG and ENV before it, and at its `--mount=type=bind`",
        )
    return (
        "",
        f"`{_short(first)}` was the first step that was not cached",
        "Move it behind the step",
    )


def _has_version(case: Case) -> bool:
    """Whether the project's version stands in its files, as far as they are known."""
    beside = case.examined.subject.beside
    return beside.pyproject is None or static_version(beside) is not None


def _is_uv(case: Case) -> bool:
    return all(install.tool == "uv" for install in case.installing.step.installs)


def _saved(case: Case) -> Amount:
    """Return what a cached step does without, besides its downloads: they may come from a cache."""
    return Amount(installed=case.installing.amount.installed, seconds=case.installing.step.seconds)


def _evidence(way: Trail) -> tuple[Line, ...]:
    told = way.first.told
    return (way.first.line,) if told is None or told == way.first.line else (way.first.line, told)


def _short(step: Step) -> str:
    text = " ".join(step.instruction.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
