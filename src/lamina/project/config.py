"""`[tool.lamina]`: what the image should be, beyond what the lock says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.utils import InvalidName, canonicalize_name

from lamina.deb.wish import MalformedWish, Wish
from lamina.errors import LaminaError
from lamina.oci.descriptor import InvalidPlatform, Platform
from lamina.oci.healthcheck import Healthcheck
from lamina.plan.layering import MOST_LAYERS
from lamina.project.healthcheck import read_healthcheck
from lamina.project.size import InvalidSize, parse_size
from lamina.tables import Problems, Refused, Table, boolean, integer, kind, string, text

_PYTHON = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3}((a|b|rc)[0-9]{1,3})?)?t?")
_MODE = re.compile(r"[0-7]{3,4}")
_OWNER = re.compile(r"([0-9]{1,10})(?::([0-9]{1,10}))?")
_PORT = re.compile(r"([0-9]{1,5})(?:/(tcp|udp|sctp))?")
_SIGNAL = re.compile(r"SIG[A-Z0-9]+([+-][0-9]{1,2})?|[0-9]{1,2}")
_MIRROR = re.compile(r"https?://[^\s/@]+(/\S*)?")
_APT_SOURCE = re.compile(
    r"deb\s+(?:\[[^\]#\n]*\]\s+)?https?://[^\s/@#]+(?:/[^\s#]*)?"
    r"(?:\s+[^\s#]*/|(?:\s+[^\s#]+){2,})\s*"
)
_VARIABLE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_VENV = "/opt/venv"
_WORKDIR = "/app"
_MOST_IDS = (1 << 32) - 2
_MOST_BYTES = 1 << 60


class UnknownVariable(LaminaError):
    """A value of `env` names a variable that the base's environment does not have."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One entry of `copy`: a file or a folder of the project, and where it goes."""

    source: str
    """As written, relative to the project's folder."""
    to: str
    """As written: relative to the working directory, or absolute."""
    mode: int | None = None
    owner: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Names:
    """Some extras or dependency groups, or all that there are."""

    named: tuple[str, ...] = ()
    """Normalised, sorted."""
    all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The settings of `[tool.lamina]`, by their own names; None is "not said"."""

    base: str | None = None
    python: str | None = None
    apt: tuple[Wish, ...] = ()
    """Debian packages above the base, in the order written."""
    apt_docs: bool = False
    """Whether documentation of Debian packages goes into the image."""
    shell: bool = False
    """Whether a base that is made from Debian's packages has a shell."""
    platform: tuple[Platform, ...] = ()
    extras: Names = Names()
    groups: Names = Names()
    default_groups: bool = True
    """Whether `default-groups` of `[tool.uv]` is obeyed."""
    install_project: bool = True
    venv: str = _VENV
    workdir: str = _WORKDIR
    user: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    """As written; see `expand_env`."""
    cmd: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    expose: tuple[str, ...] = ()
    """Each as ``8000/tcp``, sorted."""
    volume: tuple[str, ...] = ()
    healthcheck: Healthcheck | None = None
    stopsignal: str | None = None
    copy: tuple[Copy, ...] | None = None
    """In the order written. An empty one copies nothing; None leaves the choice to the project."""
    layers: int | None = None
    bytecode: bool = False
    """Whether the modules of wheels are compiled."""
    max_wheel_size: int | None = None
    """Of what one wheel may unpack to, in bytes."""
    debian_mirror: str | None = None
    debian_security_mirror: str | None = None
    debian_keyring: str | None = None
    """A file, relative to the project's folder."""
    apt_sources: tuple[str, ...] = ()
    """One-line sources, as in sources.list(5)."""


