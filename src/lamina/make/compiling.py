"""Which interpreter compiles for an image, chosen before it is looked for, and had when needed.

What has a version compiles the same wherever it lies: so an interpreter of this machine with
exactly the version of the base's is as good as that, and needs no byte of the base.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from lamina.bases.base import Base, BaseError
from lamina.bases.runnable import take_out
from lamina.bytecode.compiler import About, Command, Compiler, CompilerFailed, Compilers
from lamina.errors import LaminaError
from lamina.lock.target import Target
from lamina.oci.blob import DamagedBlob
from lamina.oci.descriptor import Platform
from lamina.plan.base import BaseFacts, BasePython
from lamina.plan.bytecode import Bytecode, is_released, magic_of, released
from lamina.pythons.finder import Pythons
from lamina.pythons.interpreter import Interpreter
from lamina.store.scratch import Scratch, StoreUnusable
from lamina.store.store import Store


class NoCompiler(LaminaError):
    """Nothing at hand compiles for the Python of the image."""

    def __init__(self, python: Wanted, magic: int | None, why: str) -> None:
        number = "" if magic is None else f" (magic number {magic})"
        minor = python.minor
        super().__init__(
            f"Unable to compile bytecode for Python {python}: {why}\n"
            f"  wanted: a CPython {minor} on this machine{number}",
            hint=f"Install one, such as by `uv python install {minor}`, or build without bytecode",
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """The Python that is to read the bytecode."""

    version: str
    free_threaded: bool
    base: Base
    python: BasePython | None
    """The base's own, if it has one."""
    platform: Platform

    @classmethod
    def of(cls, base: Base, facts: BaseFacts, target: Target) -> Wanted:
        """Return the Python of a base; of one without, that which the image will get."""
        version = facts.python.version if facts.python is not None else str(target.python)
        return cls(version, target.free_threaded, base, facts.python, target.platform)

    @property
    def minor(self) -> str:
        """As ``3.12`` or ``3.13t``."""
        return ".".join(self.version.split(".")[:2]) + ("t" if self.free_threaded else "")

    def __str__(self) -> str:
        return f"{self.version}{'t' if self.free_threaded else ''}"


