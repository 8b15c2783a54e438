from __future__ import annotations

import tomllib

import pytest

from lamina.oci.descriptor import Platform
from lamina.oci.healthcheck import Healthcheck
from lamina.project.config import (
    Config,
    Copy,
    Names,
    UnknownVariable,
    expand_env,
    parse_config,
)
from lamina.tables import InvalidConfig


def config(text: str) -> Config:
    return parse_config(tomllib.loads("[tool.lamina]\n" + text))


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidConfig) as caught:
        config(text)
    first, *lines = str(caught.value).split("\n")
    assert first == "Unable to read `pyproject.toml`"
    return [line.removeprefix("  tool.lamina") for line in lines]


@pytest.mark.parametrize("document", [{}, {"tool": {}}, {"tool": {"lamina": {}}}])
def test_nothing_said_gives_the_defaults(document: dict[str, object]) -> None:
    assert parse_config(document) == Config(venv="/opt/venv", workdir="/app")


def test_every_key_is_read() -> None:
    read = config("""
        base = "debian:bookworm"
        python = "3.13t"
        platform = ["linux/amd64", "linux/arm64"]
        extras = ["Web_UI", "a", "web-ui"]
        groups = "all"
        default-groups = false
        install-project = false
        venv = "/srv//venv/"
        workdir = "/"
        user = 1000
        env = { TZ = "UTC", PORT = 8000 }
        cmd = "exec run"
        entrypoint = ["tini", "--"]
        labels = { a = "b" }
        expose = [8000, "53/udp", "8000/tcp"]
        volume = ["/data"]
        healthcheck = { test = "true", interval = "30s" }
        stopsignal = "SIGRTMIN+3"
        copy = [{ from = "dist/src", to = ".", mode = "0600", owner = "10:20" }]
        layers = 60
        max-wheel-size = "32 GiB"
        debian-mirror = "https://mirror.example/debian"
        debian-security-mirror = "https://mirror.example/security"
        debian-keyring = "keys/debian.gpg"
        apt-sources = ["deb [arch=amd64 signed-by=a.asc] https://deb.example/debian trixie main"]
    """)

    assert read == Config(
        base="debian:bookworm",
        python="3.13t",
        platform=(Platform("linux", "amd64"), Platform("linux", "arm64")),
        extras=Names(("a", "web-ui")),
        groups=Names(all=True),
        default_groups=False,
        install_project=False,
        venv="/srv/venv",
        workdir="/",
        user="1000",
        env={"PORT": "8000", "TZ": "UTC"},
        cmd=("/bin/sh", "-c", "exec run"),
        entrypoint=("tini", "--"),
        labels={"a": "b"},
        expose=("53/udp", "8000/tcp"),
        volume=("/data",),
        healthcheck=Healthcheck(test=("CMD-SHELL", "true"), interval=30_000_000_000),
        stopsignal="SIGRTMIN+3",
        copy=(Copy("dist/src", ".", 0o600, (10, 20)),),
        layers=60,
        max_wheel_size=32 << 30,
        debian_mirror="https://mirror.example/debian",
        debian_security_mirror="https://mirror.example/security",
        debian_keyring="keys/debian.gpg",
        apt_sources=("deb [arch=amd64 signed-by=a.asc] https://deb.example/debian trixie main",),
    )


def test_an_empty_command_is_not_an_absent_one() -> None:
    assert config("cmd = []").cmd == ()
    assert config("").cmd is None


def test_an_empty_copy_is_not_an_absent_one() -> None:
    assert config("copy = []").copy == ()
    assert config("").copy is None


