from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lamina.project.program import ProgramFailed, Programs, tail


def test_the_end_of_the_output_is_shown_without_credentials(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 100_000 + b"\n" * 50 + b"a\xff\n\n see https://u:p@host.example/ \n")

    lines = tail(log).split("\n")

    assert len(lines) == 3
    assert lines[1:] == ["  a�", "   see https://****@host.example/"]


def test_at_most_twenty_lines_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"{n}\n" for n in range(50)))

    assert tail(log).split("\n") == [f"  {n}" for n in range(30, 50)]


def test_no_output_is_nothing(tmp_path: Path) -> None:
    assert tail(tmp_path / "log") == ""


def test_an_interruption_ends_what_runs_and_what_that_has_started(tmp_path: Path) -> None:
    programs, fifo = Programs(), tmp_path / "started"
    os.mkfifo(fifo)
    command = ["/bin/sh", "-c", f"sleep 600 & echo > '{fifo}'; wait"]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(programs.run, command, cwd=tmp_path, environ={}, log=tmp_path / "log")
        fifo.read_text()

        programs.interrupt()

        with pytest.raises(ProgramFailed, match="killed by SIGKILL"):
            running.result(10)
    with pytest.raises(ProgramFailed, match="interrupted"):
        programs.run(["/bin/true"], cwd=tmp_path, environ={}, log=tmp_path / "log")
