"""A lock is read at every build, so it must not be what a build waits for."""

from __future__ import annotations

import time

from bench_lock import measure, synthetic_lock


def test_a_lock_of_2000_packages_takes_less_than_a_second() -> None:
    # In processor time, and with as much again for machines that are slower than ours.
    times = measure(synthetic_lock(2000), "3.12.4", tries=2, clock=time.process_time)

    assert times.selected == 2000
    assert times.both < 2
