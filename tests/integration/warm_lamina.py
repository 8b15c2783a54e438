"""The program `lamina` for tests that run it hundreds of times: it is imported once.

Of a run that takes a tenth of a second, the imports would be another half.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from integration.lamina_program import Lamina

_PROGRAM = Path(__file__).with_name("warm_program.py")


@dataclass(frozen=True)
class WarmLamina(Lamina):
    """The same program, run in children of a process that has imported it; call it to run it."""

    server: subprocess.Popen[str] | None = None

    def run(
        self, *arguments: str | os.PathLike[str], umask: int = 0o022
    ) -> subprocess.CompletedProcess[str]:
        """Run it, and return how it ended."""
        assert self.server is not None
        assert umask == 0o022
        line = [os.fspath(each) for each in arguments]
        with tempfile.TemporaryDirectory(prefix="warm-") as name:
            out, err = Path(name, "out"), Path(name, "err")
            told = {
                "arguments": line,
                "environment": self.env(),
                "out": str(out),
                "err": str(err),
            }
            assert self.server.stdin is not None
            assert self.server.stdout is not None
            self.server.stdin.write(json.dumps(told) + "\n")
            self.server.stdin.flush()
            code = self.server.stdout.readline()
            assert code, "the warm process has ended"
            texts = out.read_text(), err.read_text()
        return subprocess.CompletedProcess(["lamina", *line], int(code), *texts)


@contextmanager
def warm_lamina(store: Path, environment: dict[str, str | None]) -> Iterator[WarmLamina]:
    """Give the program with a store, until the block ends."""
    line = [sys.executable, str(_PROGRAM)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(line, text=True, **pipes) as server:  # type: ignore[call-overload]
        yield WarmLamina(store, environment, server)
