"""Distributions that go, and what is left if that ends before time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lamina.sync.installed import read_installed
from lamina.sync.records import Place
from lamina.sync.remove import remove
from lamina.wheel.scheme import Scheme

FILES = ("a/__init__.py", "a/deep/er/b.py", "a-1.dist-info/METADATA", "a-1.dist-info/RECORD")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(Scheme(str(tmp_path), "3.12"))
    for name in FILES:
        (place.site / name).parent.mkdir(parents=True, exist_ok=True)
        (place.site / name).write_text("".join(f"{each},,\n" for each in FILES))
    return place


def test_whoever_ends_it_before_time_leaves_what_tells_the_next_one_all(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RECORD goes when all else is gone, the folders too, which nobody would find any more."""

    def end(path: str, *, ignore_errors: bool) -> None:
        raise KeyboardInterrupt

    (installed,) = read_installed(place.site)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", end)
        with pytest.raises(KeyboardInterrupt):
            remove(place, installed, set())

    assert [path.name for path in place.site.rglob("*")] == ["a-1.dist-info", "RECORD"]
    (installed,) = read_installed(place.site)
    assert not installed.is_whole
    remove(place, installed, set())
    assert list(place.site.iterdir()) == []
