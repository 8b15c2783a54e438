"""Which Pythons this machine has, asked as far as it must be."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lamina.pythons.interpreter import Interpreter, ask

_NAMED = re.compile(r"python(3\.[0-9]+t?)")
_FOLDER = re.compile(r"(?:cpython-)?(3\.[0-9]+)(?:\.[0-9]+[a-z0-9]*)?(\+freethreaded|t)?(?:-.*)?")


class Pythons:
    """The Pythons of this machine; each is asked once, and only if it may be what is wanted.

    The state is what was asked so far.
    """

    def __init__(
        self,
        running: Interpreter,
        candidates: Callable[[], Sequence[Path]] = tuple,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """``candidates`` gives executables, those that are preferred first."""
        self.running = running
        self._first = running
        self._candidates = candidates
        self._environ = environ or {}
        self._listed: Sequence[Path] | None = None
        self._asked: dict[Path, Interpreter | None] = {}
        self._lock = threading.Lock()

    def led_by(self, first: Interpreter) -> Pythons:
        """Return the same Pythons, with one that is found before Lamina's own."""
        led = Pythons(self.running, self._candidates, self._environ)
        led._first = first
        return led

    def of_minor(self, minor: str) -> Interpreter | None:
        """Return a Python of a version such as ``3.12`` or ``3.13t``; Lamina's own, if it is."""
        return self.find(lambda found: found.minor == minor, minor)

    def of_version(self, version: str, *, free_threaded: bool = False) -> Interpreter | None:
        """Return a Python of exactly a version such as ``3.12.4``."""
        minor = ".".join(version.split(".")[:2]) + ("t" if free_threaded else "")
        return self.find(lambda found: (found.minor, found.version) == (minor, version), minor)

    def find(
        self, fits: Callable[[Interpreter], bool], minor: str | None = None
    ) -> Interpreter | None:
        """Return the first Python that fits, Lamina's own before all others.

        With ``minor``, only those are asked that may be of it.
        """
        with self._lock:
            return next((found for found in self._each(minor) if fits(found)), None)

    def _each(self, minor: str | None) -> Iterator[Interpreter]:
        yield from dict.fromkeys([self._first, self.running])
        if self._listed is None:
            self._listed = self._candidates()
        for path in self._listed:
            named = _minor_of(path)
            if minor is None or named is None or named == minor:
                if path not in self._asked:
                    self._asked[path] = ask(str(path), self._environ)
                if (found := self._asked[path]) is not None:
                    yield found


def candidates(path: str, roots: Sequence[Path]) -> list[Path]:
    """Return the Pythons on a ``PATH``, then those in the versions' folders below ``roots``.

    Such a root is that of pyenv or of uv: a folder for each version, with its ``bin``.
    """
    on_path = [
        file
        for folder in path.split(":")
        if folder
        for file in sorted(_listing(Path(folder)), key=lambda file: file.name)
        if file.name in ("python", "python3") or _NAMED.fullmatch(file.name)
    ]
    versions = [
        folder / "bin" / "python3" for root in roots for folder in sorted(_listing(root))[::-1]
    ]
    found = dict.fromkeys([*on_path, *(file for file in versions if file.exists())])
    # What says its version by its name is asked before what does not; pyenv's shims, which are
    # slow and only lead to what is below its root, come last.
    return sorted(found, key=lambda file: (file.parent.name == "shims", _minor_of(file) is None))


def _listing(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _minor_of(path: Path) -> str | None:
    """Return the version that the name of a file, or of a version's folder, tells."""
    if match := _NAMED.fullmatch(path.name):
        return match[1]
    if path.parent.name == "bin" and (match := _FOLDER.fullmatch(path.parent.parent.name)):
        return match[1] + ("t" if match[2] else "")
    return None
