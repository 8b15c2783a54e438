"""Write digests.toml anew, for a change of the bytes that is meant: `make golden`.

A digest that changes is a line in the changelog: every layer is pulled again.
"""

from __future__ import annotations

from pathlib import Path

from golden.cases import digests

FILE = Path(__file__).parent / "digests.toml"


def render(tables: dict[str, dict[str, dict[str, str]]]) -> str:
    """Return the digests as TOML."""
    lines = ["# Written by `make golden`; review the difference.\n"]
    for kind, cases in tables.items():
        for case, values in cases.items():
            lines.append(f"\n[{kind}.{case}]\n")
            lines += [f'{key} = "{value}"\n' for key, value in values.items()]
    return "".join(lines)


if __name__ == "__main__":
    FILE.write_text(render(digests()), encoding="utf-8")
