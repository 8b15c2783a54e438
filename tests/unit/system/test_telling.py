"""What the small layer tells of what it was made of, and that the same is made of it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from debs import Item, link, make_deb
from elves import make_library
from lamina.archive.entry import Entry, Kind
from lamina.archive.rootfs import Rootfs
from lamina.deb.package import DebianPackage
from lamina.deb.status import STATUS
from lamina.oci.document import MalformedDocument
from lamina.system.base_paths import BasePaths
from lamina.system.configuration import BaseUntold, Below, configure
from lamina.system.made.certificates import BUNDLE
from lamina.system.notes import PackageNotes
from lamina.system.small_files import SmallFiles
from lamina.system.telling import PATH, KnownBase, Telling, is_told_by, telling, told
from lamina.system.unpacking import note, without_documentation

OLD = b"Package: old\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"
KEYRING = "usr/share/keyrings/debian-archive-keyring.gpg"
CERTIFICATE = "usr/share/ca-certificates/mozilla/A.crt"
BASE = SmallFiles(
    {
        STATUS: OLD,
        "etc/apt/sources.list": b"deb https://mirror.example/debian bookworm main\n",
        "etc/group": b"root:x:0:\n",
        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
        "etc/shadow": b"root:*:1::::::\n",
        "etc/ld.so.conf": b"/usr/local/lib\n",
        "var/lib/dpkg/alternatives/other": b"auto\n/usr/bin/other\n\n/usr/bin/o\n1\n\n\n",
        KEYRING: b"\x99\x01",
    },
    {"etc/alternatives/other": "/usr/bin/o"},
    frozenset({"dpkg", "sh"}),
)
SCATTERED = replace(BASE, files={"var/lib/dpkg/status.d/old": OLD})
LIES = BasePaths(
    frozenset({"usr", "usr/\udcff"}),
    {"lib": "usr/lib", "usr/x": None},
    {"var/lib/dpkg/info/old.list": "/usr/x\n"},
)
PEM = b"-----BEGIN CERTIFICATE-----\n" + b"QUJD" * 30 + b"\n-----END CERTIFICATE-----\n"


def noted(
    folder: Path, name: str, items: Sequence[Item] = (), fields: str = "", **control: bytes
) -> PackageNotes:
    path = folder / name
    control = {"md5sums": b"0  usr/x\n", **control}
    path.write_bytes(make_deb(items, name=name, version="1", fields=fields, control_files=control))
    return note(DebianPackage(name, "1", "amd64", "s", f"pool/x/{name}", 1, "00"), path)


def packages(folder: Path) -> list[PackageNotes]:
    """Return notes on packages of all kinds of which dpkg's database has not enough."""
    alternative = (
        b"#!/bin/sh\nupdate-alternatives --install /usr/lib/libz.so.3 z /usr/lib/own/libz.so.3 1\n"
    )
    users = b"#!/bin/sh\nsystemd-sysusers x.conf\n"
    library = [
        Item("./lib/x86_64-linux-gnu/libx.so.1.2", make_library("libx.so.1")),
        link("./lib/x86_64-linux-gnu/libx.so.1", "libx.so.1.2"),
        Item("./lib/x86_64-linux-gnu/libx-other.so", make_library("libx.so.2")),
        Item("./usr/lib/own/liby.so.1", make_library("liby.so.1")),
    ]
    blas = [Item("./usr/lib/own/libz.so.3", make_library("libz.so.3"))]
    copied = b"#!/bin/sh\ncp /usr/share/demo/conf /etc/demo.conf\nchmod 4755 /usr/bin/demo\n"
    pem = [Item(f"./{CERTIFICATE}", PEM)]
    sysusers = [Item("./usr/lib/sysusers.d/x.conf", b"u demo -\n")]
    demo = [Item("./usr/share/demo/conf", b"\xff\x00"), Item("./usr/bin/demo", b"#!", mode=0o755)]
    return [
        noted(folder, "certificates", pem, postinst=b"#!/bin/sh\nupdate-ca-certificates\n"),
        noted(folder, "demo", demo, postinst=copied, triggers=b"interest-noawait /usr/x\n"),
        noted(folder, "libx-1.0", library, "Multi-Arch: same\nDepends: a,\n b (>= 1)\n"),
        noted(folder, "libz3", blas, postinst=alternative),
        noted(folder, "plain", [Item("./etc/x.conf", b"x")], conffiles=b"/etc/x.conf\n"),
        noted(folder, "setuid", [Item("./usr/bin/su", b"#!", mode=0o4755)]),
        noted(folder, "users", sysusers, postinst=users),
    ]  # fmt: skip


def layer(notes: Sequence[PackageNotes], base: SmallFiles) -> dict[str, Entry]:
    below = Below(files=base, rootfs=Rootfs(links={"lib": "usr/lib"}), architecture="amd64")
    entries = configure(notes, below, without_documentation).entries
    return {each.path: each for each in [*entries, telling(notes, KnownBase(base, LIES), entries)]}


def told_by(entries: dict[str, Entry]) -> Telling:
    found = told(
        {
            path: b"".join(entry.content.chunks())
            for path, entry in entries.items()
            if entry.kind is Kind.FILE and is_told_by(path)
        }
    )
    assert found is not None
    return found


