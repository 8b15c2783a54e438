"""What a person sees of a build: lines on standard error, bars where it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from lamina.cli.report import Tally
from lamina.cli.style import styled
from lamina.observer import Download, Observer
from lamina.plan.plan import LayerPlan


class Lines:
    """Plain lines; see `Observer`."""

    def __init__(self, tally: Tally, stream: TextIO, *, verbose: bool) -> None:
        self._tally = tally
        self._stream = stream
        self._verbose = verbose

    def planned(self, layers: int, missing: int, wheels: int, wheel_bytes: int) -> None:
        pass

    def reused(self, plan: LayerPlan) -> None:
        if self._verbose:
            self._say(f"Reused {plan.title}")

    def downloading(self, download: Download) -> None:
        pass

    def received(self, download: Download, count: int) -> None:
        self._tally.received(download, count)

    def downloaded(self, download: Download) -> None:
        self._tally.downloaded(download)
        if self._verbose:
            self._say(f"Downloaded {download.name}")

    def kept(self, name: str) -> None:
        pass

    def making(self, plan: LayerPlan) -> None:
        pass

    def made(self, plan: LayerPlan, size: int) -> None:
        if self._verbose:
            self._say(f"Made {plan.title}")

    def note(self, text: str) -> None:
        self._say(text)

    def warn(self, text: str) -> None:
        self._say(f"{styled('warning', fg='yellow', bold=True)}: {text}")

    def _say(self, text: str) -> None:
        print(text, file=self._stream)


@contextmanager
def shown(tally: Tally, *, verbose: bool, quiet: bool) -> Iterator[Observer]:
    """Give the observer that suits standard error."""
    yield Lines(tally, sys.stderr, verbose=verbose)
