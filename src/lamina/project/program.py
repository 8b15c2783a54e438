"""Other programs, run with nothing of ours but what they are given."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

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


def run(command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], log: Path) -> None:
    """Run ``command`` with exactly ``environ``; raise `ProgramFailed` unless it ends well.

    What it writes goes to ``log`` and not to memory, since a build may write without end.
    """
    with log.open("wb") as output:
        try:
            done = subprocess.run(  # noqa: S603
                command,
                cwd=cwd,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                umask=0o022,
                check=False,
            )
        except OSError as error:
            raise ProgramFailed(str(error.strerror), "") from error
    if done.returncode:
        raise ProgramFailed(_reason(done.returncode), tail(log))


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
