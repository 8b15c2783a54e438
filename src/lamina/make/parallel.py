"""Several things done side by side; the first that fails ends all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def side_by_side(
    call: Callable[[_Item], _Result],
    items: Iterable[_Item],
    *,
    threads: int,
    interrupt: Callable[[], None],
) -> list[_Result]:
    """Return what ``call`` makes of each item, in their order; raise the first error that comes.

    ``interrupt`` ends what the other threads wait for: all of them are over when the error is told.
    """
    with ThreadPoolExecutor(threads, "beside") as pool:
        try:
            futures = [pool.submit(call, item) for item in items]
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            interrupt()
            raise
