from __future__ import annotations

import pytest

from lamina.project.size import InvalidSize, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("700 B", 700),
        ("2k", 2000),
        ("2 KB", 2000),
        ("2 KiB", 2048),
        ("1.5 GiB", 3 << 29),
        (" 3 TB ", 3 * 10**12),
        ("0.0015 kB", 1),
    ],
)
def test_units_are_decimal_unless_they_say_otherwise(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "GiB", "-1", "0", "0.1", "1 PiB", "1e9", "1,5 GB", "9" * 16, "2000000 TiB", "1 iB"]
)
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(InvalidSize):
        parse_size(text)
