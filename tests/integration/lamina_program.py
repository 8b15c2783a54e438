"""The program `lamina`, run as a person runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

_OF_THE_MACHINE = ("LAMINA_DEBIAN_MIRROR", "LAMINA_DEBIAN_KEYRING")


@dataclass(frozen=True)
class Lamina:
    """The program with a store; call it to run it."""

    store: Path
    environment: Mapping[str, str | None] = field(default_factory=dict)
    """What differs from the environment of the tests; None for what is not set."""

    def within(self, **environment: str | None) -> Lamina:
        """Return the same program in an environment that differs more."""
        return replace(self, environment={**self.environment, **environment})

    def command(self, *arguments: str | os.PathLike[str]) -> list[str]:
        """Return the command line, for those who run it themselves."""
        return [sys.executable, "-m", "lamina", *(os.fspath(each) for each in arguments)]

    def env(self) -> dict[str, str]:
        """Return the whole environment to run it in."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("LAMINA_") or key in _OF_THE_MACHINE
        }
        merged = {**kept, "LAMINA_STORE": str(self.store), **self.environment}
        return {key: value for key, value in merged.items() if value is not None}

    def run(
        self, *arguments: str | os.PathLike[str], umask: int = -1
    ) -> subprocess.CompletedProcess[str]:
        """Run it, and return how it ended."""
        return subprocess.run(
            self.command(*arguments),
            env=self.env(),
            umask=umask,
            capture_output=True,
            text=True,
            check=False,
        )

    def __call__(self, *arguments: str | os.PathLike[str]) -> str:
        """Run it, and return what it wrote to standard output; it must end well."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def build(self, *arguments: str | os.PathLike[str]) -> dict[str, Any]:
        """Build, and return the report."""
        document = json.loads(self("build", "--json", *arguments))
        assert isinstance(document, dict)
        return document

    def refused(self, *arguments: str | os.PathLike[str]) -> str:
        """Run it; it must end with an explained error, and that is returned."""
        done = self.run(*arguments)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        _, error, text = done.stderr.partition("error: ")
        assert error, done.stderr
        return error + text
