"""How the image runs: commands, ports, variables and the rest, as settings say them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lamina.dockerfile.instruction import Instruction
from lamina.dockerfile.model.tools import words

BASES = re.compile("\0([A-Za-z_][A-Za-z0-9_]*)\0")
"""A variable of the base image, in a value that is expanded but for those."""

_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/([A-Za-z]+))?")
_MOST_PORTS = 100
_RUNNERS = ("uv", "poetry", "pdm")
_SWITCHES = words(
    "--active --all-extras --exact --frozen --isolated --locked --no-cache --no-default-groups"
    " --no-dev --no-editable --no-progress --no-project --no-sync --offline --quiet -n -q -v"
)
_RUN = re.compile(r"(?P<exec>exec\s+)?(?:uv|poetry|pdm)\s+run\s+(?P<rest>\S.*)", re.DOTALL)

Command = str | tuple[str, ...]


def of_base(name: str) -> str:
    """Return what stands for a variable of the base image until it is written."""
    return f"\0{name}\0"


def as_value(text: str) -> str:
    r"""Return a value of ENV as `env` is written.

    >>> as_value(f"/x:{of_base('PATH')}:${{HOME}}")
    '/x:${PATH}:$${HOME}'
    """
    pieces = BASES.split(text)
    for at in range(0, len(pieces), 2):
        pieces[at] = pieces[at].replace("${", "$${")
    for at in range(1, len(pieces), 2):
        pieces[at] = f"${{{pieces[at]}}}"
    return "".join(pieces)


def as_plain(text: str) -> str:
    """Return a value that cannot say a variable of the base, which is empty then."""
    return BASES.sub("", text)


def command(instruction: Instruction, shell: Sequence[str] | None) -> Command:
    """Return the command of CMD, ENTRYPOINT or HEALTHCHECK; ``shell`` is what SHELL says."""
    if instruction.is_json:
        return tuple(word.text for word in instruction.words)
    text = instruction.arguments.text
    return text if shell is None else (*shell, text)


def without_runner(found: Command) -> tuple[Command, bool]:
    """Return a command without ``uv run`` and the like before it, and whether that is gone.

    The environment's programs come first in `PATH`, so that no runner is needed.

    >>> without_runner(("uv", "run", "--no-sync", "main.py", "-v"))
    (('python', 'main.py', '-v'), True)
    >>> without_runner("exec uv run gunicorn app:app")
    ('exec gunicorn app:app', True)
    """
    if isinstance(found, str):
        match = _RUN.fullmatch(found)
        if match is None:
            return found, False
        rest = _without_switches(match["rest"].split(" "))
        if not rest or rest[0].startswith("-"):
            return found, False
        return f"{match['exec'] or ''}{' '.join(_with_python(rest))}", True
    if len(found) < 2 or found[0].rpartition("/")[2] not in _RUNNERS or found[1] != "run":
        return found, False
    rest = _without_switches(found[2:])
    if rest and rest[0].startswith("-"):
        return found, False
    return tuple(_with_python(rest)), True


def needs_runner(found: Command) -> bool:
    """Say whether a command begins with a program that no image of ours has."""
    first = found.split(" ")[0] if isinstance(found, str) else next(iter(found), "")
    return first.rpartition("/")[2] in _RUNNERS


def ports(text: str) -> list[int | str] | None:
    """Return the ports that EXPOSE names; None if they are too many, or none.

    >>> ports("8000"), ports("5000-5001/UDP"), ports("http")
    ([8000], ['5000/udp', '5001/udp'], None)
    """
    match = _PORTS.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last <= 65535 or last - first >= _MOST_PORTS:
        return None
    protocol = (match[3] or "tcp").lower()
    if protocol not in ("tcp", "udp", "sctp"):
        return None
    return [n if protocol == "tcp" else f"{n}/{protocol}" for n in range(first, last + 1)]


def signal(text: str) -> str:
    """Return a signal as `stopsignal` has it.

    >>> signal("term"), signal("SIGRTMIN+3"), signal("9")
    ('SIGTERM', 'SIGRTMIN+3', '9')
    """
    name = text.strip().upper()
    return name if name.isdecimal() or name.startswith("SIG") else f"SIG{name}"


def _without_switches(given: Sequence[str]) -> list[str]:
    rest = [*given]
    while rest and rest[0] in _SWITCHES:
        rest.pop(0)
    return rest[1:] if rest[:1] == ["--"] else rest


def _with_python(given: list[str]) -> list[str]:
    return ["python", *given] if given and given[0].endswith(".py") else given
