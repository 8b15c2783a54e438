"""What ``lamina doctor`` writes: as text, and as the document of ``docs/reference/json.md``."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from lamina.cli import verdicts
from lamina.cli.amounts import counted
from lamina.cli.columns import terminal_width
from lamina.cli.examining import Examined
from lamina.cli.style import harmless, styled
from lamina.cli.verdicts import Judged
from lamina.doctor.finding import Finding, Severity
from lamina.doctor.rules import find_rule
from lamina.doctor.secrets import masked
from lamina.doctor.text import Place

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_WIDEST, _SHOWN = 100, 88


def has_errors(examined: Sequence[Examined]) -> bool:
    """Say whether something is so wrong that a check should fail."""
    return any(finding.severity is Severity.ERROR for each in examined for finding in each.findings)


def lines(examined: Sequence[Examined], judged: Judged | None = None) -> list[str]:
    """Return what is shown: the verdict on a log first, if there is one."""
    found = [*verdicts.lines(judged), ""] if judged is not None else []
    if judged is not None and not examined:
        return found[:-1]
    told: set[str] = set()
    for each in examined:
        for finding in each.findings:
            found += [*_finding(each, finding, is_first=finding.code not in told), ""]
            told.add(finding.code)
    return [*found, _summary(examined)]


def _finding(examined: Examined, finding: Finding, *, is_first: bool) -> Iterator[str]:
    place = examined.source.place(finding.span)
    kind = styled(
        finding.severity.value, fg=_COLOURS[finding.severity], bold=True, stream=sys.stdout
    )
    head = f"{examined.path}:{place.line}:{place.column}"
    yield f"{harmless(head)}: {kind} {finding.code} {harmless(finding.message)}"
    yield from _excerpt(examined, place)
    rule = find_rule(finding.code)
    if is_first and rule is not None:
        yield from _paragraph("why", rule.why)
    yield from _paragraph("fix", finding.fix)
    for note in finding.notes:
        yield from _paragraph("note", note)


def _excerpt(examined: Examined, place: Place) -> Iterator[str]:
    """Give the line that a finding is about, with a mark under the part that is meant."""
    line = harmless(masked(examined.source.line(place.line))).replace("\t", " ")
    end = place.end_column if place.end_line == place.line else len(line.rstrip(" \\")) + 1
    start, length = place.column - 1, max(end - place.column, 1)
    if len(line) > _WIDEST:
        cut = max(0, min(start - 20, len(line) - _SHOWN))
        line, start = line[cut : cut + _SHOWN], start - cut
        length = min(length, _SHOWN - start)
    number = str(place.line)
    margin = " " * len(number)
    yield f"  {number} | {line.rstrip()}"
    yield f"  {margin} | {' ' * start}{styled('^' * length, fg='red', stream=sys.stdout)}"


def _paragraph(title: str, text: str) -> Iterator[str]:
    head = f"  {title}: "
    width = min(terminal_width() or _WIDEST, _WIDEST)
    wrapped = textwrap.wrap(
        harmless(text),
        max(width, 40),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from wrapped


def _summary(examined: Sequence[Examined]) -> str:
    counts = _counts(examined)
    parts = [counted(counts[each], each.value) for each in Severity if counts[each]]
    names = ", ".join(f"`{harmless(each.path)}`" for each in examined)
    if not parts:
        return f"Nothing is wrong in {names}"
    listed = " and ".join([*([", ".join(parts[:-1])] if parts[:-1] else []), parts[-1]])
    return f"Found {listed} in {names}"


def _counts(examined: Sequence[Examined]) -> Counter[Severity]:
    return Counter(finding.severity for each in examined for finding in each.findings)


def document(examined: Sequence[Examined], judged: Judged | None = None) -> dict[str, object]:
    """Return the document of ``--format json``."""
    counts = _counts(examined)
    return {
        "files": [
            {
                "path": each.path,
                "findings": [_finding_document(each, finding) for finding in each.findings],
            }
            for each in examined
        ],
        "errors": counts[Severity.ERROR],
        "warnings": counts[Severity.WARNING],
        "notes": counts[Severity.NOTE],
        "verdict": None if judged is None else verdicts.document(judged),
    }


def _finding_document(examined: Examined, finding: Finding) -> dict[str, object]:
    place = examined.source.place(finding.span)
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "fix": finding.fix,
        "notes": list(finding.notes),
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }
