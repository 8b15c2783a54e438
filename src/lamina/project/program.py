"""Other programs, run with nothing of ours but what they are given."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

_MOST_LINES = 20
_MOST_BYTES = 1 << 16
_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+@")


class ProgramFailed(Exception):
    """A program ended otherwise than well; whoever ran it says what that means."""

    def __init__(self, reason: str, output: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """How it ended, such as ``exit status 1``."""
        self.output = output
        """The end of what it wrote, without credentials, each line indented."""


class Programs:
    """The programs that run for one command; none of them outlives it.

    The state is which of them run, and whether that is over.
    """

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_over = False
        self._changing = threading.Lock()

    def run(
        self, command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], log: Path
    ) -> None:
        """Run ``command`` with exactly ``environ``; raise `ProgramFailed` unless it ends well.

        What it writes goes to ``log`` and not to memory, since a build may write without end.
        """
        with log.open("wb") as output:
            try:
                process = self._start(command, cwd, environ, output)
            except OSError as error:
                raise ProgramFailed(str(error.strerror), "") from error
            try:
                status = process.wait()
            except BaseException:
                _kill(process)
                raise
            finally:
                with self._changing:
                    self._running.discard(process)
        if status:
            raise ProgramFailed(_reason(status), tail(log))

    def interrupt(self) -> None:
        """End all programs, with those that they have started; no further one starts."""
        with self._changing:
            self._is_over = True
            running = list(self._running)
        for process in running:
            _kill(process)

    def _start(
        self, command: Sequence[str], cwd: Path, environ: Mapping[str, str], output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        with self._changing:
            if self._is_over:
                raise ProgramFailed("interrupted", "")
            process = subprocess.Popen(  # noqa: S603
                command,
                cwd=cwd,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                umask=0o022,
                # A group of its own, so that what it starts can be ended with it.
                process_group=0,
            )
            self._running.add(process)
            return process


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def tail(log: Path) -> str:
    """Return the last lines of a program's output, fit to be shown: without credentials."""
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _MOST_BYTES))
        text = file.read().decode(errors="replace")
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"  {without_credentials(line)}" for line in lines[-_MOST_LINES:])


def without_credentials(text: str) -> str:
    """Return ``text`` with no user or password in any address.

    >>> without_credentials("see https://me:secret@index.example/simple")
    'see https://****@index.example/simple'
    """
    return _CREDENTIALS.sub("****@", text)


def _reason(status: int) -> str:
    if status > 0:
        return f"exit status {status}"
    names = {number.value: number.name for number in signal.Signals}
    return f"killed by {names.get(-status, f'signal {-status}')}"
