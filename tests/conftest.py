"""What holds for all tests."""

from __future__ import annotations

import gc
import signal

import pytest
from _pytest.runner import runtestprotocol


def pytest_configure(config: pytest.Config) -> None:
    """Take signals as on a terminal: a runner in the background passes on what it ignores."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # The modules and the thousands of tests stay: to look for garbage among them, again and again,
    # takes a twelfth of the time of all unit tests.
    gc.set_threshold(10_000, 20, 20)
    all_wanted = config.getoption("durations") is not None or config.getoption("xmlpath")
    if hasattr(config, "workerinput") and not all_wanted:
        config.pluginmanager.register(FewerReports())


def pytest_collection_finish() -> None:
    """Leave what has been collected out of the search for garbage."""
    gc.freeze()


class FewerReports:
    """A worker of xdist that does not tell that a test begins, is set up and is torn down.

    Three of the six messages for each test, which both sides spend as long on as on most tests.
    Whatever is not well is told as ever, and so is every test itself.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test as pytest does."""
        for report in runtestprotocol(item, log=False, nextitem=nextitem):
            if report.when == "call" or not report.passed:
                item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True
