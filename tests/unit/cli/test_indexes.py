"""uv's settings and the user's credentials, as files and variables have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import tomli

from lamina.cli.indexes import find_credentials
from lamina.cli.uv_files import UvSettingsUnreadable, read_members, uv_tables
from lamina.fetch.finder import Finder

HOST = "https://h.example"


def write(root: Path, **files: str) -> None:
    """Write files; ``__`` in a name is a slash, ``_`` a dot."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def places(root: Path, **environ: str) -> list[str]:
    """Return what stands in the tables that count."""
    nowhere = {"XDG_CONFIG_DIRS": str(root / "etc")}
    found = uv_tables({**nowhere, **environ}, root / "home", root / "app")
    return [str(each.table.get("index-url")) for each in found]


def test_the_projects_settings_come_first_then_the_users_then_the_systems(tmp_path: Path) -> None:
    write(tmp_path, app__pyproject_toml="[tool.uv]\nindex-url = 'project'")
    write(tmp_path, home___config__uv__uv_toml="index-url = 'user'")
    write(tmp_path, etc__uv__uv_toml="index-url = 'system'")

    assert places(tmp_path) == ["project", "user", "system"]
    assert places(tmp_path, UV_NO_CONFIG="true") == []
    assert places(tmp_path, UV_NO_CONFIG="0") == ["project", "user", "system"]
    assert places(tmp_path, XDG_CONFIG_HOME=str(tmp_path)) == ["project", "system"]


def test_a_uv_toml_wins_over_what_is_beside_it(tmp_path: Path) -> None:
    write(tmp_path, app__pyproject_toml="[tool.uv]\nindex-url = 'project'", app__uv_toml="")

    assert places(tmp_path) == ["None"]


def test_the_nearest_settings_above_the_project_count(tmp_path: Path) -> None:
    write(tmp_path, app__pyproject_toml="[tool.other]", uv_toml="index-url = 'above'")

    assert places(tmp_path) == ["above"]


def test_a_project_above_that_is_none_is_passed(tmp_path: Path) -> None:
    write(tmp_path, app__pyproject_toml="[", uv_toml="index-url = 'above'")

    assert places(tmp_path) == ["above"]


def test_a_file_may_be_named(tmp_path: Path) -> None:
    write(tmp_path, app__uv_toml="index-url = 'project'", other_toml="index-url = 'named'")

    assert places(tmp_path, UV_CONFIG_FILE=str(tmp_path / "other.toml")) == ["named"]
    with pytest.raises(UvSettingsUnreadable) as caught:
        places(tmp_path, UV_CONFIG_FILE="gone.toml")
    assert str(caught.value) == "Unable to find the settings of uv at `gone.toml`"
    assert caught.value.hint == "The variable `UV_CONFIG_FILE` names this file"


def test_settings_that_are_no_toml_are_named_and_not_quoted(tmp_path: Path) -> None:
    write(tmp_path, app__uv_toml="s3cret")

    with pytest.raises(UvSettingsUnreadable) as caught:
        places(tmp_path)

    assert str(caught.value) == f"Unable to parse `{tmp_path / 'app' / 'uv.toml'}`: it is not TOML"
    assert caught.value.hint == (
        "uv reads its settings there; run `uv lock` to see what it says of them"
    )


def test_members_of_a_workspace_are_read_where_they_can_be(tmp_path: Path) -> None:
    write(tmp_path, a__pyproject_toml="x = 1", b__pyproject_toml="[", c__other="")
    document = {"tool": {"uv": {"workspace": {"members": ["*", "/abs", 3, ""]}}}}

    found = list(read_members(tmp_path, document))

    assert found == [(tmp_path, document), (tmp_path / "a", {"x": 1})]


def finder(root: Path, text: str = "", **environ: str) -> tuple[Finder, list[str]]:
    """Return what finds credentials, and what is told."""
    told: list[str] = []
    nowhere = {"XDG_CONFIG_DIRS": str(root / "etc")}
    folder = root / "app"
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    document: Mapping[str, object] = tomli.loads(text)
    found, _ = find_credentials(
        {**nowhere, **environ}, root / "home", folder, document, told.append
    )
    return found, told


INDEX = f"[[tool.uv.index]]\nname = 'x'\nurl = '{HOST}/simple'\n"


def test_an_index_is_known_by_its_name_where_a_uv_toml_wins(tmp_path: Path) -> None:
    write(tmp_path, app__uv_toml="")
    found, _ = finder(tmp_path, INDEX, UV_INDEX_X_PASSWORD="pw")

    assert (given := found.at_once(f"{HOST}/a.whl")) is not None
    assert given.password == "pw"


