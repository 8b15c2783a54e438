from __future__ import annotations

import io
import re
import threading

import pytest
from rich.console import Console

from lamina.cli import style
from lamina.cli.amounts import counted, duration, size
from lamina.cli.bars import Bars, Counts, Drawing
from lamina.cli.lines import Lines, Silent, VerboseLines
from lamina.cli.output import shown
from lamina.cli.tally import Tally
from lamina.lock.model import Wheel
from lamina.observer import Download, Observer, Traffic
from lamina.plan.key import LayerKey
from lamina.plan.plan import LayerKind, LayerPlan
from lamina.plan.wheel import PlannedWheel

MB = 1_000_000
TORCH = Download("torch==2.6.0", Traffic.DEPENDENCY, 755 * MB)
SMALL = Download("six==1.17.0", Traffic.DEPENDENCY, 11_000)


def planned(name: str, version: str = "1.0", hash_: str = "", size: int = MB) -> PlannedWheel:
    wheel = Wheel(f"{name}-{version}-py3-none-any.whl", url="https://files.example/x.whl")
    return PlannedWheel(name, version, wheel, hash_ or f"sha256:{name}{version}", size)


def plan(*wheels: PlannedWheel, title: str = "layer") -> LayerPlan:
    key = LayerKey.of({"title": title, "wheels": [str(wheel) for wheel in wheels]})
    return LayerPlan(LayerKind.WHEELS, key, title, wheels)


def told(observer: Observer) -> None:
    """Tell of a build of two layers, of which one is in the store."""
    kept, missing = plan(planned("six")), plan(planned("torch", "2.6.0", size=755 * MB))
    observer.reused(kept, "the store")
    why = {missing: {"torch": "version 2.5.1 -> 2.6.0"}}
    observer.planned([kept, missing], [missing], missing.wheels, lambda: why)
    observer.downloading(TORCH)
    observer.received(TORCH, 700 * MB)
    observer.received(TORCH, 55 * MB)
    observer.downloaded(TORCH)
    observer.making(missing)
    observer.made(missing, 755 * MB)
    observer.note("A note")
    observer.warn("A warning")


@pytest.fixture(autouse=True)
def no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


def test_a_warning_is_said_once() -> None:
    said: list[str] = []
    lines = Lines(Tally(), said.append)

    for text in ("A warning", "Another", "A warning"):
        lines.warn(text)

    assert said == ["warning: A warning", "warning: Another"]


def test_a_few_lines_tell_of_a_build() -> None:
    said: list[str] = []

    told(Lines(Tally(), said.append))

    assert said == [
        "Plan: 2 layers, 1 reused, 1 to make; 1 wheel to download, 755.0 MB",
        "Downloading torch==2.6.0 (755.0 MB)",
        "A note",
        "warning: A warning",
    ]


def test_small_downloads_are_not_announced() -> None:
    said: list[str] = []
    lines = Lines(Tally(), said.append)

    lines.downloading(SMALL)
    lines.downloading(Download("unknown", Traffic.BASE))

    assert said == []


def test_verbose_lines_tell_of_each_distribution() -> None:
    said: list[str] = []

    told(VerboseLines(Tally(), said.append))

    assert said == [
        "Reused six==1.0: its layer is in the store",
        "Plan: 2 layers, 1 reused, 1 to make; 1 wheel to download, 755.0 MB",
        "Downloaded torch==2.6.0 (755.0 MB)",
        "Made torch==2.6.0: version 2.5.1 -> 2.6.0",
        "A note",
        "warning: A warning",
    ]


def test_a_layer_that_nobody_planned_to_make_was_damaged() -> None:
    said: list[str] = []
    lines = VerboseLines(Tally(), said.append)

    lines.made(plan(planned("six")), 1)
    lines.kept("six==1.0")
    lines.made(plan(title="files of app"), 1)

    assert said == [
        "Made six==1.0: its layer was damaged",
        "Kept six==1.0: its wheel need not be downloaded",
        "Made files of app: there is no such layer yet",
    ]


def test_bytes_are_counted_whatever_is_said() -> None:
    tally = Tally()

    told(Silent(tally))

    assert tally.bytes_in[Traffic.DEPENDENCY] == 755 * MB
    assert tally.wheels_downloaded == 1


def test_bytes_that_came_twice_did_come() -> None:
    tally = Tally()
    silent = Silent(tally)

    for count in (5, -5, 9):
        silent.received(SMALL, count)

    assert tally.bytes_in[Traffic.DEPENDENCY] == 14


def test_round_trips_are_those_in_sequence() -> None:
    tally = Tally()

    with tally.request(), tally.request():
        pass
    with tally.request():
        pass

    assert (tally.requests, tally.round_trips) == (3, 2)


def test_bars_show_downloads_layers_and_totals() -> None:
    counts = Counts()
    counts.plan(4, 800 * MB)
    counts.begin(TORCH)
    counts.begin(SMALL)
    counts.receive(TORCH, 300 * MB)
    counts.made()

    drawn = _drawn(Drawing(counts, _console()))

    assert re.fullmatch(r"Downloads +━+[╸╺ ━]* 300.0 MB of 800.0 MB", drawn[0])
    assert re.fullmatch(r"Layers +━+[╸╺ ━]* 1/4 made", drawn[1])
    assert re.fullmatch(r"torch==2.6.0 +━+[╸╺ ━]* 300.0 MB of 755.0 MB", drawn[2])
    assert len(drawn) == 3


