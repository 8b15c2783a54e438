"""The command line that says what of a lock is installed: the options of ``uv sync``.

They are named as uv names them, mean what they mean there, and obey the same variables.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from packaging.utils import InvalidName, canonicalize_name

from lamina.cli.help import Option

WHAT, BUILT = "What is installed", "What is built from sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOptions:
    """What of which lock is installed."""

    lockfile: Path | None
    packages: tuple[str, ...]
    all_packages: bool
    extras: tuple[str, ...]
    all_extras: bool
    no_extras: tuple[str, ...]
    groups: tuple[str, ...]
    only_groups: tuple[str, ...]
    all_groups: bool
    no_groups: tuple[str, ...]
    no_default_groups: bool
    dev: bool | None
    only_dev: bool
    no_install_project: bool
    no_install_workspace: bool
    no_install_local: bool
    no_install_packages: tuple[str, ...]
    only_install_project: bool
    only_install_workspace: bool
    only_install_local: bool
    only_install_packages: tuple[str, ...]
    no_editable: bool
    locked: bool
    frozen: bool
    build: bool | None
    no_build_packages: tuple[str, ...]
    binary: bool | None
    no_binary_packages: tuple[str, ...]
    config_settings: tuple[str, ...]


_CONTRADICTIONS = (
    ("locked", "frozen"),
    ("all_packages", "packages"),
    ("all_extras", "extras"),
    *(("only_groups", other) for other in ("groups", "all_groups", "dev", "extras", "all_extras")),
    *(("only_dev", other) for other in ("groups", "all_groups")),
    *((f"no_install_{what}", f"only_install_{what}") for what in ("project", "workspace")),
    *((f"no_install_{what}", f"only_install_{what}") for what in ("local", "packages")),
)


def check_wanted(context: click.Context) -> None:
    """Refuse options that contradict each other; one on the command line beats a variable."""
    for one, other in _CONTRADICTIONS:
        if not context.params[one] or not context.params[other]:
            continue
        weak = [name for name in (one, other) if _is_of_environment(context, name)]
        if len(weak) == 1:
            context.params[weak[0]] = type(context.params[weak[0]])()
        else:
            raise click.UsageError(
                f"Only one of {_flag(context, one)} and {_flag(context, other)} can be meant"
            )
    if context.params["only_dev"] and context.params["dev"] is False:
        raise click.UsageError("Only one of --only-dev and --no-dev can be meant")


def given_wanted(context: click.Context) -> tuple[str, ...]:
    """Return the flags of these options that the command line has; variables do not count."""
    names = {each.name for each in fields(WantedOptions)}
    given = [
        each
        for each in context.command.params
        if each.name in names
        and context.get_parameter_source(each.name) is ParameterSource.COMMANDLINE
    ]
    return tuple(_said(each, context.params[str(each.name)]) for each in given)


def _said(param: click.Parameter, value: object) -> str:
    """Return which of an option's flags a value stands for."""
    return (param.secondary_opts if value is False else param.opts)[-1]


