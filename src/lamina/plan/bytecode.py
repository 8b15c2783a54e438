"""Bytecode of a layer: what its bytes depend on besides the source, and where it lies."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

FORMAT = 1
"""Of what the compiler's output becomes. It goes up when the same code would give other bytes."""

LARGEST = 1 << 25
"""Of a source that is compiled, in bytes; the compiler takes some hundred times as much memory."""

CACHE = "__pycache__"
_LONGEST = 255
"""Of a file's name, in bytes."""

_MAGIC = {
    "3.8": 3413,
    "3.9": 3425,
    "3.10": 3439,
    "3.11": 3495,
    "3.12": 3531,
    "3.13": 3571,
    "3.14": 3627,
}
"""Of released versions; it stays from a version's last candidate on (pycore_magic_number.h)."""


@dataclass(frozen=True, slots=True)
class Bytecode:
    """How source becomes bytecode: see `Recipe`."""

    magic: int
    """The number that the interpreter asks of a file, such as 3531."""
    compiler: str
    """The exact version of what compiles, such as ``3.12.4`` or ``3.13.0t``."""
    tag: str
    """What files are named by, such as ``cpython-312``."""

    def to_json(self) -> dict[str, object]:
        """Return what goes into a key."""
        return {
            "format": FORMAT,
            "magic": self.magic,
            "compiler": self.compiler,
            "tag": self.tag,
        }

    @classmethod
    def parse(cls, document: object) -> Bytecode | None:
        """Read what `to_json` gave; None for anything else."""
        match document:
            case {"magic": int(magic), "compiler": str(compiler), "tag": str(tag)}:
                return cls(magic, compiler, tag)
            case _:
                return None

    def path(self, source: str) -> str | None:
        """Return where the bytecode of a module lies (PEP 3147); None, if no file can lie there.

        >>> Bytecode(3531, "3.12.4", "cpython-312").path("lib/a/b.py")
        'lib/a/__pycache__/b.cpython-312.pyc'
        """
        folder, name = posixpath.split(source)
        own = f"{name.removesuffix('.py')}.{self.tag}.pyc"
        if len(own.encode("utf-8", "surrogateescape")) > _LONGEST:
            return None
        return posixpath.join(folder, CACHE, own)


def is_released(version: str) -> bool:
    """Say whether a version is no alpha, beta or candidate."""
    return all(number.isdecimal() for number in version.split("."))


def magic_of(version: str) -> int | None:
    """Return the magic number of a version of Python, where it is known without asking that one.

    >>> magic_of("3.12.4"), magic_of("3.12.0rc1"), magic_of("3.99.0")
    (3531, None, None)
    """
    return _MAGIC.get(".".join(version.split(".")[:2])) if is_released(version) else None


def released(version: str, *, free_threaded: bool) -> Bytecode | None:
    """Return the bytecode of a version of Python, where it is known without asking that Python.

    Not of one that is free-threaded: such ones do not name their files alike.

    >>> released("3.12.4", free_threaded=False)
    Bytecode(magic=3531, compiler='3.12.4', tag='cpython-312')
    """
    magic = magic_of(version)
    if magic is None or free_threaded:
        return None
    major, minor = version.split(".")[:2]
    return Bytecode(magic, version, f"cpython-{major}{minor}")


def is_module(path: str, below: str) -> bool:
    """Say whether a path is one that is compiled: a ``.py`` below a folder, as uv takes them.

    >>> [is_module(path, "s") for path in ("s/a.py", "s/__pycache__/a.py", "t/a.py", "s/a.pyi")]
    [True, False, False, False]
    """
    if not path.endswith(".py") or not path.startswith(f"{below}/"):
        return False
    return f"/{CACHE}/" not in path
