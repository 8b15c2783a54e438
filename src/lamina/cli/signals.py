"""Interruption: by Ctrl-C, or by whoever ends processes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


_ENDING = (signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """The process was asked to end by SIGTERM, or its terminal is gone (SIGHUP)."""


@contextmanager
def raising_terminated() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `Terminated` in the main thread, so that all is put in order.

    Under ``nohup``, which lets the second be ignored, it stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated

    heeded = [each for each in _ENDING if signal.getsignal(each) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def telling(call: Callable[[], None]) -> Iterator[None]:
    """Call ``call`` beside, as soon as a signal would end the block.

    A thread that waits for a silent server would keep the main thread waiting for it; the handler
    itself can break nothing off, since what it needs may be locked below it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: handler
        for number in (signal.SIGINT, *_ENDING)
        if (handler := signal.getsignal(number)) is not signal.SIG_IGN
    }

    def end(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=call, name="interrupt", daemon=True).start()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        else:
            raise KeyboardInterrupt if number == signal.SIGINT else Terminated

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_further() -> None:
    """Let no further Ctrl-C disturb the end of the process, which is near."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
