from __future__ import annotations

import pytest

from lamina.doctor.dockerignore import is_ignored


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        (".venv", ".venv", True),
        (".venv/", ".venv", True),
        ("/.venv", ".venv", True),
        ("./.venv", ".venv", True),
        (".venv", "a/.venv", False),
        ("**/.venv", "a/b/.venv", True),
        ("**/.venv", ".venv", True),
        (".venv/**", ".venv", False),
        (".venv/**", ".venv/a/b", True),
        ("*", "uv.lock", True),
        ("*\n!uv.lock", "uv.lock", False),
        ("!uv.lock\n*", "uv.lock", True),
        ("*\n!src", "src/a", False),
        ("*.lock", "uv.lock", True),
        ("?v.lock", "uv.lock", True),
        ("[tu]v.lock", "uv.lock", True),
        ("[^u]v.lock", "uv.lock", False),
        ("uv.lock # no comment", "uv.lock", False),
        ("# uv.lock", "uv.lock", False),
        ("", "uv.lock", False),
        ("a[", "a[", True),
        ("uv\\.lock", "uv.lock", True),
    ],
)
def test_what_is_left_out(text: str, path: str, expected: bool) -> None:
    assert is_ignored(text, path) is expected
