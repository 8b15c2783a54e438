"""The fixes of a Dockerfile's findings, made one by one, and each only if it makes nothing worse.

After a fix, everything is examined anew. What the fix uncovers is fixed along with it: a mount
that is where it belongs now may want the owner that nobody missed before. If something new is left
in the end, the fix is not made. So each that is made leaves fewer findings than there were, and
there comes an end; and of what was fixed, nothing is found to fix again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from lamina.doctor.check import check
from lamina.doctor.edit import Edits, Place, applied
from lamina.doctor.finding import Finding
from lamina.doctor.model.bases import Base
from lamina.doctor.subject import Subject, make_subject

_MOST_TRIED = 500
"""Fixes of one file, so that a strange one does not take forever."""
_MOST_TOGETHER = 16
"""Fixes that one of them brings along."""


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
    refused: set[tuple[str, Edits]] = set()
    for _ in range(_MOST_TRIED):
        tried = next((each for each in current.findings if _is_open(each, refused)), None)
        if tried is None:
            break
        better = _together(current, tried, around)
        if better is None:
            refused.add((tried.code, tried.edits))
        else:
            current = better
            # The edits are of places in a text that is another now.
            refused.clear()
    return current


def _is_open(finding: Finding, refused: Collection[tuple[str, Edits]]) -> bool:
    return bool(finding.edits) and (finding.code, finding.edits) not in refused


def _together(before: Fixed, first: Finding, around: _Around) -> Fixed | None:
    """Make a fix and those that it needs; None if there is something new in the end."""
    had = _counted(before)
    current = _made(before, first, around)
    for _ in range(_MOST_TOGETHER):
        have = _counted(current)
        new = have - had
        if not new and have[first.code] < had[first.code]:
            return current
        # The same cache may be mounted several times: all of them have one owner, or none has.
        wanted = {*new, first.code}
        following = [each for each in current.findings if each.code in wanted and each.edits]
        if not following:
            return None
        # What is new comes first.
        current = _made(current, min(following, key=lambda each: each.code not in new), around)
    return None


def _counted(fixed: Fixed) -> Counter[str]:
    return Counter(finding.code for finding in fixed.findings)


def _made(before: Fixed, finding: Finding, around: _Around) -> Fixed:
    subject = _edited(before.subject, finding.edits, around.pulled)
    findings = check(subject, ignored=around.ignored)
    return Fixed(subject, findings, (*before.made, finding))


def _edited(subject: Subject, edits: Edits, pulled: Mapping[str, Base] | None) -> Subject:
    text = applied(subject.dockerfile.text, edits)
    beside, old = subject.beside, subject.beside.dockerignore
    ignore = applied(old or "", edits, Place.DOCKERIGNORE)
    if ignore != (old or ""):
        beside = replace(beside, dockerignore=ignore)
    return make_subject(text, beside=beside, pulled=pulled, today=subject.today)
