from __future__ import annotations

import tomllib

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from lamina.project.facts import (
    BuildSystem,
    ProjectFacts,
    default_entrypoint,
    image_labels,
    parse_facts,
)
from lamina.tables import InvalidConfig

HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def facts(text: str, project: str = 'name = "My.App"\nversion = "1.0"') -> ProjectFacts:
    return parse_facts(tomllib.loads(f"[project]\n{project}\n{text}"))


def test_the_project_is_read() -> None:
    read = facts(
        f"""
        description = "Does things"
        requires-python = ">=3.11"
        license = "MIT"
        scripts = {{ app = "app:main" }}
        urls = {{ Homepage = "https://app.example" }}
        {HATCHLING}"""
    )

    assert read.name == "my-app"
    assert read.title == "My.App"
    assert read.version == Version("1.0")
    assert read.requires_python == SpecifierSet(">=3.11")
    assert read.scripts == {"app": "app:main"}
    assert read.build_system == BuildSystem(("hatchling",), "hatchling.build")


@pytest.mark.parametrize(
    ("text", "build_system"),
    [
        ("", None),
        ("[tool.uv]\npackage = true", BuildSystem()),
        (HATCHLING + "[tool.uv]\npackage = false", None),
        ('[build-system]\nrequires = ["setuptools"]', BuildSystem(("setuptools",))),
        (
            '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]',
            BuildSystem((), "own", (".",)),
        ),
    ],
    ids=["no table", "uv says so", "uv says no", "no backend named", "backend in the tree"],
)
def test_a_project_is_installed_by_the_rule_of_uv(
    text: str, build_system: BuildSystem | None
) -> None:
    assert facts(text).build_system == build_system


def test_a_version_may_be_left_to_the_backend() -> None:
    assert facts("", 'name = "a"\ndynamic = ["version"]').version is None


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"project": {}}, "project.name: is missing"),
        ({"project": 1}, "project: expected a table, got an integer"),
        ({"project": {"name": "-"}}, "project.name: is no valid name of a project"),
        (
            {"project": {"name": "a"}},
            "project.version: is missing, and `project.dynamic` does not name it",
        ),
        ({"project": {"name": "a", "version": "x"}}, "project.version: is no valid version"),
        ({"project": {"name": "a", "version": 1}}, "project.version: expected a string, got"),
        (
            {"project": {"name": "a", "version": "1", "scripts": {"../x": "a:b"}}},
            "project.scripts.'../x': is no name of a file",
        ),
        (
            {"project": {"name": "a", "version": "1", "requires-python": "3"}},
            "project.requires-python: is no valid version specifier",
        ),
        (
            {"project": {"name": "a", "version": "1"}, "build-system": {}},
            "build-system.requires: is missing",
        ),
        (
            {"project": {"name": "a", "version": "1"}, "build-system": {"requires": ["a b"]}},
            "build-system.requires[0]: is no valid requirement",
        ),
        (
            {"project": {"name": "a", "version": "1"}, "tool": {"uv": {"package": 1}}},
            "tool.uv.package: expected a boolean",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(document: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        parse_facts(document)

    assert f"\n  {problem}" in str(caught.value)


def test_the_only_script_is_the_entry_point() -> None:
    read = facts('scripts = { app = "app:main" }\n' + HATCHLING)

    assert default_entrypoint(read, "/opt/venv") == ("/opt/venv/bin/app",)


@pytest.mark.parametrize(
    "text",
    [HATCHLING, 'scripts = { a = "a:a", b = "b:b" }\n' + HATCHLING, 'scripts = { a = "a:a" }'],
    ids=["none", "two", "not installed"],
)
def test_there_is_no_entry_point_to_guess(text: str) -> None:
    assert default_entrypoint(facts(text), "/opt/venv") is None


def test_labels_are_those_that_the_image_spec_defines() -> None:
    read = facts("""
        description = "Does things"
        license = { text = "MIT" }
        [project.urls]
        "Home-Page" = "https://home.example"
        "Source Code" = "https://source.example"
        Other = "https://other.example"
    """)

    assert image_labels(read) == {
        "org.opencontainers.image.title": "My.App",
        "org.opencontainers.image.version": "1.0",
        "org.opencontainers.image.description": "Does things",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.url": "https://home.example",
        "org.opencontainers.image.source": "https://source.example",
    }


@pytest.mark.parametrize("license_", ['{ file = "LICENSE" }', '{ text = """a\nb""" }'])
def test_a_whole_license_is_no_label(license_: str) -> None:
    labels = image_labels(facts("license = " + license_))

    assert "org.opencontainers.image.licenses" not in labels
