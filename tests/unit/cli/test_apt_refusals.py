"""Packages that a build refuses, from a mirror on loopback: all that it says."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from debs import Item, Mirror, folder, link
from fakes.server import serve
from images import Member, make_layer
from projects import LockedProject
from unit.cli.apt_world import AptWorld, Deb
from unit.cli.program import Program

KEYS = (
    "hint: The mirror may be damaged, or the keyring older than the archive's keys: update the "
    "package of the keyring, or name another one as `debian-keyring` in `[tool.lamina]`\n"
)
UPDATING = (
    "hint: The mirror is in the middle of an update, or damaged; try again later, or name another "
    "mirror as `debian-mirror` in `[tool.lamina]`\n"
)
LOOK = (
    "hint: Look names up with `apt-cache search`; the archive may need another component or suite\n"
)
VERSIONS = (
    "hint: The base may be older or newer than the archives; take a base that is up to date, or "
    "ask for other versions\n"
)
NOT_DEBIAN = (
    "hint: Name a base of Debian or Ubuntu as `base`, such as `debian:bookworm`; or remove `apt` "
    "from `[tool.lamina]`\n"
)
RELEASE = "`InRelease` of `bookworm` at 127.0.0.1"


@pytest.fixture
def world(program: Program, locked: LockedProject, tmp_path: Path) -> Iterator[AptWorld]:
    with serve() as server:
        yield AptWorld.make(program, server, locked, tmp_path)


def changed(data: bytes) -> bytes:
    """Return as many bytes, of which one is another."""
    return bytes([data[0] ^ 1]) + data[1:]


def test_names_that_no_archive_has_are_told_at_once_with_close_ones(world: AptWorld) -> None:
    world.publish(Deb("libgomp1"), Deb("libpq5"), Deb("zsh"))

    assert world.refused("libgomp", "libqp5", "nothing-like-it") == (
        "error: Unable to find 3 Debian packages in the archive\n"
        "  `libgomp`: no such package; there is `libgomp1`\n"
        "  `libqp5`: no such package; there is `libpq5`\n"
        f"  `nothing-like-it`: no such package\n\n{LOOK}"
    )


def test_what_cannot_be_satisfied_is_shown_as_a_chain(world: AptWorld) -> None:
    world.publish(
        Deb("tool", fields="Depends: middle (>= 1)\n"),
        Deb("middle", fields="Depends: libc6 (>= 2.40), gone\n"),
    )

    assert world.refused("tool") == (
        "error: Unable to install `tool`\n"
        "  tool depends on middle (>= 1)\n"
        f"  middle depends on libc6 (>= 2.40), but the base has 2.36-9\n\n{VERSIONS}"
    )


def test_a_version_that_there_is_not_names_those_that_there_are(world: AptWorld) -> None:
    world.publish(Deb("libpq5", "15.3-1"))

    assert world.refused("libpq5=16.*") == (
        "error: Unable to find 1 Debian package in the archive\n"
        f"  `libpq5=16.*`: the archive has 15.3-1\n\n{LOOK}"
    )


def test_packages_that_exclude_each_other(world: AptWorld) -> None:
    world.publish(Deb("one", fields="Conflicts: two\n"), Deb("two"))

    assert world.refused("one", "two") == (
        f"error: Unable to install `one`, `two`\n  one conflicts with two\n\n{VERSIONS}"
    )


def test_a_release_that_others_signed(world: AptWorld, tmp_path: Path) -> None:
    world.publish(Deb("demo"))
    world.mirror.documents.clear()
    world.write_base()
    world.mirror.key = Mirror(tmp_path).key
    world.publish(Deb("demo"))

    assert world.refused("demo") == (
        f"error: Unable to verify the signature of {RELEASE}: it is signed by "
        f"`{world.mirror.signer}`, which the keyring does not have\n\n{KEYS}"
    )


@pytest.mark.parametrize("keyring", [b"", b"no keys"], ids=["empty", "none"])
def test_a_keyring_without_keys_is_named(
    world: AptWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keyring: bytes
) -> None:
    world.publish(Deb("demo"))
    path = tmp_path / "mine.gpg"
    path.write_bytes(keyring)
    monkeypatch.setenv("LAMINA_DEBIAN_KEYRING", str(path))
    monkeypatch.setenv("LAMINA_DEBIAN_MIRROR", world.mirror.url)
    world.has_sources = False

    first, _, hint = world.refused("demo").partition("\n\n")

    assert first.startswith(f"error: Unable to read the keyring for {RELEASE}: ")
    assert hint == (
        "hint: It is `ROOT/mine.gpg`; name another one as `debian-keyring` in `[tool.lamina]`, "
        "or in `LAMINA_DEBIAN_KEYRING`\n"
    )


def test_a_release_that_was_changed_after_it_was_signed(world: AptWorld) -> None:
    world.publish(Deb("demo"))
    signed = world.mirror.documents[f"{world.mirror.url}/dists/bookworm/InRelease"]
    world.spoil("dists/bookworm/InRelease", signed.replace(b"Suite: stable", b"Suite: testing"))

    assert world.refused("demo") == (
        f"error: Unable to verify the signature of {RELEASE}: no valid signatures found\n\n{KEYS}"
    )


def test_a_release_without_a_signature(world: AptWorld) -> None:
    world.publish(Deb("demo"))
    world.spoil("dists/bookworm/InRelease", b"Origin: Debian\nSuite: stable\n")

    assert world.refused("demo") == (
        f"error: Unable to verify the signature of {RELEASE}: it is not signed\n\n{KEYS}"
    )


def test_an_index_that_is_another(world: AptWorld) -> None:
    world.publish(Deb("demo"))
    index = "dists/bookworm/main/binary-amd64/Packages.xz"
    data = world.mirror.documents[f"{world.mirror.url}/{index}"]
    world.spoil(index, changed(data))

    assert world.refused("demo") == (
        "error: Hash mismatch for `Packages of bookworm`\n"
        f"  expected: sha256:{hashlib.sha256(data).hexdigest()}\n"
        f"  got:      sha256:{hashlib.sha256(changed(data)).hexdigest()}\n\n{UPDATING}"
    )


def test_a_package_that_is_another(world: AptWorld) -> None:
    deb = Deb("demo")
    world.publish(deb)
    world.spoil(deb.file_name, changed(deb.data))

    assert world.refused("demo") == (
        f"error: Hash mismatch for `demo_1.0-1_amd64.deb`\n"
        f"  expected: sha256:{hashlib.sha256(deb.data).hexdigest()}\n"
        f"  got:      sha256:{hashlib.sha256(changed(deb.data)).hexdigest()}\n\n{UPDATING}"
    )


def test_a_package_that_ends_too_soon(world: AptWorld) -> None:
    deb = Deb("demo")
    world.publish(deb)
    world.spoil(deb.file_name, deb.data[:-1])
    size = len(deb.data)

    assert world.refused("demo") == (
        f"error: Size mismatch for `demo_1.0-1_amd64.deb`\n  expected: {size} bytes\n"
        f"  got:      {size - 1} bytes\n\n{UPDATING}"
    )


def test_a_package_that_is_not_there(world: AptWorld) -> None:
    world.publish(Deb("demo"))
    world.lose(Deb("demo").file_name)

    assert world.refused("demo") == (
        "error: Unable to find `demo` 1.0-1 in `bookworm` at 127.0.0.1\n\n"
        "hint: A newer version has replaced it, as updates do; to take that one, run "
        "`lamina lock --upgrade demo`\n"
    )


def test_an_index_that_has_expired(world: AptWorld) -> None:
    world.publish(Deb("demo"), fields="Valid-Until: Sun, 13 Sep 2026 07:55:41 UTC\n")

    assert world.refused("demo") == (
        f"error: {RELEASE} was valid until 2026-09-13 07:55 UTC\n\n"
        "hint: Name a mirror that is up to date; for a snapshot, say `Check-Valid-Until: no` in "
        "the apt source\n"
    )


def test_an_index_older_than_one_seen_before(world: AptWorld) -> None:
    world.publish(Deb("demo"))
    world.report("demo")
    shutil.rmtree(world.program.root / "out")
    world.mirror.documents.clear()
    world.publish(Deb("demo"), date="Sat, 05 Sep 2026 07:55:41 UTC")

    assert world.refused("demo") == (
        f"error: {RELEASE} is older than the one that was seen before\n"
        "  seen: 2026-09-12 07:55:41 UTC\n  got:  2026-09-05 07:55:41 UTC\n\n"
        "hint: The mirror is behind, or somebody keeps updates from you: try again later, or name "
        "another mirror as `debian-mirror` in `[tool.lamina]`; to go back on purpose, forget what "
        "was seen: run `lamina cache prune --all`, and remove `lamina.lock`\n"
    )


def test_no_mirror_is_known(world: AptWorld) -> None:
    world.has_sources = False
    world.os_release = b"ID=ubuntu\nVERSION_CODENAME=noble\n"

    assert world.refused("demo") == (
        "error: Unable to find the packages of `noble`: no mirror of Ubuntu is known\n\n"
        "hint: Name one in `LAMINA_DEBIAN_MIRROR`, or as `debian-mirror` in `[tool.lamina]`; or "
        "name all sources as `apt-sources`\n"
    )


@pytest.mark.parametrize(
    ("os_release", "said"),
    [
        (b"ID=alpine\nVERSION_ID=3.20\n", "it is `alpine`"),
        (b'ID="fedora"\n', "it is `fedora`"),
        (b"", "nothing in it says what it is"),
    ],
    ids=["alpine", "fedora", "none"],
)
def test_a_base_that_is_not_debian(world: AptWorld, os_release: bytes, said: str) -> None:
    world.status, world.has_sources, world.os_release = None, False, os_release

    assert world.refused("demo") == (
        f"error: Unable to add Debian packages to `oci:base`: it is not made of such; {said}\n\n"
        f"{NOT_DEBIAN}"
    )


def test_nothing_as_a_base(world: AptWorld) -> None:
    assert world.refused("demo", more=["--base", "scratch"]) == (
        "error: Unable to add Debian packages to `scratch`: it is not made of such; nothing in it "
        f"says what it is\n\n{NOT_DEBIAN}"
    )


@pytest.mark.parametrize(
    ("item", "said"),
    [
        pytest.param(
            Item("./dev/null", type=tarfile.CHRTYPE),
            "`dev/null` is neither file, directory nor link",
            id="device",
        ),
        pytest.param(
            Item("./run/x", type=tarfile.FIFOTYPE),
            "`run/x` is neither file, directory nor link",
            id="fifo",
        ),
        pytest.param(
            Item("/etc/cron.d/x", b"x"),
            "the name `/etc/cron.d/x` is not one below the root",
            id="absolute",
        ),
        pytest.param(
            Item("./usr/../../etc/x", b"x"),
            "the name `./usr/../../etc/x` is not one below the root",
            id="above",
        ),
        pytest.param(
            Item("./usr/bin/x", type=tarfile.LNKTYPE, link="../../etc/shadow"),
            "the name `../../etc/shadow` is not one below the root",
            id="hard-link",
        ),
        pytest.param(
            Item("./etc/.wh..wh..opq"),
            "no layer can hold a file with the name `./etc/.wh..wh..opq`",
            id="whiteout",
        ),
    ],
)
def test_members_that_no_package_may_have(world: AptWorld, item: Item, said: str) -> None:
    world.publish(Deb("demo", items=[item]))

    assert world.refused("demo") == (
        f"error: Unable to read Debian package `demo_1.0-1_amd64.deb`: {said}\n"
    )


@pytest.mark.parametrize("target", ["/etc", "../../../../etc", "../etc"])
def test_what_lies_below_a_symlink_lands_where_dpkg_would_put_it(
    world: AptWorld, target: str
) -> None:
    below = [folder("./usr"), link("./usr/x", target), Item("./usr/x/mine.conf", b"mine")]
    world.publish(Deb("demo", items=below))
    world.report("demo")

    tree = world.files()

    assert tree["usr/x"].content == target
    assert tree["etc/mine.conf"].kind == "file"
    assert "usr/x/mine.conf" not in tree


COLLIDING = (
    "hint: Leave one of them out, or ask for versions that do not bring the same; dpkg refuses "
    "these, too\n"
)


def test_two_packages_with_one_file_are_refused(world: AptWorld) -> None:
    world.publish(
        Deb("one", items=[Item("./usr/x", b"1"), Item("./usr/only", b"1")]),
        Deb("two", items=[Item("./usr/x", b"1")], fields="Replaces: one (<< 1)\n"),
    )

    assert world.refused("one", "two") == (
        "error: Unable to unpack packages beside each other\n"
        f"  `/usr/x`: `one` and `two` both bring it, and neither replaces the other\n\n{COLLIDING}"
    )


def test_a_file_of_a_package_of_the_base_is_refused(world: AptWorld) -> None:
    world.publish(Deb("one", items=[Item("./usr/x", b"1")]))
    world.write_base(
        make_layer(Member("var/lib/dpkg/info/libc6:amd64.list", data=b"/.\n/usr\n/usr/x\n"))
    )

    assert world.refused("one") == (
        "error: Unable to unpack packages beside each other\n"
        "  `/usr/x`: `libc6` 2.36-9 of the base and `one` both bring it, and neither replaces the "
        f"other\n\n{COLLIDING}"
    )
