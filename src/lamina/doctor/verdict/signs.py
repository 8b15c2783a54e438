"""What a log says outright: errors that ended the build, and warnings that cost less."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.doctor.logs.model import Outcome, Signal, Step
from lamina.doctor.rules import find_rule
from lamina.doctor.verdict.case import Build
from lamina.doctor.verdict.model import Cause, Kind

_KNOWN = {
    "LAM102": (
        "The builder does not know `$HOME` in a mount's target, and takes it as empty",
        "Write the path itself, such as `/root/.cache/uv`",
    ),
    "LAM104": (
        "The builder takes only absolute paths as the target of a mount",
        "Write the whole path, such as `/root/.cache/uv`",
    ),
    "LAM110": (
        "The builder cannot read the mount",
        "Write `--mount=type=cache,target=PATH`, without spaces",
    ),
    "LAM201": (
        "uv may not write into its cache: the mount belongs to root, and the step runs as another"
        " user",
        "Add `uid=` and `gid=` of that user to the mount, or install as root",
    ),
    "LAM203": (
        "uv cannot make the folder of its cache: the user has no home",
        "Set UV_CACHE_DIR to a folder that the user may write to, and mount the cache there",
    ),
    "LAM304": (
        "A cache that is mounted cannot be deleted, and is emptied all the same",
        "Leave the cleaning away: what is in a cache mount is in no layer",
    ),
    "LAM306": (
        "What is in the cache is asked for again (`--refresh`)",
        "Install from the lock as it is: `uv sync --frozen`",
    ),
    "LAM307": (
        "Different releases of uv share the cache, and one cannot read what another wrote",
        "Use one release of uv, or give the mount an `id` with the release in it",
    ),
    "LAM308": (
        "uv downloads a Python at each build",
        "Take a base image with that Python, or set UV_PYTHON_CACHE_DIR to a folder in the mount",
    ),
    "LAM404": (
        "A member of the workspace, or a path dependency, is not there when the dependencies are"
        " installed",
        "Add `--no-install-workspace` or `--no-install-local`, with `--frozen`",
    ),
    "LAM406": (
        "`uv.lock` is out of date for `--locked`; the project's own version is reason enough",
        "Run `uv lock` in the commit that changes the version, or use `--frozen`",
    ),
}
"""What a code means where a log says so, and what helps; of others, their rule tells it."""
_FATAL = frozenset({"LAM104", "LAM110", "LAM501", "LAM504", "LAM510"})
"""After these a builder does not go on, wherever they are said."""


def failures(build: Build) -> Iterator[Cause]:
    """Give what ended the build."""
    for step in build.steps:
        if step.outcome is Outcome.FAILED:
            yield from _failure(step, build)
        else:
            yield from (_cause(Kind.FAILED, each, step, build) for each in _fatal(step.signals))
    yield from (_cause(Kind.FAILED, each, None, build) for each in _fatal(build.log.signals))


def noticed(build: Build) -> Iterator[Cause]:
    """Give what else is said, wherever that is."""
    for step in build.steps:
        if step.outcome is not Outcome.FAILED:
            yield from (_cause(Kind.NOTICED, each, step, build) for each in step.signals)
    yield from (_cause(Kind.NOTICED, each, None, build) for each in build.log.signals)


def _fatal(signals: tuple[Signal, ...]) -> Iterator[Signal]:
    return (signal for signal in signals if signal.code in _FATAL)


def _failure(step: Step, build: Build) -> Iterator[Cause]:
    if step.signals:
        yield from (_cause(Kind.FAILED, signal, step, build) for signal in step.signals)
        return
    place = build.place(step)
    lines = (step.line, *step.tail, *([step.told] if step.told else []))
    yield Cause(
        Kind.FAILED,
        "",
        f"`{step.keyword or 'A step'}` failed, for a reason that is not about caches",
        "See what its last lines say",
        place.instruction.span if place is not None else None,
        lines,
    )


def _cause(kind: Kind, signal: Signal, step: Step | None, build: Build) -> Cause:
    what, fix = _KNOWN.get(signal.code) or _of_rule(signal.code)
    place = build.place(step) if step is not None else None
    span = place.instruction.span if place is not None else None
    return Cause(kind, signal.code, what, fix, span, (signal.line,))


def _of_rule(code: str) -> tuple[str, str]:
    rule = find_rule(code)
    assert rule is not None
    return rule.title, rule.fix.removesuffix(".")
