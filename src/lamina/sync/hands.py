"""Processes beside this one, for what is done with trees in bulk."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

from lamina.sync.hand import TASKS

_PROGRAM = "import sys; sys.path += sys.argv[1:]; from lamina.sync.hand import serve; serve()"
_OPTIONS = ("-I", "-S", "-X", "utf8", "-c", _PROGRAM)


class Hands:
    """As many processes as were started; without one, all is done in this one.

    They keep the locks of the files ``held`` for as long as they run: nobody else changes an
    environment while one that was left behind still does. The state is which of them are idle.
    """

    def __init__(self, held: Sequence[int] = ()) -> None:
        self._held = held
        self._idle: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()
        self._all: list[subprocess.Popen[str]] = []

    @property
    def count(self) -> int:
        """How many things are done at a time."""
        return max(len(self._all), 1)

    def start(self, count: int) -> None:
        """Start processes, so that there are that many."""
        for _ in range(count - len(self._all)):
            try:
                process = subprocess.Popen(  # noqa: S603
                    [sys.executable, *_OPTIONS, *filter(None, sys.path)],
                    env={},
                    cwd="/",
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    pass_fds=self._held,
                    start_new_session=True,  # Ctrl-C is ours: what was begun is done to its end.
                    encoding="utf-8",
                    errors="surrogateescape",
                )
            except OSError:
                return
            self._all.append(process)
            self._idle.put(process)

    def do(self, task: str, *words: str) -> bool:
        """Have something done; where the process ends instead of it, here."""
        while self._all:
            process = self._idle.get()
            answer = _ask(process, [task, *words])
            if answer is not None:
                self._idle.put(process)
                return answer
            process.kill()
            self._idle.put(process)
            break
        return TASKS[task](*words)

    def close(self) -> None:
        """End the processes; who was asked is waited for."""
        for process in self._all:
            for pipe in _pipes(process):
                with suppress(OSError):
                    pipe.close()
            process.wait()
        self._all = []


def _ask(process: subprocess.Popen[str], words: Sequence[str]) -> bool | None:
    questions, answers = _pipes(process)
    try:
        questions.write(f"{json.dumps(words)}\n")
        questions.flush()
        answer = json.loads(answers.readline())
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, bool) else None


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None, "it was asked for"
    assert process.stdout is not None, "it was asked for"
    return process.stdin, process.stdout
