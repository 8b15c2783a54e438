"""Projects whose wheels lie in a folder beside them: locked and built with no network."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from builders import STORED, Item, write_wheel
from integration.uv_oracle import lock_project
from lamina.plan.layering import ALONE_FROM

_PYPROJECT = """\
[project]
name = "local"
version = "1.0"
requires-python = ">=3.11"
dependencies = [{dependencies}]

[tool.uv]
find-links = ["wheels"]
no-index = true

{rest}
"""


@dataclass(frozen=True)
class LocalWheel:
    """One wheel of such a project."""

    name: str
    items: Sequence[Item] = ()


def noise(name: str, size: int = ALONE_FROM) -> Item:
    """Return a file that nothing makes smaller, the same for the same name."""
    return Item(f"{name}/noise.bin", random.Random(name).randbytes(size), method=STORED)


def module(name: str, text: str = "") -> Item:
    """Return the only file of a package."""
    return Item(f"{name}/__init__.py", text.encode())


def write_project(
    folder: Path, wheels: Iterable[LocalWheel], rest: str = "", files: Iterable[str] = ()
) -> Path:
    """Write a project, its wheels and what else is named, and let uv lock it."""
    (folder / "wheels").mkdir(parents=True)
    names = []
    for wheel in wheels:
        write_wheel(folder / "wheels", *(wheel.items or [module(wheel.name)]), name=wheel.name)
        names.append(f'"{wheel.name}"')
    text = _PYPROJECT.format(dependencies=", ".join(names), rest=rest)
    (folder / "pyproject.toml").write_text(text)
    for path in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(f"content of {path}\n")
    lock_project(folder)
    return folder
