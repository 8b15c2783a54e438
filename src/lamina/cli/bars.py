"""A build in bars, for a terminal; imported only where there is one."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column

from lamina.cli.amounts import size
from lamina.observer import Download, Observer, Traffic, Why
from lamina.plan.plan import Fetched, LayerPlan

LARGE = 2_000_000
"""Of what has a bar of its own, in bytes; smaller files are over before it is seen."""
_PER_SECOND = 8
_PLANNED = (Traffic.DEPENDENCY, Traffic.PACKAGE)


class Bars:
    """Draws bars below the lines of another observer; see `Observer`.

    What is told is only counted here. A thread of rich's draws from the counts a few times a
    second, and not at all before there is something to wait for.
    """

    def __init__(self, inner: Observer, console: Console) -> None:
        self._inner = inner
        self._counts = Counts()
        drawing = Drawing(self._counts, console)
        self._starting = threading.Lock()
        self._is_started = False
        self._live = Live(
            console=console,
            get_renderable=drawing.draw,
            refresh_per_second=_PER_SECOND,
            transient=True,
            redirect_stdout=False,
        )

    def close(self) -> None:
        """Remove the bars, and give the terminal back."""
        with self._starting:
            self._is_started = True
            self._live.stop()

    def planned(
        self,
        layers: Sequence[LayerPlan],
        missing: Collection[LayerPlan],
        wanted: Sequence[Fetched],
        why: Why,
    ) -> None:
        """See `Observer.planned`."""
        self._counts.plan(len(missing), sum(each.size for each in wanted))
        self._inner.planned(layers, missing, wanted, why)
        if missing:
            self._start()

    def reused(self, plan: LayerPlan, where: str) -> None:
        """See `Observer.reused`."""
        self._inner.reused(plan, where)

    def downloading(self, download: Download) -> None:
        """See `Observer.downloading`."""
        self._counts.begin(download)
        self._inner.downloading(download)
        self._start()

    def received(self, download: Download, count: int) -> None:
        """See `Observer.received`."""
        self._counts.receive(download, count)
        self._inner.received(download, count)

    def downloaded(self, download: Download) -> None:
        """See `Observer.downloaded`."""
        self._counts.end(download)
        self._inner.downloaded(download)

    def sent(self, count: int) -> None:
        """See `Observer.sent`."""
        self._counts.send(count)
        self._inner.sent(count)
        if self._counts.sent >= LARGE:
            self._start()

    def kept(self, name: str) -> None:
        """See `Observer.kept`."""
        self._inner.kept(name)

    def making(self, plan: LayerPlan) -> None:
        """See `Observer.making`."""
        self._inner.making(plan)

    def made(self, plan: LayerPlan, size: int) -> None:
        """See `Observer.made`."""
        self._counts.made()
        self._inner.made(plan, size)

    def note(self, text: str) -> None:
        """See `Observer.note`."""
        self._inner.note(text)

    def warn(self, text: str) -> None:
        """See `Observer.warn`."""
        self._inner.warn(text)

    def _start(self) -> None:
        if not self._is_started:
            with self._starting:
                if not self._is_started:
                    self._is_started = True
                    self._live.start(refresh=True)


class Counts:
    """How far a build is; fed by many threads, and read by the one that draws."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: dict[Download, int] = {}
        self._come = self._due = 0
        self.sent = 0
        """How many bytes have gone to registries."""
        self._layers = self._made = 0

    def plan(self, layers: int, due: int) -> None:
        """So many layers will be made, from so many bytes that must come."""
        with self._lock:
            self._layers += layers
            self._due += due

    def begin(self, download: Download) -> None:
        """A download begins; those of dependencies and packages were planned."""
        with self._lock:
            self._active[download] = 0
            if download.traffic not in _PLANNED:
                self._due += download.size or 0

    def receive(self, download: Download, count: int) -> None:
        """So many bytes of it have come."""
        with self._lock:
            if download in self._active:
                self._active[download] += count
                self._come += count

    def send(self, count: int) -> None:
        """So many bytes more have gone to a registry."""
        with self._lock:
            self.sent += count

    def end(self, download: Download) -> None:
        """All of it has come."""
        with self._lock:
            self._active.pop(download, None)

    def made(self) -> None:
        """A layer is made; one that nobody planned counts too."""
        with self._lock:
            self._made += 1
            self._layers = max(self._layers, self._made)

    def read(self) -> tuple[dict[Download, int], tuple[int, int], tuple[int, int]]:
        """Return the large downloads under way, bytes come and due, layers made and to be made."""
        with self._lock:
            active = {
                download: come
                for download, come in self._active.items()
                if (download.size or LARGE) >= LARGE
            }
            due = max(self._due, self._come)
            return active, (self._come, due), (self._made, self._layers)


class Drawing:
    """The bars themselves."""

    def __init__(self, counts: Counts, console: Console) -> None:
        self._counts = counts
        self._rows: dict[Download, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(ratio=3, no_wrap=True)),
            BarColumn(bar_width=None, table_column=Column(ratio=4)),
            TextColumn("{task.fields[amount]}", table_column=Column(justify="right", no_wrap=True)),
            console=console,
            expand=True,
            auto_refresh=False,
        )
        # First, so that they stay where they are while downloads come and go below them.
        self._downloads = self._progress.add_task("[bold]Downloads", visible=False, amount="")
        self._layers = self._progress.add_task("[bold]Layers", visible=False, amount="")
        self._pushed = self._progress.add_task("[bold]Pushed", total=None, visible=False, amount="")

    def draw(self) -> Progress:
        """Return the bars as the counts are now."""
        active, bytes_, layers = self._counts.read()
        for download in self._rows.keys() - active.keys():
            self._progress.remove_task(self._rows.pop(download))
        for download, come in active.items():
            if download not in self._rows:
                row = self._progress.add_task(_plain(download.name), total=None, amount="")
                self._rows[download] = row
            self._bytes(self._rows[download], come, download.size)
        self._bytes(self._downloads, *bytes_)
        self._progress.update(self._downloads, visible=bytes_[1] > 0)
        self._bytes(self._pushed, self._counts.sent, None)
        self._progress.update(self._pushed, visible=self._counts.sent > 0)
        self._progress.update(
            self._layers,
            completed=layers[0],
            total=layers[1],
            amount=f"{layers[0]}/{layers[1]} made",
            visible=layers[1] > 0,
        )
        return self._progress

    def _bytes(self, row: TaskID, come: int, due: int | None) -> None:
        self._progress.update(row, completed=come, total=due)
        speed = self._progress.tasks[self._progress.task_ids.index(row)].speed
        amount = f"{size(come)} of {size(due)}" if due is not None else size(come)
        if speed:
            amount += f" {size(round(speed)):>9}/s"
        self._progress.update(row, amount=amount)


def _plain(text: str) -> str:
    """Return a text that rich takes as it is: its markup is in brackets."""
    return text.replace("[", r"\[")
