"""The project beside a Dockerfile: what it says of itself, as far as rules ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from packaging.utils import canonicalize_name

from lamina.doctor.subject import Beside, table, uv_table

_VERSION_FROM_GIT = ("setuptools-scm", "hatch-vcs", "versioningit", "setuptools-git-versioning")


def is_package(beside: Beside) -> bool | None:
    """Say whether uv installs the project itself; None if there is no project to look at."""
    if beside.pyproject is None:
        return None
    wanted = uv_table(beside.pyproject).get("package")
    return wanted if isinstance(wanted, bool) else "build-system" in beside.pyproject


def static_version(beside: Beside) -> str | None:
    """Return the version that is written in `pyproject.toml`."""
    version = table(beside.pyproject, "project").get("version")
    return version if isinstance(version, str) else None


def locked_version(beside: Beside) -> str | None:
    """Return the version that the lock has of the project."""
    name = table(beside.pyproject, "project").get("name")
    if not isinstance(name, str):
        return None
    for package in _packages(beside):
        own = package.get("source")
        is_own = isinstance(own, Mapping) and "." in (own.get("editable"), own.get("virtual"))
        if is_own and package.get("name") == canonicalize_name(name):
            version = package.get("version")
            return version if isinstance(version, str) else None
    return None


def local_folders(beside: Beside) -> list[str]:
    """Return where other distributions of the lock are built from: folders of the project's."""
    found = []
    for package in _packages(beside):
        source = package.get("source")
        if isinstance(source, Mapping):
            path = source.get("editable") or source.get("directory")
            if isinstance(path, str) and path != ".":
                found.append(path)
    return sorted(found)


def is_workspace(beside: Beside) -> bool:
    """Say whether there are other members than the project."""
    return bool(table(beside.pyproject, "tool", "uv", "workspace"))


def has_dev_group(beside: Beside) -> bool | None:
    """Say whether the group `dev` has something; None if there is no project to look at."""
    if beside.pyproject is None:
        return None
    old = uv_table(beside.pyproject).get("dev-dependencies")
    return bool(table(beside.pyproject, "dependency-groups").get("dev") or old)


def version_from_git(beside: Beside) -> str | None:
    """Return what takes the project's version from git, if something does."""
    requires = table(beside.pyproject, "build-system").get("requires")
    for requirement in requires if isinstance(requires, list) else []:
        text = str(requirement).lower().replace("_", "-")
        for name in _VERSION_FROM_GIT:
            if text.startswith(name):
                return name
    return None


def _packages(beside: Beside) -> Iterator[Mapping[str, Any]]:
    packages = (beside.lock or {}).get("package")
    for package in packages if isinstance(packages, list) else []:
        if isinstance(package, Mapping):
            yield package
