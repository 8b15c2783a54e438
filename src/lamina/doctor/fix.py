"""The fixes of a Dockerfile's findings: those are made that make nothing worse.

After a fix, everything is examined anew. What it uncovers is fixed along with it: a mount that is
where it belongs now may want the owner that nobody missed before. If something new is left in the
end, the fix is not made. So each that is made leaves fewer findings than there were, and there
comes an end; and of what was fixed, nothing is found to fix again.

All fixes are tried at once. Only if that is no good, one after another.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from lamina.dockerfile.model.bases import Base
from lamina.doctor.check import check
from lamina.doctor.edit import Edits, Place, applied
from lamina.doctor.finding import Finding
from lamina.doctor.subject import Subject, make_subject

_MOST_ROUNDS = 16
"""In how many steps what a fix uncovers is fixed."""
_MOST_TRIED = 50
"""Fixes that are tried one by one, so that a strange file does not take forever."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A Dockerfile as it is when the fixes are made."""

    subject: Subject
    findings: tuple[Finding, ...]
    """What is left. What has edits could be fixed only at the price of something new."""
    made: tuple[Finding, ...] = ()
    """What is fixed, in the order in which that was done."""


@dataclass(frozen=True, slots=True)
class _Around:
    pulled: Mapping[str, Base] | None
    ignored: Collection[str]


def fix(
    subject: Subject, *, pulled: Mapping[str, Base] | None = None, ignored: Collection[str] = ()
) -> Fixed:
    """Return a Dockerfile, and the `.dockerignore` beside it, with all fixes that can be made."""
    around = _Around(pulled, ignored)
    current = Fixed(subject, check(subject, ignored=ignored))
    current = _better(current, current.findings, around) or current
    refused: set[tuple[str, Edits]] = set()
    for _ in range(_MOST_TRIED):
        tried = next((each for each in current.findings if _is_open(each, refused)), None)
        if tried is None:
            break
        better = _better(current, [tried], around)
        if better is None:
            refused.add((tried.code, tried.edits))
        else:
            current = better
            # The edits are of places in a text that is another now.
            refused.clear()
    return current


def _is_open(finding: Finding, refused: Collection[tuple[str, Edits]]) -> bool:
    return bool(finding.edits) and (finding.code, finding.edits) not in refused


def _better(before: Fixed, firsts: Sequence[Finding], around: _Around) -> Fixed | None:
    """Make fixes and those that they need; None if that comes to nothing, or to something new."""
    had, codes = _counted(before), {finding.code for finding in firsts}
    current, chosen = before, _apart(firsts)
    for _ in range(_MOST_ROUNDS):
        if not chosen:
            break
        then, current = current, _made(current, chosen, around)
        if any(
            _counted(current)[code] > _counted(then)[code] - count
            for code, count in Counter(finding.code for finding in chosen).items()
        ):
            return None
        new = _counted(current) - had
        if not new and len(firsts) == 1:
            break
        # The same cache may be mounted several times: all of them have one owner, or none has.
        chosen = _apart([each for each in current.findings if each.code in {*new, *codes}])
    is_new = _counted(current) - had
    return None if is_new or len(current.findings) >= len(before.findings) else current


def _apart(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that have edits, without those that would touch others' edits."""
    taken: dict[Place, list[tuple[int, int]]] = {place: [] for place in Place}
    chosen = []
    for finding in findings:
        spans = [(edit.place, (edit.span.start, edit.span.end)) for edit in finding.edits]
        if spans and not any(_touches(span, taken[place]) for place, span in spans):
            chosen.append(finding)
            for place, span in spans:
                insort(taken[place], span)
    return chosen


def _touches(span: tuple[int, int], taken: Sequence[tuple[int, int]]) -> bool:
    """Say whether a span has a place in common with one of others, which lie apart."""
    at = bisect_left(taken, span)
    start, end = span
    return any(first <= end and start <= last for first, last in taken[max(at - 1, 0) : at + 1])


def _counted(fixed: Fixed) -> Counter[str]:
    return Counter(finding.code for finding in fixed.findings)


def _made(before: Fixed, chosen: Sequence[Finding], around: _Around) -> Fixed:
    edits = tuple(edit for finding in chosen for edit in finding.edits)
    subject = _edited(before.subject, edits, around.pulled)
    findings = check(subject, ignored=around.ignored)
    return Fixed(subject, findings, (*before.made, *chosen))


def _edited(subject: Subject, edits: Edits, pulled: Mapping[str, Base] | None) -> Subject:
    text = applied(subject.dockerfile.text, edits)
    beside, old = subject.beside, subject.beside.dockerignore
    ignore = applied(old or "", edits, Place.DOCKERIGNORE)
    if ignore != (old or ""):
        beside = replace(beside, dockerignore=ignore)
    return make_subject(text, beside=beside, pulled=pulled, today=subject.today)
