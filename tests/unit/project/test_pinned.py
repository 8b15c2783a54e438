"""Whether what pip found is what is pinned."""

from __future__ import annotations

import pytest

from lamina.pins.releases import PinnedRelease, PinnedWheel
from lamina.project.pinned import NotPinned, check_pinned, exactly, hashed, is_pinned

ONE, TWO = "a" * 64, "b" * 64
PINS = (
    PinnedRelease(
        "demo-app",
        "1.0",
        (PinnedWheel("demo_app-1.0-py3-none-any.whl", ONE), PinnedWheel("x.whl", TWO)),
    ),
)
FOUND = ("Demo.App", "1.0.0", "demo_app-1.0-py3-none-any.whl", ONE)


def test_a_file_is_known_by_its_release_and_its_hash() -> None:
    check_pinned([FOUND], PINS)

    assert is_pinned([FOUND], PINS)
    assert exactly(PINS) == ["demo-app==1.0"]


def test_all_that_is_not_pinned_is_named() -> None:
    other, newer = ("other", "2", "o.whl", ONE), ("demo-app", "1.1", "n.whl", ONE)
    false = ("demo-app", "1.0", "demo_app-1.0-py3-none-any.whl", "c" * 64)

    with pytest.raises(NotPinned) as caught:
        check_pinned([FOUND, other, newer, false], PINS)

    assert str(caught.value) == (
        "The build backend needs what `lamina.lock` does not pin\n"
        f"  demo-app 1.0: `demo_app-1.0-py3-none-any.whl` with sha256:{'c' * 64}\n"
        "  demo-app 1.1\n"
        "  other 2"
    )
    assert caught.value.hint == (
        "To pin it, run `lamina lock --upgrade`; to build without it, pass `--no-lock`"
    )


def test_releases_are_asked_for_by_the_hashes_of_all_their_files() -> None:
    assert hashed([FOUND], PINS) == [f"demo-app==1.0 --hash=sha256:{ONE} --hash=sha256:{TWO}"]
    with pytest.raises(NotPinned) as caught:
        hashed([FOUND, ("other", "1", "o.whl", ONE)], PINS)
    assert caught.value.hint == (
        "To pin it, run `lamina lock`; to build without it, pass `--no-lock`"
    )
