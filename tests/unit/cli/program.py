"""The command line in this process: what it writes, and its exit code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lamina.cli.main import run


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Program:
    """``lamina``, with a folder to work in."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *args: str | Path) -> Ended:
        """Run it; paths below the folder are named ``ROOT`` in what it says."""
        self.capture.readouterr()
        code = run([str(arg) for arg in args])
        out, err = self.capture.readouterr()
        return Ended(code, self._plain(out), self._plain(err))

    def build(self, *args: str | Path) -> Ended:
        """Build the project upon nothing, into a layout."""
        return self("build", "project", "--base", "scratch", "-o", "oci:out", *args)

    def report(self, *args: str | Path) -> Any:
        """Build, and return the report."""
        ended = self.build("--json", *args)
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    def refused(self, *args: str | Path) -> str:
        """Build, which must end in an explained error; return what it says."""
        ended = self.build(*args)
        assert (ended.code, ended.out) == (1, ""), ended
        return ended.err

    def _plain(self, text: str) -> str:
        return text.replace(str(self.root), "ROOT")
