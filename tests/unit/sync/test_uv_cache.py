"""The note for uv; that uv takes it is shown by the integration tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lamina.sync.cache_keys import DEFAULT, CacheKeys
from lamina.sync.uv_cache import of_archive, of_tree


def test_an_archive_has_its_date(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    path.write_bytes(b"")

    noted = json.loads(of_archive(path) or b"")

    date = noted["timestamp"]
    nanoseconds = date["secs_since_epoch"] * 10**9 + date["nanos_since_epoch"]
    assert nanoseconds == path.stat().st_ctime_ns
    assert noted == {
        "timestamp": date,
        "commit": None,
        "tags": None,
        "env": {},
        "directories": {},
    }
    assert of_archive(tmp_path / "gone.whl") is None


def test_a_tree_has_the_latest_of_its_dates(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "setup.cfg").write_text("")

    noted = json.loads(of_tree(tmp_path, DEFAULT, {}) or b"")

    latest = max((tmp_path / name).stat().st_ctime_ns for name in ("pyproject.toml", "setup.cfg"))
    assert noted["timestamp"]["nanos_since_epoch"] == latest % 10**9
    assert noted["directories"] == {"src": None}

    (tmp_path / "src").mkdir()
    assert json.loads(of_tree(tmp_path, DEFAULT, {}) or b"")["directories"]["src"] is not None


def test_of_other_keys_that_is_noted_which_they_find(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "a.txt").write_text("")
    keys = CacheKeys(("a.txt",), variables=("X",))

    noted = json.loads(of_tree(tmp_path, keys, {"X": "1"}) or b"")

    date = (tmp_path / "a.txt").stat().st_ctime_ns
    assert noted == {
        "timestamp": {"secs_since_epoch": date // 10**9, "nanos_since_epoch": date % 10**9},
        "commit": None,
        "tags": None,
        "env": {"X": "1"},
        "directories": {},
    }


@pytest.mark.parametrize("keys", [None, CacheKeys(), CacheKeys(("none",))])
def test_of_keys_that_find_nothing_there_is_no_note(keys: CacheKeys | None, tmp_path: Path) -> None:
    assert of_tree(tmp_path, keys, {}) is None
