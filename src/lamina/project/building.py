"""How the wheels of an image are built, as `[tool.uv]` says it for each project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from packaging.utils import canonicalize_name

from lamina.errors import LaminaError
from lamina.pins.releases import PinnedRelease
from lamina.project.workbench import BackendSettings
from lamina.tables import Problems, Refused, Table, kind, string, text

ConfigValue = str | Sequence[str]
_T = TypeVar("_T")


class BuiltTogether(LaminaError):
    """Projects that can only be built beside what they need at run time."""


@dataclass(frozen=True, slots=True)
class ExtraRequirement:
    """One entry of `extra-build-dependencies`."""

    requirement: str
    matches_runtime: bool = False
    """Whether it is needed at the very version that is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """The settings of all builds; those of one project are `settings`."""

    constraints: tuple[str, ...] = ()
    config: Mapping[str, ConfigValue] = field(default_factory=dict)
    config_of: Mapping[str, Mapping[str, ConfigValue]] = field(default_factory=dict)
    extra_requires: Mapping[str, tuple[ExtraRequirement, ...]] = field(default_factory=dict)
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unisolated: frozenset[str] | None = frozenset()
    """Projects that uv builds in the environment itself; None stands for all."""
    pins: Mapping[str, tuple[PinnedRelease, ...]] = field(default_factory=dict)
    """All that the backends of some projects may get, by the name of the project."""

    def settings(self, name: str, versions: Mapping[str, str] | None = None) -> BackendSettings:
        """Return what the backend of a project is told.

        ``versions`` are those that are installed, by name. Raises `BuiltTogether`.
        """
        if self.unisolated is None or name in self.unisolated:
            raise BuiltTogether(
                f"Unable to build `{name}` without isolation: there is no environment to build in",
                hint="In `[tool.uv]`, name what its backend needs in `extra-build-dependencies`, "
                "and take it out of `no-build-isolation`",
            )
        return BackendSettings(
            variables=self.variables.get(name, {}),
            config={**self.config, **self.config_of.get(name, {})},
            requires=tuple(
                _required(extra, versions or {}) for extra in self.extra_requires.get(name, ())
            ),
            constraints=self.constraints,
            pins=self.pins.get(name),
        )


def parse_building(table: Mapping[str, object], name: str, *, place: str = "") -> Building:
    """Read `[tool.uv]`, or all of a `uv.toml`; every problem is told at once.

    ``name`` is what errors call the file, and ``place`` where in it the table is.
    """
    problems = Problems()
    uv = Table(place, table, problems)
    building = Building(
        config=uv.mapping("config-settings", _config),
        config_of=_by_name(uv.mapping("config-settings-package", _configs)),
        extra_requires=_by_name(uv.mapping("extra-build-dependencies", _extras)),
        variables=_by_name(uv.mapping("extra-build-variables", _variables)),
        unisolated=_unisolated(uv),
    )
    problems.check(name)
    return building


def merged(
    found: Iterable[Building], constraints: Sequence[str] = (), config: Sequence[str] = ()
) -> Building:
    """Return what several files say together; of each setting, the first file that has it counts.

    ``constraints`` are those of the lock; ``config`` the command line's ``KEY=VALUE``, which win.
    """
    whole = Building(constraints=tuple(constraints))
    for each in found:
        whole = replace(
            whole,
            config=whole.config or each.config,
            config_of=whole.config_of or each.config_of,
            extra_requires=whole.extra_requires or each.extra_requires,
            variables=whole.variables or each.variables,
            unisolated=each.unisolated if whole.unisolated == frozenset() else whole.unisolated,
        )
    return replace(whole, config={**whole.config, **_pairs(config)})


def _required(extra: ExtraRequirement, versions: Mapping[str, str]) -> str:
    version = versions.get(canonicalize_name(extra.requirement)) if extra.matches_runtime else None
    return extra.requirement if version is None else f"{extra.requirement}=={version}"


def _unisolated(uv: Table) -> frozenset[str] | None:
    stated = uv.value("no-build-isolation")
    if stated is True:
        return None
    names = stated if isinstance(stated, list) else []
    more = uv.value("no-build-isolation-package")
    names = [*names, *(more if isinstance(more, list) else [])]
    return frozenset(canonicalize_name(name) for name in names if isinstance(name, str))


def _pairs(texts: Sequence[str]) -> dict[str, ConfigValue]:
    """Read ``KEY=VALUE``, of which a key may come several times (PEP 517 leaves that to tools)."""
    found: dict[str, list[str]] = {}
    for each in texts:
        key, _, value = each.partition("=")
        found.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _by_name(table: Mapping[str, _T]) -> dict[str, _T]:
    return {canonicalize_name(name): value for name, value in table.items()}


def _config(value: object) -> ConfigValue:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return tuple(string(each) for each in value)
    return string(value)


def _configs(value: object) -> Mapping[str, ConfigValue]:
    return {key: _config(each) for key, each in _table(value).items()}


def _variables(value: object) -> Mapping[str, str]:
    return {key: string(each) for key, each in _table(value).items()}


def _extras(value: object) -> tuple[ExtraRequirement, ...]:
    if not isinstance(value, list):
        raise Refused(f"expected an array, got {kind(value)}")
    return tuple(_extra(each) for each in value)


def _extra(value: object) -> ExtraRequirement:
    if isinstance(value, str):
        return ExtraRequirement(value)
    table = _table(value)
    return ExtraRequirement(text(table.get("requirement")), table.get("match-runtime") is True)


def _table(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Refused(f"expected a table, got {kind(value)}")
    return value
