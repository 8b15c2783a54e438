"""What holds for all tests."""

from __future__ import annotations

import gc
import signal

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Take signals as on a terminal: a runner in the background passes on what it ignores."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # The modules and the thousands of tests stay: to look for garbage among them, again and again,
    # takes a twelfth of the time of all unit tests.
    gc.set_threshold(10_000, 20, 20)


def pytest_collection_finish() -> None:
    """Leave what has been collected out of the search for garbage."""
    gc.freeze()
