"""Facts of the project itself, read from `[project]` and `[build-system]`."""

from __future__ import annotations

import re
import string as characters
from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from lamina.tables import Problems, Refused, Table, string, text

_NAME = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.ASCII | re.IGNORECASE)
_LABEL_NOISE = str.maketrans("", "", characters.punctuation + characters.whitespace)

_DEFAULT_BACKEND = "setuptools.build_meta:__legacy__"

# PEP 753, well-known labels, after its normalization.
_HOME_LABELS = ("homepage",)
_SOURCE_LABELS = ("source", "repository", "sourcecode", "github")


@dataclass(frozen=True, slots=True)
class BuildSystem:
    """The table `[build-system]`, or what PEP 517 says where parts of it are absent."""

    requires: tuple[str, ...] = ("setuptools >= 40.8.0",)
    backend: str = _DEFAULT_BACKEND
    backend_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """What `pyproject.toml` says of the project."""

    name: NormalizedName
    """Empty where there is no `[project]`: a workspace's root, or a folder with groups alone."""
    title: str
    """The name as written."""
    version: Version | None
    """None where the build backend finds it."""
    requires_python: SpecifierSet | None = None
    description: str | None = None
    license: str | None = None
    scripts: Mapping[str, str] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)
    build_system: BuildSystem | None = None
    """None where the project is not installed: its files are copied instead."""

    @property
    def shown(self) -> str:
        """The name, for people. That of a folder is none: it differs from machine to machine."""
        return self.title or "the project"


NAMELESS = ProjectFacts(name=NormalizedName(""), title="", version=None)
"""What is known where there is no `[project]`."""


def parse_facts(document: Mapping[str, object]) -> ProjectFacts:
    """Read the project's facts from a parsed `pyproject.toml`; every problem is told at once.

    Without `[project]`, it is `NAMELESS`.
    """
    if "project" not in document:
        return NAMELESS
    problems = Problems()
    top = Table("", document, problems)
    project = top.table("project")
    title = project.required("name", _name)
    version = project.read("version", _version)
    if version is None and project.value("version") is None and not _is_dynamic(project):
        problems.add(project.at("version"), "is missing, and `project.dynamic` does not name it")
    requires_python = project.read("requires-python", _specifiers)
    description = project.read("description", string)
    license_ = _license(project)
    scripts = project.mapping("scripts", text)
    for script in scripts:
        if not script or "/" in script or "\0" in script or script in (".", ".."):
            problems.add(project.table("scripts").at(script), "is no name of a file")
    urls = project.mapping("urls", string)
    build_system = _build_system(top)
    problems.check("pyproject.toml")
    assert title is not None  # else its absence is a problem
    return ProjectFacts(
        name=canonicalize_name(title),
        title=title,
        version=version,
        requires_python=requires_python,
        description=description,
        license=license_,
        scripts=scripts,
        urls=urls,
        build_system=build_system,
    )


def parse_build_system(document: Mapping[str, object], path: str) -> BuildSystem:
    """Read the `[build-system]` of a tree that is built whatever `tool.uv.package` says.

    ``path`` is what errors call the document.
    """
    problems = Problems()
    system = _stated_system(Table("", document, problems))
    problems.check(path)
    return system


def default_entrypoint(facts: ProjectFacts, venv: str) -> tuple[str, ...] | None:
    """Return the command of the only script, or None where there is not exactly one.

    A project that is not installed has no scripts in the environment, whatever it declares.
    """
    if facts.build_system is None or len(facts.scripts) != 1:
        return None
    return tuple(f"{venv}/bin/{name}" for name in facts.scripts)


def image_labels(facts: ProjectFacts) -> dict[str, str]:
    """Return the labels that the image-spec pre-defines (annotations.md) and the project knows."""
    urls = {label.translate(_LABEL_NOISE).lower(): url for label, url in sorted(facts.urls.items())}
    values = {
        "title": facts.title,
        "version": str(facts.version) if facts.version is not None else None,
        "description": facts.description,
        "licenses": facts.license,
        "url": next((urls[label] for label in _HOME_LABELS if label in urls), None),
        "source": next((urls[label] for label in _SOURCE_LABELS if label in urls), None),
    }
    return {f"org.opencontainers.image.{name}": value for name, value in values.items() if value}


def _is_dynamic(project: Table) -> bool:
    return "version" in (project.items("dynamic", string) or ())


def _build_system(top: Table) -> BuildSystem | None:
    """Apply uv's rule: `tool.uv.package` decides, else whether there is a `[build-system]`."""
    package = top.table("tool").table("uv").read("package", _boolean)
    stated = top.value("build-system") is not None
    system = _stated_system(top)
    return system if (stated if package is None else package) else None


def _stated_system(top: Table) -> BuildSystem:
    """Return what `[build-system]` says, or what its absence means (PEP 517)."""
    stated = top.value("build-system") is not None
    system = top.table("build-system")
    requires = system.items("requires", _requirement)
    if stated and system.value("requires") is None:
        # PEP 518: "requires" is mandatory in a table that is there.
        system.required("requires", _requirement)
    backend = system.read("build-backend", text)
    backend_path = system.items("backend-path", text) or ()
    if not stated:
        return BuildSystem()
    return BuildSystem(requires or (), backend or _DEFAULT_BACKEND, backend_path)


def _license(project: Table) -> str | None:
    """Return the SPDX expression (PEP 639), or a text of one line as older projects have it."""
    if isinstance(project.value("license"), str):
        return project.read("license", string)
    if project.value("license") is None:
        return None
    stated = project.table("license").read("text", string)
    return stated if stated and "\n" not in stated and len(stated) <= 64 else None


def _name(value: object) -> str:
    if not _NAME.fullmatch(found := string(value)):
        raise Refused("is no valid name of a project")
    return found


def _version(value: object) -> Version:
    try:
        return Version(string(value))
    except InvalidVersion:
        raise Refused("is no valid version") from None


def _specifiers(value: object) -> SpecifierSet:
    try:
        return SpecifierSet(string(value))
    except InvalidSpecifier:
        raise Refused("is no valid version specifier") from None


def _requirement(value: object) -> str:
    try:
        return str(Requirement(string(value)))
    except InvalidRequirement:
        raise Refused("is no valid requirement") from None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused("expected a boolean")
    return value
