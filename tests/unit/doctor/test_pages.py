"""The pages about the rules are what the rules say."""

from __future__ import annotations

from rule_pages import FOLDER, pages


def test_the_pages_are_up_to_date() -> None:
    found = {page.name: page.read_text(encoding="utf-8") for page in FOLDER.glob("*.md")}

    assert found == pages(), "run `make rules`"
