"""The verdict on a build log, as ``lamina doctor --log`` writes it: as text, and as a document."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from lamina.cli.amounts import counted, duration, size
from lamina.cli.columns import heading, one_line, table, terminal_width
from lamina.cli.examining import Examined
from lamina.cli.style import harmless, styled
from lamina.dockerfile.secrets import masked
from lamina.doctor.alternative import Alternative
from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Outcome, Step
from lamina.doctor.verdict.model import Amount, Cause, Installing, Kind, Verdict

_WIDEST, _EVIDENCE, _LINES = 100, 110, 6
_TITLES = {
    Kind.FAILED: "Why it failed",
    Kind.DOWNLOADED: "Why it was downloaded",
    Kind.RAN_AGAIN: "Why the step ran",
    Kind.NOTICED: "Said beside",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, with what is needed to show it."""

    verdict: Verdict
    name: str
    """Of the log."""
    examined: tuple[Examined, ...]
    """The Dockerfile; none where there is only what the log shows of one."""
    alternative: Alternative | None
    """What Lamina would do, where there is a lock that tells."""
    obstacle: str = ""
    """Why that cannot be told, though there is a lock."""

    def place(self, cause: Cause) -> tuple[str, int] | None:
        """Return the Dockerfile and the line that a cause is about."""
        if cause.span is None or not self.examined:
            return None
        (examined,) = self.examined
        return examined.path, examined.source.place(cause.span).line


def lines(judged: Judged) -> list[str]:
    """Return what is shown of a verdict."""
    verdict = judged.verdict
    found = [
        f"{harmless(judged.name)}: {styled(headline(verdict), bold=True, stream=sys.stdout)}",
        "",
        *_steps(verdict),
    ]
    for kind in Kind:
        causes = [cause for cause in verdict.causes if cause.kind is kind]
        if causes:
            found += ["", heading(_TITLES[kind])]
            found += [line for cause in causes for line in _cause(judged, cause)]
    if verdict.installing and not verdict.has_failed:
        found += ["", heading("What no Dockerfile cures")]
        found += [line for text in incurable(verdict) for line in _paragraph("- ", text)]
        found += ["", heading("With Lamina")]
        found += [line for text in with_lamina(judged) for line in _paragraph("- ", text)]
    return found


def headline(verdict: Verdict) -> str:
    """Say in a line what happened."""
    if verdict.has_failed:
        return "the build failed"
    if not verdict.installing:
        return "no step of the build installs distributions"
    if all(each.trail is None for each in verdict.installing):
        return "the step that installs was CACHED: nothing was installed or downloaded"
    total = verdict.total
    if total.fetched:
        of = f" of {total.installed}" if total.installed is not None else ""
        least = "" if total.installed is not None else "at least "
        return f"{least}{total.fetched}{of} distributions were downloaded{_bytes(total, ', ')}"
    if total.from_cache:
        return (
            f"all {counted(total.from_cache, 'distribution')} came from the installer's cache:"
            " nothing was downloaded, but the step ran and wrote its layer anew"
        )
    if total.installed is not None:
        what = counted(total.installed, "distribution")
        return f"{what} installed; where they came from, the log does not tell"
    return (
        "the step that installs ran; what it did, the log does not show (`--progress=plain` does)"
    )


def _bytes(amount: Amount, before: str) -> str:
    if not amount.bytes:
        return ""
    return f"{before}{'at least ' if amount.is_least else ''}{size(amount.bytes)}"


def _steps(verdict: Verdict) -> list[str]:
    firsts = {id(each.trail.first) for each in verdict.installing if each.trail is not None}
    by_step = {id(each.step): each for each in verdict.installing}
    rows = []
    for step in verdict.steps:
        if not step.keyword and not step.installs:
            continue
        remark = "first that was not cached" if id(step) in firsts else ""
        if id(step) in by_step and by_step[id(step)].trail is not None:
            figures = _figures(by_step[id(step)])
            remark = f"{remark}; {figures}" if remark and figures else remark or figures
        rows.append((_place(step), _taken(step), one_line(masked(step.instruction), 60), remark))
    return table(rows, right={1}, indent="  ", width=terminal_width())


