"""`lamina build` from an index that wants credentials."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builders import Item, make_wheel
from fakes.private_index import PrivateIndex, serve_private_index
from projects import LockedProject
from unit.cli.program import Program

WHEEL = "a-1.0-py3-none-any.whl"
INDEX = '\n[[tool.uv.index]]\nname = "in-house"\nurl = "{}"\n'


@pytest.fixture
def index(locked: LockedProject) -> Iterator[PrivateIndex]:
    """An index with the one dependency of the project, whose settings name it."""
    with serve_private_index() as index:
        data = make_wheel(Item("a/__init__.py", b"A = 1\n"), name="a")
        index.part("one", "me", "s3cret").files[WHEEL] = data
        locked.remote("a", index.file("one", WHEEL), data)
        locked.write()
        with (locked.folder / "pyproject.toml").open("a") as file:
            file.write(INDEX.format(index.url("one")))
        yield index


def test_the_variables_of_the_index_let_a_build_in(
    index: PrivateIndex, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_IN_HOUSE_USERNAME", "me")
    monkeypatch.setenv("UV_INDEX_IN_HOUSE_PASSWORD", "s3cret")

    report = program.report("--frozen")

    assert report["transfer"]["wheels_downloaded"] == 1
    assert [asked.status for asked in index.asked] == [200]


def test_a_build_without_credentials_says_where_they_were_looked_for(
    index: PrivateIndex, program: Program
) -> None:
    said = program.refused("--frozen")

    assert said.partition("error: ")[2] == (
        f"Unable to download `{index.file('one', WHEEL)}`: the server answered 401, and no "
        "credentials were found\n"
        "  looked in: the settings of index `in-house`, netrc (no file), uv's credential store, "
        "not in `keyring`, which is not turned on\n"
        "\n"
        "hint: Set `UV_INDEX_IN_HOUSE_USERNAME` and `UV_INDEX_IN_HOUSE_PASSWORD`, or add "
        "`127.0.0.1` to `~/.netrc`\n"
    )


def test_a_build_with_an_old_password_says_which_it_was(
    index: PrivateIndex, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_IN_HOUSE_USERNAME", "me")
    monkeypatch.setenv("UV_INDEX_IN_HOUSE_PASSWORD", "0ld")

    said = program.refused("--frozen")

    assert said.partition("error: ")[2] == (
        f"Unable to download `{index.file('one', WHEEL)}`: the server answered 401 to the "
        "credentials from `UV_INDEX_IN_HOUSE_USERNAME` and `UV_INDEX_IN_HOUSE_PASSWORD`\n"
        "\n"
        "hint: They may be wrong, or have expired: give others there\n"
    )


def test_settings_that_cannot_be_read_end_the_build(
    index: PrivateIndex, program: Program, locked: LockedProject
) -> None:
    (locked.folder / "uv.toml").write_text("s3cret")

    said = program.refused("--frozen")

    assert "s3cret" not in said
    assert "error: Unable to parse `ROOT/project/uv.toml`: it is not TOML\n" in said
    assert index.asked == []
