from __future__ import annotations

from pathlib import Path

import pytest
import tomli

from lamina.fetch.credentials import IndexCredentials
from lamina.fetch.indexes import (
    Authenticate,
    Index,
    UnreadableIndex,
    direct_urls,
    first_text,
    indexes_of_environment,
    indexes_of_pip,
    indexes_of_table,
    uv_table,
)

HERE = Path("/project")


def read(text: str, **environ: str) -> tuple[Index, ...]:
    return indexes_of_table(tomli.loads(text), HERE, environ)


def test_a_table_of_an_index_is_read() -> None:
    (found,) = read(
        '[[index]]\nname = "x"\nurl = "https://me:pw@h.example/simple"\nexplicit = true\n'
        'default = true\nauthenticate = "always"\nformat = "flat"\n'
    )

    assert found == Index(
        "https://h.example/simple",
        "x",
        IndexCredentials("me", "pw", source="the URL of index `x`"),
        Authenticate.ALWAYS,
        is_default=True,
        is_explicit=True,
        is_flat=True,
    )


def test_the_older_settings_come_after_the_newer_ones() -> None:
    found = read(
        'index-url = "https://b.example/"\nextra-index-url = ["https://c.example/"]\n'
        'find-links = ["links"]\nindex = [{ url = "https://a.example/" }]\n'
    )

    assert [(each.url, each.is_default, each.is_flat) for each in found] == [
        ("https://a.example/", False, False),
        ("https://b.example/", True, False),
        ("https://c.example/", False, False),
        ("file:///project/links", False, True),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "index = 3",
        "index = [3]",
        "index = [{}]",
        "index = [{url = 3}]",
        "index-url = 3",
        "extra-index-url = 'https://a.example'",
        "extra-index-url = [3]",
        "find-links = {}",
    ],
)
def test_what_cannot_be_meant_is_left_to_uv(text: str) -> None:
    assert read(text) == ()


@pytest.mark.parametrize("url", ["https://me:s3cret@[h.example", "https://h:x/s3cret", "\\u0000"])
def test_an_address_that_is_none_is_told_and_not_shown(url: str) -> None:
    with pytest.raises(UnreadableIndex) as caught:
        read(f'[[index]]\nname = "x"\nurl = "{url}"')

    assert str(caught.value) == "Unable to read the address of index `x`: not a URL"
    assert caught.value.hint == (
        "See what uv's settings and the variables `UV_INDEX` and `UV_DEFAULT_INDEX` say"
    )
    with pytest.raises(UnreadableIndex, match="of an index without a name: not a URL"):
        indexes_of_environment({"UV_INDEX": "https://[s3cret"}, HERE)


def test_what_authenticate_cannot_mean_is_nothing_special() -> None:
    (found,) = read("index = [{ url = 'https://a.example', authenticate = 'maybe', name = 3 }]")

    assert (found.authenticate, found.name) == (Authenticate.AUTO, None)


@pytest.mark.parametrize(
    ("name", "part"),
    [("internal", "INTERNAL"), ("in-house.x_1", "IN_HOUSE_X_1"), ("a--b", "A__B"), ("ä", "_")],
)
def test_the_variables_of_an_index_go_by_its_name(name: str, part: str) -> None:
    user, password = f"UV_INDEX_{part}_USERNAME", f"UV_INDEX_{part}_PASSWORD"
    (found,) = indexes_of_table(
        {"index": [{"name": name, "url": "https://x:y@h.example"}]},
        HERE,
        {user: "me", password: "pw"},
    )

    assert found.credentials == IndexCredentials("me", "pw", source=f"`{user}` and `{password}`")


def test_one_of_the_variables_is_enough_to_count() -> None:
    text = '[[index]]\nname = "x"\nurl = "https://a:b@h.example"\n'

    (user,) = read(text, UV_INDEX_X_USERNAME="me")
    (password,) = read(text, UV_INDEX_X_PASSWORD="pw")

    assert user.credentials == IndexCredentials("me", source="`UV_INDEX_X_USERNAME`")
    assert password.credentials == IndexCredentials("", "pw", source="`UV_INDEX_X_PASSWORD`")


def test_an_index_without_a_name_has_no_variables() -> None:
    (found,) = read('index = [{ url = "https://me@h.example/" }]')

    assert found.variables is None
    assert found.credentials == IndexCredentials(
        "me", source="the URL of index `https://h.example/`"
    )


def test_variables_name_indexes_in_uvs_order() -> None:
    found = indexes_of_environment(
        {
            "UV_DEFAULT_INDEX": "x=https://a.example/?a=b",
            "UV_INDEX": "https://b.example/\n y=https://me:pw@c.example/",
            "UV_INDEX_URL": "https://d.example/",
            "UV_EXTRA_INDEX_URL": "https://e.example/ wheels",
            "UV_FIND_LINKS": "https://f.example/, ",
        },
        HERE,
    )

    assert [(each.url, each.name, each.is_default, each.is_flat) for each in found] == [
        ("https://a.example/?a=b", "x", True, False),
        ("https://b.example/", None, False, False),
        ("https://c.example/", "y", False, False),
        ("https://d.example/", None, True, False),
        ("https://e.example/", None, False, False),
        ("file:///project/wheels", None, False, False),
        ("https://f.example/", None, False, True),
    ]
    assert found[2].credentials == IndexCredentials("me", "pw", source="the URL of index `y`")


def test_of_pips_variables_only_those_with_credentials_count() -> None:
    found = indexes_of_pip(
        {
            "PIP_INDEX_URL": "https://me:pw@a.example/",
            "PIP_EXTRA_INDEX_URL": "https://b.example/ https://you@c.example/",
        }
    )

    assert [each.url for each in found] == ["https://a.example/", "https://c.example/"]


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://h.example/a/simple", "https://h.example/a/"),
        ("https://h.example/a/Simple/", "https://h.example/a/"),
        ("https://h.example/a/+simple/", "https://h.example/a/"),
        ("https://h.example/simple", "https://h.example/"),
        ("https://h.example/a/simpler/", "https://h.example/a/simpler/"),
        ("https://h.example", "https://h.example"),
    ],
)
def test_what_belongs_to_an_index_is_below_its_root(url: str, root: str) -> None:
    assert Index(url).root == root


def test_direct_urls_stand_in_requirements_and_sources() -> None:
    document = tomli.loads("""
[project]
dependencies = ["a[x] @ https://a.example/a.whl ; os_name == 'posix'", "plain>=1", 3]
optional-dependencies = { x = ["b@https://b.example/"] }
[dependency-groups]
dev = ["c @ https://c.example/c.whl", { include-group = "x" }, "d ; extra == '@ x'"]
[tool.uv.sources]
e = { url = "https://e.example/" }
f = [{ url = "https://f.example/", marker = "x" }, { index = "y" }]
g = 3
""")

    assert list(direct_urls(document)) == [
        f"https://{name}.example/{path}"
        for name, path in [("a", "a.whl"), ("b", ""), ("c", "c.whl"), ("e", ""), ("f", "")]
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "project = 3",
        "project.dependencies = 3",
        "dependency-groups = 3",
        "tool = 3",
        "tool.uv = 3",
        "tool.uv.sources = 3",
    ],
)
def test_a_document_of_another_form_has_none(text: str) -> None:
    assert list(direct_urls(tomli.loads(text))) == []
    assert uv_table(tomli.loads(text)).get("index") is None


def test_a_setting_is_taken_from_the_first_table_that_has_it() -> None:
    assert first_text([{}, {"a": 3}, {"a": "x"}, {"a": "y"}], "a") == "x"
    assert first_text([], "a") is None
