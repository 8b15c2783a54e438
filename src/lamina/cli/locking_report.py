"""What `lamina lock` has changed, as people and as machines read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lamina.cli.amounts import counted
from lamina.oci.index import normalize
from lamina.pins.changes import Change, Kind, changes
from lamina.pins.file_name import NAME
from lamina.pins.matching import Mismatch
from lamina.pins.model import Pins

_SHORT = len("sha256:") + 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of pinning."""

    changes: tuple[Change, ...]
    after: Pins
    before: Pins | None
    is_checked: bool
    """Whether nothing was to be written."""

    @property
    def has_changed(self) -> bool:
        """Whether the lock is another one, be it only in what it answers."""
        return self.before != self.after


def lines(outcome: Outcome, *, is_verbose: bool) -> Iterator[str]:
    """Say what was added, updated and removed; ``is_verbose``, also what has stayed."""
    for change in outcome.changes:
        yield _line(change, outcome)
    if is_verbose:
        changed = {(each.kind, each.name) for each in outcome.changes}
        for each in changes(None, outcome.after):
            if (each.kind, each.name) not in changed:
                yield f" = {_title(each)} {_shown(each, each.after)}"
    yield _summary(outcome)


def document(outcome: Outcome) -> dict[str, object]:
    """Return the report; see docs/reference/json.md."""
    return {
        "changed": outcome.has_changed,
        "written": outcome.has_changed and not outcome.is_checked,
        "changes": [_entry(each) for each in outcome.changes],
    }


def mismatch_document(found: Iterable[Mismatch]) -> dict[str, object]:
    """Return the report of a lock that was compared with what is asked for."""
    problems = [{"item": each.item, "problem": each.problem} for each in found]
    return {"matches": not problems, "mismatches": problems}


def _entry(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind.value,
        "name": change.name,
        "platforms": list(change.platforms),
        "before": change.before,
        "after": change.after,
        "security": change.is_security,
        "older": change.is_older,
    }


def _line(change: Change, outcome: Outcome) -> str:
    where = ""
    if 0 < len(change.platforms) < _count_platforms(outcome):
        where = f", {', '.join(change.platforms)}"
    title = _title(change)
    mark = " (security)" if change.is_security else " (older)" if change.is_older else ""
    before, after = _shown(change, change.before), _shown(change, change.after)
    if change.before is None:
        return f" + {title} {after}{where}"
    if change.after is None:
        return f" - {title} {before}{where}"
    return f" ~ {title} {before} -> {after}{where}{mark}"


def _count_platforms(outcome: Outcome) -> int:
    """Count those that were pinned or are: of one that goes, its packages go there alone."""
    locks = (each for each in (outcome.before, outcome.after) if each is not None)
    return len({normalize(each.platform) for lock in locks for each in lock.platforms})


def _title(change: Change) -> str:
    if change.kind is Kind.LAYER:
        return f"layer {change.name[:_SHORT]}"
    return change.name


def _shown(change: Change, value: str | None) -> str:
    text = value or ""
    return text[:_SHORT] if change.kind in (Kind.BASE, Kind.LAYER) else text


def _summary(outcome: Outcome) -> str:
    if not outcome.has_changed:
        return f"`{NAME}` is up to date"
    counts = ", ".join(_counts(outcome.changes))
    said = f": {counts}" if counts else ""
    if outcome.is_checked:
        return f"`{NAME}` would change{said}"
    return f"Wrote `{NAME}`{said}"


def _counts(found: Iterable[Change]) -> Iterator[str]:
    added = removed = updated = security = older = 0
    for each in found:
        added += each.before is None
        removed += each.after is None
        updated += each.before is not None and each.after is not None
        security += each.is_security
        older += each.is_older
    if added:
        yield f"{added} added"
    if updated:
        marked = [counted(security, "security update")] if security else []
        marked += [f"{older} to an older version"] if older else []
        yield f"{updated} updated" + (f" ({', '.join(marked)})" if marked else "")
    if removed:
        yield f"{removed} removed"