def test_a_download_has_no_bar_once_it_is_over() -> None:
    counts = Counts()
    counts.plan(1, TORCH.size or 0)
    counts.begin(TORCH)
    drawing = Drawing(counts, _console())
    drawing.draw()

    counts.receive(TORCH, TORCH.size or 0)
    counts.end(TORCH)

    assert [line.split()[0] for line in _drawn(drawing)] == ["Downloads", "Layers"]


def test_a_name_in_brackets_is_no_markup() -> None:
    counts = Counts()
    counts.begin(Download("x[bold]", Traffic.BASE))

    assert _drawn(Drawing(counts, _console()))[0].startswith("x[bold] ")


def test_what_is_due_grows_with_the_base_and_never_falls_behind() -> None:
    counts = Counts()
    base = Download("libc6", Traffic.BASE, 3)
    counts.begin(base)
    counts.receive(base, 2)
    counts.receive(base, 2)
    counts.made()

    assert counts.read() == ({}, (4, 4), (1, 1))


def test_bytes_of_what_never_began_are_not_drawn() -> None:
    counts = Counts()

    counts.receive(SMALL, 5)

    assert counts.read() == ({}, (0, 0), (0, 0))


def test_bars_leave_nothing_behind_but_lines() -> None:
    console = _console(is_terminal=True)
    said: list[str] = []
    bars = Bars(Lines(Tally(), said.append, announces=False), console)

    told(bars)
    bars.close()

    assert said == [
        "Plan: 2 layers, 1 reused, 1 to make; 1 wheel to download, 755.0 MB",
        "A note",
        "warning: A warning",
    ]
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1
    assert "live" not in {thread.name for thread in threading.enumerate()}


def test_bars_show_what_is_pushed() -> None:
    counts = Counts()
    counts.send(5 * MB)
    counts.send(MB)

    (drawn,) = _drawn(Drawing(counts, _console()))

    assert re.fullmatch(r"Pushed +[━╸╺ ]+ 6.0 MB", drawn)


def test_bytes_that_are_sent_are_counted() -> None:
    tally = Tally()

    Silent(tally).sent(7)

    assert tally.bytes_out == 7


def test_bars_are_not_drawn_where_nothing_is_waited_for() -> None:
    console = _console(is_terminal=True)
    bars = Bars(Silent(Tally()), console)

    bars.reused(plan(planned("six")), "the store")
    bars.planned([plan(planned("six"))], [], [], dict)
    bars.kept("six==1.0")
    bars.close()
    bars.downloading(TORCH)

    assert console.file.getvalue() == ""  # type: ignore[attr-defined]


def test_telling_costs_little() -> None:
    """4.2 GB come in 16,000 pieces; to be told of them all must take no time that matters."""
    bars = Bars(Silent(Tally()), _console())
    bars.downloading(TORCH)

    for _ in range(16_000):
        bars.received(TORCH, 1 << 18)
    bars.close()

    assert bars._counts.read()[1][0] == 16_000 << 18


@pytest.mark.parametrize(
    ("environ", "is_terminal", "colour", "bars"),
    [
        ({}, True, True, True),
        ({}, False, False, False),
        ({"NO_COLOR": "1"}, True, False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False, True),
        ({"FORCE_COLOR": "1"}, False, True, False),
        ({"TERM": "dumb"}, True, False, False),
        ({"CI": "true"}, True, True, False),
    ],
    ids=["terminal", "pipe", "no-color", "both", "force-color", "dumb", "ci"],
)
def test_the_terminal_and_the_user_decide(
    environ: dict[str, str],
    is_terminal: bool,
    colour: bool,
    bars: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stderr", _Stream(is_terminal))

    assert (style.wants_colour(), style.wants_bars()) == (colour, bars)
    with shown(Tally(), verbose=False, quiet=False) as observer:
        assert isinstance(observer, Bars if bars else Lines)
    with shown(Tally(), verbose=True, quiet=False) as observer:
        assert isinstance(observer, Bars if bars else VerboseLines)
    with shown(Tally(), verbose=False, quiet=True) as observer:
        assert type(observer) is Silent


def test_amounts_are_read_by_people() -> None:
    assert [size(n) for n in (0, 999, 1000, 999_949, 999_950, 4_200_000_000, 10**16)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "999.9 kB",
        "1.0 MB",
        "4.2 GB",
        "10000.0 TB",
    ]
    assert [duration(s) for s in (0.123, 9.99, 31.24, 395.2)] == [
        "0.12 s",
        "9.99 s",
        "31.2 s",
        "6 min 35 s",
    ]
    assert [counted(n, "wheel") for n in (0, 1, 2)] == ["no wheels", "1 wheel", "2 wheels"]


class _Stream(io.StringIO):
    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def _console(*, is_terminal: bool = False) -> Console:
    return Console(
        file=io.StringIO(), width=100, force_terminal=is_terminal, color_system=None, _environ={}
    )


def _drawn(drawing: Drawing) -> list[str]:
    console = _console()
    console.print(drawing.draw())
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return [line.rstrip() for line in written.splitlines()]
