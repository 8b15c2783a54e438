"""A step while it is read: what its lines tell is counted, and the lines are let go."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

from lamina.doctor.logs.line import Line
from lamina.doctor.logs.model import Outcome, Signal, Step
from lamina.doctor.logs.pip import PipOutput
from lamina.doctor.logs.poetry import PoetryOutput
from lamina.doctor.logs.signals import signal_in
from lamina.doctor.logs.uv import UvOutput

_TAIL = 8
_SIGNALS = 50
_LAYERS = 1000
_BRACKETED = re.compile(r"\[([^\[\]]{0,200}?) {0,5}(\d{1,6})/(\d{1,6})\] ")


class Recording:
    """One step as the log tells it, line by line; `step` is what it came to."""

    def __init__(self, line: Line, name: str, build: int = 0) -> None:
        """``name`` is what the builder calls the step: ``[builder 3/6] RUN uv sync``."""
        self.named(name)
        self.outcome = Outcome.UNKNOWN
        self.seconds: float | None = None
        self._line, self._build = line, build
        self._told: Line | None = None
        self._layers: dict[str, int] = {}
        self._signals: dict[tuple[str, str], Signal] = {}
        self._tail: deque[Line] = deque(maxlen=_TAIL)
        self._outputs = (UvOutput(), PipOutput(), PoetryOutput())

    def named(self, name: str) -> None:
        """Call the step by its name, where the log did not begin with it."""
        self.name = name
        self.scope, self.stage, self.index, self.total, self.instruction = _parts(name)

    def output(self, line: Line) -> None:
        """Take a line that the step's own program wrote."""
        self._tail.append(line)
        for each in self._outputs:
            each.take(line)
        self.signal(line)

    def signal(self, line: Line) -> None:
        """Take a line that may say what is wrong."""
        found = signal_in(line)
        if found is not None and len(self._signals) < _SIGNALS:
            self._signals.setdefault((found.code, line.text), found)

    def layer(self, digest: str, size: int) -> None:
        """Take note of a layer that is pulled for the step, and of its size as far as told."""
        if digest in self._layers or len(self._layers) < _LAYERS:
            self._layers[digest] = max(size, self._layers.get(digest, 0))

    def cached(self, line: Line) -> None:
        """The builder had the step's result; that it is pulled afterwards changes nothing."""
        self.outcome, self._told = Outcome.CACHED, line

    def ended(self, line: Line, outcome: Outcome, seconds: float | None = None) -> None:
        """The step was run, to this end."""
        if seconds is not None:
            self.seconds = seconds
        if self.outcome is not Outcome.CACHED:
            self.outcome, self._told = outcome, line

    def step(self) -> Step:
        """Return what became of it."""
        installs = (each.install() for each in self._outputs)
        return Step(
            line=self._line,
            build=self._build,
            scope=self.scope,
            stage=self.stage,
            index=self.index,
            total=self.total,
            instruction=self.instruction,
            outcome=self.outcome,
            told=self._told,
            seconds=self.seconds,
            pulled=sum(self._layers.values()),
            installs=tuple(install for install in installs if install is not None),
            signals=tuple(self._signals.values()),
            tail=tuple(self._tail),
        )


class Recordings:
    """The steps of a log in their order, each found again by what its builder calls it.

    So many as no build has are enough: what comes behind is read, and kept nowhere.
    """

    MOST = 1_000

    def __init__(self) -> None:
        self._all: list[Recording] = []
        self._by_key: dict[str, Recording] = {}

    def __len__(self) -> int:
        return len(self._all)

    def get(self, key: str) -> Recording | None:
        """Return the step of a key in the build at hand."""
        return self._by_key.get(key)

    def add(self, key: str, line: Line, name: str, build: int = 0) -> Recording:
        """Begin a step."""
        recording = Recording(line, name, build)
        if len(self._all) < self.MOST:
            self._all.append(recording)
            self._by_key[key] = recording
        return recording

    def current(self) -> Iterator[tuple[str, Recording]]:
        """Give the steps of the build at hand."""
        return iter(self._by_key.items())

    def forget(self) -> None:
        """Let the keys stand for other steps: another build begins."""
        self._by_key.clear()

    def steps(self) -> list[Step]:
        """Return what became of all steps."""
        return [recording.step() for recording in self._all]


def _parts(name: str) -> tuple[str, str | None, int | None, int | None, str]:
    """Take a step's name apart: scope, stage, number, how many, instruction.

    >>> _parts("[linux/arm64 builder  3/12] RUN uv sync")
    ('linux/arm64', 'builder', 3, 12, 'RUN uv sync')
    >>> _parts("[internal] load build context")
    ('', None, None, None, '[internal] load build context')
    """
    found = _BRACKETED.match(name)
    if found is None:
        return "", None, None, None, name
    words = found[1].split()
    stage = words.pop() if words and "/" not in words[-1] else None
    return " ".join(words), stage, int(found[2]), int(found[3]), name[found.end() :]
