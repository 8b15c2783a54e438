"""The documentation agrees with the code, and with itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lamina.cli.main import run
from lamina.plan.layering import DEFAULT_ALONE, DEFAULT_LAYERS
from lamina.project.config import Config, parse_config
from lamina.wheel.source import DEFAULT_LIMIT, GIB

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SETTINGS = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")

_HEADING = re.compile(r"^## `([a-z-]+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([a-z-]+)` \|", re.MULTILINE)
_TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_DOCKERFILE = re.compile(r"^```dockerfile\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")

SECTIONS = dict(_HEADING.findall(SETTINGS))


class Asked(dict[str, object]):
    """A table that notes which of its keys somebody asks for."""

    def __init__(self, place: str, log: set[str], values: dict[str, object]) -> None:
        super().__init__(values)
        self._place, self._log = place, log

    def get(self, key: str, default: object = None) -> object:
        self._log.add(self._place + key)
        return super().get(key, default)


def keys_in_code() -> set[str]:
    log: set[str] = set()
    check = Asked("healthcheck.", log, {"test": "true"})
    copy = Asked("copy.", log, {"from": "a", "to": "b"})
    parse_config({"tool": {"lamina": Asked("", log, {"healthcheck": check, "copy": [copy]})}})
    return log


def keys_in_page() -> set[str]:
    inner = {f"{key}.{row}" for key, text in SECTIONS.items() for row in _ROW.findall(text)}
    return {*SECTIONS, *inner}


def default_of(key: str) -> str:
    found = re.search(r"^- Default: (.*)", SECTIONS[key], re.MULTILINE)
    assert found is not None, key
    return found[1]


def examples() -> list[tuple[str, dict[str, object]]]:
    """Return the examples of settings on all pages, each with where it stands."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in _TOML.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if "[tool.lamina" in match[1]:
                found.append((f"{page.relative_to(ROOT)}:{line}", tomllib.loads(match[1])))
    return found


def test_the_page_names_every_setting_and_no_other() -> None:
    assert keys_in_page() == keys_in_code()


@pytest.mark.parametrize("key", sorted(SECTIONS))
def test_every_setting_has_its_type_its_default_and_an_example(key: str) -> None:
    assert re.search(r"^- Type: \w", SECTIONS[key], re.MULTILINE)
    assert default_of(key)
    shown = [tomllib.loads(text)["tool"]["lamina"] for text in _TOML.findall(SECTIONS[key])]
    assert any(key in table for table in shown)
    inner = set(_ROW.findall(SECTIONS[key]))
    rows = [row for table in shown for row in (table[key] if key == "copy" else [table[key]])]
    assert not inner or inner == set().union(*rows)


def test_the_defaults_are_those_of_the_code() -> None:
    assert default_of("venv") == f"`{Config().venv}`"
    assert default_of("workdir") == f"`{Config().workdir}`"
    assert default_of("layers").startswith(f"{DEFAULT_LAYERS}, with at most {DEFAULT_ALONE} wheels")
    assert default_of("max-wheel-size") == f"{DEFAULT_LIMIT // GIB} GiB"


@pytest.mark.parametrize(("place", "document"), examples())
def test_every_example_of_settings_is_read(place: str, document: dict[str, object]) -> None:
    assert parse_config(document) != Config(), place


def test_the_doctor_finds_nothing_wrong_in_the_dockerfile_that_we_recommend(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs/how-to/dockerfile.md").read_text(encoding="utf-8")
    (text,) = _DOCKERFILE.findall(page)
    (tmp_path / "Dockerfile").write_text(text)

    assert run(["doctor", str(tmp_path)]) == 0

    assert capsys.readouterr().out.startswith("Nothing is wrong in ")


def test_the_index_names_every_page() -> None:
    docs = ROOT / "docs"
    linked = set(_LINK.findall((docs / "README.md").read_text(encoding="utf-8")))
    pages = {page.relative_to(docs).as_posix() for page in PAGES if page.is_relative_to(docs)}
    rules = {page for page in pages if page.startswith("reference/rules/LAM")}
    assert pages - {"README.md"} - rules <= linked
