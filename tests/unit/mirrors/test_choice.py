"""Which archives packages come from, and by which keys each is believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from lamina.deb.sources import AptSource, parse_sources
from lamina.mirrors.archives import Archive, MirrorNotFound
from lamina.mirrors.choice import (
    Configured,
    Machine,
    NothingForArchitecture,
    Target,
    choose_archives,
)
from lamina.mirrors.distributions import DEBIAN, UBUNTU, Distribution

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SOURCES = f"""\
Types: deb
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: {KEYRING}

Types: deb
URIs: http://deb.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: {KEYRING}
"""
DEBIAN_PATH = "etc/apt/sources.list.d/debian.sources"
OWN = {DEBIAN_PATH: SOURCES.encode(), KEYRING[1:]: b"base's"}
OTHERS = {
    **OWN,
    "etc/apt/sources.list.d/pg.list": (
        b"deb [signed-by=/etc/apt/keyrings/pg.asc] https://pg.example/apt bookworm-pgdg main\n"
        b"deb https://free.example/deb stable main\n"
    ),
    "etc/apt/keyrings/pg.asc": b"pg's",
    "etc/apt/trusted.gpg.d/free.asc": b"free's",
    "etc/apt/trusted.gpg.d/README": b"no key",
}
MIRROR = "https://mirror.example/debian"
SECURITY = "https://mirror.example/security"


@dataclass
class Files:
    """Files of a base, made in the test."""

    files: Mapping[str, bytes] = field(default_factory=dict)

    def get(self, path: str) -> bytes | None:
        return self.files.get(path)

    def below(self, folder: str) -> dict[str, bytes]:
        inside = {path for path in self.files if path.rpartition("/")[0] == folder}
        return {path: self.files[path] for path in sorted(inside)}


def nothing(path: str) -> bytes | None:
    return None


def machine(text: str = "", files: Mapping[str, bytes] | None = None) -> Machine:
    sources: Sequence[AptSource] = parse_sources(text.encode(), "/etc/apt/sources.list")
    return Machine(sources=lambda: sources, read={KEYRING: b"machine's", **(files or {})}.get)


BARE = Machine(sources=list, read=nothing)


def chosen(
    files: Mapping[str, bytes] | None,
    configured: Configured | None = None,
    here: Machine = BARE,
    *,
    architecture: str = "amd64",
    codename: str | None = "bookworm",
    distribution: Distribution | None = DEBIAN,
    warnings: list[str] | None = None,
) -> tuple[Archive, ...]:
    base = None if files is None else Files(files)
    target = Target(base, architecture, codename, distribution)
    said: list[str] = []
    found = choose_archives(target, configured or Configured(read=nothing), here, said.append)
    if warnings is None:
        assert said == []
    else:
        warnings += said
    return found


def places(archives: Sequence[Archive]) -> list[tuple[str, str]]:
    return [(each.url, each.suite) for each in archives]


def keys(archives: Sequence[Archive]) -> list[tuple[bytes, ...]]:
    return [each.keys.keyrings for each in archives]


def test_the_suites_are_those_that_the_base_names_and_the_keys_are_its_own() -> None:
    found = chosen(OWN, here=machine("deb http://machine.example bookworm main\n"))

    assert places(found) == [
        ("http://deb.example/debian", "bookworm"),
        ("http://deb.example/debian", "bookworm-updates"),
        ("http://deb.example/debian-security", "bookworm-security"),
    ]
    assert keys(found) == [(b"base's",)] * 3
    assert all(each.is_required for each in found)


def test_each_source_is_believed_by_its_own_keys_alone() -> None:
    found = chosen(OTHERS)

    assert list(zip([each.suite for each in found], keys(found), strict=True))[3:] == [
        ("bookworm-pgdg", (b"pg's",)),
        ("stable", (b"free's",)),
    ]
    assert keys(found)[0] == (b"base's",)


def test_a_source_without_keys_is_believed_by_those_of_the_base_else_of_this_machine() -> None:
    sources = {"etc/apt/sources.list": b"deb http://deb.example/debian bookworm main\n"}

    own = chosen({**sources, KEYRING[1:]: b"base's"}, here=machine())
    none = chosen(sources, here=machine())

    assert keys(own) == [(b"base's",)]
    assert keys(none) == [(b"machine's",)]


def test_keys_that_the_base_names_are_not_looked_for_on_this_machine() -> None:
    (found, *_) = chosen({DEBIAN_PATH: SOURCES.encode()}, here=machine())

    assert found.keys.keyrings == ()
    assert found.keys.tried == (KEYRING,)


def test_a_configured_mirror_stands_in_for_that_of_the_distribution() -> None:
    configured = Configured(mirror=MIRROR, security_mirror=SECURITY, keyring=b"mine", read=nothing)

    found = chosen(OTHERS, configured)

    assert places(found) == [
        (MIRROR, "bookworm"),
        (MIRROR, "bookworm-updates"),
        (SECURITY, "bookworm-security"),
        ("https://pg.example/apt", "bookworm-pgdg"),
        ("https://free.example/deb", "stable"),
    ]
    assert keys(found) == [(b"mine",), (b"mine",), (b"mine",), (b"pg's",), (b"mine", b"free's")]
    assert [each.is_required for each in found] == [True, False, False, True, True]


def test_that_there_are_no_security_updates_is_said() -> None:
    warnings: list[str] = []

    found = chosen(OWN, Configured(mirror=MIRROR, read=nothing), warnings=warnings)

    assert places(found) == [(MIRROR, "bookworm"), (MIRROR, "bookworm-updates")]
    assert warnings == [
        "There are no security updates, since a mirror is configured and none for those; "
        "name it as `debian-security-mirror`"
    ]


@pytest.mark.parametrize("files", [None, {}], ids=["made", "distroless"])
def test_that_a_base_without_sources_has_no_security_updates_is_said(
    files: Mapping[str, bytes] | None,
) -> None:
    warnings: list[str] = []

    found = chosen(files, Configured(mirror=MIRROR, read=nothing), warnings=warnings)

    assert places(found) == [(MIRROR, "bookworm"), (MIRROR, "bookworm-updates")]
    assert warnings == [
        "There are no security updates, since a mirror is configured and none for those; "
        "name it as `debian-security-mirror`"
    ]


def test_ubuntu_has_its_security_updates_at_the_mirror_that_is_configured() -> None:
    configured = Configured(mirror=MIRROR, read=nothing)

    found = chosen({}, configured, codename="noble", distribution=UBUNTU)

    assert (MIRROR, "noble-security") in places(found)


def test_a_mirror_that_changes_nothing_is_said() -> None:
    warnings: list[str] = []
    files = {"etc/apt/sources.list": b"deb https://pg.example/apt bookworm-pgdg main\n"}

    chosen(files, Configured(mirror=MIRROR, read=nothing), warnings=warnings)

    assert warnings == [
        "`debian-mirror` changes nothing: no apt source of the base is of Debian itself"
    ]


@pytest.mark.parametrize(("codename", "distribution"), [("kali", None), (None, DEBIAN)])
def test_a_mirror_of_what_the_base_is_not_is_said(
    codename: str | None, distribution: Distribution | None
) -> None:
    warnings: list[str] = []

    found = chosen(
        OWN,
        Configured(mirror=MIRROR, read=nothing),
        codename=codename,
        distribution=distribution,
        warnings=warnings,
    )

    assert len(found) == 3
    assert warnings == [
        "`debian-mirror` changes nothing: the base is of no release of Debian or Ubuntu"
    ]


def test_sources_that_all_are_for_other_architectures_are_named() -> None:
    line = "deb [arch=amd64] https://deb.example/debian bookworm main"
    files = {"etc/apt/sources.list": f"{line}\n{line}\n".encode()}

    with pytest.raises(NothingForArchitecture) as caught:
        chosen(files, architecture="arm64")
    with pytest.raises(NothingForArchitecture, match="apt-sources"):
        chosen(files, Configured(sources=(line,), read=nothing), architecture="arm64")

    assert str(caught.value) == (
        "Unable to find packages for `arm64`: every apt source is for others\n"
        "  `/etc/apt/sources.list:1`\n  `/etc/apt/sources.list:2`"
    )
    assert caught.value.hint == "Name sources that have it as `apt-sources` in `[tool.lamina]`"


def test_a_company_with_a_mirror_and_keys_of_its_own_has_it_replaced_too() -> None:
    files = {"etc/apt/sources.list": b"deb [signed-by=/k.gpg] https://c.example/d bookworm main\n"}

    (found,) = chosen(files, Configured(mirror=MIRROR, keyring=b"mine", read=nothing))

    assert (found.url, found.keys.keyrings) == (MIRROR, (b"mine",))


def test_a_base_without_sources_gets_those_of_this_machine_for_its_release() -> None:
    here = machine(
        "deb http://here.example/debian trixie main contrib\n"
        "deb http://here.example/security trixie-security main\n"
        "deb https://node.example/node_20.x nodistro main\n"
        "deb https://node.example/debian trixie-node main\n"
    )

    for files in (None, {}, {"etc/apt/sources.list": b"# nothing\n"}):
        found = chosen(files, here=here)

        assert places(found) == [
            ("http://here.example/debian", "bookworm"),
            ("http://here.example/security", "bookworm-security"),
        ]
        assert {each.components for each in found} == {("main",)}
        assert keys(found) == [(b"machine's",)] * 2


def test_a_base_without_sources_gets_the_configured_mirror() -> None:
    configured = Configured(mirror=MIRROR, security_mirror=SECURITY, read=nothing)

    found = chosen({}, configured, here=machine("deb http://here.example/debian sid main\n"))

    assert places(found)[0] == (MIRROR, "bookworm")
    assert keys(found) == [(b"machine's",)] * 3


@pytest.mark.parametrize(
    ("codename", "distribution"), [("bookworm", DEBIAN), ("kali", None), (None, DEBIAN)]
)
def test_where_nobody_knows_a_mirror_that_is_told(
    codename: str | None, distribution: Distribution | None
) -> None:
    with pytest.raises(MirrorNotFound):
        chosen({}, codename=codename, distribution=distribution)


def test_configured_sources_are_taken_instead_of_the_bases() -> None:
    configured = Configured(
        sources=(
            "deb [signed-by=keys/mine.asc] https://mine.example/apt stable main",
            "deb [signed-by=/etc/apt/keyrings/pg.asc] https://pg.example/apt pg main",
            "deb [signed-by=/srv/here.gpg] https://here.example/apt here main",
            "deb https://mirror.example/debian bookworm-backports main",
        ),
        read={"keys/mine.asc": b"mine"}.get,
    )

    found = chosen(OTHERS, configured, machine(files={"/srv/here.gpg": b"here's"}))

    assert [each.suite for each in found] == ["stable", "pg", "here", "bookworm-backports"]
    assert keys(found) == [(b"mine",), (b"pg's",), (b"here's",), (b"free's",)]


def test_a_mirror_of_the_environment_stands_in_for_that_of_configured_sources_too() -> None:
    sources = ("deb https://deb.example/debian bookworm main",)
    of_file = Configured(sources=sources, mirror=MIRROR, read=nothing)
    of_environment = Configured(sources=sources, mirror=MIRROR, is_for_all=True, read=nothing)

    assert places(chosen(OWN, of_file)) == [("https://deb.example/debian", "bookworm")]
    assert places(chosen(OWN, of_environment)) == [(MIRROR, "bookworm")]


def test_a_source_that_http_cannot_fetch_from_is_left_out_with_a_word() -> None:
    warnings: list[str] = []
    files = {
        "etc/apt/sources.list": (
            b"deb mirror+http://m.example/list bookworm main\n"
            b"deb ftp://me:secret@f.example/debian bookworm main\n"
            b"deb http://deb.example/debian bookworm main\n"
        )
    }

    found = chosen(files, warnings=warnings)

    assert places(found) == [("http://deb.example/debian", "bookworm")]
    assert warnings == [
        "Left out `mirror+http://m.example/list` of `/etc/apt/sources.list:1`: only `http://` "
        "and `https://` are read",
        "Left out `ftp` of `/etc/apt/sources.list:2`: only `http://` and `https://` are read",
    ]


def test_ubuntu_has_arm64_at_another_host_which_the_base_for_it_names() -> None:
    keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"

    def ubuntu(archive: str, security: str) -> dict[str, bytes]:
        text = f"""
