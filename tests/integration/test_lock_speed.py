"""A lock is read, and the distributions chosen, in no time that a person would notice.

In a process of its own, as a command does it. Processor time, and the best of three, since others
share the machine.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from large_lock import large_lock

pytestmark = pytest.mark.integration

_MEASURED = """\
import sys, time
from lamina.lock.select import select
from lamina.lock.target import Libc, make_target
from lamina.lock.uvlock import parse
from lamina.oci.descriptor import Platform

text = open(sys.argv[1], encoding="utf-8").read()
taken = []
for _ in range(3):
    before = time.process_time()
    target = make_target(Platform("linux", "amd64"), "3.12.4", Libc("glibc", (2, 36)))
    selection = select(parse(text), target)
    taken.append(time.process_time() - before)
print(len(selection.distributions), min(taken))
"""


@pytest.mark.parametrize(("packages", "seconds"), [(200, 0.15), (2000, 1.0)])
def test_a_large_lock_is_read_and_selected_from_in_time(
    packages: int, seconds: float, tmp_path: Path
) -> None:
    lock = tmp_path / "uv.lock"
    lock.write_text(large_lock(packages), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(lock)], capture_output=True, text=True, check=True
    )

    selected, taken = done.stdout.split()
    assert int(selected) == packages
    assert float(taken) < seconds
