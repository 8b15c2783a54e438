"""Indexes that want credentials: Lamina is let in where the real uv is, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import Item, make_wheel
from fakes.private_index import PrivateIndex, serve_private_index
from integration.index_places import (
    FILENAME,
    PROJECT,
    SECRET,
    USER,
    Case,
    Place,
    assert_nothing_shows,
)
from integration.uv_oracle import run_uv

pytestmark = pytest.mark.integration

INDEX = '[[tool.uv.index]]\nname = "in-house.x"\nurl = "{one}"\n'
OTHER = '[[tool.uv.index]]\nurl = "{other}"\n'
ALWAYS = 'authenticate = "always"\n'
NEVER = 'authenticate = "never"\n'
USER_VARIABLE = "UV_INDEX_IN_HOUSE_X_USERNAME"
PASSWORD_VARIABLE = "UV_INDEX_IN_HOUSE_X_PASSWORD"
BOTH = {USER_VARIABLE: USER, PASSWORD_VARIABLE: SECRET}
NETRC = f"machine 127.0.0.1\n  login {USER} # who\n  password {SECRET}\n"
STORED = (
    f'[[credential]]\nservice = "{{address}}/one"\nusername = "{USER}"\npassword = "{SECRET}"\n'
)
ASKED = {"UV_KEYRING_PROVIDER": "subprocess"}
LOGIN = '[[tool.uv.index]]\nurl = "{login}"\n'

CASES = (
    Case("nothing", INDEX, is_let_in=False),
    Case("variables", INDEX, BOTH),
    Case("variables-of-another-name", INDEX, {"UV_INDEX_X_PASSWORD": SECRET}, is_let_in=False),
    Case("password-alone", INDEX, {PASSWORD_VARIABLE: SECRET}, is_let_in=False),
    Case("wrong-password", INDEX, {**BOTH, PASSWORD_VARIABLE: "wrong"}, is_let_in=False),
    Case(
        "given-ones-win",
        INDEX,
        {**BOTH, PASSWORD_VARIABLE: "wrong"},
        {"home/.netrc": NETRC},
        is_let_in=False,
    ),
    Case("variables-win-over-the-url", LOGIN.replace("url", 'name = "in-house.x"\nurl'), BOTH),
    Case("url", LOGIN),
    Case("url-of-an-explicit-index", LOGIN + 'name = "x"\nexplicit = true\n'),
    Case("index-url", '[tool.uv]\nindex-url = "{login}"\n'),
    Case("extra-index-url", '[tool.uv]\nextra-index-url = ["{login}"]\n'),
    Case("UV_INDEX", OTHER, {"UV_INDEX": "x={login}"}),
    Case("UV_INDEX-by-name", OTHER, {"UV_INDEX": "in-house.x={one}", **BOTH}),
    Case("UV_DEFAULT_INDEX", "", {"UV_DEFAULT_INDEX": "{login}"}),
    Case("UV_INDEX_URL", "", {"UV_INDEX_URL": "{login}"}),
    Case("UV_EXTRA_INDEX_URL", "", {"UV_EXTRA_INDEX_URL": "{other} {login}"}),
    Case("another-index-of-the-host", '[[tool.uv.index]]\nurl = "{other_login}"\n'),
    Case("the-first-index-of-the-host", '[[tool.uv.index]]\nurl = "{other_login}"\n' + OTHER),
    Case(
        "not-the-second-of-the-host",
        OTHER.replace("{other}", "{third}") + '[[tool.uv.index]]\nurl = "{other_login}"\n',
        is_let_in=False,
    ),
    Case("a-source", '[tool.uv.sources]\na = {{ url = "{login_file}" }}\n'),
    Case("netrc", INDEX, files={"home/.netrc": NETRC}),
    Case(
        "netrc-default", INDEX, files={"home/.netrc": NETRC.replace("machine 127.0.0.1", "default")}
    ),
    Case(
        "netrc-of-another-host",
        INDEX,
        files={"home/.netrc": NETRC.replace("127", "128")},
        is_let_in=False,
    ),
    Case("NETRC", INDEX, {"NETRC": "{root}/rc"}, {"rc": NETRC}),
    Case("netrc-of-the-user", INDEX, {USER_VARIABLE: USER}, {"home/.netrc": NETRC}),
    Case(
        "netrc-of-another-user",
        INDEX,
        {USER_VARIABLE: "you"},
        {"home/.netrc": NETRC},
        is_let_in=False,
    ),
    Case(
        "broken-netrc",
        INDEX,
        files={"home/.netrc": NETRC.replace("login", "logon")},
        is_let_in=False,
    ),
    Case("uv-store", INDEX, files={"home/.local/share/uv/credentials/credentials.toml": STORED}),
    Case(
        "UV_CREDENTIALS_DIR",
        INDEX,
        {"UV_CREDENTIALS_DIR": "{root}/c"},
        {"c/credentials.toml": STORED},
    ),
    Case(
        "uv-store-of-a-sibling",
        INDEX,
        {"UV_CREDENTIALS_DIR": "{root}/c"},
        {"c/credentials.toml": STORED.replace("/one", "/on")},
        is_let_in=False,
    ),
    Case("keyring", INDEX, {USER_VARIABLE: USER, **ASKED}),
    Case(
        "keyring-setting",
        "[tool.uv]\nkeyring-provider = 'subprocess'\n" + INDEX,
        {USER_VARIABLE: USER},
    ),
    Case("keyring-without-a-user", INDEX, ASKED, is_let_in=False),
    Case("keyring-that-is-not-asked", INDEX, {USER_VARIABLE: USER}, is_let_in=False),
    Case("keyring-always", INDEX + ALWAYS, ASKED),
    Case("always-and-nothing", INDEX + ALWAYS, is_let_in=False),
    Case("never", INDEX + NEVER, BOTH, is_let_in=False),
    Case(
        "uv.toml-wins",
        "[tool.uv]\nindex-url = '{login}'\n",
        files={"app/uv.toml": ""},
        is_let_in=False,
    ),
    Case("uv.toml", "", BOTH, {"app/uv.toml": INDEX.replace("tool.uv.", "")}),
    Case("uv.toml-and-an-index", LOGIN, files={"app/uv.toml": ""}),
    Case("uv.toml-above", "", files={"uv.toml": LOGIN.replace("tool.uv.", "")}),
    Case(
        "uv.toml-of-the-user", "", files={"home/.config/uv/uv.toml": LOGIN.replace("tool.uv.", "")}
    ),
    Case(
        "UV_CONFIG_FILE",
        "",
        {"UV_CONFIG_FILE": "{root}/x.toml"},
        {"x.toml": LOGIN.replace("tool.uv.", "")},
    ),
    Case(
        "UV_NO_CONFIG",
        "",
        {"UV_NO_CONFIG": "1"},
        {"app/uv.toml": LOGIN.replace("tool.uv.", "")},
        is_let_in=False,
    ),
)


@pytest.fixture(scope="module")
def index() -> Iterator[PrivateIndex]:
    """An index with a part for the user, and one for nobody."""
    with serve_private_index() as index:
        wheel = make_wheel(Item("a/__init__.py", b"A = 1\n"), name="a", version="1.0")
        index.part("one", USER, SECRET).files[FILENAME] = wheel
        index.part("two", "nobody", "nothing")
        yield index


@pytest.fixture(scope="module")
def lock(index: PrivateIndex, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the real uv locks with good credentials."""
    folder = tmp_path_factory.mktemp("locked")
    settings = INDEX.format(one=index.url("one")) + "default = true\n"
    (folder / "pyproject.toml").write_text(PROJECT.format(requirement='"a"') + settings)
    done = run_uv(folder, "lock", "--no-cache", env=BOTH)
    assert done.returncode == 0, done.stderr
    text = (folder / "uv.lock").read_text()
    assert SECRET not in text
    assert USER not in text
    return text


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_lamina_is_let_in_where_uv_is(
    case: Case, index: PrivateIndex, lock: str, tmp_path: Path
) -> None:
    place = Place(tmp_path, index)
    place.write(case, lock)

    oracle = place.uv()
    asked = place.asked_of_keyring()
    code, talk = place.build_here()

    assert (oracle.returncode == 0) is case.is_let_in, oracle.stderr
    assert (code == 0) is case.is_let_in, talk
    assert place.asked_of_keyring() == asked
    assert_nothing_shows(talk)


