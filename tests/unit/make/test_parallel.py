from __future__ import annotations

import threading

import pytest

from lamina.make.parallel import side_by_side

SOON = 10


def test_results_come_in_the_order_of_the_items() -> None:
    found = side_by_side(lambda item: item * 2, range(9), threads=3, interrupt=pytest.fail)

    assert found == [0, 2, 4, 6, 8, 10, 12, 14, 16]


def test_the_first_error_ends_what_others_wait_for() -> None:
    """The first item waits until it is interrupted, and is not the one that is told of."""
    interrupted = threading.Event()

    def call(item: int) -> None:
        if item == 0:
            assert interrupted.wait(SOON)
            raise RuntimeError("interrupted")
        raise ValueError(f"item {item}")

    with pytest.raises(ValueError, match="item 1"):
        side_by_side(call, [0, 1, 2], threads=2, interrupt=interrupted.set)
