"""The line on which missing layers are made: downloads and transcoding overlap.

Wheels come in on some threads, layers go out on others; both spend their time in calls that let go
of the interpreter lock. How many bytes of wheels lie on the disk at a time is bounded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial

from lamina.make.blobs import Bench, Cancelled
from lamina.make.ready import ReadyWheel
from lamina.make.wheels import Wheels
from lamina.observer import Download, Observer, Traffic
from lamina.plan.plan import LayerPlan
from lamina.plan.wheel import PlannedWheel
from lamina.store.layers import StoredLayer

_DOWNLOADS = 8
ROOM = 1_500_000_000
"""Of wheels that lie on the disk before their layer is made, in bytes."""


class Line:
    """Makes layers of wheels, in about the order in which they are wanted."""

    def __init__(
        self, wheels: Wheels, bench: Bench, observer: Observer, makers: int, room: int
    ) -> None:
        self._wheels = wheels
        self._bench = bench
        self._observer = observer
        self._downloads = ThreadPoolExecutor(_DOWNLOADS, "download")
        self._makers = ThreadPoolExecutor(makers, "make")
        self._room = _Room(room)
        self._layers: dict[LayerPlan, Future[StoredLayer]] = {}
        self._taken: set[LayerPlan] = set()
        self._feeder = threading.Thread(target=self._feed, name="feed")

    def start(self, plans: Sequence[LayerPlan]) -> None:
        """Begin with the layers that are missing."""
        self._layers = {plan: Future() for plan in plans}
        self._feeder.start()

    def take(self, plan: LayerPlan) -> StoredLayer:
        """Wait for a layer; raise what went wrong with it, or with another.

        A layer that is not on the line, or was taken before and turned out damaged, is made here.
        """
        future = self._layers.get(plan)
        if future is None or plan in self._taken:
            return self._make_here(plan)
        self._taken.add(plan)
        return future.result()

    def close(self) -> None:
        """End all work, finished or not."""
        self._fail(Cancelled())
        if self._feeder.is_alive():
            self._feeder.join()
        self._downloads.shutdown(cancel_futures=True)
        self._makers.shutdown(cancel_futures=True)

    def _fail(self, error: BaseException) -> None:
        """Give the error to everyone who waits, and let all threads end."""
        self._room.close()
        for future in self._layers.values():
            with suppress(InvalidStateError):
                future.set_exception(error)

    def _feed(self) -> None:
        """Let layers in as there is room for their wheels; all wheels of one together.

        (Were they let in one by one, two groups could each wait for the room of the other.)
        """
        try:
            for plan in self._layers:
                needed = [wheel for wheel in plan.wheels if not self._wheels.has(wheel)]
                size = sum(wheel.size for wheel in needed)
                if not self._room.enter(size):
                    return
                fetched = [self._downloads.submit(self._come, wheel) for wheel in plan.wheels]
                _when_done(fetched, partial(self._make_soon, plan, fetched, size))
        except BaseException as error:
            self._fail(error)

    def _come(self, wheel: PlannedWheel) -> ReadyWheel:
        """Have a wheel; what goes wrong ends the build before the layer's other wheels are here."""
        try:
            return self._ready(wheel)
        except BaseException as error:
            self._fail(error)
            raise

    def _ready(self, wheel: PlannedWheel) -> ReadyWheel:
        kept = self._wheels.kept(wheel)
        if kept is not None:
            self._observer.kept(str(wheel))
            return kept
        if wheel.is_built:
            return self._wheels.build(wheel)
        download = Download(str(wheel), Traffic.DEPENDENCY, wheel.size)
        self._observer.downloading(download)

        def on_bytes(count: int) -> None:
            self._room.check()
            self._observer.received(download, count)

        fetched = self._wheels.fetch(wheel, on_bytes)
        self._observer.downloaded(download)
        return fetched

    def _make_soon(self, plan: LayerPlan, fetched: Sequence[Future[ReadyWheel]], size: int) -> None:
        with suppress(RuntimeError):  # The pool takes no more: the build has ended.
            self._makers.submit(self._make, plan, fetched, size)

    def _make_here(self, plan: LayerPlan) -> StoredLayer:
        return self._transcode(plan, [self._ready(wheel) for wheel in plan.wheels])

    def _transcode(self, plan: LayerPlan, files: Sequence[ReadyWheel]) -> StoredLayer:
        self._observer.making(plan)
        ready = {wheel.hash: file for wheel, file in zip(plan.wheels, files, strict=True)}
        layer = self._bench.wheels(plan, ready, self._room.check)
        for wheel, file in zip(plan.wheels, files, strict=True):
            self._bench.scratch.drop(file.path)
            self._wheels.release(wheel)
        self._observer.made(plan, layer.written.size)
        return layer

    def _make(self, plan: LayerPlan, fetched: Sequence[Future[ReadyWheel]], size: int) -> None:
        try:
            layer = self._transcode(plan, [future.result() for future in fetched])
            self._room.leave(size)
            with suppress(InvalidStateError):
                self._layers[plan].set_result(layer)
        except BaseException as error:
            self._fail(error)


@contextmanager
def line(
    wheels: Wheels, bench: Bench, observer: Observer, makers: int, room: int = ROOM
) -> Iterator[Line]:
    """Give a line; at the end, and if an error comes, all of its threads have ended."""
    opened = Line(wheels, bench, observer, makers, room)
    try:
        yield opened
    except BaseException:
        wheels.interrupt()  # A server that is silent, or a long build, would keep its thread.
        raise
    finally:
        opened.close()


class _Room:
    """A bounded number of bytes; whoever is larger than all of it comes in alone."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._closed = False
        self._changed = threading.Condition()

    def enter(self, size: int) -> bool:
        """Wait for room; say no if there will be none any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._taken or self._taken + size <= self._size
            )
            self._taken += size
            return not self._closed

    def leave(self, size: int) -> None:
        """Give room back."""
        with self._changed:
            self._taken -= size
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def check(self) -> None:
        """Raise `Cancelled` once the room is closed."""
        if self._closed:
            raise Cancelled


def _when_done(futures: Sequence[Future[ReadyWheel]], call: Callable[[], None]) -> None:
    """Call once, when the last of the futures is done, however it ended."""
    left = len(futures)
    lock = threading.Lock()

    def one_done(_: Future[ReadyWheel]) -> None:
        nonlocal left
        with lock:
            left -= 1
            last = left == 0
        if last:
            call()

    for future in futures:
        future.add_done_callback(one_done)
