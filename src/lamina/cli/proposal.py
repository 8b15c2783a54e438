"""What `lamina init` proposes, as people and programs read it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence

from lamina.cli.amounts import counted
from lamina.cli.style import harmless, styled
from lamina.init.draft import Draft, Remark

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def change(before: str, after: str, name: str) -> str:
    """Return the change of a file as a unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, name
    )
    return "".join(_coloured(line) for line in lines)


def _coloured(line: str) -> str:
    text = harmless(line.rstrip("\r\n"))
    return styled(text, fg=_COLOURS.get(line[:1]), stream=sys.stdout) + "\n"


def told(draft: Draft, dockerfile: str | None) -> Iterator[str]:
    """Give lines that say what of a Dockerfile no setting says, and what else is to be said."""
    left = [each for each in draft.remarks if each.is_left]
    covered = [each for each in draft.remarks if not each.is_left]
    if left:
        yield f"{_lines(left)} of `{dockerfile}` {_have(left)} no equivalent:"
        for each in left:
            yield f"  {dockerfile}:{each.line}: {harmless(each.text)}"
            yield f"    why:   {harmless(each.why)}"
            yield f"    to do: {harmless(each.todo)}"
    if covered:
        yield f"{_lines(covered)} {_are(covered)} not needed:"
        for each in covered:
            yield f"  {dockerfile}:{each.line}: {harmless(each.text)}: {harmless(each.why)}"
    yield from (harmless(note) for note in draft.notes)


def _lines(remarks: Sequence[Remark]) -> str:
    return counted(len(remarks), "line")


def _have(remarks: Sequence[Remark]) -> str:
    return "has" if len(remarks) == 1 else "have"


def _are(remarks: Sequence[Remark]) -> str:
    return "is" if len(remarks) == 1 else "are"


def report(
    draft: Draft, dockerfile: str | None, table: str, commands: Sequence[str], outcome: str
) -> dict[str, object]:
    """Return the report; see docs/reference/json.md."""
    return {
        "from": dockerfile,
        "outcome": outcome,
        "settings": {each.key: each.value for each in draft.settings},
        "table": table,
        "left": [
            {**_entry(each), "todo": each.todo, "packages": each.packages}
            for each in draft.remarks
            if each.is_left
        ],
        "covered": [_entry(each) for each in draft.remarks if not each.is_left],
        "notes": draft.notes,
        "next": commands,
    }


def _entry(remark: Remark) -> dict[str, object]:
    return {"line": remark.line, "text": remark.text, "why": remark.why}
