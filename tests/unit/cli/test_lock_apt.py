"""``lamina lock`` of Debian packages above a base, from a mirror on loopback that counts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from debs import Item, Mirror, folder, make_deb, stanza
from fakes.server import Answer, Server, serve
from images import Member, make_image, make_layer, write_layout
from images import folder as layer_folder
from projects import LockedProject
from unit.cli.program import Ended, Program

OS_RELEASE = b'ID=debian\nVERSION_CODENAME=trixie\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'
KEYRING = "usr/share/keyrings/debian-archive-keyring.gpg"
MAIN, SECURITY = "trixie", "trixie-security"
DATES = [f"Tue, {day:02} Sep 2024 07:55:41 UTC" for day in range(1, 20)]

Package = tuple[str, str, str]
"""Name, version, and what it depends on."""


@dataclass
class App:
    """A project upon a base of Debian that has a mirror, with packages to be pinned."""

    program: Program
    locked: LockedProject
    server: Server
    mirror: Mirror
    suites: dict[str, list[Package]] = field(default_factory=dict)
    built: int = 0

    def publish(self, *packages: Package, suite: str = MAIN, day: int = 1) -> None:
        """Let a suite have these packages, and no others."""
        self.suites[suite] = [*packages]
        debs = {}
        for name, version, depends in packages:
            fields = f"Depends: {depends}\n" if depends else ""
            path = f"./usr/share/{name}"
            items = [folder("./usr/"), folder("./usr/share/"), Item(path, version.encode())]
            if name == "base-files":
                items += [folder("./etc/"), Item("./etc/os-release", OS_RELEASE)]
            deb = make_deb(items, name=name, version=version, fields=fields)
            debs[f"pool/main/{name}_{version}_amd64.deb"] = deb, name, version, fields
        stanzas = [
            stanza(name, version, deb=deb, fields=more)
            for deb, name, version, more in debs.values()
        ]
        self.mirror.publish(
            suite,
            stanzas,
            compression=".gz",
            date=DATES[day],
            names="Suite: {suite}\nCodename: {suite}\n",
        )
        for path, (deb, *_) in debs.items():
            self.mirror.documents[f"{self.mirror.url}/{path}"] = deb
        for url, data in self.mirror.documents.items():
            self.server.answer(urlsplit(url).path, Answer(data))

    def base(self, *more: Member) -> None:
        """Make the base, with more in it."""
        sources = f"deb {self.mirror.url} {MAIN} main\ndeb {self.mirror.url} {SECURITY} main\n"
        files = {
            "etc/os-release": OS_RELEASE,
            "etc/apt/sources.list": sources.encode(),
            "var/lib/dpkg/status": b"",
            KEYRING: self.mirror.keyring,
        }
        folders = {path.rpartition("/")[0] for path in files}
        parents = {"/".join(each.split("/")[:n]) for each in folders for n in range(1, 9)}
        members = [layer_folder(path) for path in sorted(parents)]
        members += [Member(path, data=data) for path, data in sorted(files.items())]
        image = make_image(make_layer(*members, *more))
        place = self.program.root / "base"
        if place.exists():
            for path in sorted(place.rglob("*"), reverse=True):
                path.unlink() if path.is_file() else path.rmdir()
        write_layout(place, [("1", image)])

    def configure(self, *apt: str, more: str = "") -> None:
        """Let the configuration ask for these packages."""
        self.locked.config = f'base = "oci:base:1"\napt = {json.dumps(apt)}\n{more}'
        self.locked.write()

    def lock(self, *args: str) -> Ended:
        """Lock, from an empty store."""
        self.server.asked.clear()
        return self.program("lock", "project", "--store", self._store(), *args)

    def locks(self, *args: str) -> list[str]:
        """Lock, which must end well; return the lines that are said."""
        ended = self.lock(*args)
        assert ended.code == 0, ended.err
        return [line for line in ended.err.splitlines() if not line.startswith("Downloaded")]

    def build(self, *args: str) -> Ended:
        """Build, from an empty store."""
        self.server.asked.clear()
        return self.program(
            "build", "project", "-o", "oci:out", "--json", "--store", self._store(), *args
        )

    def digest(self, *args: str) -> str:
        """Build, which must end well; return the digest of the image."""
        ended = self.build(*args)
        assert ended.code == 0, ended.err
        return str(json.loads(ended.out)["digest"])

    def pinned(self) -> dict[str, str]:
        """Return the packages that are pinned."""
        document = tomllib.loads(self.text)
        return {
            each["name"]: each["version"]
            for platform in document["platform"]
            for each in platform.get("package", [])
        }

    def asked(self, ending: str) -> list[str]:
        """Return what the mirror was asked for, by the end of its name."""
        return [each.target for each in self.server.asked if each.target.endswith(ending)]

    @property
    def text(self) -> str:
        """What the lock says."""
        return (self.locked.folder / "lamina.lock").read_text()

    def _store(self) -> str:
        self.built += 1
        return f"store{self.built}"


@pytest.fixture
def app(locked: LockedProject, program: Program) -> Iterator[App]:
    with serve() as server:
        mirror = Mirror(program.root, url=f"{server.address}/debian")
        app = App(program, locked, server, mirror)
        app.publish(("tool", "1.0-1", "libtool (>= 1)"), ("libtool", "1.0-1", ""))
        app.publish(suite=SECURITY)
        app.base()
        app.configure("tool")
        yield app


def newer(app: App, *packages: Package, suite: str = MAIN, day: int = 5) -> None:
    """Let a suite have more than it has."""
    app.publish(*app.suites[suite], *packages, suite=suite, day=day)


def names(lines: Iterable[str]) -> list[str]:
    return [
        line for line in lines if line.startswith((" + ", " ~ ", " - ")) and " base " not in line
    ]


def test_packages_are_pinned_with_all_that_tells_them(app: App) -> None:
    said = app.locks()

    package = tomllib.loads(app.text)["platform"][0]["package"][0]
    deb = app.mirror.documents[f"{app.mirror.url}/pool/main/libtool_1.0-1_amd64.deb"]
    assert names(said) == [" + libtool 1.0-1", " + tool 1.0-1"]
    assert said[-1] == "Wrote `lamina.lock`: 3 added"
    assert package | {"sha256": ""} == {
        "name": "libtool",
        "version": "1.0-1",
        "architecture": "amd64",
        "suite": "trixie",
        "path": "pool/main/libtool_1.0-1_amd64.deb",
        "size": len(deb),
        "sha256": "",
    }
    assert 'apt = ["tool"]\n' in app.text
    assert "\n[suites]\ntrixie = 2024-09-02T07:55:41Z\ntrixie-security = 2024-09-02" in app.text
    assert "127.0.0.1" not in app.text


def test_a_build_reads_no_index_and_gives_the_same_tomorrow(app: App) -> None:
    before = app.digest("--no-lock")
    app.locks()
    newer(app, ("tool", "1.1-1", ""), ("libtool", "1.1-1", ""))

    after = app.digest()

    assert after == before
    assert app.asked("InRelease") == app.asked("Packages.gz") == app.asked("Release") == []
    assert not [each for each in app.server.asked if "by-hash" in each.target]
    assert len(app.asked(".deb")) == 2
    assert app.digest("--no-lock") != before


def test_a_plan_reads_no_index_either(app: App) -> None:
    app.locks()
    app.server.asked.clear()

    ended = app.program("plan", "project", "--store", "empty")

    assert ended.code == 0, ended.err
    assert app.server.asked == []


def test_a_second_lock_asks_nobody(app: App) -> None:
    app.locks()
    newer(app, ("tool", "1.1-1", ""))

    assert app.locks() == ["`lamina.lock` is up to date"]
    assert app.server.asked == []
    assert app.locks("--check") == []


def test_an_upgrade_takes_what_there_is_and_marks_security_updates(app: App) -> None:
    app.locks()
    newer(app, ("tool", "1.1-1", "libtool (>= 1)"))
    newer(app, ("libtool", "1.0-1+deb13u1", ""), suite=SECURITY)

    said = app.locks("--upgrade")

    assert said == [
        " ~ libtool 1.0-1 -> 1.0-1+deb13u1 (security)",
        " ~ tool 1.0-1 -> 1.1-1",
        "Wrote `lamina.lock`: 2 updated (1 security update)",
    ]
    assert "\ntrixie = 2024-09-06T07:55:41Z\n" in app.text


def test_an_upgrade_that_goes_back_says_so(app: App) -> None:
    newer(app, ("libtool", "1.0-1+deb13u1", ""), suite=SECURITY)
    app.locks()
    sources = f"deb [signed-by=/{KEYRING}] {app.mirror.url} {MAIN} main"
    app.configure("tool", more=f"apt-sources = [{json.dumps(sources)}]\n")

    assert app.locks("--upgrade") == [
        " ~ libtool 1.0-1+deb13u1 -> 1.0-1 (older)",
        "Wrote `lamina.lock`: 1 updated (1 to an older version)",
    ]


def test_an_upgrade_of_one_package_leaves_the_others(app: App) -> None:
    app.locks()
    newer(app, ("tool", "1.1-1", "libtool (>= 1)"), ("libtool", "1.1-1", ""))

    said = app.locks("--upgrade", "tool")

    assert said == [" ~ tool 1.0-1 -> 1.1-1", "Wrote `lamina.lock`: 1 updated"]
    assert app.pinned() == {"libtool": "1.0-1", "tool": "1.1-1"}


def test_an_upgrade_of_one_package_takes_what_that_needs(app: App) -> None:
    app.locks()
    newer(app, ("tool", "1.1-1", "libtool (>= 1.1)"), ("libtool", "1.1-1", ""))

    app.locks("--upgrade", "tool")

    assert app.pinned() == {"libtool": "1.1-1", "tool": "1.1-1"}


def test_where_more_is_asked_for_what_is_pinned_is_preferred(app: App) -> None:
    app.locks()
    newer(app, ("more", "2.0-1", "libtool"), ("libtool", "1.1-1", ""), ("tool", "1.1-1", ""))
    app.configure("tool", "more")

    refused, said = app.build(), app.locks()

    assert (
        "error: `lamina.lock` does not match what is asked for\n  apt: `more` is not pinned\n\n"
        "hint: To bring it up to date, run `lamina lock project`; to build without it, pass "
        "`--no-lock`\n"
    ) in refused.err
    assert said == [" + more 2.0-1", "Wrote `lamina.lock`: 1 added"]
    assert app.pinned() == {"libtool": "1.0-1", "more": "2.0-1", "tool": "1.0-1"}


def test_what_is_not_asked_for_any_more_goes(app: App) -> None:
    app.locks()
    app.configure("libtool")

    assert app.locks() == [" - tool 1.0-1", "Wrote `lamina.lock`: 1 removed"]
    app.digest()


def test_the_command_line_counts_as_configuration(app: App) -> None:
    app.locks()

    refused = app.build("--apt", "libtool")

    assert "  apt: `libtool` is not pinned\n" in refused.err
    assert "run `lamina lock project --apt libtool`;" in refused.err
    app.locks("--apt", "libtool")
    app.digest("--apt", "libtool")


def test_a_new_date_alone_changes_nothing(app: App) -> None:
    app.locks()
    text = app.text
    app.publish(*app.suites[MAIN], day=7)

    assert app.locks("--upgrade") == ["`lamina.lock` is up to date"]
    assert app.text == text


def test_an_index_older_than_the_one_that_was_pinned_is_refused(app: App) -> None:
    """On a machine that has never seen any."""
    app.publish(*app.suites[MAIN], day=7)
    app.locks()
    app.publish(*app.suites[MAIN], day=6)

    ended = app.lock("--upgrade")

    assert ended.code == 1
    assert (
        "error: `InRelease` of `trixie` at 127.0.0.1 is older than the one that was seen before\n"
        "  seen: 2024-09-08 07:55:41 UTC\n"
        "  got:  2024-09-07 07:55:41 UTC\n"
    ) in ended.err


def test_another_base_has_its_packages_chosen_anew(app: App) -> None:
    app.locks()
    newer(app, ("tool", "1.1-1", "libtool"))
    app.base(Member("etc/motd", data=b"new"))
    refused = app.build()

    said = app.locks("--upgrade", "base")

    assert " is not the one that `lamina.lock` pins for linux/amd64\n" in refused.err
    assert said[-1] == "Wrote `lamina.lock`: 1 updated"
    assert app.pinned() == {"libtool": "1.0-1", "tool": "1.0-1"}
    app.digest()


def test_a_version_that_is_gone_is_named_with_the_way_out(app: App) -> None:
    app.locks()
    app.server.answer("/debian/pool/main/tool_1.0-1_amd64.deb", Answer(status=404))

    ended = app.build()

    assert ended.code == 1
    assert "error: Unable to find `tool` 1.0-1 in `trixie` at 127.0.0.1\n" in ended.err
    assert "run `lamina lock --upgrade tool`\n" in ended.err


def test_a_package_with_other_bytes_is_refused(app: App) -> None:
    app.locks()
    path = "/debian/pool/main/tool_1.0-1_amd64.deb"
    app.server.answer(path, Answer(make_deb(name="tool")))

    ended = app.build()

    assert ended.code == 1
    assert "error: " in ended.err


def test_names_of_packages_can_be_meant(app: App) -> None:
    app.locks()

    ended = app.lock("--upgrade", "libtol")

    assert "  libtol (did you mean `libtool`?)\n" in ended.err
    assert app.server.asked == []


def test_without_a_lock_it_is_said_that_packages_are_not_pinned(app: App) -> None:
    note = "Not pinned: the Debian packages; to have the same tomorrow, run `lamina lock`\n"

    assert note in app.build().err
    app.locks()
    assert "Not pinned" not in app.build().err


BASE = (
    *("base-files", "base-passwd", "ca-certificates", "libc-bin", "libc6", "libstdc++6"),
    *("netbase", "python3", "python3.11", "tzdata"),
)


@pytest.fixture
def debian(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """The same project upon a base that is made from packages."""
    app.publish(*(each(name) for name in BASE), *app.suites[MAIN])
    (app.program.root / "keyring.gpg").write_bytes(app.mirror.keyring)
    monkeypatch.setenv("LAMINA_DEBIAN_MIRROR", app.mirror.url)
    monkeypatch.setenv("LAMINA_DEBIAN_SECURITY_MIRROR", app.mirror.url)
    monkeypatch.setenv("LAMINA_DEBIAN_KEYRING", str(app.program.root / "keyring.gpg"))
    app.locked.config = 'base = "debian:trixie"\npython = "3.11"\n'
    app.locked.write()
    return app


def each(name: str, version: str = "1.0-1") -> Package:
    needs = {"python3": "python3.11", "python3.11": "libc6"}
    return name, version, needs.get(name, "")


def test_the_packages_of_a_base_are_pinned(debian: App) -> None:
    said = debian.locks()

    document = tomllib.loads(debian.text)
    assert [package["name"] for package in document["platform"][0]["base-package"]] == [*BASE]
    assert said[-1] == "Wrote `lamina.lock`: 10 added"
    assert document["suites"].keys() == {MAIN, SECURITY}
    assert debian.locks() == ["`lamina.lock` is up to date"]
    assert debian.server.asked == []


def test_a_build_of_such_a_base_asks_for_no_release_file(debian: App) -> None:
    before = debian.digest("--no-lock")
    debian.locks()
    newer(debian, each("libc6", "1.1-1"))

    after = debian.digest()

    assert after == before
    assert not [one for one in debian.server.asked if not one.target.endswith(".deb")]
    assert debian.digest("--no-lock") != before


def test_such_a_base_is_upgraded_as_a_whole_or_by_the_package(debian: App) -> None:
    debian.locks()
    newer(debian, each("libc6", "1.1-1"))
    newer(debian, each("tzdata", "1.1-1"), suite=SECURITY)

    assert debian.locks("--upgrade", "tzdata") == [
        " ~ tzdata 1.0-1 -> 1.1-1 (security)",
        "Wrote `lamina.lock`: 1 updated (1 security update)",
    ]
    assert debian.locks("--upgrade", "base") == [
        " ~ libc6 1.0-1 -> 1.1-1",
        "Wrote `lamina.lock`: 1 updated",
    ]


def test_a_shell_is_asked_for_and_pinned(debian: App) -> None:
    debian.locks()
    shell = ("coreutils", "dash", "findutils", "grep", "sed")
    newer(debian, *map(each, shell))
    debian.locked.config += "shell = true\n"
    debian.locked.write()
    refused = debian.build()

    said = debian.locks()

    assert "  shell: expected true, got false\n" in refused.err
    assert said == [*(f" + {name} 1.0-1" for name in shell), "Wrote `lamina.lock`: 5 added"]


def test_packages_above_such_a_base_are_pinned_beside_it(debian: App) -> None:
    debian.locked.config += 'apt = ["tool"]\n'
    debian.locked.write()

    debian.locks()

    assert debian.pinned() == {"libtool": "1.0-1", "tool": "1.0-1"}
    debian.digest()
    assert not [one for one in debian.server.asked if not one.target.endswith(".deb")]


def test_pins_of_another_kind_than_the_base_are_refused(debian: App) -> None:
    debian.locks()
    path = debian.locked.folder / "lamina.lock"
    head, _, _ = debian.text.partition("\n[[platform.base-package]]")
    path.write_text(head)

    ended = debian.build()

    assert (
        "error: `lamina.lock` does not pin the base `debian:trixie` for linux/amd64\n"
    ) in ended.err


def test_layers_of_packages_are_pinned_those_of_a_made_base_too(debian: App) -> None:
    debian.locked.config += 'apt = ["tool"]\n'
    debian.locked.write()
    built = json.loads(debian.build("--no-lock").out)["platforms"][0]["layers"]

    debian.locks("--layers")

    layers = {each["key"]: each for each in tomllib.loads(debian.text)["layer"]}
    pinned = [each for each in built if each["kind"] in ("base", "system", "skeleton")]
    assert {each["diff_id"] for each in pinned} == {each["diff-id"] for each in layers.values()}
    debian.digest()


@pytest.mark.parametrize("which", ["base", "system"])
def test_a_package_that_gives_another_layer_than_is_pinned_is_refused(
    debian: App, which: str
) -> None:
    debian.locked.config += 'apt = ["tool"]\n'
    debian.locked.write()
    built = json.loads(debian.build("--no-lock").out)["platforms"][0]["layers"]
    debian.locks("--layers")
    layer = next(each for each in built if each["kind"] == which)
    path = debian.locked.folder / "lamina.lock"
    path.write_text(debian.text.replace(layer["diff_id"], f"sha256:{'1' * 64}"))

    ended = debian.build()

    assert ended.code == 1
    assert "error: Other layers were made than `lamina.lock` pins\n" in ended.err
    assert f"    got:      {layer['diff_id']}\n" in ended.err


def test_a_lock_from_which_a_package_was_lost_is_refused(app: App) -> None:
    app.locks()
    head, _, rest = app.text.partition('[[platform.package]]\nname = "libtool"')
    (app.locked.folder / "lamina.lock").write_text(head + rest.partition("\n\n")[2])

    ended = app.build()

    assert ended.code == 1
    assert ended.err.splitlines()[-4:] == [
        "error: The Debian packages do not hold together:",
        "  `tool` depends on `libtool (>= 1)`, which is not there",
        "",
        "hint: Was `lamina.lock` changed by hand, or merged? Run `lamina lock --upgrade`",
    ]
    app.locks("--upgrade")
    assert app.build().code == 0


def test_a_version_that_is_not_the_package_s_is_refused_though_its_layer_is_stored(
    app: App,
) -> None:
    app.locks()
    store = ("--store", "stored")
    assert app.program("build", "project", "-o", "oci:out", *store).code == 0
    text = app.text.replace('version = "1.0-1"', 'version = "1.0-2"', 1)
    (app.locked.folder / "lamina.lock").write_text(text)

    ended = app.program("build", "project", "-o", "oci:out", *store)

    assert ended.code == 1
    assert "it is another package\n  expected: libtool 1.0-2 amd64\n" in ended.err