def _place(step: Step) -> str:
    counts = f"{step.index}/{step.total}" if step.index and step.total else str(step.index or "")
    return " ".join(part for part in (step.stage or "", counts) if part) or "-"


def _taken(step: Step) -> str:
    if step.outcome is Outcome.CACHED:
        return "CACHED"
    if step.outcome is Outcome.FAILED:
        return "FAILED"
    return duration(step.seconds) if step.seconds is not None else "-"


def _figures(installing: Installing) -> str:
    amount = installing.amount
    if amount.installed is None and not amount.fetched:
        return ""
    parts = [f"{amount.fetched} downloaded{_bytes(amount, ', ')}"]
    if amount.from_cache is not None:
        parts.append(f"{amount.from_cache} from the cache")
    if amount.built:
        parts.append(f"{amount.built} built")
    of = f"of {amount.installed}: " if amount.installed is not None else ""
    return of + "; ".join(parts)


def _cause(judged: Judged, cause: Cause) -> Iterator[str]:
    place = judged.place(cause)
    where = f"{place[0]}:{place[1]}: " if place is not None else ""
    yield from _paragraph("  ", f"{where}{f'{cause.code} ' if cause.code else ''}{cause.what}")
    for line in cause.evidence[:_LINES]:
        yield f"    {harmless(judged.name)}:{line.number}: {_quoted(line)}"
    yield from _paragraph("    fix: ", cause.fix)
    if cause.saves is not None:
        yield from _paragraph("    saves: ", saving(cause))
    for note in cause.notes:
        yield from _paragraph("    note: ", note)


def _quoted(line: Line) -> str:
    return one_line(masked(line.text), _EVIDENCE)


def saving(cause: Cause) -> str:
    """Say what a build like this one does without, once a cause is cured."""
    saves = cause.saves or Amount()
    if cause.kind is Kind.DOWNLOADED:
        text = f"{counted(saves.fetched, 'download')}{_bytes(saves, ', ')}"
        return f"{text}, {duration(saves.seconds)}" if saves.seconds is not None else text
    what = "the step itself, and its layer"
    if saves.installed is not None:
        what += f" of {counted(saves.installed, 'distribution')}"
    return f"{what}, {duration(saves.seconds)}" if saves.seconds is not None else what


def incurable(verdict: Verdict) -> Iterator[str]:
    """Say what stays, however the Dockerfile is written."""
    total = verdict.total
    count = total.installed or total.fetched
    all_of = f"all {count} distributions" if count else "all distributions"
    took = f" (here, exporting took {duration(verdict.exporting)})" if verdict.exporting else ""
    yield (
        f"One layer has {all_of}: if one of them changes, or another builder makes it, it is packed"
        f" and pushed whole{took}, and pulled whole by every node that runs the image"
    )
    yield (
        "Cache mounts stay with their builder, and are never exported: a runner that starts empty"
        f" downloads {all_of} again{_bytes(total, ', ')}"
    )


