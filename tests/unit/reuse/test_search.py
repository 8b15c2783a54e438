"""Which tags look newest."""

from __future__ import annotations

import pytest

from lamina.reuse.search import newest


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], []),
        (["latest", "lamina-cache"], []),
        (["1.0", "1.10", "1.9"], ["1.10", "1.9", "1.0"]),
        (["v2", "1.0", "2.0rc1"], ["v2", "2.0rc1", "1.0"]),
        (["1", "2", "3", "4", "5", "main"], ["5", "4", "3", "2"]),
        (["2024.01.05", "2024.01.04"], ["2024.01.05", "2024.01.04"]),
        (["main", "dev"], ["main", "dev"]),
    ],
)
def test_versions_count_before_names(tags: list[str], expected: list[str]) -> None:
    assert newest(tags) == expected
