from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from lamina.cli import mirrors, settings
from lamina.cli.indexes import configured_indexes, package_indexes
from lamina.cli.outputs import NoOutput, locations
from lamina.cli.settings import InvalidSetting
from lamina.cli.uv_files import UvTable
from lamina.destinations.daemon import OneLoadOnly
from lamina.errors import LaminaError
from lamina.fetch.indexes import uv_table
from lamina.make.workshop import Backends
from lamina.mirrors.archives import MirrorNotFound
from lamina.oci.reference import Reference
from lamina.project.config import Config
from lamina.project.program import Programs
from lamina.pythons.finder import Pythons
from lamina.system.small_files import SmallFiles
from pythons import interpreter

APP = Reference.parse("registry.example/app:1.0")


@pytest.mark.parametrize("text", ["", "soon", "0", "-1", "nan", "inf", "86400"])
def test_a_timeout_that_means_nothing_is_named(text: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        settings.network({"LAMINA_HTTP_TIMEOUT": text})

    assert str(caught.value) == f"Expected seconds in `LAMINA_HTTP_TIMEOUT`, got: {text}"


def test_the_network_is_as_the_environment_says() -> None:
    network = settings.network({"LAMINA_HTTP_TIMEOUT": "2.5", "LAMINA_CA_BUNDLE": "/ca.pem"})

    assert (network.timeout, network.ca_bundle) == (2.5, "/ca.pem")
    assert settings.network({}).ca_bundle is None


def backends(**environ: str) -> Backends:
    return settings.backends(environ, (), str, Pythons(interpreter()), Programs())


def test_pip_believes_the_same_certificates() -> None:
    found = backends(LAMINA_CA_BUNDLE="/ca.pem")
    own = backends(LAMINA_CA_BUNDLE="/ca.pem", PIP_CERT="/own.pem")

    assert found.indexes.environ["PIP_CERT"] == "/ca.pem"
    assert own.indexes.environ["PIP_CERT"] == "/own.pem"
    assert backends(PATH="/bin").path == "/bin"


def test_the_store_is_where_it_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert settings.store_folder(Path("x")) == tmp_path / "x"
    assert settings.store_folder(None).name == "lamina"


@pytest.mark.parametrize(
    ("epoch", "date"),
    [("0", "1970-01-01T00:00:00Z"), ("1700000000", "2023-11-14T22:13:20Z")],
)
def test_the_image_has_the_date_that_is_asked_for(epoch: str, date: str, tmp_path: Path) -> None:
    assert settings.created_at({"SOURCE_DATE_EPOCH": epoch}, tmp_path) == date


@pytest.mark.parametrize("epoch", ["", "x", "-1", "1.5", "9" * 12, "99999999999999", "²"])
def test_a_date_that_means_nothing_is_named(epoch: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting) as caught:
        settings.created_at({"SOURCE_DATE_EPOCH": epoch}, tmp_path)

    assert str(caught.value) == f"Expected whole seconds in `SOURCE_DATE_EPOCH`, got: {epoch}"


def test_as_many_layers_are_made_at_a_time_as_there_are_processors() -> None:
    assert 2 <= settings.makers() <= max(2, os.cpu_count() or 1)


def test_apt_sources_that_may_not_be_read_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "etc/apt/sources.list.d"
    folder.mkdir(parents=True)
    (folder / "one.list").write_text("deb https://mirror.example/debian bookworm main\n")
    (folder / "two.sources").symlink_to("nowhere")
    warnings: list[str] = []

    sources = mirrors.apt_sources(tmp_path, warnings.append)

    assert [source.suites for source in sources] == [("bookworm",)]
    assert warnings == [
        f"Unable to read the apt sources in `{folder}/two.sources`: No such file or directory"
    ]


def test_the_environment_goes_before_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "keys.gpg").write_bytes(b"keys")
    (tmp_path / "mine.gpg").write_bytes(b"mine")
    config = Config(
        debian_mirror="https://mirror.example/debian",
        debian_security_mirror="https://mirror.example/security",
        debian_keyring="keys.gpg",
    )
    environ = {
        "LAMINA_DEBIAN_KEYRING": str(tmp_path / "mine.gpg"),
        "LAMINA_DEBIAN_MIRROR": "https://other.example/debian",
        "LAMINA_DEBIAN_SECURITY_MIRROR": "https://other.example/security",
    }

    found = mirrors.debian_settings("bookworm", "amd64", {}, config, _never, folder=tmp_path)
    other = mirrors.debian_settings("bookworm", "amd64", environ, config, _never, folder=tmp_path)

    assert [str(each) for each in found.archives] == [
        "`bookworm` at mirror.example",
        "`bookworm-updates` at mirror.example",
        "`bookworm-security` at mirror.example",
    ]
    assert [each.url for each in other.archives] == [
        "https://other.example/debian",
        "https://other.example/debian",
        "https://other.example/security",
    ]
    assert {each.keys.keyrings for each in found.archives} == {(b"keys",)}
    assert {each.keys.keyrings for each in other.archives} == {(b"mine",)}


def test_a_keyring_that_is_configured_must_be_there(tmp_path: Path) -> None:
    config = Config(debian_mirror="https://mirror.example/debian", debian_keyring="no.gpg")

    with pytest.raises(LaminaError) as caught:
        mirrors.debian_settings("bookworm", "amd64", {}, config, _never, folder=tmp_path)

    assert str(caught.value) == (
        f"Unable to read the keyring `{tmp_path}/no.gpg`: No such file or directory"
    )
    assert caught.value.hint == (
        "A path in `[tool.lamina]` is relative to the project's folder, one in "
        "`LAMINA_DEBIAN_KEYRING` to the working directory"
    )


