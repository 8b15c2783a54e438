"""Lists (PEP 751): what `uv export` writes of a scenario's lock, and lists written by hand."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from integration.lamina_program import Lamina
from integration.oracle import extras, forks, groups, settings, sources, workspaces
from integration.oracle.bench import Locked
from integration.oracle.scenario import Place, Run, Scenario, asked
from tiny import dist, write_files

_BY_NAME = {
    each.name: each
    for each in (
        *(*forks.SCENARIOS, *extras.SCENARIOS, *groups.SCENARIOS),
        *(*sources.SCENARIOS, *sources.TO_BUILD, *sources.PROJECTS),
        *(*settings.SCENARIOS, *workspaces.SCENARIOS),
    )
}

EXPORTED: Mapping[str, tuple[str, ...]] = {
    "marker-forks": ("",),
    "many-wheels": ("",),
    "extras-with-markers": ("", "--all-extras"),
    "self-extras": ("--extra all",),
    "groups": ("--all-groups", "--only-group docs"),
    "flat-folders": ("",),
    "address-of-a-wheel": ("",),
    "local-wheels": ("",),
    "sdists-of-the-index": ("",),
    "address-of-an-sdist": ("",),
    "local-sdists": ("",),
    "trees": ("--no-editable",),
    "repositories": ("",),
    "folders-of-repositories": ("",),
    "a-project-with-scripts": ("--no-editable", "--no-emit-project"),
    "a-workspace": ("--no-editable", "--no-editable --package web"),
    "overrides": ("",),
}
"""Scenarios, and the flags of ``uv export`` for each list that is written of its lock."""


def exported() -> dict[str, Scenario]:
    """Return the scenarios to write lists of, by name; each under a name of its own."""
    return {name: _BY_NAME[name] for name in EXPORTED}


@dataclass
class Listed(Locked):
    """A list, ready to be asked: both sides install from it alone."""

    lockfile: str = "pylock.toml"

    def theirs(self, run: Run, *more: str) -> subprocess.CompletedProcess[str]:
        """See `Locked.theirs`; uv installs a list into an environment that is there."""
        python, _ = self.bench.base(self.scenario.python)
        if not self.prefix.exists():
            made = self.bench.uv(self.folder, python, "venv", str(self.prefix))
            assert made.returncode == 0, made.stderr
        target = ("--preview-features", "pylock", "--python", str(self.prefix / "bin" / "python"))
        flags = run.theirs.split() if run.theirs is not None else run.ours
        arguments = ("pip", "sync", *target, *flags, *more, self.lockfile)
        return self.bench.uv(self.folder, python, *arguments, env=run.env)

    def command(self, run: Run, layout: Path) -> tuple[Lamina, list[str]]:
        """See `Locked.command`."""
        lamina, arguments = super().command(run, layout)
        return lamina, [*arguments, "--lockfile", str(self.folder / self.lockfile)]


def export(locked: Locked, number: int, flags: str) -> Listed:
    """Let uv write a list of a lock."""
    name = f"pylock.number{number}.toml"
    python, _ = locked.bench.base(locked.scenario.python)
    arguments = ["export", "--frozen", "--no-dev", "--format", "pylock.toml", "-o", name]
    if "group" in flags:
        arguments.remove("--no-dev")
    done = locked.bench.uv(locked.folder, python, *arguments, *flags.split())
    assert done.returncode == 0, done.stderr
    return Listed(locked.bench, locked.scenario, locked.folder, name)


def _by_hand(place: Place) -> Mapping[str, str]:
    """Write a list with extras and groups of its own, which `uv export` does not write."""
    packages = "".join(
        f'[[packages]]\nname = "{name}"\nversion = "1.0"\nmarker = "{marker}"\n'
        f'wheels = [{{ url = "{place.files}/{name}-1.0-py3-none-any.whl",'
        f" hashes = {{ sha256 = '@SHA_{name}@' }} }}]\n"
        for name, marker in (
            ("a", "python_version >= '3.11'"),
            ("b", "'x' in extras"),
            ("c", "'docs' in dependency_groups"),
            ("d", "'x' in extras and 'y' in extras or 'docs' in dependency_groups"),
            ("e", "sys_platform == 'win32'"),
            ("f", "'test' in dependency_groups and 'x' not in extras"),
        )
    )
    for each in BY_HAND.index:
        packages = packages.replace(f"@SHA_{each.name}@", each.sha256())
    write_files(place.folder, {"pylock.toml": _HEAD + packages})
    return {}


_HEAD = """lock-version = "1.0"
created-by = "a test"
requires-python = ">=3.11"
environments = ["sys_platform == 'linux'", "sys_platform == 'win32'"]
extras = ["x", "y"]
dependency-groups = ["docs", "test"]
default-groups = ["test"]
"""

BY_HAND = Scenario(
    "a-list-by-hand",
    '[project]\nname = "app"\nversion = "1.0"\nrequires-python = ">=3.11"\n',
    [dist(f"{name} 1.0") for name in "abcdef"],
    prepare=_by_hand,
    runs=asked("", "--extra x", "--all-extras", "--group docs", "--group docs --extra x"),
)
