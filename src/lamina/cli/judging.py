"""How ``lamina doctor --log`` goes about it: logs are read, and joined with the Dockerfile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from lamina.cli.build_logs import STANDARD_INPUT, BuildLog, read_logs
from lamina.cli.dockerfiles import REPORTS, NoDockerfile
from lamina.cli.documents import LOCK, read_text
from lamina.cli.examining import Examined, examine
from lamina.cli.style import say, styled
from lamina.cli.verdicts import Judged
from lamina.doctor.alternative import Alternative, alternative, packages_of, wanted_by
from lamina.doctor.verdict import case
from lamina.doctor.verdict.judge import judge
from lamina.doctor.verdict.model import Verdict
from lamina.doctor.verdict.shown import examined as shown_in
from lamina.errors import LaminaError
from lamina.lock.uvlock import parse
from lamina.project.uv import parse_default_groups


def judged(
    logs: Sequence[Path],
    paths: Sequence[Path],
    ignored: Collection[str],
    *,
    pull: bool,
    insecure: bool,
) -> Judged:
    """Judge the last log. Without a Dockerfile, there is what the log shows of one."""
    read = read_logs(logs)
    examined = _dockerfile(logs[-1], paths, ignored, pull=pull, insecure=insecure)
    if examined is not None:
        known = case.Examined(examined.subject, examined.findings)
        verdict = _verdict(read, known, ignored)
        if _is_about(verdict):
            return Judged(verdict, read[-1].name, (examined,), *_alternative(verdict, examined))
        if paths:
            _warn(f"Hardly a step of `{read[-1].name}` is in `{examined.path}`, which is left out")
    verdict = _verdict(read, shown_in(read[-1].log), ignored)
    return Judged(verdict, read[-1].name, (), None)


def _verdict(
    logs: Sequence[BuildLog], examined: case.Examined, ignored: Collection[str]
) -> Verdict:
    return judge([each.log for each in logs], examined, ignored=ignored)


def _dockerfile(
    log: Path, paths: Sequence[Path], ignored: Collection[str], *, pull: bool, insecure: bool
) -> Examined | None:
    """Return the Dockerfile that is named, that a report holds, or that lies here, if any."""
    if paths:
        (examined,) = examine(paths, ignored, pull=pull, insecure=insecure)
        return examined
    is_report = log != STANDARD_INPUT and log.suffix.lower() in REPORTS
    try:
        (examined,) = examine([log if is_report else Path()], ignored, pull=pull, insecure=insecure)
    except NoDockerfile:
        return None
    return examined


def _is_about(verdict: Verdict) -> bool:
    """Whether the Dockerfile is the one that was built, as far as the log names instructions."""
    named = [step for step in verdict.steps if step.keyword]
    found = sum(place is not None for place in verdict.places)
    return not named or 2 * found >= len(named)


def _alternative(verdict: Verdict, examined: Examined) -> tuple[Alternative | None, str]:
    """Return what Lamina would do for the project beside the Dockerfile, or why nobody knows."""
    if not (examined.found.folder / LOCK).is_file():
        return None, ""
    place = next((each.place for each in verdict.installing if each.place is not None), None)
    base = place.stage.base.name if place is not None else ""
    run = place.step.run if place is not None and place.step is not None else None
    try:
        lock = parse(read_text(examined.found.folder / LOCK, "lockfile", ""))
        defaults = parse_default_groups(examined.subject.beside.pyproject or {})
        packages = packages_of(examined.subject.model.final)
        return alternative(lock, base, wanted_by(run, defaults), packages), ""
    except LaminaError as error:
        return None, str(error).partition("\n")[0]


def _warn(text: str) -> None:
    say(f"{styled('warning', fg='yellow', bold=True)}: {text}")
