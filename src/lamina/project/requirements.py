"""The wheels that a build backend needs: found by pip once, and remembered."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from lamina.errors import LaminaError
from lamina.pins.releases import PinnedRelease
from lamina.project.pinned import check_pinned, exactly, hashed, is_pinned
from lamina.project.program import ProgramFailed, Programs, without_credentials
from lamina.pythons.interpreter import Interpreter

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FORMAT = 2
_REPORT = "report.json"
_FOUND = re.compile(r"(\(from versions: )[^()\n]*((?:, [^ ,()\n]+){3}\))")
"""pip names each version that there is, of which there may be hundreds; the last are the newest."""
_IS_REFUSED = re.compile(r"40[13] (Client )?Error|HTTP error 40[13]")
"""What pip says of an index that wants credentials, or other ones."""
_NOT_LET_IN = (
    "An index did not let pip in; to give it credentials, set `UV_INDEX_<NAME>_USERNAME` and "
    "`UV_INDEX_<NAME>_PASSWORD`, with the name of the index"
)
_GONE = (
    "If an index has no longer what is pinned, or something else needs another version, run "
    "`lamina lock --upgrade`"
)
_NOT_FOUND = "Only wheels are taken; check `build-system.requires` and the package index"


class UnmetBuildRequirements(LaminaError):
    """What the build backend needs was not found, or not as wheels that can be checked."""


class BuildNeedsNetwork(LaminaError):
    """What the build backend needs is not known yet, and the network may not be used."""


@dataclass(frozen=True, slots=True)
class BuildWheel:
    """A wheel that a build backend needs, pinned."""

    name: str
    version: str
    url: str
    """Never with credentials."""
    sha256: str
    filename: str


class BuildStore(Protocol):
    """Where what was found and fetched for building is kept."""

    def find_resolution(self, key: str) -> Mapping[str, object] | None:
        """Return the document that was kept under ``key``, or None."""
        ...

    def keep_resolution(self, key: str, document: Mapping[str, object]) -> None:
        """Keep a JSON document under ``key``, in place of an older one."""
        ...

    def wheel(self, url: str, sha256: str, filename: str) -> Path:
        """Return a file with that hash, whatever its name; fetch ``url`` if it is not kept yet.

        The address has no credentials in it; who fetches knows those of its index.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageIndexes:
    """Where pip looks; beside it, what pip's own configuration says holds."""

    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment that pip runs in: ``PATH``, ``HOME``, ``PIP_*``, proxies."""
    index_url: str | None = field(default=None, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    address: Callable[[str], str] = field(default=str, repr=False)
    """Gives the URL of an index with its credentials: when pip is run, since they may be slow."""
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pip:
    """Finds wheels for an interpreter, and runs nothing of what it finds."""

    pip: Interpreter
    """The one that has a pip for all that it still supports."""
    interpreter: Interpreter
    indexes: PackageIndexes
    programs: Programs
    scratch: Path

    def report(self, wanted: list[str], bounds: list[str], *more: str) -> bytes:
        """Return the report of what meets ``wanted``, as `read_report` takes it."""
        command = pip_command(self.pip, self.interpreter)
        command += [*_resolution(wanted, bounds, self.scratch), *more]
        try:
            self.programs.run(
                command,
                cwd=self.scratch,
                environ=pip_environ(self.indexes),
                log=self.scratch / "pip.log",
            )
        except ProgramFailed as failure:
            raise UnmetBuildRequirements(
                f"Unable to find what the build backend needs: {_named(wanted)}\n"
                f"  pip: {failure.reason}\n{short(failure.output)}".rstrip(),
                hint=_NOT_LET_IN if _IS_REFUSED.search(failure.output) else _NOT_FOUND,
            ) from failure
        return (self.scratch / _REPORT).read_bytes()


def pin(
    requires: Iterable[str],
    constraints: Iterable[str] = (),
    *,
    pip: Interpreter,
    interpreter: Interpreter,
    indexes: PackageIndexes,
    programs: Programs,
    store: BuildStore,
    scratch: Path,
    pins: Sequence[PinnedRelease] | None = None,
) -> tuple[BuildWheel, ...]:
    """Return the wheels that meet ``requires``, as they were found the first time.

    They are for ``interpreter``; ``pip`` is the one that has a pip for all that it still supports.
    With ``pins`` they are of these releases alone, and of their files. Raises `NotPinned`.
    """
    wanted, bounds = sorted(set(requires)), sorted({*constraints, *exactly(pins or ())})
    if not wanted:
        return ()
    key = _key(wanted, bounds, interpreter, indexes, pins)
    kept = store.find_resolution(key)
    if kept is not None and (wheels := _parse(kept)) is not None:
        return wheels
    if indexes.offline:
        raise BuildNeedsNetwork(
            f"Unable to find what the build backend needs while offline: {_named(wanted)}",
            hint="To keep it for later, build once with the network",
        )
    search = Pip(
        pip=pip, interpreter=interpreter, indexes=indexes, programs=programs, scratch=scratch
    )
    wheels = _find(search, wanted, bounds, pins)
    document = {"format": _FORMAT, "wheels": [asdict(wheel) for wheel in wheels]}
    store.keep_resolution(key, document)
    return wheels


def _find(
    search: Pip, wanted: list[str], bounds: list[str], pins: Sequence[PinnedRelease] | None
) -> tuple[BuildWheel, ...]:
    if pins is None:
        return read_report(search.report(wanted, bounds))
    try:
        wheels = read_report(search.report(wanted, bounds))
    except UnmetBuildRequirements as error:
        error.hint = _GONE
        raise
    files = [(each.name, each.version, each.filename, each.sha256) for each in wheels]
    if is_pinned(files, pins):
        return wheels
    # The releases may be, but an index has a better file of one by now, as for a new platform.
    lines = hashed(files, pins)
    try:
        return read_report(search.report(lines, [], "--no-deps", "--require-hashes"))
    except UnmetBuildRequirements:
        check_pinned(files, pins)
        raise


def _key(
    wanted: list[str],
    bounds: list[str],
    interpreter: Interpreter,
    indexes: PackageIndexes,
    pins: Sequence[PinnedRelease] | None,
) -> str:
    named = [url for url in (indexes.index_url, *indexes.extra_index_urls) if url]
    facts: dict[str, object] = {
        "format": _FORMAT,
        "requires": wanted,
        "constraints": bounds,
        "python": interpreter.version,
        "platform": interpreter.platform,
        "indexes": [without_credentials(url) for url in named],
    }
    if pins is not None:
        facts["pins"] = [asdict(each) for each in pins]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


_BUNDLED = """
import ensurepip, pathlib, runpy, sys
kept = sorted(pathlib.Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl"))
sys.path[:0] = map(str, kept[-1:])
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def pip_command(pip: Interpreter, interpreter: Interpreter) -> list[str]:
    """Return the command of a pip that finds what is for ``interpreter``.

    One pip finds for other interpreters too, as long as it runs with them. Older ones have their
    own, which came with them.
    """
    if interpreter == pip:
        return [pip.executable, "-P", "-m", "pip"]
    from importlib.metadata import metadata  # Here, since it takes a while to load.

    supported = SpecifierSet(metadata("pip")["Requires-Python"])
    if supported.contains(interpreter.version, prereleases=True):
        return [pip.executable, "-P", "-m", "pip", "--python", interpreter.executable]
    return [interpreter.executable, "-I", "-c", _BUNDLED]


def _resolution(wanted: list[str], bounds: list[str], scratch: Path) -> list[str]:
    # Requirements go by a file: one that begins with a dash is no option of pip's.
    listed = _listed(wanted, scratch / "requirements.txt")
    command = ["install", "--dry-run", "--ignore-installed", "--only-binary=:all:", "--no-input"]
    command += ["--no-user", "--disable-pip-version-check", "-r", str(listed)]
    if bounds:
        command += ["-c", str(_listed(bounds, scratch / "constraints.txt"))]
    return [*command, "--report", str(scratch / _REPORT)]


def _listed(requirements: list[str], path: Path) -> Path:
    path.write_text("".join(f"{requirement}\n" for requirement in requirements), encoding="utf-8")
    return path


def short(output: str) -> str:
    """Return what pip says, of the versions that it found only the last ones.

    >>> short("no match (from versions: 0.1, 0.2, 0.3, 0.4, 0.5)")
    'no match (from versions: ..., 0.3, 0.4, 0.5)'
    """
    return _FOUND.sub(r"\1...\2", output)


def _named(wanted: list[str]) -> str:
    return without_credentials(", ".join(wanted))


def pip_environ(indexes: PackageIndexes) -> dict[str, str]:
    """Return pip's environment; addresses go here, where no list of processes shows them."""
    environ = dict(indexes.environ)
    if indexes.index_url:
        environ["PIP_INDEX_URL"] = indexes.address(indexes.index_url)
    if indexes.extra_index_urls:
        own = environ.get("PIP_EXTRA_INDEX_URL", "").split()
        extra = map(indexes.address, indexes.extra_index_urls)
        environ["PIP_EXTRA_INDEX_URL"] = " ".join([*own, *extra])
    return environ


def read_report(data: bytes) -> tuple[BuildWheel, ...]:
    """Read pip's installation report (version 1 of its format)."""
    try:
        wheels = [_reported(item) for item in json.loads(data)["install"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnmetBuildRequirements(
            "Unable to read the report of pip: it has an unexpected form"
        ) from error
    problems = [
        f"  {wheel.name} {wheel.version}: no wheel with a SHA-256"
        for wheel in wheels
        if not _is_checkable(wheel)
    ]
    if problems:
        raise UnmetBuildRequirements(
            "\n".join(["Unable to pin what the build backend needs", *sorted(problems)])
        )
    return tuple(sorted(wheels, key=lambda wheel: wheel.filename))


def _reported(item: dict[str, Any]) -> BuildWheel:
    name, version = item["metadata"]["name"], item["metadata"]["version"]
    download = item["download_info"]
    hashes = download.get("archive_info", {}).get("hashes", {})
    url = without_credentials(download["url"]).replace("****@", "")
    filename = posixpath.basename(unquote(urlsplit(url).path))
    return BuildWheel(name, version, url, hashes.get("sha256", ""), filename)


def _parse(document: Mapping[str, object]) -> tuple[BuildWheel, ...] | None:
    """Read a kept document; None for one that another release wrote, or that is damaged."""
    if document.get("format") != _FORMAT or not isinstance(rows := document.get("wheels"), list):
        return None
    try:
        wheels = tuple(BuildWheel(**row) for row in rows)
    except TypeError:
        return None
    return wheels if all(map(_is_checkable, wheels)) else None


def _is_checkable(wheel: BuildWheel) -> bool:
    if not all(isinstance(value, str) for value in asdict(wheel).values()):
        return False
    try:
        parse_wheel_filename(wheel.filename)
    except InvalidWheelFilename:
        return False
    return _SHA256.fullmatch(wheel.sha256) is not None
