"""Write the pages about the rules of `lamina doctor`, made from the rules themselves."""

from __future__ import annotations

from pathlib import Path

from lamina.doctor.explain import explanation, index
from lamina.doctor.rules import RULES

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference" / "rules"


def pages() -> dict[str, str]:
    """Return the pages by their names."""
    return {"README.md": index(RULES), **{f"{rule.code}.md": explanation(rule) for rule in RULES}}


def main() -> None:
    """Write all pages, and delete those of rules that there are no more."""
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    for page in FOLDER.glob("*.md"):
        if page.name not in made:
            page.unlink()


if __name__ == "__main__":
    main()
