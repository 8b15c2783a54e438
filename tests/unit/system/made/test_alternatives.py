"""Alternatives above a base: files and links as `update-alternatives` leaves them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lamina.system.made.alternatives import MalformedAlternatives, alternatives
from lamina.system.scripts.deeds import Alternative, Slave

MAN = "/usr/share/man/man1"
NANO = Alternative(
    "editor",
    "/usr/bin/editor",
    "/bin/nano",
    40,
    (Slave("editor.1.gz", f"{MAN}/editor.1.gz", f"{MAN}/nano.1.gz"),),
)
VIM = Alternative("editor", "/usr/bin/editor", "/usr/bin/vim.tiny", 15)
ADMIN = "var/lib/dpkg/alternatives/editor"


def made(
    base: dict[str, bytes],
    *wanted: Alternative,
    exists: Callable[[str], bool] = lambda _: True,
) -> dict[str, str]:
    """Return targets and contents by path; directories are empty."""
    return {
        entry.path: entry.target or b"".join(entry.content.chunks()).decode()
        for entry in alternatives(base, wanted, exists)
    }


def test_the_first_alternative_is_chosen_with_its_slaves() -> None:
    assert made({}, NANO) == {
        "etc/alternatives": "",
        "var/lib/dpkg/alternatives": "",
        ADMIN: f"auto\n/usr/bin/editor\neditor.1.gz\n{MAN}/editor.1.gz\n\n"
        f"/bin/nano\n40\n{MAN}/nano.1.gz\n\n",
        "etc/alternatives/editor": "/bin/nano",
        "usr/bin/editor": "/etc/alternatives/editor",
        "etc/alternatives/editor.1.gz": f"{MAN}/nano.1.gz",
        "usr/share/man/man1/editor.1.gz": "/etc/alternatives/editor.1.gz",
    }


def test_a_slave_whose_file_is_kept_out_gets_no_link() -> None:
    found = made({}, NANO, exists=lambda path: not path.startswith(MAN))

    assert set(found) == {
        "etc/alternatives",
        "var/lib/dpkg/alternatives",
        ADMIN,
        "etc/alternatives/editor",
        "usr/bin/editor",
    }


def test_the_highest_priority_wins_in_whatever_order() -> None:
    assert made({}, NANO, VIM) == made({}, VIM, NANO)
    assert made({}, VIM, NANO)["etc/alternatives/editor"] == "/bin/nano"


def test_what_the_base_chose_stays_where_it_ranks_higher() -> None:
    base = {ADMIN: made({}, NANO)[ADMIN].encode()}

    found = made(base, VIM)

    assert found == {
        "etc/alternatives": "",
        "var/lib/dpkg/alternatives": "",
        ADMIN: f"auto\n/usr/bin/editor\neditor.1.gz\n{MAN}/editor.1.gz\n\n"
        f"/bin/nano\n40\n{MAN}/nano.1.gz\n/usr/bin/vim.tiny\n15\n\n\n",
    }


def test_a_choice_by_hand_is_kept() -> None:
    base = {ADMIN: b"manual\n/usr/bin/editor\n\n/usr/bin/vim.tiny\n15\n\n"}

    found = made(base, NANO)

    assert found[ADMIN].startswith("manual\n")
    assert "etc/alternatives/editor" not in found


def test_a_slave_that_no_choice_has_any_more_is_forgotten() -> None:
    base = {ADMIN: b"auto\n/usr/bin/editor\nold\n/usr/bin/old\n\n/bin/nano\n40\n/bin/o\n\n"}

    found = made(base, Alternative("editor", "/usr/bin/editor", "/bin/nano", 40))

    assert found[ADMIN] == "auto\n/usr/bin/editor\n\n/bin/nano\n40\n\n"


def test_of_equals_the_earlier_stays() -> None:
    later = Alternative("editor", "/usr/bin/editor", "/bin/a", 40)

    assert made({}, NANO, later)["etc/alternatives/editor"] == "/bin/nano"


def test_nothing_is_made_of_nothing() -> None:
    assert made({ADMIN: b"auto\n"}) == {}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"often\n", "expected `auto` or `manual`, got: often"),
        (b"auto\n/usr/bin/editor\n", "it ends too early"),
        (b"auto\n/usr/bin/editor\n\n/bin/nano\nhigh\n\n", "`/bin/nano` has no priority"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(data: bytes, problem: str) -> None:
    with pytest.raises(MalformedAlternatives) as caught:
        made({ADMIN: data}, NANO)

    assert str(caught.value) == (
        f"Unable to read the alternatives in `/{ADMIN}` of the base image: {problem}"
    )
    assert caught.value.hint == (
        "To see what is wrong, run `update-alternatives --query` in the base image"
    )
