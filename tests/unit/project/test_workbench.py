from __future__ import annotations

import pytest

from lamina.project.workbench import BackendSettings, wheel_key

SOURCE = {"tree": "ab"}
PLAIN = BackendSettings()


@pytest.mark.parametrize(
    ("source", "settings", "python", "platform"),
    [
        ({"tree": "cd"}, PLAIN, "3.12", "linux-x86_64"),
        ({"sdist": "ab"}, PLAIN, "3.12", "linux-x86_64"),
        (SOURCE, BackendSettings(epoch=1), "3.12", "linux-x86_64"),
        (SOURCE, BackendSettings(variables={"CC": "x"}), "3.12", "linux-x86_64"),
        (SOURCE, BackendSettings(config={"a": "b"}), "3.12", "linux-x86_64"),
        (SOURCE, BackendSettings(requires=("numpy",)), "3.12", "linux-x86_64"),
        (SOURCE, BackendSettings(constraints=("setuptools<80",)), "3.12", "linux-x86_64"),
        (SOURCE, BackendSettings(pins=()), "3.12", "linux-x86_64"),
        (SOURCE, PLAIN, "3.13", "linux-x86_64"),
        (SOURCE, PLAIN, "3.12", "linux-aarch64"),
    ],
    ids=[
        *("source", "kind", "date", "variables", "config", "requires", "constraints"),
        *("pins", "version", "platform"),
    ],
)
def test_the_key_goes_by_all_that_the_wheel_depends_on(
    source: dict[str, object], settings: BackendSettings, python: str, platform: str
) -> None:
    first = wheel_key(SOURCE, PLAIN, "3.12", "linux-x86_64")

    assert wheel_key(source, settings, python, platform) != first
