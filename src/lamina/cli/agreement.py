"""Whether lock and project agree, with all that is beside them in view."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lamina.lock.declared import table
from lamina.lock.freshness import check
from lamina.lock.model import Lock
from lamina.lock.settings import OPTIONS
from lamina.project.workspace import read_trees

_VARIABLES = {
    "UV_RESOLUTION": "resolution",
    "UV_PRERELEASE": "prerelease",
    "UV_FORK_STRATEGY": "fork-strategy",
    "UV_EXCLUDE_NEWER": "exclude-newer",
}


def check_agreement(
    lock: Lock, root: Path, document: Mapping[str, Any], environ: Mapping[str, str]
) -> None:
    """Raise `LockOutdated` unless the lock is of what the workspace declares."""
    trees = read_trees(root, document, lock)
    check(lock, document, trees=trees, elsewhere=_elsewhere(root, document, environ))


def _elsewhere(
    root: Path, document: Mapping[str, Any], environ: Mapping[str, str]
) -> frozenset[str]:
    """Return the options of uv that `pyproject.toml` does not decide on this machine."""
    # A `uv.toml` takes the place of the whole table; one of the user, that of what it lacks.
    if (root / "uv.toml").is_file() or environ.get("UV_CONFIG_FILE"):
        return OPTIONS
    found = {name for variable, name in _VARIABLES.items() if environ.get(variable)}
    home = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
    if any(Path(each).is_file() for each in (f"{home}/uv/uv.toml", "/etc/uv/uv.toml")):
        found |= OPTIONS - table(document, "tool", "uv").keys()
    return frozenset(found)