def parse_config(document: Mapping[str, object]) -> Config:
    """Read `[tool.lamina]` of a parsed `pyproject.toml`; every problem is told at once."""
    problems = Problems()
    table = Table("", document, problems).table("tool").table("lamina")
    config = Config(
        base=table.read("base", text),
        python=table.read("python", _python),
        apt=tuple(table.items("apt", _wish) or ()),
        apt_docs=table.read("apt-docs", boolean) or False,
        shell=table.read("shell", boolean) or False,
        platform=table.read("platform", _platforms) or (),
        extras=_read_names(table, "extras"),
        groups=_read_names(table, "groups"),
        default_groups=_read_default(table, "default-groups"),
        install_project=_read_default(table, "install-project"),
        venv=table.read("venv", _venv) or _VENV,
        workdir=table.read("workdir", _absolute) or _WORKDIR,
        user=table.read("user", _user),
        env=_read_env(table),
        cmd=table.read("cmd", _command),
        entrypoint=table.read("entrypoint", _command),
        labels=table.mapping("labels", string),
        expose=tuple(sorted(set(table.items("expose", _port) or ()))),
        volume=tuple(sorted(set(table.items("volume", _folder) or ()))),
        healthcheck=_read_check(table),
        stopsignal=table.read("stopsignal", _signal),
        copy=_read_copies(table),
        layers=table.read("layers", integer(1, MOST_LAYERS)),
        bytecode=table.read("bytecode", boolean) or False,
        max_wheel_size=table.read("max-wheel-size", _size),
        debian_mirror=table.read("debian-mirror", _mirror),
        debian_security_mirror=table.read("debian-security-mirror", _mirror),
        debian_keyring=table.read("debian-keyring", text),
        apt_sources=table.items("apt-sources", _apt_source) or (),
    )
    table.finish()
    problems.check("pyproject.toml")
    return config