Types: deb
URIs: {archive}
Suites: noble noble-updates noble-backports
Components: main universe restricted multiverse
Signed-By: {keyring}

Types: deb
URIs: {security}
Suites: noble-security
Components: main universe restricted multiverse
Signed-By: {keyring}
"""
        path = "etc/apt/sources.list.d/ubuntu.sources"
        return {path: text.encode(), keyring[1:]: b"ubuntu's"}

    amd64 = ubuntu("http://archive.example/ubuntu/", "http://security.example/ubuntu/")
    ports = ubuntu("http://ports.example/ubuntu-ports/", "http://ports.example/ubuntu-ports/")
    configured = Configured(mirror="https://mirror.example/ubuntu", read=nothing)

    own = chosen(amd64, codename="noble", distribution=UBUNTU)
    arm = chosen(ports, architecture="arm64", codename="noble", distribution=UBUNTU)
    moved = chosen(amd64, configured, codename="noble", distribution=UBUNTU)

    suites = ["noble", "noble-updates", "noble-backports", "noble-security"]
    assert [each.suite for each in own] == suites
    assert own[3].url == "http://security.example/ubuntu"
    assert {each.url for each in arm} == {"http://ports.example/ubuntu-ports"}
    assert keys(arm) == [(b"ubuntu's",)] * 4
    assert places(moved) == [("https://mirror.example/ubuntu", suite) for suite in suites]


def test_a_source_trusted_without_a_signature_is_marked_unless_a_mirror_replaces_it() -> None:
    files = {
        "etc/apt/sources.list": (
            b"deb [trusted=yes] https://c.example/debian bookworm main\n"
            b"deb [trusted=yes] https://c.example/own stable main\n"
        )
    }

    found = chosen(files, Configured(mirror=MIRROR, read=nothing))

    assert [each.unsigned_in for each in found] == ["", "`/etc/apt/sources.list:2`"]
