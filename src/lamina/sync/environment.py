"""The environment on disk: its interpreter, and that one at a time changes it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from lamina.lock.target import Libc, Target, UnsupportedTarget, make_target
from lamina.oci.descriptor import Platform
from lamina.pythons.interpreter import Interpreter
from lamina.pythons.musl import find_musl
from lamina.store.documents import Documents
from lamina.sync.errors import SyncError, explained
from lamina.sync.interpreters import Remembered
from lamina.wheel.scheme import Scheme

_LOCK = ".lock"
_SEEDS = frozenset({"pip", "uv"})
_SEEDS_BEFORE_312 = frozenset({"setuptools", "wheel"})
_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "i686": "386",
    "i386": "386",
    "armv7l": "arm",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "loongarch64": "loong64",
}


class NoEnvironment(SyncError):
    """There is no virtual environment where one is to be brought up to date."""

    def __init__(self, prefix: Path) -> None:
        super().__init__(f"Unable to find a virtual environment at `{prefix}`")


class InterpreterGone(SyncError):
    """The environment's Python is no longer there."""

    def __init__(self, prefix: Path) -> None:
        super().__init__(
            f"Unable to run the Python of the environment at `{prefix}`: it is gone",
            hint=f"To make the environment anew, run `lamina venv --clear {prefix}`",
        )


class NoInterpreter(SyncError):
    """The environment's Python does not run."""

    def __init__(self, prefix: Path) -> None:
        super().__init__(
            f"Unable to run the Python of the environment at `{prefix}`: it is no CPython 3.8 or "
            "newer",
            hint=f"To make the environment anew, run `lamina venv --clear {prefix}`",
        )


class NotAnEnvironment(SyncError):
    """A folder with other things in it, where the environment should be."""

    def __init__(self, prefix: Path) -> None:
        super().__init__(
            f"Unable to use `{prefix}`: it is no virtual environment, since it has no `pyvenv.cfg`",
            hint="Nothing was changed; name another folder, or move this one away",
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment."""

    prefix: Path
    interpreter: Interpreter
    settings: Mapping[str, str]
    """What its ``pyvenv.cfg`` says."""

    @property
    def scheme(self) -> Scheme:
        """Where the files of wheels go."""
        minor = self.interpreter.minor
        free_threaded = minor.endswith("t")
        is_relocatable = self.settings.get("relocatable") == "true"
        return Scheme(str(self.prefix), minor.removesuffix("t"), free_threaded, is_relocatable)

    @property
    def seeds(self) -> frozenset[str]:
        """The names of what may have come with the environment, and then stays, as with uv."""
        if self.settings.keys() & {"uv", "lamina"} and self.settings.get("seed") != "true":
            return frozenset()
        is_new = tuple(map(int, self.scheme.python.split("."))) >= (3, 12)
        return _SEEDS if is_new else _SEEDS | _SEEDS_BEFORE_312


def open_environment(prefix: Path, environ: Mapping[str, str], known: Documents) -> Environment:
    """Return the environment in a folder.

    What its interpreter says of itself is remembered in ``known``, as long as that is the same
    file. Raises `NoEnvironment`, `NotAnEnvironment`, `InterpreterGone` and `NoInterpreter`.
    """
    try:
        data = (prefix / "pyvenv.cfg").read_bytes()
    except OSError as error:
        if prefix.is_dir() and any(prefix.iterdir()):
            raise NotAnEnvironment(prefix) from error
        raise NoEnvironment(prefix) from error
    interpreter = _interpreter(prefix, environ, known)
    if interpreter is None:
        raise NoInterpreter(prefix)
    return Environment(prefix, interpreter, _settings(data))


def _interpreter(prefix: Path, environ: Mapping[str, str], known: Documents) -> Interpreter | None:
    executable = prefix / "bin" / "python"
    try:
        executable.stat()
    except OSError as error:
        raise InterpreterGone(prefix) from error
    return Remembered(known)(str(executable), environ)


def _settings(data: bytes) -> dict[str, str]:
    """Read a ``pyvenv.cfg``: ``key = value`` in each line."""
    lines = data.decode(errors="replace").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def target_of(interpreter: Interpreter, system: os.uname_result) -> Target:
    """Return what an interpreter of this machine takes, its markers asked of ``system``."""
    os_name, _, machine = interpreter.platform.partition("-")
    architecture = _ARCHITECTURES.get(machine)
    if os_name != "linux" or architecture is None:
        raise UnsupportedTarget(
            f"No wheels can be chosen for platform: {interpreter.platform}",
            hint="Supported is Linux; for an image, any system will do",
        )
    variant = {"armv7l": "v7"}.get(machine, "")
    target = make_target(
        Platform("linux", architecture, variant),
        interpreter.version,
        _libc(interpreter),
        free_threaded=interpreter.free_threaded,
    )
    native = {
        "platform_machine": system.machine,
        "platform_release": system.release,
        "platform_version": system.version,
    }
    return replace(target, marker_environment={**target.marker_environment, **native})


def _libc(interpreter: Interpreter) -> Libc:
    said = interpreter.libc or find_musl() or ""
    kind, _, version = said.partition(" ")
    major, _, minor = version.partition(".")
    if kind in ("glibc", "musl") and major.isdecimal() and minor.isdecimal():
        return Libc("musl" if kind == "musl" else "glibc", (int(major), int(minor)))
    raise UnsupportedTarget(
        f"Unable to tell the C library of `{interpreter.executable}`: {said or 'none'}",
        hint="Supported are glibc and musl",
    )


@contextmanager
def locked(prefix: Path, wait: Callable[[], None]) -> Iterator[int | None]:
    """Keep other processes from changing the environment, uv too; ``wait`` is told of a wait.

    Gives the file that is locked.
    """
    try:
        lock = os.open(prefix / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        yield None  # What cannot be written is not changed either, and says so itself.
        return
    try:
        with suppress(PermissionError):
            os.fchmod(lock, 0o666)  # As uv has it: whoever changes the environment may lock it.
        with explained(prefix):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                wait()
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)
