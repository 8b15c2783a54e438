"""From a codename to packages and layers, with a small mirror made in the test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from debs import Item, Mirror, folder, make_deb, stanza
from lamina.bases.debian.plan import (
    DebianLayer,
    DebianPlan,
    plan_key,
)
from lamina.bases.debian.resolve import IncompleteArchive, InvalidCodename, resolve
from lamina.deb.package import DebianPackage
from lamina.deb.release import OutdatedRelease, WrongRelease
from lamina.deb.signature import BadSignature
from lamina.errors import LaminaError
from lamina.mirrors.archives import Archive, archives_of_mirror
from lamina.mirrors.debs import NoArchive, fetch_deb
from lamina.mirrors.fetching import DamagedDownload, check
from lamina.mirrors.keyrings import Keys
from lamina.mirrors.releases import SuiteNotFound
from lamina.oci.descriptor import Platform
from lamina.oci.digest import DiffID, Digest
from lamina.oci.document import MalformedDocument
from lamina.plan.base import BaseLibc, BasePython
from lamina.system.python import libc_of, python_of

NOW = datetime(2026, 9, 13, tzinfo=UTC)
URL = "https://deb.example/debian"
ARCHIVES = archives_of_mirror("trixie", URL)

DEBS = {
    "python3": make_deb(name="python3"),
    "python3.13": make_deb([Item("./usr/bin/python3.13")], name="python3.13"),
    "libc-bin": make_deb(name="libc-bin"),
    "libc6": make_deb([folder("./lib/"), Item("./lib/libc.so.6", b"libc")], name="libc6"),
    "libstdc++6": make_deb(name="libstdc++6"),
    "zlib1g": make_deb(name="zlib1g"),
    "base-files": make_deb(name="base-files"),
    "base-passwd": make_deb(name="base-passwd"),
    "ca-certificates": make_deb(name="ca-certificates"),
    "netbase": make_deb(name="netbase"),
    "tzdata": make_deb(name="tzdata"),
    "debconf": make_deb(name="debconf"),
}
FIELDS = {
    "python3": "Depends: python3.13, zlib1g\n",
    "libc-bin": "Depends: libc6\n",
    "tzdata": "Depends: debconf\n",
}


def stanzas(**versions: str) -> list[str]:
    return [
        stanza(name, versions.get(name, "1.0-1"), deb=deb, fields=FIELDS.get(name, ""))
        for name, deb in DEBS.items()
    ]


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    mirror = Mirror(tmp_path)
    mirror.publish("trixie", stanzas())
    for name, deb in DEBS.items():
        mirror.documents[f"{URL}/pool/main/{name}_1.0-1_amd64.deb"] = deb
    return mirror


def resolved(
    mirror: Mirror,
    archives: tuple[Archive, ...] = ARCHIVES,
    *,
    now: datetime = NOW,
    shell: bool = False,
    previous: DebianPlan | None = None,
) -> DebianPlan:
    return resolve(
        "trixie",
        "amd64",
        [replace(archive, keys=Keys((mirror.keyring,))) for archive in archives],
        fetch=mirror,
        now=now,
        shell=shell,
        previous=previous,
    )


def test_the_roots_come_with_their_needs(mirror: Mirror) -> None:
    plan = resolved(mirror)

    assert {package.name for package in plan.packages} == set(DEBS)
    assert plan.suites == ("trixie",)
    assert python_of(plan.packages) == BasePython("/usr/bin/python3.13", "1.0")
    assert libc_of(plan.packages) == BaseLibc("glibc", "1.0")


def test_a_newer_version_in_another_suite_wins(mirror: Mirror) -> None:
    mirror.publish("trixie-updates", [stanza("tzdata", "1.0-1+deb13u1")])

    plan = resolved(mirror)

    found = {package.name: (package.version, package.suite) for package in plan.packages}
    assert plan.suites == ("trixie", "trixie-updates")
    assert found["tzdata"] == ("1.0-1+deb13u1", "trixie-updates")
    assert found["zlib1g"] == ("1.0-1", "trixie")


@pytest.mark.parametrize("compression", ["", ".gz", ".xz"])
def test_indices_are_fetched_by_hash_where_the_mirror_has_them(
    mirror: Mirror, compression: str
) -> None:
    mirror.publish("trixie", stanzas(), compression=compression)
    resolved(mirror)
    plain = mirror.fetched[-1]

    mirror.publish("trixie", stanzas(), fields="Acquire-By-Hash: yes\n", compression=compression)
    resolved(mirror)

    assert plain == f"{URL}/dists/trixie/main/binary-amd64/Packages{compression}"
    assert mirror.fetched[-1].startswith(f"{URL}/dists/trixie/main/binary-amd64/by-hash/SHA256/")


def test_while_no_release_changed_the_previous_plan_is_the_answer(mirror: Mirror) -> None:
    first = resolved(mirror)
    mirror.fetched.clear()

    again = resolved(mirror, now=NOW + timedelta(days=2), previous=first)

    assert again == replace(first, resolved_at=NOW + timedelta(days=2))
    assert not [url for url in mirror.fetched if "Packages" in url]


def test_a_changed_release_is_looked_at_anew(mirror: Mirror) -> None:
    first = resolved(mirror)
    mirror.publish("trixie-updates", [stanza("tzdata", "2.0-1")])

    again = resolved(mirror, previous=first)

    assert again.packages != first.packages


def test_a_release_signed_by_a_stranger_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    stranger = Mirror(tmp_path, documents=mirror.documents)
    stranger.publish("trixie", stanzas())

    with pytest.raises(BadSignature) as caught:
        resolved(mirror)

    assert str(caught.value) == (
        "Unable to verify the signature of `InRelease` of `trixie` at deb.example: "
        f"it is signed by `{stranger.signer}`, which the keyring does not have"
    )


def test_the_release_of_another_suite_is_refused(mirror: Mirror) -> None:
    mirror.publish("bookworm", stanzas())
    other = mirror.documents[f"{URL}/dists/bookworm/InRelease"]
    mirror.documents[f"{URL}/dists/trixie/InRelease"] = other

    with pytest.raises(WrongRelease, match="expected: trixie\n  got:      bookworm, stable"):
        resolved(mirror)


def test_an_outdated_release_is_refused_unless_the_source_says_not_to_look(mirror: Mirror) -> None:
    until = "Valid-Until: Sat, 12 Sep 2026 08:00:00 UTC\n"
    mirror.publish("trixie", stanzas(), fields=until)
    snapshot = tuple(replace(archive, checks_date=False) for archive in ARCHIVES)

    assert resolved(mirror, snapshot).packages
    with pytest.raises(OutdatedRelease):
        resolved(mirror)


def test_a_mirror_without_the_release_is_told(mirror: Mirror) -> None:
    with pytest.raises(SuiteNotFound) as caught:
        resolved(mirror, archives_of_mirror("sid", "https://me:secret@deb.example/debian"))

    assert str(caught.value) == "Unable to find `sid` at deb.example"
    assert caught.value.hint == (
        "Check the codename, or name another mirror in `LAMINA_DEBIAN_MIRROR`"
    )


@pytest.mark.parametrize("codename", ["", "../x", "Trixie", "trixie/updates"])
def test_what_is_no_codename_is_refused(mirror: Mirror, codename: str) -> None:
    with pytest.raises(InvalidCodename) as caught:
        resolve(codename, "amd64", ARCHIVES, fetch=mirror, now=NOW)

    assert str(caught.value) == (
        f"Unable to make the base `debian:{codename}`: expected a codename, as in `bookworm`"
    )
    assert mirror.fetched == []


def test_an_index_that_is_not_the_one_signed_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    url = f"{URL}/dists/trixie/main/binary-amd64/Packages.xz"
    data = mirror.documents[url]
    mirror.documents[url] = data[:-1] + b"x"

    with pytest.raises(DamagedDownload, match="Hash mismatch for `Packages of trixie`"):
        resolved(mirror)


def test_an_index_that_cannot_be_unpacked_is_told(mirror: Mirror) -> None:
    mirror.publish("trixie", ["x"], compression="")
    for url, data in list(mirror.documents.items()):
        if url.endswith("InRelease"):
            text = data.split(b"\n\n", 1)[1].split(b"-----BEGIN")[0]
            mirror.documents[url] = mirror.sign(text.replace(b"Packages", b"Packages.xz"))
    mirror.documents[f"{URL}/dists/trixie/main/binary-amd64/Packages.xz"] = b"x"

    with pytest.raises(LaminaError, match=r"^Unable to unpack `Packages of trixie`: "):
        resolved(mirror)


def test_what_the_archive_lacks_is_named(mirror: Mirror) -> None:
    mirror.publish("trixie", [text for text in stanzas() if "zlib1g\n" not in text[:20]])

    with pytest.raises(IncompleteArchive) as caught:
        resolved(mirror)

    assert str(caught.value) == (
        "Unable to make the base `debian:trixie`\n"
        "  python3 depends on zlib1g, but it is not in the archive"
    )
    assert caught.value.hint == (
        "The mirror may be in the middle of an update; try again, or name another mirror"
    )


def test_a_root_that_the_archive_lacks_is_named(mirror: Mirror) -> None:
    mirror.publish("trixie", [text for text in stanzas() if "netbase\n" not in text[:20]])

    with pytest.raises(IncompleteArchive) as caught:
        resolved(mirror)

    assert str(caught.value).splitlines()[0] == "Unable to make the base `debian:trixie`"
    assert "netbase" in str(caught.value)


def test_a_shell_comes_with_what_scripts_rely_on_in_a_layer_of_its_own(mirror: Mirror) -> None:
    names = ("coreutils", "dash", "findutils", "grep", "sed")
    mirror.publish("trixie", [*stanzas(), *(stanza(name) for name in names)])

    bare, with_shell = resolved(mirror), resolved(mirror, shell=True)

    layers = {layer.name: [each.name for each in layer.packages] for layer in with_shell.layers}
    assert layers["shell"] == list(names)
    has_shell = ["dash" in {each.name for each in plan.packages} for plan in (bare, with_shell)]
    assert has_shell == [False, True]
    shared = {layer.key for layer in bare.layers} & {layer.key for layer in with_shell.layers}
    assert len(shared) == len(bare.layers) - 1


def test_packages_are_fetched_from_the_archive_that_they_are_of(mirror: Mirror) -> None:
    package = resolved(mirror).packages[0]

    assert fetch_deb(package, ARCHIVES, mirror).read_bytes() == DEBS[package.name]
    assert mirror.fetched[-1] == f"{URL}/pool/main/{package.name}_1.0-1_amd64.deb"
    with pytest.raises(NoArchive):
        fetch_deb(package, ARCHIVES[1:], mirror)


def test_a_kept_file_that_was_damaged_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x.deb"
    path.write_bytes(b"x")

    with pytest.raises(DamagedDownload) as caught:
        check(path, "00", "x.deb")

    assert str(caught.value) == (
        "Hash mismatch for `x.deb`\n"
        "  expected: sha256:00\n"
        "  got:      sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    )


def test_what_changes_often_lies_high(mirror: Mirror) -> None:
    layers = resolved(mirror).layers

    assert [(layer.name, [package.name for package in layer.packages]) for layer in layers] == [
        ("libc", ["libc-bin", "libc6", "libstdc++6"]),
        ("libraries", ["debconf", "zlib1g"]),
        ("python", ["python3", "python3.13"]),
        ("data", ["base-files", "base-passwd", "ca-certificates", "netbase", "tzdata"]),
        ("database", sorted(DEBS)),
    ]


def test_a_new_package_changes_the_key_of_its_layer_and_of_the_database(mirror: Mirror) -> None:
    before = resolved(mirror)
    newer = stanza("tzdata", "2.0-1", deb=b"new", fields=FIELDS["tzdata"])
    mirror.publish("trixie-updates", [newer])
    after = resolved(mirror)

    changed = [
        new.name for old, new in zip(before.layers, after.layers, strict=True) if old.key != new.key
    ]
    assert changed == ["data", "database"]


def test_a_key_knows_nothing_of_the_mirror(mirror: Mirror, tmp_path: Path) -> None:
    elsewhere = Mirror(tmp_path, url="http://other.example/d", key=mirror.key)
    elsewhere.publish("trixie", stanzas())

    here = resolved(mirror)
    there = resolved(elsewhere, archives_of_mirror("trixie", "http://other.example/d"))

    assert [layer.key for layer in here.layers] == [layer.key for layer in there.layers]
    assert here.packages == there.packages


def test_the_key_of_a_layer_is_what_it_was_last_release() -> None:
    package = DebianPackage("tzdata", "1", "all", "trixie", "p", 1, "ab" * 32)

    layers = [DebianLayer(name, "amd64", (package,)) for name in ("data", "database")]

    assert [layer.key.hex[:16] for layer in layers] == [
        "d4e456d71ef6b524",
        "9607e472d95f83f3",
    ]
    assert [layer.title for layer in layers] == ["tzdata 1", "dpkg database of 1 packages"]


def test_a_kept_plan_is_read_as_it_was(mirror: Mirror) -> None:
    plan = resolved(mirror)

    assert DebianPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"codename": 1},
        {"suites": [1]},
        {"releases": [None]},
        {"packages": [{"name": "x"}]},
        {"packages": ["x"]},
        {"packages": {}},
        {"resolved_at": "now"},
        {"resolved_at": 10**30},
    ],
    ids=str,
)
def test_a_damaged_plan_is_refused(mirror: Mirror, change: Mapping[str, object]) -> None:
    with pytest.raises(MalformedDocument) as caught:
        DebianPlan.from_json({**resolved(mirror).to_json(), **change})

    assert str(caught.value) == "Malformed plan of a Debian base"


def test_a_plan_is_fresh_for_a_day(mirror: Mirror) -> None:
    plan = resolved(mirror)

    assert plan.is_fresh(NOW)
    assert plan.is_fresh(NOW + timedelta(hours=23))
    assert not plan.is_fresh(NOW + timedelta(hours=24))
    assert not plan.is_fresh(NOW - timedelta(seconds=1))


def test_a_plan_is_kept_by_all_that_was_asked() -> None:
    urls = [archive.release_url for archive in ARCHIVES]

    keys = {
        plan_key("trixie", "amd64", urls, shell=False),
        plan_key("trixie", "amd64", urls, shell=True),
        plan_key("trixie", "arm64", urls, shell=False),
        plan_key("sid", "amd64", urls, shell=False),
        plan_key("trixie", "amd64", urls[:1], shell=False),
    }

    assert len(keys) == 5
    assert plan_key("trixie", "amd64", iter(urls), shell=False) in keys


def test_the_config_says_how_python_is_found(mirror: Mirror) -> None:
    plan = resolved(mirror)
    diff_ids = [DiffID(Digest.of(layer.name.encode())) for layer in plan.layers]

    config = plan.image_config(Platform("linux", "amd64"), diff_ids)

    assert config.env == {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
    }
    assert config.cmd == ("python3",)
    assert config.diff_ids == tuple(diff_ids)
    assert config.history[1].created_by == "debconf 1.0-1, zlib1g 1.0-1"
    assert config.history[1].comment == str(plan.layers[1].key)
