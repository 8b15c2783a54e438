"""The texts of the activate scripts; what they do is tried in their shells."""

from __future__ import annotations

import pytest

from lamina.wheel.activate import activate_scripts

ODD = "it's \\ @PREFIX@ so!"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("activate", r"VIRTUAL_ENV_PROMPT='it'\''s \ @PREFIX@ so!'"),
        ("activate.csh", r"setenv VIRTUAL_ENV_PROMPT 'it'\''s \ @PREFIX@ so\!'"),
        ("activate.fish", r"set -gx VIRTUAL_ENV_PROMPT 'it\'s \\ @PREFIX@ so!'"),
        ("activate_this.py", r"""os.environ["VIRTUAL_ENV_PROMPT"] = 'it\'s \\ @PREFIX@ so!'"""),
    ],
)
def test_a_prompt_is_quoted_as_its_shell_wants(name: str, line: str) -> None:
    scripts = activate_scripts("/opt/venv", "lib/python3.12", ODD)

    assert line in scripts[name].decode().splitlines()


def test_scripts_of_an_environment_that_moves_ask_where_they_are() -> None:
    fixed = activate_scripts("/opt/venv", "lib/python3.12")
    movable = activate_scripts("/opt/venv", "lib/python3.12", movable=True)

    assert fixed.keys() - movable.keys() == {"activate.csh"}
    assert {name for name in movable if fixed[name] != movable[name]} == {
        "activate",
        "activate.fish",
    }
    assert b"/opt/venv" not in movable["activate.fish"].partition(b"function")[2]
    assert b"realpath" in movable["activate"]


def test_no_placeholder_is_left() -> None:
    for movable in (True, False):
        for text in activate_scripts("/opt/venv", "lib/python3.12", movable=movable).values():
            assert b"@" not in text.replace(b'"$@"', b"")
