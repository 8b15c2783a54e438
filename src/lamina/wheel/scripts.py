"""The commands that a wheel brings: entry points and `.data/scripts` (entry-points, PyPA)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lamina.wheel.errors import WheelError

_CALLABLE = re.compile(r"([\w.-]+)\s*:\s*([\w.-]+)(?:\s*\[.+\])?", re.DOTALL)
_RESERVED = re.compile(
    r"(?:pythonw?|python3(?:\.[0-9]+t?)?|pypy3?|graalpy)(?:\.py)?(?:\.exe)?", re.IGNORECASE
)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f/\\]")
_VERSIONED_PIP = re.compile(r"pip3\.[0-9]+")
_LONGEST_SHEBANG = 127
_PLACEHOLDER = b"#!python"

_LAUNCHER = """\
# -*- coding: utf-8 -*-
import sys
from {module} import {imported}
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({attribute}())
"""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A command: a name in ``bin``, and what it calls."""

    name: str
    module: str
    attribute: str
    """Of the module; may have dots, and the first part is what is imported."""


@dataclass(frozen=True, slots=True)
class EntryPoints:
    """The commands of an ``entry_points.txt``, in its order."""

    console: tuple[EntryPoint, ...] = ()
    gui: tuple[EntryPoint, ...] = ()

    def commands(self, minor: str) -> tuple[EntryPoint, ...]:
        """Return what is installed for Python ``minor`` ("3.12"), one of each name, sorted.

        As uv does: a GUI command wins over a console command of its name, and pip's wheel, which
        names the Python that built it, gets ``pip3.12`` for the Python that will run it.
        """
        commands: dict[str, EntryPoint] = {}
        for command in self.console:
            if command.name == "pip3":
                versioned = f"pip{minor}"
                commands[versioned] = EntryPoint(versioned, command.module, command.attribute)
            if not _VERSIONED_PIP.fullmatch(command.name):
                commands[command.name] = command
        commands |= {command.name: command for command in self.gui}
        return tuple(commands[name] for name in sorted(commands))


def parse_entry_points(data: bytes) -> EntryPoints:
    """Read ``entry_points.txt``; every section must be well-formed, two of them are looked at.

    ::

        file     = { blank | comment | section | option | continuation }
        comment  = any line whose first character but spaces is "#" or ";"
        section  = "[" name "]" anything           case matters; each once
        option   = key "=" value                   case matters; each once in its section
        continuation = a line indented more than its option
        value of a command = module ":" attribute [ "[" extras "]" ]
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise WheelError(f"`entry_points.txt` is not UTF-8 at byte {error.start}") from None
    sections = _parse_sections(text)
    faults: list[str] = []
    found = EntryPoints(
        _parse_commands(sections.get("console_scripts", {}), faults),
        _parse_commands(sections.get("gui_scripts", {}), faults),
    )
    if faults:
        raise WheelError(*faults)
    return found


def launcher(command: EntryPoint, interpreter: str) -> bytes:
    """Return the script that runs ``command``, byte for byte as uv writes it."""
    imported = command.attribute.partition(".")[0]
    body = _LAUNCHER.format(module=command.module, imported=imported, attribute=command.attribute)
    return shebang(interpreter) + body.encode()


def shebang(interpreter: str) -> bytes:
    """Return the first line of a script, or the three that do for a line Linux would cut.

    Linux reads 127 bytes of it (256 since 5.1) and splits it at a space; then ``sh`` reads the
    lines, and Python sees them as a string. An interpreter that is a name alone is found beside
    the script, wherever that lies: what an environment has that may be moved.
    """
    if "/" not in interpreter:
        beside = f'"$(dirname -- "$(realpath -- "$0")")"/\'{interpreter}\''
        return f"#!/bin/sh\n'''exec' {beside} \"$0\" \"$@\"\n' '''\n".encode()
    line = f"#!{interpreter}\n".encode()
    if len(line) <= _LONGEST_SHEBANG and b" " not in line:
        return line
    quoted = interpreter.replace("'", "'\"'\"'")
    return f"#!/bin/sh\n'''exec' '{quoted}' \"$0\" \"$@\"\n' '''\n".encode()


def rewrite_shebang(head: bytes, interpreter: str) -> bytes | None:
    """Return ``head`` with its first line for ``interpreter``, nothing if it stays as it is.

    ``head`` is the start of a file in ``.data/scripts`` and holds its first line whole, or is
    the whole file. A line is replaced whatever stands behind its ``#!python``, as uv does.
    """
    if not head.startswith(_PLACEHOLDER):
        return None
    return shebang(interpreter) + head.partition(b"\n")[2]


def command_of_script(script: str) -> str:
    """Return the entry point that a file in ``.data/scripts`` stands for, if there is one.

    Some old wheels hold the launchers of their own entry points: those are left out.
    """
    for suffix in (".exe", "-script.py", ".pya"):
        if script.endswith(suffix):
            return script.removesuffix(suffix)
    return script


def check_script_name(name: str) -> None:
    """Refuse a script that would leave ``bin``, or stand where the interpreter does."""
    if not name or name in (".", "..") or _UNSAFE.search(name):
        raise WheelError(f"the script name {name!r} is not the name of a file")
    if _RESERVED.fullmatch(name):
        raise WheelError(f"the script `{name}` would replace the environment's interpreter")


def _parse_sections(text: str) -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, str]] = {}
    section: dict[str, str] | None = None
    key, indent = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        content = line.strip()
        if not content or content[0] in "#;":
            continue
        depth = len(line) - len(line.lstrip())
        if section is not None and key and depth > indent:
            section[key] += f"\n{content}"
        elif content[0] == "[" and "]" in content:
            name, key = content[1 : content.rindex("]")], ""
            if name in sections:
                raise WheelError(f"`entry_points.txt` line {number} repeats section `{name}`")
            section = sections[name] = {}
        else:
            key, equals, value = (part.strip() for part in content.partition("="))
            if section is None or not key or not equals:
                raise WheelError(f"`entry_points.txt` line {number} is no section and no option")
            if key in section:
                raise WheelError(f"`entry_points.txt` line {number} repeats `{key}`")
            section[key], indent = value, depth
    return sections


def _parse_commands(section: dict[str, str], faults: list[str]) -> tuple[EntryPoint, ...]:
    commands: list[EntryPoint] = []
    for name, value in section.items():
        match = _CALLABLE.fullmatch(value)
        try:
            check_script_name(name)
        except WheelError as error:
            faults.extend(error.faults)
        if match is None:
            faults.append(f"the entry point `{name}` is not `module:function`, got: {value!r}")
        else:
            commands.append(EntryPoint(name, match[1], match[2]))
    return tuple(commands)
