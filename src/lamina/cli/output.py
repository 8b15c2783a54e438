"""Which of the ways to show a build suits standard error, and the user."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lamina.cli.lines import Lines, Silent, VerboseLines
from lamina.cli.style import say, wants_bars, wants_colour
from lamina.cli.tally import Tally
from lamina.observer import Observer


@contextmanager
def shown(tally: Tally, *, verbose: bool, quiet: bool) -> Iterator[Observer]:
    """Give the observer that suits."""
    if quiet:
        yield Silent(tally)
    elif wants_bars():
        with _bars(tally, verbose=verbose) as observer:
            yield observer
    elif verbose:
        yield VerboseLines(tally, say)
    else:
        yield Lines(tally, say)


@contextmanager
def _bars(tally: Tally, *, verbose: bool) -> Iterator[Observer]:
    # Not before a terminal is there: the import takes as long as a small build.
    from rich.console import Console
    from rich.text import Text

    from lamina.cli.bars import Bars

    console = Console(stderr=True, no_color=not wants_colour(), highlight=False)

    def say_above(text: str) -> None:
        console.print(Text.from_ansi(text), soft_wrap=True)

    lines = VerboseLines(tally, say_above) if verbose else Lines(tally, say_above, announces=False)
    bars = Bars(lines, console)
    try:
        yield bars
    finally:
        bars.close()
