"""What ``uv sync`` of a Dockerfile installs, as settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lamina.dockerfile.model.run import Invocation
from lamina.dockerfile.model.tools import words
from lamina.init.settings import Setting
from lamina.lock.groups import groups
from lamina.lock.wanted import DEV
from lamina.project.facts import ProjectFacts

_MEANS_NOTHING = words(
    "--active --no-active --color --compile --compile-bytecode --directory --exact --frozen"
    " --link-mode --locked --managed-python --native-tls --no-cache --no-cache-dir --no-config"
    " --no-editable --no-managed-python --no-progress --no-python-downloads --offline --project"
    " --python --quiet --system-certs --upgrade --verbose --cache-dir --config-file -n -p -q -qq -U"
    " -v -vv --dev --extra --all-extras --group --all-groups --no-default-groups --no-dev"
    " --no-install-project --allow-insecure-host --inexact --refresh --reinstall"
)
"""Options that settings say, and those that say nothing of what is installed."""
_DEV_TOO = "`dev` too, since `uv sync` installs it without `--no-dev`: an image rarely needs it."
_TAKEN = words(
    "--all-packages --binary --build --config-setting --no-binary --no-binary-package --no-build"
    " --no-build-package --no-extra --no-group --no-install-local --no-install-package"
    " --no-install-workspace --only-dev --only-group --only-install-local"
    " --only-install-package --only-install-project --only-install-workspace --package -C"
)


def is_taken(option: str) -> bool:
    """Say whether `lamina build` has an option that no setting stands for."""
    return option in _TAKEN


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command asks for."""

    settings: tuple[Setting, ...]
    options: tuple[str, ...]
    """What settings cannot say, as `lamina build` takes it."""
    has_bytecode: bool


def asked(sync: Invocation, facts: ProjectFacts, pyproject: Mapping[str, object]) -> Asked:
    """Return what a ``uv sync`` asks for, of a project with this ``pyproject.toml``."""
    settings = [*_extras(sync), *_groups(sync, pyproject)]
    if sync.is_on("UV_NO_INSTALL_PROJECT", "--no-install-project") and facts.build_system:
        settings.append(Setting("install-project", False))
    has_bytecode = sync.is_on("UV_COMPILE_BYTECODE", "--compile-bytecode", "--compile")
    return Asked(tuple(settings), tuple(_options(sync)), has_bytecode)


def _extras(sync: Invocation) -> Iterator[Setting]:
    if sync.line.has("--all-extras"):
        yield Setting("extras", "all")
    elif named := _values(sync, "--extra"):
        yield Setting("extras", named)


def _groups(sync: Invocation, pyproject: Mapping[str, object]) -> Iterator[Setting]:
    has_defaults = not sync.is_on("UV_NO_DEFAULT_GROUPS", "--no-default-groups")
    if not has_defaults:
        yield Setting("default-groups", False)
    if sync.line.has("--all-groups"):
        yield Setting("groups", "all")
        return
    named = _values(sync, "--group")
    is_default = has_defaults and DEV in _default_groups(pyproject)
    if DEV not in named and _has_dev(sync, pyproject, is_default=is_default):
        yield Setting("groups", (*named, DEV), _DEV_TOO)
    elif named:
        yield Setting("groups", named)


def _has_dev(sync: Invocation, pyproject: Mapping[str, object], *, is_default: bool) -> bool:
    """Say whether `dev` is installed, as uv does where the project has it, unless told not to."""
    line = sync.line
    is_alone = line.has("--only-group", "--only-dev")
    is_left_out = sync.is_on("UV_NO_DEV", "--no-dev") and not line.has("--dev")
    is_taken = (is_default or line.has("--dev")) and not is_left_out and not is_alone
    return is_taken and DEV in groups(pyproject)


def _default_groups(pyproject: Mapping[str, object]) -> frozenset[str]:
    tool = pyproject.get("tool")
    uv = tool.get("uv") if isinstance(tool, dict) else None
    stated = uv.get("default-groups", [DEV]) if isinstance(uv, dict) else [DEV]
    if stated == "all":
        return frozenset({DEV})
    return frozenset(str(each) for each in stated) if isinstance(stated, list) else frozenset()


def _values(sync: Invocation, *names: str) -> tuple[str, ...]:
    found = [word.value(sync.lookup) for word in sync.line.values(*names)]
    return tuple(dict.fromkeys(name for name in found if name))


def _options(sync: Invocation) -> Iterator[str]:
    for name, value, _ in sync.line.options:
        if name in _MEANS_NOTHING or not name:
            continue
        text = value.value(sync.lookup) if value is not None else None
        yield name if text is None else f"{name} {text}"
