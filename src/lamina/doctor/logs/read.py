"""Which builder wrote a log, and what it says."""

from __future__ import annotations

from collections.abc import Iterable

from lamina.doctor.logs.buildah import BuildahReader
from lamina.doctor.logs.buildkit import PlainReader
from lamina.doctor.logs.classic import ClassicReader
from lamina.doctor.logs.json_lines import JsonReader
from lamina.doctor.logs.kaniko import KanikoReader
from lamina.doctor.logs.line import Line, cleaned
from lamina.doctor.logs.model import Builder, Log
from lamina.doctor.logs.reader import BuilderReader
from lamina.doctor.logs.recording import Recording
from lamina.doctor.logs.tty import TtyReader


def read_log(lines: Iterable[str]) -> Log:
    """Read a log, in one pass over its lines.

    What no builder wrote is read, too: an installer may have been run without one.
    """
    readers: list[BuilderReader] = [
        PlainReader(),
        TtyReader(),
        JsonReader(),
        ClassicReader(),
        BuildahReader(),
        KanikoReader(),
    ]
    outside: Recording | None = None
    count = 0
    for line in cleaned(lines):
        count = line.number
        taken = next((reader for reader in readers if reader.feed(line)), None)
        if taken is None:
            outside = outside or Recording(line, "")
            outside.output(line)
        elif len(readers) > 1:
            readers = [taken]
    rest = (outside or Recording(Line(1, ""), "")).step()
    if len(readers) == 1:
        return Log(readers[0].builder, tuple(readers[0].steps()), rest.signals, count)
    return Log(Builder.NONE, (rest,) if rest.installs else (), rest.signals, count)
