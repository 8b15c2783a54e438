"""Why an installer had to download: its cache was empty, or there was none."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.dockerfile.model.run import Run
from lamina.doctor.logs.model import Builder
from lamina.doctor.rules.covering import in_roots_home
from lamina.doctor.verdict.case import Case
from lamina.doctor.verdict.model import Amount, Cause, Kind

_FAULTS = frozenset(
    {"LAM101", "LAM102", "LAM103", "LAM104", "LAM105", "LAM106", "LAM107", "LAM108", "LAM109",
     "LAM202", "LAM301", "LAM304", "LAM305", "LAM513", "LAM601"}
)  # fmt: skip
"""Of a Dockerfile, by which a cache is not kept or not found again."""
_PERSIST = (
    "Build on a builder that lasts (a machine of your own, a remote BuildKit), or carry the mount"
    " from run to run by `buildkit-cache-dance`"
)
_AGAIN = (
    "Build once more and give both logs (`--log` twice): if that downloads again, the builder"
    " keeps no cache mounts"
)


def causes(case: Case) -> Iterator[Cause]:
    """Give the causes of what a step downloaded, if it did."""
    amount = case.installing.amount
    if not amount.fetched:
        return
    found = list(case.findings(case.installing.place, _FAULTS))
    for finding in found:
        yield Cause(
            Kind.DOWNLOADED,
            finding.code,
            finding.message,
            finding.fix,
            finding.span,
            case.evidence(case.installing.step.line),
            saved(amount),
            finding.notes,
        )
    if not found:
        yield _empty(case)


def saved(amount: Amount) -> Amount:
    """Return what a build does without, once its downloads come from a cache."""
    return Amount(
        fetched=amount.fetched,
        bytes=amount.bytes,
        is_least=amount.is_least,
        seconds=amount.seconds,
    )


def _empty(case: Case) -> Cause:
    place, amount = case.installing.place, case.installing.amount
    code, what, fix = _reason(case)
    return Cause(
        Kind.DOWNLOADED,
        code,
        what,
        fix,
        place.instruction.span if place is not None else None,
        case.evidence(case.installing.step.line),
        saved(amount) if code else None,
    )


def _reason(case: Case) -> tuple[str, str, str]:
    """Say why the cache was empty, where no rule says it: code, what is so, and what helps."""
    place = case.installing.place
    run = place.step.run if place is not None and place.step is not None else None
    tool = next((install.tool for install in case.installing.step.installs), "uv")
    if run is None:
        return "", f"{tool} had not cached what it downloaded", _AGAIN
    if not run.caches:
        folder = _folder(run) or "THE FOLDER OF ITS CACHE"
        return (
            "LAM601",
            f"Nothing keeps what {tool} downloads: the step has no cache mount",
            f"Put `--mount=type=cache,target={folder}` behind `RUN`",
        )
    if off := next((each.cache.off_by for each in run.installs if each.cache.is_off), ""):
        return "LAM301", f"`{off}` turns the cache of {tool} off", f"Leave `{off}` away"
    if case.installing.amount.from_cache:
        return (
            "",
            f"{tool}'s cache had only a part: the rest is new in the lock, or was cleaned away",
            "Nothing, if the lock has changed; else see whether the builder cleans its cache",
        )
    if case.examined.is_guess:
        return (
            "",
            f"There is a cache mount, and {tool} found nothing in it; where it looks depends on ENV"
            " and USER, which this log does not show",
            "Give the Dockerfile, too",
        )
    if _is_right(run):
        return _store(case, tool)
    if in_roots_home(run) is not None:
        name = run.before.user.name
        return (
            "LAM105",
            f"The step runs as `{name or 'another user'}`, and the mount is in the home of root:"
            f" {tool} looks elsewhere, and found nothing",
            f"Set `ENV {tool.upper()}_CACHE_DIR=/opt/{tool}-cache`, and mount the cache there, with"
            " `uid=` and `gid=` of the user",
        )
    return "", f"Whether {tool} keeps its cache in the mount is not known; it was empty", _AGAIN


def _store(case: Case, tool: str) -> tuple[str, str, str]:
    """Say why a cache mount at the right place was empty."""
    signals = {signal.code for signal in case.build.log.signals}
    if "LAM509" in signals:
        return (
            "LAM509",
            "`--no-cache` also empties the cache mounts of the steps that it runs again",
            "Leave `--no-cache` away, or name stages by `--no-cache-filter`",
        )
    if case.build.log.builder is Builder.KANIKO:
        return (
            "LAM503",
            "kaniko keeps no cache mount: it passes over `--mount`, or forgets what was in it",
            "Rely on its layer cache, or build with BuildKit or Buildah",
        )
    before = [old.amount for old in case.earlier if old.trail is not None]
    if before and before[-1].fetched and not before[-1].from_cache:
        return (
            "LAM505",
            f"The mount is where {tool} keeps its cache, yet two builds in a row downloaded all:"
            " the builder keeps no cache mount from one build to the next",
            _PERSIST,
        )
    way = case.installing.trail
    pulled = sum(step.pulled for step in case.build.steps if step.instruction.startswith("FROM "))
    if way is not None and way.is_from_start and pulled:
        return (
            "LAM505",
            "The builder began empty: it had no step, pulled the base image, and its cache mount"
            " was empty, too",
            _PERSIST,
        )
    return (
        "",
        f"The mount is where {tool} keeps its cache, and was empty: the first build on this"
        " builder, or its store was cleaned",
        _AGAIN,
    )


def _folder(run: Run) -> str | None:
    return next((each.cache.path for each in run.installs if each.cache.path), None)


def _is_right(run: Run) -> bool:
    """Whether a cache mount covers the folder of every command that installs."""
    targets = [mount.path for mount in run.caches if mount.path is not None]
    folders = [each.cache.path for each in run.installs]
    return bool(folders) and all(
        folder is not None and any(f"{folder}/".startswith(f"{path}/") for path in targets)
        for folder in folders
    )
