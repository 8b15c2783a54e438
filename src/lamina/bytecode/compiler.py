"""Interpreters that compile, each a process that stays for many files."""

from __future__ import annotations

import os
import queue
import select
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Self

from lamina.errors import LaminaError

PATIENCE = 300
"""For the bytecode of one file, in seconds."""

_AHEAD = 4
"""Files of each process that are compiled before they are wanted."""
_HELD = 1 << 23
"""Of their sources, in bytes."""
_RENEWED = 1 << 25
"""After so many bytes of sources a process is started anew: some Pythons never forget a name."""
_LARGEST_ANSWER = 1 << 30
_OPTIONS = ("-s", "-S", "-B", "-W", "ignore", "-X", "utf8", "-c")
# Nothing of the builder's environment. `-I` would also ignore the seed of hashes.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "LC_ALL": "C"}


class CompilerFailed(LaminaError):
    """An interpreter that compiles has ended, or says what cannot be."""


@dataclass(frozen=True, slots=True)
class Command:
    """How an interpreter is started."""

    words: tuple[str, ...]
    """Up to its own options."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """What an interpreter says of itself."""

    version: str
    """In full, such as ``3.12.4``; with a ``t`` behind, if free-threaded."""
    magic: int
    tag: str


class Compiler:
    """One process; used by one thread at a time."""

    def __init__(self, command: Command) -> None:
        """Start it. Raises `CompilerFailed`."""
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._taken = 0
        self.about = self._start()

    def compile(self, source: bytes, path: str) -> bytes | None:
        """Return the ``.pyc`` of a module, None if it does not compile.

        A process that ends meanwhile is started again, once. Raises `CompilerFailed`.
        """
        name = path.encode("utf-8", "surrogateescape")
        sizes = len(name).to_bytes(4, "little") + len(source).to_bytes(4, "little")
        question = b"".join((sizes, name, source))
        if self._taken > _RENEWED:
            self.close()
            self._start()
        self._taken += len(source)
        try:
            kind, data = self._ask_again(question)
        except _Ended as error:
            self.close()
            raise CompilerFailed(
                f"Unable to compile `{path}`: the interpreter {error}",
                hint="Build without bytecode, or report the file to its project",
            ) from error
        if kind == b"C":
            return data
        if kind == b"-":
            return None
        what = data.decode("utf-8", "replace")
        raise CompilerFailed(
            f"Unable to compile `{path}`: Python {self.about.version} gives bytecode of an unknown "
            f"form: {what}",
            hint="Build without bytecode, or upgrade lamina",
        )

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None, "both are pipes"
                with suppress(OSError):  # What is still to be written goes nowhere.
                    pipe.close()

    def _start(self) -> About:
        self._taken = 0
        command = [*self._command.words, *_OPTIONS, _script()]
        try:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                env={**_ENVIRONMENT, **self._command.environment},
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
            )
            kind, data = self._answer()
        except (OSError, _Ended) as error:
            self.close()
            why = error.strerror if isinstance(error, OSError) else f"it {error}"
            raise CompilerFailed(f"Unable to run `{self._command.words[-1]}`: {why}") from error
        text = data.decode("utf-8", "replace")
        if kind == b"!":
            self.close()
            raise CompilerFailed(f"Unable to compile with `{self._command.words[-1]}`: {text}")
        words = text.split(" ")
        if kind != b"H" or len(words) != 4 or not words[1].isdecimal():
            self.close()
            raise CompilerFailed(f"Unable to run `{self._command.words[-1]}`: it is no CPython")
        return About(f"{words[0]}{words[3].strip('-')}", int(words[1]), words[2])

    def _ask_again(self, question: bytes) -> tuple[bytes, bytes]:
        """Ask, and once more if the process ends meanwhile, be it for want of memory."""
        try:
            return self._ask(question)
        except _Silent:
            raise
        except _Ended:
            self.close()
            self._start()
            return self._ask(question)

    def _ask(self, question: bytes) -> tuple[bytes, bytes]:
        process = self._process
        if process is None or process.stdin is None:
            raise _Ended("has ended")
        try:
            left = memoryview(question)
            while left:
                left = left[process.stdin.write(left) :]
        except OSError as error:
            raise _Ended("has ended") from error
        return self._answer()

    def _answer(self) -> tuple[bytes, bytes]:
        kind = self._read(1)
        size = int.from_bytes(self._read(4), "little")
        if size > _LARGEST_ANSWER:
            raise _Ended("gave too long an answer")
        return kind, self._read(size)

    def _read(self, size: int) -> bytes:
        process = self._process
        if process is None or process.stdout is None:
            raise _Ended("has ended")
        parts = []
        ready = select.poll()
        ready.register(process.stdout, select.POLLIN)
        while size:
            if not ready.poll(PATIENCE * 1000):
                raise _Silent(f"has not answered for {PATIENCE} seconds")
            piece = os.read(process.stdout.fileno(), min(size, 1 << 20))
            if not piece:
                raise _Ended("has ended")
            parts.append(piece)
            size -= len(piece)
        return b"".join(parts)


class _Ended(Exception):
    """What the process did instead of answering."""


class _Silent(_Ended):
    """It did nothing for long; it would not the next time."""


class Compilers:
    """Some processes of one interpreter, started when they are first wanted."""

    def __init__(self, command: Command, count: int, first: Compiler | None = None) -> None:
        """``first`` runs already."""
        self._command = command
        self._count = count
        self._threads = ThreadPoolExecutor(count, "compile")
        self._idle: queue.SimpleQueue[Compiler] = queue.SimpleQueue()
        self._all = [first] if first is not None else []
        if first is not None:
            self._idle.put(first)

    @property
    def about(self) -> About:
        """What the interpreter says of itself; it is started for that."""
        if not self._all:
            first = Compiler(self._command)
            self._all.append(first)
            self._idle.put(first)
        return self._all[0].about

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def each(self, sources: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes | None]]:
        """Give the path of each source, as it was given, and its ``.pyc`` if it compiles.

        Several are compiled at a time; few are held. Raises `CompilerFailed`.
        """
        waiting: deque[tuple[str, int, Future[bytes | None]]] = deque()
        held = 0
        try:
            for path, source in sources:
                while waiting and (
                    len(waiting) >= _AHEAD * self._count or held + len(source) > _HELD
                ):
                    before, size, future = waiting.popleft()
                    yield before, future.result()
                    held -= size
                waiting.append((path, len(source), self._threads.submit(self._one, source, path)))
                held += len(source)
            for before, _, future in waiting:
                yield before, future.result()
        finally:
            for _, _, future in waiting:
                future.cancel()

    def close(self) -> None:
        """End all processes; what is being compiled is dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._end()
        self._threads.shutdown()
        self._end()  # Those that a thread has started again meanwhile.

    def _end(self) -> None:
        for each in list(self._all):
            each.close()

    def _one(self, source: bytes, path: str) -> bytes | None:
        try:
            compiler = self._idle.get_nowait()
        except queue.Empty:
            # No more than there are threads.
            compiler = Compiler(self._command)
            self._all.append(compiler)
        try:
            return compiler.compile(source, f"/{path}")
        finally:
            self._idle.put(compiler)


@cache
def _script() -> str:
    return files("lamina.bytecode").joinpath("worker.py").read_text(encoding="utf-8")
