"""The text of `[tool.lamina]`."""

from __future__ import annotations

import pytest
import tomli

from lamina.init.settings import Setting, as_config, table_text
from lamina.project.config import Config, Copy
from lamina.tables import InvalidConfig


def test_the_table_is_written_as_people_write_it() -> None:
    text = table_text(
        [
            Setting("base", "python:3.12-slim"),
            Setting("env", {"A": "1", "B.C": "2", "D": 'say "no"'}, "What the service reads."),
            Setting("copy", [{"from": "a", "to": "."}, {"from": "b", "to": "/b"}]),
            Setting("expose", [8000, "53/udp"], "Ports.\nTwo of them."),
            Setting("labels", {"a.b": "c"}),
            Setting("cmd", ["x" * 50, "y" * 50]),
            Setting("bytecode", True),
        ],
        "From `Dockerfile`",
    )

    assert text == (
        "[tool.lamina]\n"
        "# From `Dockerfile`\n"
        'base = "python:3.12-slim"\n'
        "copy = [\n"
        '  { from = "a", to = "." },\n'
        '  { from = "b", to = "/b" },\n'
        "]\n"
        "# Ports.\n"
        "# Two of them.\n"
        'expose = [8000, "53/udp"]\n'
        'labels = { "a.b" = "c" }\n'
        f'cmd = [\n  "{"x" * 50}",\n  "{"y" * 50}",\n]\n'
        "bytecode = true\n"
        "\n"
        "# What the service reads.\n"
        "[tool.lamina.env]\n"
        'A = "1"\n'
        '"B.C" = "2"\n'
        'D = "say \\"no\\""\n'
    )
    assert tomli.loads(text)["tool"]["lamina"]["env"]["D"] == 'say "no"'


def test_nothing_to_write_is_a_table_still() -> None:
    assert table_text([]) == "[tool.lamina]\n"
    assert table_text([Setting("copy", ()), Setting("env", {})]) == (
        "[tool.lamina]\ncopy = []\nenv = {}\n"
    )


def test_settings_mean_what_a_build_reads() -> None:
    settings = [Setting("workdir", "/srv"), Setting("copy", ({"from": "a", "to": "."},))]

    assert as_config(settings) == Config(workdir="/srv", copy=(Copy("a", "."),))


def test_what_a_build_would_refuse_is_refused() -> None:
    with pytest.raises(InvalidConfig) as caught:
        as_config([Setting("workdir", "srv")])

    assert str(caught.value) == (
        "Unable to read `pyproject.toml`\n  tool.lamina.workdir: expected an absolute path"
    )
