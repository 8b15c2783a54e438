"""What a scenario is: a small project, and what is asked of its lock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tiny import Dist

HEAD = '[project]\nname = "app"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
"""Of a project whose dependencies follow; without a build system, so nothing of it is installed."""

_SAYS_OF_DEV = ("--dev", "--no-dev", "--only-", "--group dev", "--all-groups")


@dataclass(frozen=True)
class Run:
    """One way to ask: flags of ours, which mean the same to uv."""

    flags: str = ""
    refused: str = ""
    """What our error says where uv refuses as well; empty where both install."""
    env: Mapping[str, str] = field(default_factory=dict)
    """For both."""
    theirs: str | None = None
    """uv's flags, where they are others."""

    def __str__(self) -> str:
        return " ".join([*(f"{key}={value}" for key, value in self.env.items()), self.flags])

    @property
    def ours(self) -> list[str]:
        return self.flags.split()

    @property
    def of_uv(self) -> list[str]:
        """The flags of uv: what a build leaves out by default must be said."""
        if self.theirs is not None:
            return self.theirs.split()
        dev = [] if any(each in self.flags for each in _SAYS_OF_DEV) else ["--no-dev"]
        return [*self.ours, *dev]


@dataclass(frozen=True)
class Place:
    """Where a scenario is made, for what must be made there by hand."""

    folder: Path
    """Of the project."""
    beside: Path
    """A folder for what lies outside of the project."""
    index: str
    files: str
    """The address of the index's files."""
    serve: Callable[[str, bytes], str]
    """Serve bytes under a name, and return their address."""


@dataclass(frozen=True)
class Scenario:
    """A project, the index that it is locked from, and what is asked.

    In texts ``@INDEX@`` is the address of the index, ``@FILES@`` that of its files, ``@BESIDE@``
    a folder beside the project, and whatever `prepare` returns stands for its name in the same way.
    """

    name: str
    pyproject: str
    index: Sequence[Dist] = ()
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    """More files of the project, by path."""
    runs: Sequence[Run] = (Run(),)
    python: str = "3.11"
    prepare: Callable[[Place], Mapping[str, str]] | None = None
    later: str = ""
    """What is added to `pyproject.toml` after it was locked."""
    rewrite: Callable[[str], str] | None = None
    """Of the lock's text, before anything is asked."""
    has_index_table: bool = True
    """Whether the index is to be added to `[tool.uv]`; else the text says where things are."""

    def __str__(self) -> str:
        return self.name


def asked(*flags: str) -> tuple[Run, ...]:
    """Return a run for each text of flags; "" is the run without any."""
    return tuple(Run(each) for each in flags)
