"""apt's preferences: which version of a package a machine is meant to take (apt_preferences(5)).

Nothing here opens a file: callers give the texts of those that they found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from lamina.deb.control import ControlError, Paragraph, parse_paragraphs

FORCED = 1000
"""The least priority that makes apt go back to a lower version."""
OF_INSTALLED = 100
"""The priority of what is installed, where nothing else is said."""
_OF_TARGET = 990
"""That of the default release."""
_MOST = 32767
_TYPES = ("version", "release", "origin")
_PATTERN = re.compile(r"[*?\[]|^/.*/$")
_NAME = re.compile(r"[a-zA-Z0-9_.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a Packages index is from, as its Release file and its address tell."""

    archive: str = ""
    """Of the field Suite, such as ``stable``."""
    codename: str = ""
    version: str = ""
    origin: str = ""
    label: str = ""
    component: str = ""
    architecture: str = ""
    site: str = ""
    """The host; empty: this very machine."""


INSTALLED = Provenance(archive="now")
"""What apt says of a dpkg status."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A paragraph of preferences."""

    packages: tuple[str, ...]
    kind: str
    data: str
    priority: int

    @property
    def is_general(self) -> bool:
        """Whether it is about all packages, which are ranked then by where they come from."""
        return self.packages == ("*",)

    def is_about(self, name: str, source: str, architecture: str) -> bool:
        """Say whether it is about a package of an architecture, the machine's own."""
        for pattern in self.packages:
            wanted, colon, qualifier = pattern.removeprefix("src:").partition(":")
            if colon and qualifier not in ("any", architecture):
                continue
            of = source if pattern.startswith("src:") else name
            # Only what is no pattern has a case.
            if wanted == of or (_PATTERN.search(wanted) and _fits(wanted, of)):
                return True
        return False

    def admits(self, version: str, files: Iterable[Provenance]) -> bool:
        """Say whether it is about a version that these files have."""
        if self.kind == "version":
            return _fits(self.data, version)
        return any(self.covers(file) for file in files)

    def covers(self, file: Provenance) -> bool:
        """Say whether it is about all that a file has."""
        if self.kind == "origin":
            return file is not INSTALLED and _fits(self.data.strip('"'), file.site)
        return self.kind == "release" and is_of_release(self.data, file)


def parse_preferences(data: bytes, *, where: str) -> tuple[Pin, ...]:
    """Read the content of a file of preferences; ``where`` names it in errors.

    A pin of a kind that apt does not know is left out, as apt does with a warning.
    """
    lines = (line for line in data.splitlines(keepends=True) if not line.startswith(b"#"))
    paragraphs = parse_paragraphs(b"".join(lines), where=where)
    pins = (_pin(paragraph, where) for paragraph in paragraphs)
    return tuple(pin for pin in pins if pin is not None)


def is_read(name: str) -> bool:
    """Say whether apt reads a file of that name in ``preferences.d``."""
    stem, dot, ending = name.rpartition(".")
    return bool(_NAME.fullmatch(name)) and (not dot or (ending == "pref" and bool(stem)))


class Preferences:
    """How the versions that archives have are ranked."""

    def __init__(
        self, pins: Iterable[Pin] = (), default_release: str = "", *, architecture: str = ""
    ) -> None:
        self._architecture = architecture
        found = tuple(pins)
        target = Pin(("*",), "release", default_release, _OF_TARGET)
        general = [pin for pin in found if pin.is_general]
        # What somebody wants as default release goes before what is said of all packages.
        self._general = [target, *general] if default_release else general
        self._specific = [pin for pin in found if not pin.is_general]

    def of_file(self, file: Provenance, priority: int) -> int:
        """Return the priority of what a file has; ``priority`` is that by its Release file.

        The first pin counts. The manual says the highest, apt 2.6 and 3.0 do not.
        """
        return next((pin.priority for pin in self._general if pin.covers(file)), priority)

    def of_version(
        self,
        name: str,
        version: str,
        files: Sequence[tuple[Provenance, int]],
        *,
        source: str,
    ) -> int:
        """Return the priority of a version, by the files that have it and the priority of each."""
        for pin in self._specific:
            if pin.is_about(name, source, self._architecture) and pin.admits(
                version, (file for file, _ in files)
            ):
                return pin.priority
        return max(self.of_file(file, priority) for file, priority in files)


def _pin(paragraph: Paragraph, where: str) -> Pin | None:
    packages = tuple(paragraph.get("Package", "").split())
    if not packages:
        raise ControlError(f"Missing in {where}: `Package`")
    words = paragraph.get("Pin", "").split(maxsplit=1)
    if not words:
        return None
    text = paragraph.get("Pin-Priority", "")
    if not re.fullmatch(r"[+-]?[0-9]+", text) or not 0 < abs(int(text)) <= _MOST:
        raise ControlError(
            f"Expected a number from -{_MOST} to {_MOST}, and not 0, as `Pin-Priority` of "
            f"`{' '.join(packages)}` in {where}, got: {text or 'nothing'}"
        )
    kind, data = words[0].lower(), words[1] if len(words) > 1 else ""
    # What is said of all packages ranks files, which have no version.
    if kind not in _TYPES or (packages == ("*",) and kind == "version"):
        return None
    return Pin(packages, kind, data.strip(), int(text))


def is_of_release(data: str, file: Provenance) -> bool:
    """Say whether all conditions hold: ``a=stable,o=Debian``, or a name or version of a release."""
    if data == "*":
        return True
    fields = {
        "a": file.archive,
        "n": file.codename,
        "v": file.version,
        "o": file.origin,
        "l": file.label,
        "c": file.component,
        "b": file.architecture,
    }
    if data and "=" not in data:
        names = [file.version] if data[:1].isdigit() else [file.archive, file.codename]
        return any(_fits(data, name) for name in names if name)
    # Of two conditions on the same, the last counts; others are passed over.
    parts = (part.strip().partition("=") for part in data.split(","))
    conditions = {key: pattern for key, _, pattern in parts if key in fields}
    if not conditions:
        return file is INSTALLED  # As apt has it.
    return all(
        fields[key] != "" and _fits(pattern, fields[key]) for key, pattern in conditions.items()
    )


def _fits(pattern: str, text: str) -> bool:
    """Say whether a text is meant by a pattern of the shell, or a regular expression in slashes."""
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        try:
            return re.search(pattern[1:-1], text, re.IGNORECASE) is not None
        except re.error:
            return False
    return fnmatchcase(text.lower(), pattern.lower())
