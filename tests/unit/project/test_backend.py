from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.project.backend import BackendSettings, wheel_key
from lamina.project.facts import BuildSystem
from lamina.pythons.interpreter import Interpreter
from pythons import interpreter

PYTHON = interpreter()
SYSTEM = BuildSystem(("hatchling",), "hatchling.build")


def test_the_key_does_not_go_by_where_things_lie_on_the_machine() -> None:
    elsewhere = replace(PYTHON, executable="/x", base="/y", version="3.12.9", site="z")

    first = wheel_key("source", SYSTEM, BackendSettings(), PYTHON)

    assert wheel_key("source", SYSTEM, BackendSettings(), elsewhere) == first


@pytest.mark.parametrize(
    ("source", "system", "settings", "python"),
    [
        ("other", SYSTEM, BackendSettings(), PYTHON),
        ("source", BuildSystem(("hatchling>1",), "hatchling.build"), BackendSettings(), PYTHON),
        ("source", SYSTEM, BackendSettings(epoch=1), PYTHON),
        ("source", SYSTEM, BackendSettings(variables={"CC": "x"}), PYTHON),
        ("source", SYSTEM, BackendSettings(config={"a": "b"}), PYTHON),
        ("source", SYSTEM, BackendSettings(), replace(PYTHON, version="3.13.0")),
        ("source", SYSTEM, BackendSettings(), replace(PYTHON, platform="linux-aarch64")),
    ],
    ids=["source", "system", "date", "variables", "config", "version", "platform"],
)
def test_the_key_goes_by_all_that_the_wheel_depends_on(
    source: str, system: BuildSystem, settings: BackendSettings, python: Interpreter
) -> None:
    first = wheel_key("source", SYSTEM, BackendSettings(), PYTHON)

    assert wheel_key(source, system, settings, python) != first
