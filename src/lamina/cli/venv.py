"""``lamina venv``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from lamina.cli.help import Command, Option

WHERE, WHAT, OUTPUT = "What is there already", "What is made", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class VenvOptions:
    """The command line of `lamina venv`."""

    path: Path | None
    clear: bool
    force: bool
    allow_existing: bool
    python: str | None
    managed_python: bool
    no_managed_python: bool
    no_project: bool
    prompt: str | None
    seed: bool
    offline: bool
    system_site_packages: bool
    relocatable: bool
    verbose: bool
    quiet: bool


_F = TypeVar("_F", bound=Callable[..., Any])


def _flag(
    *names: str,
    section: str,
    text: str,
    variable: str | None = None,
) -> Callable[[_F], _F]:
    return click.option(
        *names,
        cls=Option,
        section=section,
        is_flag=True,
        envvar=variable,
        show_envvar=bool(variable),
        help=text,
    )


@click.command("venv", cls=Command)
@click.argument("path", metavar="[PATH]", required=False, type=click.Path(path_type=Path))
@click.option(
    "-p",
    "--python",
    cls=Option,
    section=WHAT,
    metavar="PYTHON",
    envvar="UV_PYTHON",
    show_envvar=True,
    help="Make it for this Python: a version such as `3.12` or `>=3.11,<3.13`, the name of a "
    "program, or the path of an interpreter or of its folder.",
)
@_flag(
    "--managed-python",
    section=WHAT,
    text="Take only a Python that uv installed.",
    variable="UV_MANAGED_PYTHON",
)
@_flag(
    "--no-managed-python",
    section=WHAT,
    text="Take none that uv installed.",
    variable="UV_NO_MANAGED_PYTHON",
)
@_flag(
    "--no-project",
    section=WHAT,
    text="Do not heed the project that the working directory is in.",
    variable="UV_NO_PROJECT",
)
@click.option(
    "--prompt",
    cls=Option,
    section=WHAT,
    metavar="TEXT",
    help="Let the shell show this, instead of the name of PATH; `.` is that of the working "
    "directory.",
)
@_flag(
    "--system-site-packages",
    section=WHAT,
    text="Let what is installed for the Python itself be imported, too.",
)
@_flag(
    "--relocatable",
    section=WHAT,
    text="Let the environment be moved: its scripts find their Python beside them.",
    variable="UV_VENV_RELOCATABLE",
)
@_flag(
    "--seed",
    section=WHAT,
    text="Install pip; for a Python before 3.12, setuptools and wheel, too.",
    variable="UV_VENV_SEED",
)
@_flag(
    "--offline",
    section=WHAT,
    text="Seed with what Python brings along, and not from a package index.",
    variable="UV_OFFLINE",
)
@_flag(
    "-c",
    "--clear",
    section=WHERE,
    text="Replace the environment that is there.",
    variable="UV_VENV_CLEAR",
)
@_flag(
    "--force",
    section=WHERE,
    text="With `--clear`, delete a folder that is no environment, too.",
)
@_flag(
    "--allow-existing",
    section=WHERE,
    text="Keep what is there, and write over the files of the environment itself.",
)
@_flag("-v", "--verbose", section=OUTPUT, text="Say why it is this Python, too.")
@_flag("-q", "--quiet", section=OUTPUT, text="Say nothing but errors.")
@click.pass_context
def command(context: click.Context, /, **_: Any) -> int:  # noqa: ANN401
    """Make a virtual environment at PATH.

    Without PATH, that is `.venv`; at the root of a project, the folder that
    `UV_PROJECT_ENVIRONMENT` names. The Python is the one that is asked for, or that a
    `.python-version` names, or that `requires-python` admits, or the first that is found.
    """
    if context.params["verbose"] and context.params["quiet"]:
        raise click.UsageError("Only one of --verbose and --quiet can be meant")
    if context.params["managed_python"] and context.params["no_managed_python"]:
        raise click.UsageError("Only one of --managed-python and --no-managed-python can be meant")
    from lamina.cli.making_venv import run

    return run(VenvOptions(**context.params))