@pytest.mark.parametrize(
    ("machine", "is_let_in"), [("localhost", True), ("127.0.0.1", False)], ids=["own", "none"]
)
def test_a_redirect_to_another_host_is_given_what_is_for_that_host(
    machine: str, is_let_in: bool, index: PrivateIndex, lock: str, tmp_path: Path
) -> None:
    """Neither uv nor Lamina gives it what the index was given, though it would take just that."""
    place = Place(tmp_path, index)
    there = index.part("there", USER, SECRET)
    there.files = index.parts["one"].files
    netrc = {"home/.netrc": f"machine {machine} login {USER} password {SECRET}"}
    place.write(Case("", INDEX, BOTH, netrc), lock)
    index.parts["one"].elsewhere = f"{index.other_address}/there/files"
    try:
        index.asked.clear()
        oracle, asked = place.uv(), _asked_there(index)
        index.asked.clear()
        code, talk = place.build_here()
    finally:
        index.parts["one"].elsewhere = ""

    assert [oracle.returncode == 0, code == 0] == [is_let_in, is_let_in], oracle.stderr + talk
    assert set(asked) == set(_asked_there(index)) == ({401, 200} if is_let_in else {401})
    assert_nothing_shows(talk)


def _asked_there(index: PrivateIndex) -> list[int]:
    return [each.status for each in index.asked if each.path.startswith("/there/")]
