"""Lines as their program wrote them, without what terminals and CI services put around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

LONGEST = 65_536
"""Of a line, in characters. Longer ones are cut: no builder's own lines are."""

# Each pattern is tried at one place and never looks back, so that no line can make it slow.
_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # colours, movements of the cursor
    r"|[\]_P^X][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, links, Buildkite's times
    r"|[ -/]*[0-~])"
)
_STAMP = re.compile(
    r"\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)\]?"
    r"(?: \d\d[OE][ +])?[ \t]?"  # GitLab's stream and continuation
)
_CLOCK = re.compile(r"\[?\d\d:\d\d:\d\d(?:\.\d{1,6})?\]?[ \t]{1,2}(?=\S)")  # Jenkins
_CLOUD_BUILD = re.compile(r"Step #\d+(?: - \"[^\"]*\")?: ")
_SECTION = re.compile(r"section_(?:start|end):\d+:\S*")
_GROUP = re.compile(r"##\[[a-z]+\]|::[a-z]+::")
_DATED_JOB = re.compile(r"[^\t]{1,200}\t[^\t]{1,200}\t(?=\d{4}-\d\d-\d\dT)")  # `gh run view --log`


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and its number in the file, from 1."""

    number: int
    text: str
    stamp: str | None = None
    """When the CI service says it was written."""

    @property
    def at(self) -> float | None:
        """The stamp, in seconds; only differences mean anything."""
        if self.stamp is None:
            return None
        try:
            return datetime.fromisoformat(self.stamp.replace(",", ".")).timestamp()
        except (ValueError, OverflowError):
            return None


def cleaned(lines: Iterable[str]) -> Iterator[Line]:
    r"""Give lines without line ends, escapes and what CI services put before them.

    >>> [line.text for line in cleaned(["2026-01-10T01:57:31.1234567Z #9 \x1b[1mCACHED\r\n"])]
    ['#9 CACHED']
    """
    for number, raw in enumerate(lines, 1):
        text = raw[:LONGEST].rstrip("\r\n")
        if number == 1:
            text = text.removeprefix("\ufeff")
        if "\r" in text:
            text = _last_drawn(text)
        if "\x1b" in text:
            text = _ESCAPES.sub("", text)
        yield _without_prefix(number, text)


def _last_drawn(text: str) -> str:
    """Return what is left on the terminal of a line that was drawn over."""
    return next((part for part in reversed(text.split("\r")) if part), "")


def _without_prefix(number: int, text: str) -> Line:
    stamp = None
    if "\t" in text and (job := _DATED_JOB.match(text)):
        text = text[job.end() :]
    head = text[:1]
    if (head.isdigit() or head == "[") and (found := _STAMP.match(text)):
        stamp, text = found[1], text[found.end() :]
    elif (head.isdigit() or head == "[") and (found := _CLOCK.match(text)):
        text = text[found.end() :]
    if text.startswith("Step #") and (found := _CLOUD_BUILD.match(text)):
        text = text[found.end() :]
    if text.startswith(("##[", "::")) and (found := _GROUP.match(text)):
        text = text[found.end() :]
    if text.startswith("section_") and (found := _SECTION.match(text)):
        text = text[found.end() :]
    return Line(number, text, stamp)