def with_lamina(judged: Judged) -> Iterator[str]:
    """Say what Lamina would do for this project, as far as its lock tells."""
    other = judged.alternative
    if other is None:
        why = f": {judged.obstacle}" if judged.obstacle else ": there is no `uv.lock` beside it"
        yield f"How many layers it would make of the dependencies is not known{why}"
        total = judged.verdict.total
        count = total.installed or total.fetched
        what = f"{count} distributions{_bytes(total, ', ')}" if count else "dependencies"
        yield (
            f"A release that changes nothing but the version downloads none of the {what}, and"
            " pushes none of their layers, from a runner that starts empty, too"
        )
        return
    unsized = f" ({other.unsized} sizes are not in the lock)" if other.unsized else ""
    built = f", {other.sources} of them built once from sources" if other.sources else ""
    yield (
        f"{counted(other.distributions, 'distribution')} of `uv.lock`{built}, {size(other.bytes)}"
        f"{unsized}, in {counted(other.layers, 'layer')} ({other.target})"
    )
    yield (
        f"A release that changes nothing but the version: no wheel downloaded, none of the"
        f" {counted(other.layers, 'layer')} pushed, but the project's own layer, config and"
        " manifest. A runner that starts empty finds the layers in the registry, and does the same"
    )
    if other.packages:
        yield (
            f"Debian packages ({', '.join(other.packages)}): with `apt` in `[tool.lamina]`, in"
            " layers of their own, with no `RUN`; only those are new of which Debian has a newer"
            " version"
        )
    if other.largest is not None:
        name, largest = other.largest
        yield (
            f"The dearest change, a new version of `{name}`, pushes and pulls {size(largest)},"
            f" and not {size(other.bytes)}"
        )


def _paragraph(head: str, text: str) -> Iterator[str]:
    width = min(terminal_width() or _WIDEST, _WIDEST)
    indent = "  " if head == "- " else ""
    yield from textwrap.wrap(
        harmless(masked(text)),
        max(width, 40),
        initial_indent=f"{indent}{head}",
        subsequent_indent=" " * len(f"{indent}{head}"),
        break_long_words=False,
        break_on_hyphens=False,
    )


def document(judged: Judged) -> dict[str, object]:
    """Return what the document of ``--format json`` has of a verdict."""
    verdict = judged.verdict
    return {
        "log": judged.name,
        "builder": verdict.log.builder.name.lower(),
        "verdict": headline(verdict),
        **_amount(verdict.total),
        "seconds_exporting": verdict.exporting,
        "steps": [_step_document(verdict, step) for step in verdict.steps],
        "causes": [_cause_document(judged, cause) for cause in verdict.causes],
        "incurable": list(incurable(verdict)) if verdict.installing else [],
        "lamina": _alternative_document(judged.alternative),
    }


def _amount(amount: Amount) -> dict[str, object]:
    return {
        "installed": amount.installed,
        "from_cache": amount.from_cache,
        "downloaded": amount.fetched,
        "built": amount.built,
        "bytes_downloaded": amount.bytes,
        "bytes_are_least": amount.is_least,
        "seconds": amount.seconds,
    }


def _step_document(verdict: Verdict, step: Step) -> dict[str, object]:
    own = next((each for each in verdict.installing if each.step is step), None)
    return {
        "line": step.line.number,
        "stage": step.stage,
        "index": step.index,
        "total": step.total,
        "instruction": masked(step.instruction),
        "outcome": step.outcome.value,
        "seconds": step.seconds,
        "bytes_pulled": step.pulled,
        "install": None if own is None or own.trail is None else _amount(own.amount),
        "first_not_cached": None
        if own is None or own.trail is None
        else own.trail.first.line.number,
    }


def _cause_document(judged: Judged, cause: Cause) -> dict[str, object]:
    place = judged.place(cause)
    return {
        "kind": cause.kind.value.replace(" ", "_"),
        "code": cause.code or None,
        "message": cause.what,
        "fix": cause.fix,
        "notes": list(cause.notes),
        "path": place[0] if place is not None else None,
        "line": place[1] if place is not None else None,
        "evidence": [{"line": line.number, "text": masked(line.text)} for line in cause.evidence],
        "saves": None if cause.saves is None else _amount(cause.saves),
    }


def _alternative_document(other: Alternative | None) -> dict[str, object] | None:
    if other is None:
        return None
    return {
        "target": str(other.target),
        "distributions": other.distributions,
        "built": other.sources,
        "bytes": other.bytes,
        "sizes_not_known": other.unsized,
        "layers": other.layers,
        "packages": other.packages,
    }
