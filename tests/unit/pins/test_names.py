"""The names that `--upgrade` takes."""

from __future__ import annotations

import pytest

from lamina.pins.names import UnknownNames, check_names
from unit.pins.values import WHOLE


def test_all_that_is_pinned_has_a_name() -> None:
    names = ("base", "libc6", "libgomp1", "libpq5", "hatchling", "ziglang")

    check_names(names, WHOLE, WHOLE.asked)


def test_names_of_nothing_are_told_at_once_with_those_that_may_be_meant() -> None:
    with pytest.raises(UnknownNames) as caught:
        check_names(("libgomp", "hatchling", "nothing-like-it"), WHOLE, WHOLE.asked)

    assert str(caught.value) == (
        "Nothing in `lamina.lock` has such a name\n"
        "  libgomp (did you mean `libgomp1`?)\n"
        "  nothing-like-it"
    )
    assert caught.value.hint == "To upgrade all there is, pass `--upgrade` without a name"


def test_a_folder_is_named_before_the_option() -> None:
    with pytest.raises(UnknownNames) as caught:
        check_names(("./app",), WHOLE, WHOLE.asked)

    assert caught.value.hint == (
        "To upgrade all of a project in another folder, name the folder before `--upgrade`"
    )
