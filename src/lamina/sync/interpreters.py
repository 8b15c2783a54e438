"""What interpreters say of themselves, remembered for as long as each is the same file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lamina.pythons.interpreter import Interpreter, ask
from lamina.store.documents import Documents
from lamina.store.scratch import StoreUnusable


@dataclass(frozen=True, slots=True)
class Remembered:
    """Asks interpreters, each once: to start one takes as long as all of a selection."""

    known: Documents

    def __call__(self, executable: str, environ: Mapping[str, str]) -> Interpreter | None:
        """Return what an executable says of itself; see `ask`.

        What is none itself, but starts one that its surroundings choose, is asked each time.
        """
        name = _name(executable)
        if name is not None and (found := self._had(name)) is not None:
            return found
        interpreter = ask(executable, environ)
        if name is not None and interpreter is not None and _is_it(executable, interpreter):
            self._keep(name, interpreter)
        return interpreter

    def made(self, prefix: Path, interpreter: Interpreter) -> None:
        """Note what the interpreter of an environment will say that was made of another one."""
        executable = str(prefix / "bin" / "python")
        if (name := _name(executable)) is not None:
            self._keep(name, replace(interpreter, executable=executable))

    def _keep(self, name: str, interpreter: Interpreter) -> None:
        with suppress(StoreUnusable):  # Then it is asked again the next time.
            self.known.put(name, asdict(interpreter))

    def _had(self, name: str) -> Interpreter | None:
        document = self.known.get(name)
        if document is None:
            return None
        try:
            return Interpreter(**document)  # type: ignore[arg-type]  # It is as it was written.
        except TypeError:
            return None


def _name(executable: str) -> str | None:
    """Return what an answer is kept under: the file, and the environment that it is in."""
    real = os.path.realpath(executable)
    try:
        found = os.stat(real)  # noqa: PTH116
    except OSError:
        return None
    settings = Path(executable).parent.parent / "pyvenv.cfg"
    try:
        around = settings.read_bytes()
    except OSError:
        around = b""
    identity = [executable, real, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
    return hashlib.sha256(f"interpreter {identity}".encode() + around).hexdigest()


def _is_it(executable: str, interpreter: Interpreter) -> bool:
    return os.path.realpath(executable) == os.path.realpath(interpreter.executable)
