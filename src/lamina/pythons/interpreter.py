"""One CPython of this machine, as it describes itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

_PATIENCE = 30
"""In seconds; an interpreter on a slow disk takes a while the first time."""

_ASK = """
import importlib.util, json, os, sys, sysconfig
pure = sysconfig.get_path("purelib", "venv" if sys.version_info >= (3, 11) else "posix_prefix",
                          vars={"base": "", "platbase": ""})
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
except (AttributeError, OSError, ValueError):
    libc = ""
stage = {"alpha": "a%d", "beta": "b%d", "candidate": "rc%d"}.get(sys.version_info[3], "")
stage = stage and stage % sys.version_info[4]
facts = {
    "executable": sys.executable,
    "base": getattr(sys, "_base_executable", None) or sys.executable,
    "version": "%d.%d.%d" % sys.version_info[:3] + stage,
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "platform": sysconfig.get_platform(),
    "site": pure.lstrip("/"),
    "magic": importlib.util.MAGIC_NUMBER.hex(),
    "cache_tag": sys.implementation.cache_tag,
    "libc": libc,
}
if sys.implementation.name != "cpython" or sys.version_info < (3, 8):
    sys.exit(1)
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython 3.8 or later."""

    executable: str
    base: str
    """The interpreter under it, outside of any virtual environment."""
    version: str
    """In full, such as ``3.12.4`` or ``3.15.0b1``."""
    free_threaded: bool
    platform: str
    """As in ``linux-x86_64``."""
    site: str
    """Where packages lie in a virtual environment of this interpreter, relative to its top."""
    magic: str
    """The magic number of its bytecode, in hex (PEP 3147)."""
    cache_tag: str
    """What its bytecode is named by, such as ``cpython-312``."""
    libc: str
    """As in ``glibc 2.36``; empty where it has another C library."""

    @property
    def minor(self) -> str:
        """The version as folders have it: ``3.13``, or ``3.13t`` if free-threaded."""
        major, minor = self.version.split(".")[:2]
        return f"{major}.{minor}{'t' if self.free_threaded else ''}"

    @classmethod
    @cache
    def running(cls) -> Interpreter:
        """Return the interpreter that runs Lamina."""
        found: dict[str, object] = {}
        exec(_ASK, found)  # noqa: S102  # The same question, without another process.
        facts = found["facts"]
        assert isinstance(facts, dict)
        return cls(**facts)


def ask(executable: str, environ: Mapping[str, str]) -> Interpreter | None:
    """Return what an executable says of itself; None for what is no CPython 3.8 or later.

    Nothing of what is installed for it is imported.
    """
    command = [executable, "-I", "-S", "-c", f"{_ASK}\nprint(json.dumps(facts))"]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=True,
        )
        return _read(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _read(facts: object) -> Interpreter | None:
    names = [field.name for field in fields(Interpreter)]
    if not isinstance(facts, dict) or sorted(facts) != sorted(names):
        return None
    texts = [value for name, value in facts.items() if name != "free_threaded"]
    return Interpreter(**facts) if all(isinstance(text, str) for text in texts) else None