@dataclass(slots=True)
class Compiling:
    """The interpreters of one run of Lamina that compile; they end with `close`."""

    pythons: Pythons
    store: Store
    scratch: Scratch
    machine: Platform | None
    """What programs run here; None, where no base's do."""
    count: int
    """How many compile at a time."""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _compilers: dict[tuple[str, str], Compilers] = field(default_factory=dict)
    _unfit: dict[str, str] = field(default_factory=dict)
    """Why the Python of a base does not run here, by the base's identity."""

    def recipe(self, wanted: Wanted) -> Bytecode:
        """Return how modules are compiled for a Python.

        Where the base's own is sure to be had, or said to run here, nothing is looked for and no
        byte of the base is read. Raises `NoCompiler`.
        """
        with self._lock:
            known = released(wanted.version, free_threaded=wanted.free_threaded)
            if known is None:
                known = self._remembered(wanted)
            if known is not None and self._may_run(wanted):
                return known
            if (exact := self._exact(wanted)) is not None:
                return self._remember(wanted, _recipe(exact))
            if self._may_run(wanted):
                try:
                    return self._remember(wanted, _about(self._start_own(wanted)))
                except (BaseError, CompilerFailed, DamagedBlob) as error:
                    self._unfit[self._identity(wanted)] = str(error)
            return self._like(wanted, known.magic if known else magic_of(wanted.version))

    def is_had(self, wanted: Wanted, recipe: Bytecode) -> bool:
        """Say whether what a recipe names is there, and start it unless it is of this machine."""
        with self._lock:
            try:
                self.compilers(wanted, recipe)
            except (BaseError, CompilerFailed, DamagedBlob) as error:
                self._unfit[self._identity(wanted)] = str(error)
                return False
            return True

    def compilers(self, wanted: Wanted, recipe: Bytecode) -> Compilers:
        """Return what compiles by a recipe. Raises `CompilerFailed` and `BaseError`."""
        with self._lock:
            of_machine = self._find(lambda each: _recipe(each) == recipe, wanted.minor)
            key = (recipe.compiler, "" if of_machine is not None else self._identity(wanted))
            if (found := self._compilers.get(key)) is not None:
                return found
            if of_machine is None:
                self._start_own(wanted)
                return self._compilers[key]
            return self._started(key, Command((of_machine.executable,)), recipe)

    def close(self) -> None:
        """End all interpreters."""
        with self._lock:
            for each in self._compilers.values():
                each.close()
            self._compilers.clear()

    def _may_run(self, wanted: Wanted) -> bool:
        """Say whether the base's own may run here, for all that is known."""
        has_python = wanted.python is not None
        fits = self.machine is not None and _alike(self.machine, wanted.platform)
        return has_python and fits and self._identity(wanted) not in self._unfit

    def _start_own(self, wanted: Wanted) -> About:
        """Run the base's own interpreter, taken out of its layers."""
        key = (str(wanted), self._identity(wanted))
        if not self._may_run(wanted) or wanted.python is None:
            raise CompilerFailed(self._unfit.get(key[1], "the base's own does not run here"))
        runnable = take_out(wanted.base.layers, wanted.python, self.scratch.folder())
        command = Command(runnable.words, runnable.environment)
        first = Compiler(command)
        if first.about.version != str(wanted):
            first.close()
            raise CompilerFailed(
                f"the base's own says that it is {first.about.version}, and not {wanted}"
            )
        self._compilers[key] = Compilers(command, self.count, first)
        return first.about

    def _started(self, key: tuple[str, str], command: Command, recipe: Bytecode) -> Compilers:
        first = Compiler(command)
        if _about(first.about) != recipe:
            first.close()
            raise CompilerFailed(f"`{command.words[-1]}` is no longer Python {recipe.compiler}")
        self._compilers[key] = Compilers(command, self.count, first)
        return self._compilers[key]

    def _like(self, wanted: Wanted, magic: int | None) -> Bytecode:
        """Return the recipe of another version of this machine that gives the same bytecode."""
        found = self._find(lambda each: _fits(each, wanted, magic), wanted.minor)
        if found is None:
            raise NoCompiler(wanted, magic, self._why(wanted))
        return _recipe(found)

    def _why(self, wanted: Wanted) -> str:
        if wanted.python is None:
            return "the base has none"
        if (told := self._unfit.get(self._identity(wanted))) is not None:
            return told
        return f"that of the base is for {wanted.platform}, and does not run here"

    def _exact(self, wanted: Wanted) -> Interpreter | None:
        return self.pythons.of_version(wanted.version, free_threaded=wanted.free_threaded)

    def _find(self, fits: Callable[[Interpreter], bool], minor: str) -> Interpreter | None:
        return self.pythons.find(fits, minor)

    def _identity(self, wanted: Wanted) -> str:
        return str(wanted.base.identity)

    def _remember(self, wanted: Wanted, recipe: Bytecode) -> Bytecode:
        """Keep what a version tells of itself: it is a fact of that version."""
        with suppress(StoreUnusable):  # Then it is asked again the next time.
            self.store.facts.put(_fact(wanted), recipe.to_json())
        return recipe

    def _remembered(self, wanted: Wanted) -> Bytecode | None:
        return Bytecode.parse(self.store.facts.get(_fact(wanted)))


def _recipe(interpreter: Interpreter) -> Bytecode:
    threads = "t" if interpreter.free_threaded else ""
    magic = int.from_bytes(bytes.fromhex(interpreter.magic)[:2], "little")
    return Bytecode(magic, f"{interpreter.version}{threads}", interpreter.cache_tag)


def _about(about: About) -> Bytecode:
    return Bytecode(about.magic, about.version, about.tag)


def _fits(interpreter: Interpreter, wanted: Wanted, magic: int | None) -> bool:
    """Say whether an interpreter gives bytecode that another one reads.

    Where the number is not known here, the version decides: once released, it keeps its number.
    """
    if interpreter.minor != wanted.minor:
        return False
    if magic is not None:
        return _recipe(interpreter).magic == magic
    return all(is_released(version) for version in (interpreter.version, wanted.version))


def _alike(one: Platform, other: Platform) -> bool:
    return (one.os, one.architecture) == (other.os, other.architecture)


def _fact(wanted: Wanted) -> str:
    return hashlib.sha256(f"bytecode {wanted}".encode()).hexdigest()