def _is_of_environment(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is ParameterSource.ENVIRONMENT


def _flag(context: click.Context, name: str) -> str:
    return next(each.opts[-1] for each in context.command.params if each.name == name)


def as_names(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    """Return names as they are compared (PEP 503); a callback of options."""
    try:
        return tuple(canonicalize_name(value, validate=True) for value in values)
    except InvalidName:
        wrong = ", ".join(value for value in values if not _is_name(value))
        raise click.BadParameter(f"expected a name, got: {wrong}", ctx, param) from None


def _is_name(value: str) -> bool:
    try:
        return bool(canonicalize_name(value, validate=True))
    except InvalidName:
        return False


def _unless(variable: str) -> Callable[[click.Context, click.Parameter, bool | None], bool | None]:
    """Let a variable that forbids something stand behind a pair of options that may allow it."""

    def callback(ctx: click.Context, param: click.Parameter, value: bool | None) -> bool | None:
        text = os.environ.get(variable)
        if value is not None or not text:
            return value
        try:
            forbids = click.BOOL.convert(text, param, ctx)
        except click.BadParameter:
            reason = f"Expected yes or no in `{variable}`, got: {text}"
            raise click.UsageError(reason, ctx) from None
        return False if forbids else None

    return callback


_Decorator = Callable[[Any], Any]


def _flag_option(name: str, text: str, variable: str | None = None) -> _Decorator:
    return click.option(
        name,
        cls=Option,
        section=WHAT,
        is_flag=True,
        envvar=variable,
        show_envvar=bool(variable),
        help=text,
    )


def _pair_option(
    names: str, text: str, variable: str, *, to: str, section: str = WHAT
) -> _Decorator:
    """Return a pair of which the last one counts, as in uv."""
    return click.option(
        names,
        to,
        cls=Option,
        section=section,
        is_flag=True,
        default=None,
        callback=_unless(variable),
        help=f"{text}  [env var: {variable}]",
    )


def _names_option(
    name: str, to: str, text: str, variable: str | None = None, *, section: str = WHAT
) -> _Decorator:
    return click.option(
        name,
        to,
        cls=Option,
        section=section,
        metavar="NAME",
        multiple=True,
        envvar=variable,
        show_envvar=bool(variable),
        callback=as_names,
        help=f"{text}; may be given again.",
    )


def _as_pairs(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[str, ...]:
    for value in values:
        if not value.partition("=")[0]:
            raise click.BadParameter(f"expected `KEY=VALUE`, got: {value}", ctx, param)
    return values


def _wanted_options(*, dev: str, no_editable: str) -> tuple[_Decorator, ...]:
    """Return the options in the order in which the help lists them, with the texts of some."""
    return (
        click.option(
            "--lockfile",
            cls=Option,
            section=WHAT,
            metavar="FILE",
            type=click.Path(path_type=Path),
            envvar="LAMINA_LOCKFILE",
            show_envvar=True,
            help="Install what this `pylock.toml` says, or another `pylock.NAME.toml`, instead of "
            "what lies in DIR.",
        ),
        _names_option("--package", "packages", "Install this member of the workspace"),
        _flag_option("--all-packages", "Install all members of the workspace."),
        _names_option("--extra", "extras", "Install an extra of the project"),
        _flag_option("--all-extras", "Install all extras."),
        _names_option("--no-extra", "no_extras", "Leave out an extra, with `--all-extras`"),
        _names_option("--group", "groups", "Install a dependency group"),
        _names_option(
            "--only-group",
            "only_groups",
            "Install a dependency group, and neither the project nor what it needs",
        ),
        _flag_option("--all-groups", "Install all dependency groups."),
        _names_option(
            "--no-group",
            "no_groups",
            "Leave out a dependency group, whatever names it",
            "UV_NO_GROUP",
        ),
        _flag_option(
            "--no-default-groups",
            "Leave out the groups that are in `default-groups` of `[tool.uv]`.",
            "UV_NO_DEFAULT_GROUPS",
        ),
        _pair_option(
            "--dev/--no-dev",
            dev,
            "UV_NO_DEV",
            to="dev",
        ),
        _flag_option("--only-dev", "Install the group `dev` alone, as with `--only-group dev`."),
        _flag_option(
            "--no-install-project",
            "Leave out the project itself, but not what it needs.",
            "UV_NO_INSTALL_PROJECT",
        ),
        _flag_option(
            "--no-install-workspace",
            "Leave out all members of the workspace, but not what they need.",
            "UV_NO_INSTALL_WORKSPACE",
        ),
        _flag_option(
            "--no-install-local",
            "Leave out whatever comes from this machine: members, folders, files.",
            "UV_NO_INSTALL_LOCAL",
        ),
        _names_option(
            "--no-install-package",
            "no_install_packages",
            "Leave out this distribution, but not what it needs",
        ),
        _flag_option("--only-install-project", "Install the project itself alone."),
        _flag_option("--only-install-workspace", "Install the members of the workspace alone."),
        _flag_option("--only-install-local", "Install what comes from this machine alone."),
        _names_option(
            "--only-install-package", "only_install_packages", "Install this distribution alone"
        ),
        _flag_option(
            "--no-editable",
            no_editable,
            "UV_NO_EDITABLE",
        ),
        _flag_option(
            "--locked",
            "Fail if `uv.lock` does not match `pyproject.toml`, as is the default.",
            "UV_LOCKED",
        ),
        _flag_option(
            "--frozen", "Do not look whether `uv.lock` matches `pyproject.toml`.", "UV_FROZEN"
        ),
        _pair_option(
            "--build/--no-build",
            "Build what has no fitting wheel, whatever `[tool.uv]` says; or refuse to, but for the "
            "members of the workspace.",
            "UV_NO_BUILD",
            to="build",
            section=BUILT,
        ),
        _names_option(
            "--no-build-package",
            "no_build_packages",
            "Refuse to build this project",
            "UV_NO_BUILD_PACKAGE",
            section=BUILT,
        ),
        _pair_option(
            "--binary/--no-binary",
            "Take wheels, whatever `[tool.uv]` says; or build everything from sources.",
            "UV_NO_BINARY",
            to="binary",
            section=BUILT,
        ),
        _names_option(
            "--no-binary-package",
            "no_binary_packages",
            "Build this project from sources",
            "UV_NO_BINARY_PACKAGE",
            section=BUILT,
        ),
        click.option(
            "-C",
            "--config-setting",
            "config_settings",
            cls=Option,
            section=BUILT,
            metavar="KEY=VALUE",
            multiple=True,
            callback=_as_pairs,
            help="Tell the build backends this (PEP 517); may be given again.",
        ),
    )


WANTED_OPTIONS = _wanted_options(
    dev="Install the dependency group `dev`, or leave it out, as is the default in an image.",
    no_editable="Install nothing as editable: an image never has it otherwise.",
)
"""Of what goes into an image."""

PROJECT_OPTIONS = WANTED_OPTIONS[:2]
"""Those that say which project is meant, by its lockfile or its name."""

ON_DISK = _wanted_options(
    dev="Install the dependency group `dev`, as is the default, or leave it out.",
    no_editable="Install the project and the members of the workspace as copies, and not in place.",
)
"""Of what goes into an environment on the disk."""
