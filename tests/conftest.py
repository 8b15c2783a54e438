"""What holds for all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Take Ctrl-C as on a terminal: a runner in the background ignores it, and so do its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