def test_configured_sources_name_keyrings_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "mine.asc").write_bytes(b"mine")
    source = "deb [signed-by=mine.asc] https://mine.example/$(ARCH) stable main"

    found = mirrors.archives_for(
        SmallFiles(), "arm64", {}, Config(apt_sources=(source,)), _never, folder=tmp_path
    )

    assert [(each.url, each.keys.keyrings) for each in found] == [
        ("https://mine.example/arm64", (b"mine",))
    ]


def test_the_base_tells_its_release_and_its_sources(tmp_path: Path) -> None:
    keyring = "usr/share/keyrings/debian-archive-keyring.gpg"
    base = SmallFiles(
        {
            "usr/lib/os-release": b"ID=debian\nVERSION_CODENAME=bookworm\n",
            "etc/apt/sources.list": b"deb http://deb.example/debian bookworm main\n",
            keyring: b"base's",
        },
        {"etc/os-release": "../usr/lib/os-release"},
    )
    environ = {"LAMINA_DEBIAN_MIRROR": "https://other.example/debian"}

    (own,) = mirrors.archives_for(base, "amd64", {}, Config(), _never, folder=tmp_path)
    (moved,) = mirrors.archives_for(base, "amd64", environ, Config(), _never, folder=tmp_path)

    assert (own.url, own.keys.keyrings) == ("http://deb.example/debian", (b"base's",))
    assert (moved.url, moved.suite) == ("https://other.example/debian", "bookworm")
    assert moved.site == "http://deb.example/debian"


def test_without_a_mirror_the_machine_must_know_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "apt_sources", lambda root, warn: [])

    with pytest.raises(MirrorNotFound):
        mirrors.debian_settings("bookworm", "amd64", {}, Config(), _never, folder=tmp_path)


UV = """
[tool.uv]
index-url = "https://old.example/simple"
extra-index-url = ["https://extra.example/simple"]

[[tool.uv.index]]
name = "private"
url = "https://private.example/simple"

[[tool.uv.index]]
name = "torch"
url = "https://torch.example/simple"
explicit = true

[[tool.uv.index]]
url = "https://default.example/simple"
default = true
"""


@pytest.mark.parametrize(
    ("text", "environ", "index", "extra"),
    [
        ("", {}, None, ()),
        (
            UV,
            {},
            "https://default.example/simple",
            ("https://private.example/simple", "https://extra.example/simple"),
        ),
        ("[tool.uv]\nindex-url = 'https://a.example/'", {}, "https://a.example/", ()),
        ("[tool.uv]\nindex-url = 3\nindex = 3\nextra-index-url = 3", {}, None, ()),
        ("[tool.uv]\nindex = [3, {url = 3}]\nextra-index-url = [3]", {}, None, ()),
        ("[tool]\nuv = 3", {}, None, ()),
        ("tool = 3", {}, None, ()),
        ("", {"UV_INDEX_URL": "https://b.example/"}, "https://b.example/", ()),
        (
            "[tool.uv]\nindex-url = 'https://a.example/'",
            {"UV_INDEX_URL": "https://b.example/", "UV_DEFAULT_INDEX": "x=https://c.example/"},
            "https://c.example/",
            (),
        ),
        (
            "",
            {
                "UV_INDEX": "my_own=https://d.example/ https://e.example/?x=1",
                "UV_EXTRA_INDEX_URL": "https://f.example/",
            },
            None,
            ("https://d.example/", "https://e.example/?x=1", "https://f.example/"),
        ),
        ("[tool.uv]\nindex-url = 'wheels'", {}, "file:///project/wheels", ()),
    ],
)
def test_build_backends_come_from_the_indexes_that_uv_uses(
    text: str, environ: dict[str, str], index: str | None, extra: tuple[str, ...]
) -> None:
    table = UvTable(uv_table(tomllib.loads(text)), Path("/project"))
    indexes = configured_indexes(environ, Path("/project"), (table,))
    found = package_indexes(environ, indexes, str)

    assert (found.index_url, found.extra_index_urls) == (index, extra)


def test_an_image_may_go_to_several_places() -> None:
    found = locations(
        ["oci:a", "oci:b:2.0", "oci-archive:c", "docker-archive:d"], [APP], is_pushed=False
    )

    assert [str(each) for each in found] == [
        "oci:a:1.0",
        "oci:b:2.0",
        "oci-archive:c:1.0",
        "docker-archive:d",
    ]


def test_an_image_goes_somewhere_and_nowhere_twice() -> None:
    with pytest.raises(NoOutput, match="Nothing says where the image goes"):
        locations([], [], is_pushed=False)
    with pytest.raises(NoOutput, match=r"^Unable to write the image to `a` twice$"):
        locations(["oci:a", "docker-archive:b", "oci:a:2"], [], is_pushed=True)
    assert locations([], [], is_pushed=False, is_loaded=True) == ()
    with pytest.raises(OneLoadOnly):
        locations([], [], is_pushed=False, is_loaded=True, is_multiple=True)


def test_the_environment_names_one_place() -> None:
    assert settings.outputs({"LAMINA_OUTPUT": "oci:a b"}, ()) == ["oci:a b"]
    assert settings.outputs({"LAMINA_OUTPUT": "oci:a"}, ("oci:c",)) == ("oci:c",)
    assert settings.outputs({"LAMINA_OUTPUT": ""}, ()) == []


def _never(text: str) -> None:
    raise AssertionError(text)
