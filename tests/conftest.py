"""What holds for all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Take Ctrl-C as on a terminal: a runner in the background passes on that it is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
