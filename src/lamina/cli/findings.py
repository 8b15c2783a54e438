"""What ``lamina doctor`` writes: as text, and as the document of ``docs/reference/json.md``."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from lamina.cli import verdicts
from lamina.cli.amounts import counted
from lamina.cli.columns import terminal_width
from lamina.cli.differences import shown
from lamina.cli.examining import Examined, edits
from lamina.cli.mending import Mended
from lamina.cli.style import harmless, styled
from lamina.cli.verdicts import Judged
from lamina.dockerfile.secrets import masked
from lamina.dockerfile.text import Place
from lamina.doctor.finding import Finding, Severity
from lamina.doctor.rules import find_rule

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_WIDEST, _SHOWN = 100, 88
_OFFERED = " (`--fix` does it)"
_LEFT = " (`--fix` has left it, for something else would be wrong then)"


def has_errors(mended: Sequence[Mended]) -> bool:
    """Say whether something is so wrong, and left so, that a check should fail."""
    return _counts(mended)[Severity.ERROR] > 0


def lines(
    mended: Sequence[Mended], judged: Judged | None = None, *, is_fixed: bool = False
) -> list[str]:
    """Return what is shown: the verdict on a log, then what was changed, then what is left."""
    found = [*verdicts.lines(judged), ""] if judged is not None else []
    if judged is not None and not mended:
        return found[:-1]
    for each in mended:
        found += [*shown(each.difference), ""] if each.difference else []
    told: set[str] = set()
    offer = _LEFT if is_fixed else _OFFERED
    for each in mended:
        for finding in each.examined.findings:
            is_first = finding.code not in told
            found += [*_finding(each.examined, finding, offer, is_first=is_first), ""]
            told.add(finding.code)
    if is_fixed:
        return [*found, *_fixed(mended), _summary(mended)]
    return [*found, _summary(mended), *_offered(mended)]


def _finding(examined: Examined, finding: Finding, offer: str, *, is_first: bool) -> Iterator[str]:
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
    yield from _paragraph("fix", f"{finding.fix}{offer if finding.edits else ''}")
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


def _summary(mended: Sequence[Mended]) -> str:
    names = _names(mended)
    parts = _parts(_counts(mended))
    return f"Found {parts} in {names}" if parts else f"Nothing is wrong in {names}"


def _fixed(mended: Sequence[Mended]) -> Iterator[str]:
    made = Counter(finding.severity for each in mended for finding in each.made)
    if made:
        yield f"Fixed {_parts(made)} in {_names(each for each in mended if each.made)}"


def _offered(mended: Sequence[Mended]) -> Iterator[str]:
    findings = [finding for each in mended for finding in each.examined.findings]
    able = sum(1 for finding in findings if finding.edits)
    if able:
        them = "it" if len(findings) == 1 else "all" if able == len(findings) else f"{able} of them"
        yield f"`lamina doctor --fix` fixes {them}; `--diff` shows how"


def _parts(counts: Counter[Severity]) -> str:
    parts = [counted(counts[each], each.value) for each in Severity if counts[each]]
    return " and ".join([*([", ".join(parts[:-1])] if parts[:-1] else []), *parts[-1:]])


def _names(mended: Iterable[Mended]) -> str:
    return ", ".join(f"`{harmless(each.examined.path)}`" for each in mended)


def _counts(mended: Sequence[Mended]) -> Counter[Severity]:
    return Counter(finding.severity for each in mended for finding in each.examined.findings)


def document(mended: Sequence[Mended], judged: Judged | None = None) -> dict[str, object]:
    """Return the document of ``--format json``."""
    counts = _counts(mended)
    return {
        "files": [
            {
                "path": each.examined.path,
                "findings": [
                    _finding_document(each.examined, finding) for finding in each.examined.findings
                ],
                "fixed": [_told(finding) for finding in each.made],
                "diff": "".join(f"{line}\n" for line in each.difference),
            }
            for each in mended
        ],
        "errors": counts[Severity.ERROR],
        "warnings": counts[Severity.WARNING],
        "notes": counts[Severity.NOTE],
        "verdict": None if judged is None else verdicts.document(judged),
    }


def _told(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "fix": finding.fix,
        "notes": list(finding.notes),
    }


def _finding_document(examined: Examined, finding: Finding) -> dict[str, object]:
    return {
        **_told(finding),
        **_place_document(examined.source.place(finding.span)),
        "edits": [
            {
                "path": path,
                **_place_document(source.place(edit.span)),
                "text": edit.text,
            }
            for path, source, edit in edits(examined, finding)
        ],
    }


def _place_document(place: Place) -> dict[str, object]:
    return {
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }
