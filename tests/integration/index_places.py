"""Projects of an index that wants credentials, which are in one place or another."""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fakes.private_index import PrivateIndex
from integration.lamina_program import Lamina
from integration.uv_oracle import run_uv
from lamina.cli.main import run

SECRET = "s3cr3t-Pa55"
USER = "hidden-user"
SECRETS = rb"s3cr3t|hidden-user|aGlkZGVuLXVzZXI"
"""Matches the user, the password, and both as a header has them."""
FILENAME = "a-1.0-py3-none-any.whl"
PROJECT = """
[project]
name = "app"
version = "1.0"
requires-python = ">=3.11"
dependencies = [{requirement}]
"""
KEYRING = """#!/bin/sh
echo "$@" >> "$KEYRING_LOG"
case "$2 $3" in
  "{address}/one/simple {user}") echo {secret} ;;
  "{address}/one/simple --mode") echo {user}; echo {secret} ;;
  *) exit 1 ;;
esac
"""


@dataclass(frozen=True)
class Case:
    """Credentials in one place; in texts, ``{one}`` is the index, ``{login}`` that with them."""

    name: str
    settings: str = ""
    """What stands in `pyproject.toml`."""
    environ: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """Beside the project, which is in the folder ``app``; ``home`` is the user's."""
    is_let_in: bool = True


class Place:
    """A project and a home folder, with nothing else of the machine's user."""

    def __init__(self, root: Path, index: PrivateIndex) -> None:
        self.root, self.index = root, index
        self.app = root / "app"
        self.environ: dict[str, str] = {}
        for name in ("app", "home", "bin"):
            (root / name).mkdir()
        program = root / "bin" / "keyring"
        program.write_text(KEYRING.format(address=index.address, user=USER, secret=SECRET))
        program.chmod(0o755)

    def fill(self, text: str) -> str:
        """Return a text with its addresses."""
        login = self.index.url("one", USER, SECRET)
        return text.format(
            address=self.index.address,
            root=self.root,
            one=self.index.url("one"),
            login=login,
            login_file=login.replace("simple", "elsewhere") + f"/{FILENAME}",
            other=self.index.url("two"),
            other_login=self.index.url("two", USER, SECRET),
            third=self.index.url("three", "x", "y"),
        )

    def write(self, case: Case, lock: str) -> None:
        """Write what a case says."""
        settings = self.fill(case.settings)
        (self.app / "pyproject.toml").write_text(PROJECT.format(requirement='"a"') + settings)
        (self.app / "uv.lock").write_text(lock)
        for name, text in case.files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.fill(text))
        self.enter({name: self.fill(value) for name, value in case.environ.items()})

    def enter(self, environ: Mapping[str, str]) -> None:
        """Take an environment, to which home and programs are added."""
        self.environ = {
            "HOME": str(self.root / "home"),
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "KEYRING_LOG": str(self.root / "keyring.log"),
            **environ,
        }

    def uv(self) -> subprocess.CompletedProcess[str]:
        """Let the real uv install from the lock."""
        return run_uv(self.app, "sync", "--frozen", "--no-cache", env=self.environ)

    def build(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Build upon nothing, into a layout, as a person does."""
        return self._run("build", "-o", f"oci:{self.root / 'out'}", *more)

    def plan(self, *more: str) -> subprocess.CompletedProcess[str]:
        """Plan what `build` does."""
        return self._run("plan", *more)

    def _run(self, command: str, *more: str) -> subprocess.CompletedProcess[str]:
        own = dict.fromkeys(filter(_is_of_the_user, os.environ))
        lamina = Lamina(self.root / "store", {**own, **self.environ})
        return lamina.run(command, *self._arguments(), *more)

    def build_here(self) -> tuple[int, str]:
        """Build in this process, which takes a third of the time; return the code and all talk."""
        talk = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(talk), redirect_stderr(talk):
            for name in filter(_is_of_the_user, [*os.environ]):
                patch.delenv(name)
            for name, value in self.environ.items():
                patch.setenv(name, value)
            patch.setenv("LAMINA_STORE", str(self.root / "store"))
            code = run(["build", *self._arguments(), "-o", f"oci:{self.root / 'out'}"])
        return code, talk.getvalue()

    def _arguments(self) -> list[str]:
        return [str(self.app), "--frozen", "--base", "scratch", "--python", "3.12"]

    def asked_of_keyring(self) -> list[str]:
        """Return what the program `keyring` was asked for, and forget it."""
        log = self.root / "keyring.log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines


def assert_nothing_shows(text: str) -> None:
    """Neither the user, nor the password, nor both as a header has them."""
    assert not re.search(SECRETS, text.encode()), text


def _is_of_the_user(name: str) -> bool:
    return name.startswith(("UV_", "PIP_", "XDG_", "LAMINA_")) or name == "NETRC"
