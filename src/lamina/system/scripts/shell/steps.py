"""A command that a script would run."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from lamina.system.scripts.shell.output import Output
from lamina.system.scripts.shell.words import Word


@dataclass(frozen=True, slots=True)
class Step:
    """A command that a script would run."""

    words: tuple[Word, ...]
    is_certain: bool
    writes: tuple[str, ...] = ()
    """The files that its output goes to, as far as their names are known."""
    output: Output | None = None
    """What goes to the only one of them, if that is known."""

    @property
    def name(self) -> str:
        """The last part of the program's path; empty if unknown."""
        return (self.words[0].value or "").rpartition("/")[2] if self.words else ""

    @property
    def text(self) -> str:
        """The command for people, on one line."""
        texts = [
            word.text if word.value is None else shlex.quote(word.value) for word in self.words
        ]
        return " ".join(" ".join(texts).split())