def test_the_order_of_copies_is_kept() -> None:
    read = config('copy = [{from = "b", to = "."}, {from = "a", to = "."}]')

    assert read.copy == (Copy("b", "."), Copy("a", "."))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("base = 3", ".base: expected a string, got an integer"),
        ('base = " "', ".base: is empty"),
        ('python = "three"', ".python: expected a Python version such as `3.12` or `3.13t`"),
        (
            'platform = "amd64"',
            ".platform: expected `os/architecture`, such as `linux/amd64`",
        ),
        ("platform = [1]", ".platform: expected a string, got an integer"),
        ("extras = 1", ".extras: expected an array, got an integer"),
        ('extras = "web"', '.extras: expected an array of names, or "all"'),
        ('groups = ["a b"]', ".groups[0]: is no valid name"),
        ("default-groups = 0", ".default-groups: expected `true` or `false`, got an integer"),
        ('install-project = "no"', ".install-project: expected `true` or `false`, got a string"),
        ('venv = "opt/venv"', ".venv: expected an absolute path"),
        ('venv = "/a/.."', ".venv: expected a folder below the root"),
        ('venv = "/a:b"', ".venv: holds a character that `PATH` cannot"),
        ('venv = "/a\\n"', ".venv: holds a character that `PATH` cannot"),
        ('workdir = "a"', ".workdir: expected an absolute path"),
        ("user = true", ".user: expected a string, got a boolean"),
        ("user = -1", ".user: expected 0 to 4294967294"),
        ('user = "a b"', ".user: holds a space"),
        ("env = []", ".env: expected a table, got an array"),
        ("env = {A = true}", ".env.A: expected a string or an integer, got a boolean"),
        ('env = {"A=B" = "x"}', ".env.'A=B': is no name of a variable"),
        ('env = {A = "a\\u0000"}', ".env.A: holds a NUL character"),
        ("cmd = 3", ".cmd: expected a string or an array of strings, got an integer"),
        ("entrypoint = [3]", ".entrypoint: expected a string, got an integer"),
        ("labels = {a = 1}", ".labels.a: expected a string, got an integer"),
        ("expose = [0]", ".expose[0]: expected 1 to 65535"),
        ('expose = ["80/http"]', ".expose[0]: expected a port such as `8000` or `8000/udp`"),
        ("expose = 80", ".expose: expected an array, got an integer"),
        ('volume = ["data"]', ".volume[0]: expected an absolute path"),
        ("healthcheck = 1", ".healthcheck: expected a table, got an integer"),
        ("healthcheck = {}", ".healthcheck.test: is missing"),
        ('stopsignal = "TERM"', ".stopsignal: expected a signal such as `SIGTERM` or `15`"),
        ("copy = {}", ".copy: expected an array of tables, got a table"),
        ('copy = ["x"]', ".copy[0]: expected a table, got a string"),
        ("layers = 126", ".layers: expected 1 to 125"),
        ("layers = 1.5", ".layers: expected an integer, got a float"),
        ("max-wheel-size = 0", ".max-wheel-size: expected 1 to 1152921504606846976"),
        ('max-wheel-size = "big"', ".max-wheel-size: expected a size such as `32 GiB`"),
        ("max-wheel-size = [1]", ".max-wheel-size: expected a string, got an array"),
        (
            'debian-mirror = "https://user:secret@mirror.example/"',
            ".debian-mirror: expected an `http://` or `https://` address without a password",
        ),
        *[
            (
                f'apt-sources = ["{source}"]',
                ".apt-sources[0]: expected `deb [OPTION=VALUE ...] URL SUITE COMPONENT...`, with "
                "an `http://` or `https://` address without a password",
            )
            for source in (
                "",
                "https://deb.example/debian trixie main",
                "deb-src https://deb.example/debian trixie main",
                "deb https://deb.example/debian trixie",
                "deb file:/srv/debian trixie main",
                "deb https://me:secret@deb.example/debian trixie main",
                "deb [arch=amd64 https://deb.example/debian trixie main",
            )
        ],
        ('debian-keyring = ""', ".debian-keyring: is empty"),
        ('workdri = "/x"', ".workdri: unknown key (did you mean `workdir`?)"),
        ('bytecode = "yes"', ".bytecode: expected `true` or `false`, got a string"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named_with_its_place(text: str, problem: str) -> None:
    assert problem in problems(text)


def test_all_problems_of_copy_are_told_at_once() -> None:
    found = problems("""
        copy = [
          { from = "a", to = "." },
          { from = 1, too = "." },
          { from = "../x", to = "", mode = 755, owner = "app" },
          { from = "/etc", to = ".", mode = "999", owner = "9999999999:0" },
        ]
    """)

    assert found == [
        ".copy[1].from: expected a string, got an integer",
        ".copy[1].to: is missing",
        ".copy[1].too: unknown key (did you mean `to`?)",
        ".copy[2].from: leaves the project's folder",
        ".copy[2].mode: expected a string, got an integer",
        ".copy[2].owner: expected numbers such as `1000:1000`",
        ".copy[2].to: is empty",
        ".copy[3].from: expected a path relative to the project's folder",
        '.copy[3].mode: expected octal digits in a string, such as "0755"',
        ".copy[3].owner: expected numbers up to 4294967294",
    ]


@pytest.mark.parametrize("document", [{"tool": 3}, {"tool": {"lamina": "x"}}])
def test_what_is_no_table_is_explained(document: dict[str, object]) -> None:
    with pytest.raises(InvalidConfig, match="expected a table, got"):
        parse_config(document)


def test_env_is_expanded_from_the_base() -> None:
    own = {"PATH": "/x:${PATH}", "A": "$${PATH}", "B": "$5 ${EMPTY}", "C": "$$"}

    expanded = expand_env(own, {"PATH": "/bin", "EMPTY": ""})

    assert expanded == {"PATH": "/x:/bin", "A": "${PATH}", "B": "$5 ", "C": "$$"}


def test_what_the_base_holds_is_not_expanded_again() -> None:
    assert expand_env({"A": "${B}"}, {"B": "${C}"}) == {"A": "${C}"}


def test_every_unknown_variable_is_named() -> None:
    with pytest.raises(UnknownVariable) as caught:
        expand_env({"B": "${NO}", "A": "${X} ${", "C": "${PATH}"}, {"PATH": "/bin"})

    assert str(caught.value) == (
        "Unable to expand `env` of `pyproject.toml`\n"
        "  tool.lamina.env.A: the base image sets no variable `X`\n"
        "  tool.lamina.env.A: `${` has no closing brace\n"
        "  tool.lamina.env.B: the base image sets no variable `NO`"
    )
    assert caught.value.hint == (
        "To write a dollar and a brace as they are, double the dollar: `$${NAME}`"
    )