def shown(entries: dict[str, Entry]) -> dict[str, tuple[object, ...]]:
    return {
        path: (
            each.kind,
            each.mode,
            each.uid,
            each.gid,
            each.target,
            b"".join(each.content.chunks()),
        )
        for path, each in entries.items()
    }


@pytest.mark.parametrize("base", [BASE, SCATTERED], ids=["dpkg", "without dpkg"])
def test_of_what_is_told_the_same_layer_is_made(tmp_path: Path, base: SmallFiles) -> None:
    notes = packages(tmp_path)
    before = layer(notes, base)

    found = told_by(before)

    again = [found.packages[each.info_name] for each in notes]
    assert shown(layer(again, found.base.files)) == shown(before)
    # As for what lies above other packages, and among others.
    assert shown(layer(again[2:], found.base.files)) == shown(layer(notes[2:], base))
    assert shown(layer([*again[:3], *notes[3:]], base)) == shown(before)


def test_all_of_the_notes_is_told(tmp_path: Path) -> None:
    notes = packages(tmp_path)

    found = told_by(layer(notes, BASE)).packages

    for each in notes:
        again = found[each.info_name]
        assert again.paragraph == each.paragraph
        assert replace(again, control={}) == replace(each, control={})
        for kind, data in each.control.items():
            assert kind == "control" or again.control[kind] == data


def test_what_others_took_of_a_package_is_told_of_it(tmp_path: Path) -> None:
    """What is in dpkg's database was settled among all packages of one image."""
    items = [Item("./usr/x", b"x"), Item("./etc/x.conf", b"x")]
    before = noted(tmp_path, "loser", items, conffiles=b"/etc/x.conf\n")
    listed = tuple(path for path in before.listed if path != "/usr/x")
    settled = replace(before, listed=listed, conffiles={"/etc/x.conf": "0 obsolete"})
    below = Below(files=BASE, rootfs=Rootfs(), architecture="amd64")
    entries = configure([settled], below, without_documentation).entries

    entry = telling([before], KnownBase(BASE, LIES), entries)

    assert told_by({each.path: each for each in [*entries, entry]}).packages == {"loser": before}


def test_all_that_lies_in_the_base_is_told(tmp_path: Path) -> None:
    assert told_by(layer(packages(tmp_path), BASE)).base.paths == LIES


def test_keys_of_archives_and_certificates_do_not_travel(tmp_path: Path) -> None:
    base = replace(BASE, files={**BASE.files, CERTIFICATE: PEM})
    entries = layer(packages(tmp_path)[1:], base)

    found = told_by(entries).base.files

    assert found.untold == {KEYRING, CERTIFICATE}
    assert found.files == {path: data for path, data in BASE.files.items() if path != KEYRING}
    assert found.has(KEYRING)
    assert found.get(KEYRING) is None
    assert found.travelling == found
    assert (found.links, found.programs) == (base.links, base.programs)


def test_where_certificates_are_gathered_those_of_the_base_must_be_known(tmp_path: Path) -> None:
    notes = packages(tmp_path)
    base = replace(BASE, files={**BASE.files, CERTIFICATE: PEM})

    with pytest.raises(BaseUntold):
        layer(notes, told_by(layer(notes, base)).base.files)


def test_what_stands_in_the_layer_is_not_repeated(tmp_path: Path) -> None:
    entries = layer(packages(tmp_path), BASE)
    text = b"".join(entries[PATH].content.chunks())

    document = json.loads(text)

    assert document["base"]["files"][STATUS] == [STATUS, 0, len(OLD)]
    assert document["packages"]["certificates"]["captured"] == {CERTIFICATE: [BUNDLE, 0, len(PEM)]}
    assert b"interest-noawait" not in text


def test_nobody_but_root_reads_it(tmp_path: Path) -> None:
    """For shadow passwords of the base are in it."""
    entry = layer(packages(tmp_path), BASE)[PATH]

    assert (entry.mode, entry.uid, entry.gid) == (0o600, 0, 0)
    assert b"root:*" in b"".join(entry.content.chunks())


def test_a_layer_without_it_tells_nothing() -> None:
    assert told({STATUS: OLD}) is None
    assert told({PATH: b'{"format": 99}'}) is None


NOT_IN_DATABASE = {
    key: value
    for key, value in PackageNotes(control={}, listed=()).to_json().items()
    if key != "control"
}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("[]", "expected an object"),
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (
            json.dumps({"format": 1, "packages": {"x": NOT_IN_DATABASE}}),
            "`x` is not in dpkg's database",
        ),
        (
            '{"format":1,"base":{"files":{"a":["var/lib/dpkg/status",0,999]}}}',
            "expected text, Base64 or a part of another file at `base.files.a`, got: a list",
        ),
        (
            '{"format":1,"base":{"files":{"a":{"base64":"!"}}}}',
            "expected text, Base64 or a part of another file at `base.files.a`, got: an object",
        ),
    ],
)
def test_what_is_malformed_is_refused(document: str, problem: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        told({PATH: document.encode(), STATUS: OLD})

    assert str(caught.value) == f"Malformed notes on packages: {problem}"


def test_only_what_is_told_is_read() -> None:
    assert is_told_by(PATH)
    assert is_told_by("var/lib/dpkg/status")
    assert is_told_by("var/lib/dpkg/info/a.list")
    assert is_told_by("etc/ssl/certs/ca-certificates.crt")
    assert not is_told_by("etc/ld.so.cache")
