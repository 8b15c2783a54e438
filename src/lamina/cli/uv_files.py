"""The settings of uv, found as uv finds them: beside the project, the user's, the system's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import tomli

from lamina.errors import LaminaError
from lamina.fetch.indexes import uv_table

UV_TOML = "uv.toml"
_PYPROJECT = "pyproject.toml"
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})


class UvSettingsUnreadable(LaminaError):
    """A file of uv's settings that cannot be read."""


@dataclass(frozen=True, slots=True)
class UvTable:
    """One table of settings: `[tool.uv]`, or all of a `uv.toml`."""

    table: Mapping[str, object]
    folder: Path
    """What its paths are relative to."""


def uv_tables(environ: Mapping[str, str], home: Path, folder: Path) -> tuple[UvTable, ...]:
    """Return the tables that count, first those that count first. Raises `UvSettingsUnreadable`.

    ``UV_CONFIG_FILE`` names the only one, and ``UV_NO_CONFIG`` says that there is none. Else they
    are: the nearest at or above the project, of which a `uv.toml` wins over the `[tool.uv]` beside
    it; the user's; the system's.
    """
    if named := environ.get("UV_CONFIG_FILE"):
        path = Path(named)
        table = _read(path)
        if table is None:
            raise UvSettingsUnreadable(
                f"Unable to find the settings of uv at `{path}`",
                hint="The variable `UV_CONFIG_FILE` names this file",
            )
        return (UvTable(table, path.parent),)
    if environ.get("UV_NO_CONFIG", "").lower() in _YES:
        return ()
    user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    system = [Path(each) for each in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":") if each]
    found = [_nearest(folder.absolute()), _first([user]), _first([*system, Path("/etc")])]
    return tuple(each for each in found if each is not None)


def _nearest(folder: Path) -> UvTable | None:
    for place in (folder, *folder.parents):
        if (table := _read(place / UV_TOML)) is not None:
            return UvTable(table, place)
        with suppress(UvSettingsUnreadable):  # A project that is perhaps none of ours.
            if uv := uv_table(_read(place / _PYPROJECT) or {}):
                return UvTable(uv, place)
    return None


def _first(configurations: list[Path]) -> UvTable | None:
    for place in configurations:
        if (table := _read(place / "uv" / UV_TOML)) is not None:
            return UvTable(table, place / "uv")
    return None


def read_members(
    folder: Path, document: Mapping[str, object]
) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """Give the `pyproject.toml` of the project, and those of its workspace's members.

    A member that cannot be read has nothing to say here; whoever needs it says so.
    """
    yield folder, document
    workspace = uv_table(document).get("workspace")
    patterns = workspace.get("members") if isinstance(workspace, dict) else None
    for pattern in patterns if isinstance(patterns, list) else ():
        try:
            places = sorted(folder.glob(pattern)) if isinstance(pattern, str) else []
        except (NotImplementedError, OSError, ValueError):
            continue  # Not a pattern, or not of a path below.
        for place in places:
            try:
                member = _read(place / _PYPROJECT)
            except UvSettingsUnreadable:
                continue
            if member is not None and place != folder:
                yield place, member


def _read(path: Path) -> Mapping[str, object] | None:
    """Return a document, or None where there is none."""
    try:
        return tomli.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise UvSettingsUnreadable(f"Unable to read `{path}`: {error.strerror}") from error
    except (tomli.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        # What the parser says may quote the file, which may hold a password.
        raise UvSettingsUnreadable(
            f"Unable to parse `{path}`: it is not TOML",
            hint="uv reads its settings there; run `uv lock` to see what it says of them",
        ) from error