def test_members_name_indexes_and_urls_too(tmp_path: Path) -> None:
    write(tmp_path, app__member__pyproject_toml=INDEX.replace("https://", "https://me:pw@"))
    found, _ = finder(tmp_path, "[tool.uv.workspace]\nmembers = ['member']\n")

    assert (given := found.at_once(f"{HOST}/a.whl")) is not None
    assert given.user == "me"


def test_what_pip_was_given_is_known(tmp_path: Path) -> None:
    found, _ = finder(tmp_path, PIP_INDEX_URL="https://me:pw@h.example/simple")

    assert (given := found.at_once(f"{HOST}/a.whl")) is not None
    assert given.source == "pip's variables"


def test_a_netrc_is_read_when_it_is_wanted_and_once(tmp_path: Path) -> None:
    found, told = finder(tmp_path)
    write(tmp_path, home___netrc="machine h.example login me password pw")

    assert (given := found.when_asked(HOST)) is not None
    assert (given.user, given.password, given.source) == ("me", "pw", "`~/.netrc`")
    assert told == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("machine h.example\nlogon s3cret", "Unable to parse `{}`, line 2; nothing of it is used"),
        (None, "Unable to read `{}`: Is a directory"),
    ],
)
def test_a_netrc_that_is_broken_is_told_of_once_and_not_quoted(
    tmp_path: Path, text: str | None, said: str
) -> None:
    path = tmp_path / "rc"
    path.mkdir() if text is None else path.write_text(text)
    found, told = finder(tmp_path, NETRC=str(path))

    assert found.when_asked(HOST) is None
    assert found.when_asked("https://i.example") is None
    assert told == [said.format(path)]


def test_a_netrc_that_is_no_text_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "rc").write_bytes(b"machine \xff")
    found, told = finder(tmp_path, NETRC=str(tmp_path / "rc"))

    assert found.when_asked(HOST) is None
    assert told == [f"Unable to read `{tmp_path / 'rc'}`: it is not UTF-8"]


STORED = f"[[credential]]\nservice = '{HOST}'\nusername = 'me'\npassword = 'pw'"


def test_uvs_store_is_where_uv_has_it(tmp_path: Path) -> None:
    write(tmp_path, home___local__share__uv__credentials__credentials_toml=STORED)
    write(tmp_path, data__uv__credentials__credentials_toml=STORED.replace("'me'", "'xdg'"))
    write(tmp_path, own__credentials_toml=STORED.replace("'me'", "'own'"))

    def user(**environ: str) -> str:
        found, _ = finder(tmp_path, **environ)
        given = found.when_asked(HOST)
        return given.user if given else ""

    assert user() == "me"
    assert user(XDG_DATA_HOME=str(tmp_path / "data")) == "xdg"
    assert user(UV_CREDENTIALS_DIR=str(tmp_path / "own")) == "own"
    assert user(UV_CREDENTIALS_DIR=str(tmp_path / "nowhere")) == ""


def test_a_store_that_is_broken_is_told_of_and_not_quoted(tmp_path: Path) -> None:
    write(tmp_path, own__credentials_toml="s3cret")
    found, told = finder(tmp_path, UV_CREDENTIALS_DIR=str(tmp_path / "own"))

    assert found.when_asked(HOST) is None
    path = tmp_path / "own" / "credentials.toml"
    assert told == [f"Unable to parse `{path}`; nothing of it is used"]


@pytest.mark.parametrize(
    ("text", "environ", "is_asked"),
    [
        ("", {}, False),
        ("", {"UV_KEYRING_PROVIDER": "subprocess"}, True),
        ("[tool.uv]\nkeyring-provider = 'subprocess'", {}, True),
        ("[tool.uv]\nkeyring-provider = 'subprocess'", {"UV_KEYRING_PROVIDER": "disabled"}, False),
    ],
)
def test_a_keyring_is_asked_if_uv_would(
    tmp_path: Path, text: str, environ: Mapping[str, str], is_asked: bool
) -> None:
    found, told = finder(tmp_path, text, **environ)

    assert found.has_keyring is is_asked
    assert told == []


def test_another_keyring_is_told_of(tmp_path: Path) -> None:
    found, told = finder(tmp_path, UV_KEYRING_PROVIDER="native")

    assert not found.has_keyring
    assert told == ["Unable to use uv's keyring provider `native`: only `subprocess` is known"]
