"""A virtual environment of its own for a build backend, made from kept wheels."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.sources import WheelFile

from lamina.errors import LaminaError
from lamina.project.program import Programs
from lamina.pythons.interpreter import Interpreter

_BROKEN = (
    *(InstallerError, zipfile.BadZipFile, zlib.error),
    *(AssertionError, KeyError, NotImplementedError, OSError, ValueError),
)


class UnusableBuildWheel(LaminaError):
    """A wheel that the build backend needs cannot be unpacked."""


@dataclass(frozen=True, slots=True)
class BackendEnvironment:
    """A virtual environment and the variables of a build backend; `build`'s `IsolatedEnv`.

    It is a real environment (PEP 405) and not a `PYTHONPATH`, so that the programs that a backend
    starts with ``sys.executable`` are as isolated as the backend itself.
    """

    folder: Path
    variables: Mapping[str, str]
    log: Path
    programs: Programs

    @property
    def python_executable(self) -> str:
        """The interpreter that runs the backend."""
        return str(self.folder / "bin" / "python")

    def make_extra_environ(self) -> Mapping[str, str]:
        """Return the whole environment of the backend."""
        return self.variables

    def run_hook(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        """Run one hook as `pyproject_hooks` asks; its output goes to the log."""
        where = Path(cwd or self.folder)
        self.programs.run(cmd, cwd=where, environ=extra_environ or {}, log=self.log)


def create_environment(
    folder: Path,
    wheels: Iterable[Path],
    *,
    interpreter: Interpreter,
    variables: Mapping[str, str],
    path: str,
    programs: Programs,
) -> BackendEnvironment:
    """Make an environment with nothing but ``wheels`` in it.

    Its ``bin`` stands before ``path``, where the backend finds programs such as git or cc.
    """
    binaries = folder / "bin"
    binaries.mkdir(parents=True)
    home = Path(interpreter.base).parent
    (folder / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\nversion = {interpreter.version}\n"
    )
    for name in ("python", "python3"):
        (binaries / name).symlink_to(interpreter.base)
    environment = BackendEnvironment(
        folder, _variables(folder, variables, path), folder / "log", programs
    )
    for wheel in wheels:
        _install(wheel, environment, folder / interpreter.site)
    return environment


def _variables(folder: Path, variables: Mapping[str, str], path: str) -> dict[str, str]:
    """Return the backend's environment: what the caller names, and nothing of the builder's."""
    home, temporary = folder / "home", folder / "tmp"
    home.mkdir()
    temporary.mkdir()
    return {
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",
        **variables,
        "PATH": f"{folder / 'bin'}:{path}" if path else str(folder / "bin"),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "VIRTUAL_ENV": str(folder),
        "PYTHONNOUSERSITE": "1",
    }


def _install(wheel: Path, environment: BackendEnvironment, site: Path) -> None:
    folder = environment.folder
    scheme = {
        "purelib": str(site),
        "platlib": str(site),
        "scripts": str(folder / "bin"),
        "headers": str(folder / "include"),
        "data": str(folder),
    }
    destination = SchemeDictionaryDestination(
        scheme, interpreter=environment.python_executable, script_kind="posix"
    )
    try:
        with WheelFile.open(wheel) as source:
            install(source, destination, additional_metadata={})
    except _BROKEN as error:
        raise UnusableBuildWheel(f"Unable to unpack `{wheel.name}`: {error}") from error