def expand_env(own: Mapping[str, str], base: Mapping[str, str]) -> dict[str, str]:
    """Return ``own`` with each ``${NAME}`` replaced by what the base's environment holds.

    To mean the three characters themselves, double the dollar: ``$${NAME}`` gives ``${NAME}``.
    A dollar without a brace is left alone.

    >>> expand_env({"PATH": "/x:${PATH}", "PRICE": "$${A} $5"}, {"PATH": "/bin"})
    {'PATH': '/x:/bin', 'PRICE': '${A} $5'}
    """
    problems: list[str] = []

    def replace(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        name = match[1]
        if name is not None and name in base:
            return base[name]
        problems.append(f"  tool.lamina.env.{key}: {_why(name)}")
        return match[0]

    expanded = {}
    for key, value in sorted(own.items()):
        expanded[key] = _VARIABLE.sub(replace, value)
    if problems:
        raise UnknownVariable(
            "\n".join(["Unable to expand `env` of `pyproject.toml`", *problems]),
            hint="To write a dollar and a brace as they are, double the dollar: `$${NAME}`",
        )
    return expanded


def _why(name: str | None) -> str:
    if name is None:
        return "`${` has no closing brace"
    return f"the base image sets no variable `{name}`"


def _read_names(table: Table, key: str) -> Names:
    if isinstance(table.value(key), str):
        return table.read(key, _all) or Names()
    return Names(tuple(sorted(set(table.items(key, _name) or ()))))


def _read_default(table: Table, key: str) -> bool:
    """Return what is so unless somebody says `false`."""
    return table.read(key, boolean) is not False


def _read_env(table: Table) -> dict[str, str]:
    env = table.mapping("env", _env_value)
    for name in env:
        if not name or "=" in name or "\0" in name:
            table.problems.add(table.table("env").at(name), "is no name of a variable")
    return env


def _read_check(table: Table) -> Healthcheck | None:
    if table.value("healthcheck") is None:
        return None
    return read_healthcheck(table.table("healthcheck"))


def _read_copies(table: Table) -> tuple[Copy, ...] | None:
    entries = table.tables("copy")
    if entries is None:
        return None
    copies = []
    for entry in entries:
        source = entry.required("from", _source)
        to = entry.required("to", text)
        mode = entry.read("mode", _mode)
        owner = entry.read("owner", _owner) or (0, 0)
        entry.finish()
        if source is not None and to is not None:
            copies.append(Copy(source, to, mode, owner))
    return tuple(copies)


def _env_value(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
        return str(value)
    if not isinstance(value, str):
        raise Refused(f"expected a string or an integer, got {kind(value)}")
    return string(value)


def _all(value: object) -> Names:
    if string(value) != "all":
        raise Refused('expected an array of names, or "all"')
    return Names(all=True)


def _name(value: object) -> str:
    try:
        return canonicalize_name(string(value), validate=True)
    except InvalidName:
        raise Refused("is no valid name") from None


def _python(value: object) -> str:
    if not _PYTHON.fullmatch(found := string(value)):
        raise Refused("expected a Python version such as `3.12` or `3.13t`")
    return found


def _wish(value: object) -> Wish:
    try:
        return Wish.parse(string(value))
    except MalformedWish as error:
        raise Refused(str(error)) from None


def _platforms(value: object) -> tuple[Platform, ...]:
    values = value if isinstance(value, list) else [value]
    try:
        return tuple(dict.fromkeys(Platform.parse(string(each)) for each in values))
    except InvalidPlatform:
        raise Refused("expected `os/architecture`, such as `linux/amd64`") from None


def _absolute(value: object) -> str:
    found = string(value)
    if not found.startswith("/"):
        raise Refused("expected an absolute path")
    # Two slashes at the start are one to every engine, and two to posixpath.
    return posixpath.normpath("/" + found.lstrip("/"))


def _folder(value: object) -> str:
    if (found := _absolute(value)) == "/":
        raise Refused("expected a folder below the root")
    return found


def _venv(value: object) -> str:
    found = _folder(value)
    if ":" in found or not found.isprintable():
        raise Refused("holds a character that `PATH` cannot")
    return found


def _user(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(integer(0, _MOST_IDS)(value))
    if any(character.isspace() for character in text(value)):
        raise Refused("holds a space")
    return text(value)


def _command(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return ("/bin/sh", "-c", string(value))
    if not isinstance(value, list):
        raise Refused(f"expected a string or an array of strings, got {kind(value)}")
    return tuple(string(word) for word in value)


def _port(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{integer(1, 65535)(value)}/tcp"
    match = _PORT.fullmatch(string(value))
    if match is None or not 1 <= int(match[1]) <= 65535:
        raise Refused("expected a port such as `8000` or `8000/udp`")
    return f"{int(match[1])}/{match[2] or 'tcp'}"


def _signal(value: object) -> str:
    if not _SIGNAL.fullmatch(found := string(value)):
        raise Refused("expected a signal such as `SIGTERM` or `15`")
    return found


def _size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return integer(1, _MOST_BYTES)(value)
    try:
        return parse_size(string(value))
    except InvalidSize:
        raise Refused("expected a size such as `32 GiB`") from None


def _mirror(value: object) -> str:
    if not _MIRROR.fullmatch(found := string(value)):
        raise Refused("expected an `http://` or `https://` address without a password")
    return found


def _apt_source(value: object) -> str:
    found = string(value)
    if not _APT_SOURCE.fullmatch(found):
        raise Refused(
            "expected `deb [OPTION=VALUE ...] URL SUITE COMPONENT...`, with an `http://` or "
            "`https://` address without a password"
        )
    return found


def _source(value: object) -> str:
    found = text(value)
    if found.startswith("/"):
        raise Refused("expected a path relative to the project's folder")
    if posixpath.normpath(found).split("/")[0] == "..":
        raise Refused("leaves the project's folder")
    return found


def _mode(value: object) -> int:
    if not _MODE.fullmatch(found := string(value)):
        raise Refused('expected octal digits in a string, such as "0755"')
    return int(found, 8)


def _owner(value: object) -> tuple[int, int]:
    match = _OWNER.fullmatch(string(value))
    if match is None:
        raise Refused("expected numbers such as `1000:1000`")
    uid, gid = int(match[1]), int(match[2] or match[1])
    if max(uid, gid) > _MOST_IDS:
        raise Refused(f"expected numbers up to {_MOST_IDS}")
    return uid, gid
