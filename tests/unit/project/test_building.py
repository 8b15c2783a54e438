from __future__ import annotations

import pytest

from lamina.project.building import (
    Building,
    BuiltTogether,
    ExtraRequirement,
    merged,
    parse_building,
)
from lamina.tables import InvalidConfig


def parsed(**uv: object) -> Building:
    table = {key.replace("_", "-"): uv[key] for key in uv}
    return parse_building(table, "pyproject.toml", place="tool.uv")


def test_each_project_has_the_settings_of_all_and_its_own() -> None:
    building = parsed(
        config_settings={"a": "1", "b": ["2", "3"], "c": True},
        config_settings_package={"Foo_Bar": {"a": "4"}},
    )

    assert building.settings("other").config == {"a": "1", "b": ("2", "3"), "c": "true"}
    assert building.settings("foo-bar").config["a"] == "4"


def test_the_command_line_wins_and_may_say_a_key_several_times() -> None:
    found = parsed(config_settings={"a": "1", "b": "2"})

    building = merged([found], config=["a=x", "c=1", "c=2=3", "d"])

    assert building.settings("foo").config == {"a": "x", "b": "2", "c": ["1", "2=3"], "d": ""}


def test_what_a_backend_needs_besides_may_be_of_the_version_that_is_installed() -> None:
    building = parsed(
        extra_build_dependencies={
            "flash": ["wheel", {"requirement": "torch", "match-runtime": True}]
        },
        extra_build_variables={"flash": {"CUDA": "0"}},
    )

    settings = building.settings("flash", {"torch": "2.1"})

    assert settings.requires == ("wheel", "torch==2.1")
    assert settings.variables == {"CUDA": "0"}
    assert building.settings("other").requires == ()


def test_constraints_hold_for_all() -> None:
    building = merged([], ["setuptools<80"])

    assert building.settings("any").constraints == ("setuptools<80",)


def test_of_several_files_the_first_that_has_a_setting_counts() -> None:
    first = parsed(config_settings={"a": "1"}, no_build_isolation=["x"])
    second = parsed(config_settings={"b": "2"}, extra_build_dependencies={"x": ["y"]})

    building = merged([first, second])

    assert building == Building(
        config={"a": "1"},
        extra_requires={"x": (ExtraRequirement("y"),)},
        unisolated=frozenset({"x"}),
    )


@pytest.mark.parametrize(
    "uv",
    [
        {"no_build_isolation": True},
        {"no_build_isolation": ["Foo"]},
        {"no_build_isolation_package": ["foo"]},
    ],
)
def test_what_uv_builds_without_isolation_is_refused(uv: dict[str, object]) -> None:
    with pytest.raises(BuiltTogether) as caught:
        parsed(**uv).settings("foo")

    assert str(caught.value) == (
        "Unable to build `foo` without isolation: there is no environment to build in"
    )
    assert caught.value.hint == (
        "In `[tool.uv]`, name what its backend needs in `extra-build-dependencies`, "
        "and take it out of `no-build-isolation`"
    )


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidConfig) as caught:
        parsed(
            config_settings={"a": 1},
            config_settings_package={"b": "c"},
            extra_build_dependencies={"d": "e"},
        )

    assert str(caught.value) == (
        "Unable to read `pyproject.toml`\n"
        "  tool.uv.config-settings-package.b: expected a table, got a string\n"
        "  tool.uv.config-settings.a: expected a string, got an integer\n"
        "  tool.uv.extra-build-dependencies.d: expected an array, got a string"
    )
