"""What is in an environment from the start if it is to be seeded: pip, as uv takes it.

They come from the package index, the newest that there are; or, without the network, from what
Python itself brings along, which has no `wheel`.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from lamina.archive.entry import Entry
from lamina.errors import LaminaError
from lamina.project.program import ProgramFailed, Programs
from lamina.project.requirements import PackageIndexes, pip_command, pip_environ
from lamina.pythons.interpreter import Interpreter
from lamina.wheel.file import WheelFile
from lamina.wheel.scheme import Scheme
from lamina.wheel.unpack import unpack

_BUNDLED = """
import ensurepip, json, pathlib, sysconfig
folders = [pathlib.Path(ensurepip.__file__).parent / "_bundled"]
if named := sysconfig.get_config_var("WHEEL_PKG_DIR"):
    folders.insert(0, pathlib.Path(named))
print(json.dumps([str(path) for folder in folders for path in sorted(folder.glob("*.whl"))]))
"""
_LAST_WITH_MORE = Version("3.12.0a0")
"""Pythons before this one are seeded with setuptools and wheel, too."""


class SeedsUnavailable(LaminaError):
    """What an environment is to be seeded with cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeding:
    """How wheels of pip are had."""

    pip: Interpreter
    """Has a pip that finds them."""
    indexes: PackageIndexes
    programs: Programs
    scratch: Path
    """A folder, empty, that stays until the environment is made."""


@dataclass(frozen=True, slots=True)
class Seeds:
    """The wheels, unpacked as far as they need be."""

    entries: tuple[Entry, ...]
    titles: tuple[str, ...]
    """Such as ``pip==26.3``, sorted."""
    missing: tuple[str, ...] = ()
    """Of what was wanted."""


def wanted_seeds(interpreter: Interpreter) -> tuple[str, ...]:
    """Return the names that uv installs with ``--seed``."""
    is_older = Version(interpreter.version) < _LAST_WITH_MORE
    return ("pip", "setuptools", "wheel") if is_older else ("pip",)


def seeds(scheme: Scheme, interpreter: Interpreter, seeding: Seeding, opened: ExitStack) -> Seeds:
    """Return what seeds an environment; its wheels stay open in ``opened``.

    Raises `SeedsUnavailable`, and `WheelError` for a wheel that is none.
    """
    names = wanted_seeds(interpreter)
    is_offline = seeding.indexes.offline
    wheels = _bundled(names, interpreter) if is_offline else _found(names, interpreter, seeding)
    unpacked = [unpack(opened.enter_context(WheelFile(path, path.name)), scheme) for path in wheels]
    there = {each.name for each in unpacked}
    return Seeds(
        tuple(entry for each in unpacked for entry in each.entries),
        tuple(sorted(f"{each.name}=={each.version}" for each in unpacked)),
        tuple(name for name in names if name not in there),
    )


def _found(names: Sequence[str], interpreter: Interpreter, seeding: Seeding) -> list[Path]:
    folder = seeding.scratch / "wheels"
    command = [
        *pip_command(seeding.pip, interpreter),
        *("download", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"),
        *("--dest", str(folder), *names),
    ]
    try:
        seeding.programs.run(
            command,
            cwd=seeding.scratch,
            environ=pip_environ(seeding.indexes),
            log=seeding.scratch / "pip.log",
        )
    except ProgramFailed as failure:
        raise SeedsUnavailable(
            f"Unable to find {_listed(names)} for the environment\n"
            f"  pip: {failure.reason}\n{failure.output}".rstrip(),
            hint="To take what Python brings along, without the network, pass `--offline`",
        ) from failure
    return sorted(folder.glob("*.whl"))


def _bundled(names: Sequence[str], interpreter: Interpreter) -> list[Path]:
    """Return the wheels that an interpreter has for `ensurepip`."""
    try:
        done = subprocess.run(  # noqa: S603
            [interpreter.base, "-I", "-S", "-c", _BUNDLED],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        paths = [Path(path) for path in json.loads(done.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError):
        paths = []
    wheels = [path for path in paths if path.name.partition("-")[0] in names]
    if not any(path.name.startswith("pip-") for path in wheels):
        raise SeedsUnavailable(
            f"Unable to find pip while offline: `{interpreter.base}` brings none along",
            hint="Allow the network, or leave `--seed` out",
        )
    return list(_newest(wheels))


def _newest(wheels: Sequence[Path]) -> Iterator[Path]:
    for name in sorted({path.name.partition("-")[0] for path in wheels}):
        same = [path for path in wheels if path.name.startswith(f"{name}-")]
        yield max(same, key=lambda path: Version(path.name.split("-")[1]))


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
