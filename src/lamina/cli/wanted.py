"""What the command line asks of a lock, as the values that choose from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from lamina.cli.documents import PYPROJECT
from lamina.cli.project import ProjectFolder
from lamina.cli.uv_files import UV_TOML, uv_tables
from lamina.cli.wanting import WantedOptions
from lamina.lock.model import Lock
from lamina.lock.select import Policy
from lamina.lock.wanted import DEV, Extras, Groups, Install
from lamina.project.building import Building, merged, parse_building
from lamina.project.config import Config
from lamina.project.uv import BuildRules, Refusal, parse_rules, refused

_Options = TypeVar("_Options", bound=WantedOptions)


def as_configured(options: _Options, config: Config) -> _Options:
    """Return the options with what `[tool.lamina]` says wherever they say nothing themselves.

    Names on the command line stand instead of those of the file; what it leaves out is left out of
    either. Where a group alone is asked for, the file's names are none of its business.
    """
    changes: dict[str, Any] = {}
    is_partial = bool(options.only_groups) or options.only_dev
    if not (options.extras or options.all_extras or is_partial):
        changes |= {"extras": config.extras.named, "all_extras": config.extras.all}
    if not (options.groups or options.all_groups or is_partial):
        changes |= {"groups": config.groups.named, "all_groups": config.groups.all}
    if not config.default_groups:
        changes["no_default_groups"] = True
    if not config.install_project and not options.only_install_project:
        changes["no_install_project"] = True
    return replace(options, **changes)


def extras_of(options: WantedOptions) -> Extras:
    """Return which extras are asked for."""
    return Extras(
        named=frozenset(options.extras),
        all=options.all_extras,
        without=frozenset(options.no_extras),
    )


def groups_of(
    options: WantedOptions, defaults: frozenset[str] | None, *, is_dev_default: bool
) -> Groups:
    """Return which groups are asked for, of a project with such default groups.

    ``is_dev_default`` says that `dev` is taken where the defaults have it: an image leaves it out.
    """
    return Groups(
        named=frozenset(options.groups),
        only=frozenset(options.only_groups),
        all=options.all_groups,
        without=frozenset(options.no_groups),
        dev=options.dev,
        only_dev=options.only_dev,
        defaults=frozenset() if options.no_default_groups else defaults,
        not_by_default=frozenset() if is_dev_default else frozenset({DEV}),
    )


def install_of(options: WantedOptions) -> Install:
    """Return which of the distributions that are taken are installed."""
    return Install(
        no_project=options.no_install_project,
        no_workspace=options.no_install_workspace,
        no_local=options.no_install_local,
        no_packages=frozenset(options.no_install_packages),
        only_project=options.only_install_project,
        only_workspace=options.only_install_workspace,
        only_local=options.only_install_local,
        only_packages=frozenset(options.only_install_packages),
    )


def policy_of(options: WantedOptions, configured: Sequence[BuildRules]) -> Policy:
    """Return whether wheels are taken and built: as asked here, else as uv's settings say.

    Projects that are named in several places are joined; to allow all, here, undoes that.
    """
    build = Refusal(_opposite(options.build), frozenset(options.no_build_packages))
    binary = Refusal(_opposite(options.binary), frozenset(options.no_binary_packages))
    return Policy(
        no_build=refused([build, *(rules.no_build for rules in configured)]),
        no_binary=refused([binary, *(rules.no_binary for rules in configured)]),
    )


def build_rules(
    environ: Mapping[str, str], home: Path, project: ProjectFolder
) -> tuple[BuildRules, ...]:
    """Return what the tables of uv's settings say, first those that count first."""
    return tuple(
        parse_rules(table, name, place=place)
        for table, name, place in _tables(environ, home, project)
    )


def building_of(
    options: WantedOptions,
    lock: Lock,
    environ: Mapping[str, str],
    home: Path,
    project: ProjectFolder,
) -> Building:
    """Return how wheels are built, as command line, lock and uv's settings say it together."""
    found = [
        parse_building(table, name, place=place)
        for table, name, place in _tables(environ, home, project)
    ]
    constraints = [str(each) for each in lock.manifest.build_constraints]
    return merged(found, constraints, options.config_settings)


def _tables(
    environ: Mapping[str, str], home: Path, project: ProjectFolder
) -> Iterator[tuple[Mapping[str, object], str, str]]:
    """Give the tables of uv's settings, each with the name of its file and its place there."""
    for each in uv_tables(environ, home, project.root):
        path = each.folder / UV_TOML
        if path.is_file():
            yield each.table, str(path), ""
        else:
            yield each.table, str(each.folder / PYPROJECT), "tool.uv"


def _opposite(is_allowed: bool | None) -> bool | None:
    return None if is_allowed is None else not is_allowed
