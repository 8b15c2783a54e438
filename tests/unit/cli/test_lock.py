"""``lamina lock``, and what `lamina build` makes of its file."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from fakes.registry import FakeRegistry
from images import write_layout
from lamina.oci.digest import Digest
from lamina.oci.image import Image
from projects import LockedProject
from unit.cli.program import Ended, Program
from unit.cli.pushing import BASE_NAME as BASE
from unit.cli.pushing import base_image, digests, put, python_layer


@pytest.fixture
def app(locked: LockedProject, program: Program, server: FakeRegistry) -> App:
    """A project upon an image in a registry."""
    put(server, BASE, "3.12-slim", base_image())
    locked.config = f'base = "{server.host}/{BASE}:3.12-slim"\n'
    locked.write()
    (locked.folder / "main.py").write_text("VERSION = 1\n")
    return App(locked, program, server)


class App:
    """A project, the program, and the registry that has its base."""

    def __init__(self, locked: LockedProject, program: Program, server: FakeRegistry) -> None:
        self.locked, self.program, self.server = locked, program, server

    @property
    def path(self) -> Path:
        """Where the lock is."""
        return self.locked.folder / "lamina.lock"

    def lock(self, *args: str) -> Ended:
        """Lock."""
        self.server.asked.clear()
        return self.program("lock", "project", *args)

    def locks(self, *args: str) -> list[str]:
        """Lock, which must end well; return the lines that are said."""
        ended = self.lock(*args)
        assert (ended.code, ended.out) == (0, ""), ended
        return ended.err.splitlines()

    def build(self, *args: str, name: str = "out") -> Ended:
        """Build from an empty store."""
        self.server.asked.clear()
        store = f"store{len(list(self.program.root.glob('store*')))}"
        return self.program(
            "build", "project", "-o", f"oci:{name}", "--store", store, "--json", *args
        )

    def builds(self, *args: str) -> Any:
        """Build, which must end well; return the report."""
        ended = self.build(*args)
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    def release(self, *more: Image, version: str = "3.12.5") -> Image:
        """Let the name of the base lead to a newer image, and to others for other platforms."""
        newer = base_image(python_layer(version))
        put(self.server, BASE, "3.12-slim", newer, *more)
        return newer

    def configure(self, text: str) -> None:
        """Let the configuration say something more."""
        self.locked.config += text
        self.locked.write()


def short(digest: Digest) -> str:
    return str(digest)[:19]


def test_the_base_is_pinned_by_its_digest(app: App) -> None:
    said = app.locks()

    assert said == [f" + base {short(base_image().digest)}", "Wrote `lamina.lock`: 1 added"]
    assert app.path.read_text() == (
        "# Written by `lamina lock`: what the image is made from that `uv.lock` does not say.\n"
        "# `lamina lock --upgrade` brings it up to date; edits by hand are not wanted.\n"
        "\n"
        "version = 1\n"
        "\n"
        "[asked]\n"
        f'base = "{app.server.host}/{BASE}:3.12-slim"\n'
        'platform = ["linux/amd64"]\n'
        "\n"
        "[[platform]]\n"
        'name = "linux/amd64"\n'
        f'base-digest = "{base_image().digest}"\n'
    )


def test_no_layer_is_read_for_it(app: App) -> None:
    app.locks()

    layers = {str(layer.descriptor.digest) for layer in base_image().layers}
    assert not [each for each in app.server.asked if each.target.rpartition("/")[2] in layers]


def test_a_second_lock_asks_nobody_and_writes_nothing(app: App) -> None:
    app.locks()
    os.utime(app.path, (1, 1))
    app.release()

    assert app.locks() == ["`lamina.lock` is up to date"]
    assert app.server.asked == []
    assert app.path.stat().st_mtime == 1


def test_a_new_version_of_the_project_changes_nothing(app: App) -> None:
    app.locks()
    text = app.path.read_text()
    app.locked.pyproject = app.locked.pyproject.replace('"1.0"', '"2.0"')
    app.locked.write()
    uv_lock = app.locked.folder / "uv.lock"
    uv_lock.write_text(
        uv_lock.read_text().replace(
            'name = "app"\nversion = "1.0"', 'name = "app"\nversion = "2.0"'
        )
    )

    assert app.locks() == ["`lamina.lock` is up to date"]
    assert app.locks("--check") == []
    assert app.path.read_text() == text
    app.builds()


def test_a_build_has_the_base_that_is_pinned(app: App) -> None:
    app.locks()
    before = app.builds()
    newer = app.release()

    after, anew = app.builds(), app.builds("--no-lock")

    assert after["digest"] == before["digest"]
    assert digests(anew)[1] == str(newer.layers[1].descriptor.digest)
    assert anew["digest"] != before["digest"]


def test_the_name_of_a_pinned_base_is_not_asked_for(app: App) -> None:
    app.locks()

    app.builds()

    manifests = [each.target for each in app.server.asked if "/manifests/" in each.target]
    assert manifests == [f"/v2/{BASE}/manifests/{base_image().digest}"]


def test_the_image_is_that_of_a_build_without_a_lock(app: App) -> None:
    before = app.builds()
    app.locks()

    assert app.builds()["platforms"][0]["layers"][:-1] == before["platforms"][0]["layers"][:-1]


def test_an_upgrade_pins_what_there_is_now(app: App) -> None:
    app.locks()
    newer = app.release()

    assert app.locks("--upgrade") == [
        f" ~ base {short(base_image().digest)} -> {short(newer.digest)}",
        "Wrote `lamina.lock`: 1 updated",
    ]
    assert app.locks("--upgrade", "base") == ["`lamina.lock` is up to date"]
    assert digests(app.builds())[1] == str(newer.layers[1].descriptor.digest)


def test_an_upgrade_can_be_looked_at_first(app: App) -> None:
    app.locks()
    text, newer = app.path.read_text(), app.release()

    ended = app.lock("--upgrade", "--check")

    assert ended.code == 1
    assert ended.err == (
        f" ~ base {short(base_image().digest)} -> {short(newer.digest)}\n"
        "`lamina.lock` would change: 1 updated\n"
    )
    assert app.path.read_text() == text


def test_names_of_nothing_are_refused_before_anybody_is_asked(app: App) -> None:
    app.locks()

    ended = app.lock("--upgrade", "bass", "--quiet")

    assert ended.code == 1
    assert ended.err == (
        "error: Nothing in `lamina.lock` has such a name\n  bass (did you mean `base`?)\n\n"
        "hint: To upgrade all there is, pass `--upgrade` without a name\n"
    )
    assert app.server.asked == []


def test_what_is_asked_otherwise_is_refused_with_the_command_that_mends_it(app: App) -> None:
    app.locks()
    app.configure('platform = ["linux/amd64", "linux/arm64"]\n')

    ended = app.build("--base", "scratch")

    assert ended.code == 1
    assert ended.err == (
        "error: `lamina.lock` does not match what is asked for\n"
        f"  base: expected scratch, got {app.server.host}/{BASE}:3.12-slim\n"
        "  platform: linux/arm64 is not pinned\n\n"
        "hint: To bring it up to date, run `lamina lock project --base scratch`; to build without "
        "it, pass `--no-lock`\n"
    )


def test_a_plan_obeys_as_well(app: App) -> None:
    app.locks()

    ended = app.program("plan", "project", "--base", "scratch")

    assert ended.code == 1
    assert ended.err.startswith("error: `lamina.lock` does not match what is asked for\n")
    assert app.program("plan", "project", "--base", "scratch", "--no-lock").code == 0


def test_a_check_tells_what_differs_and_asks_nobody(app: App) -> None:
    app.locks()
    assert app.locks("--check") == []
    app.configure('platform = "linux/arm64"\n')
    app.server.asked.clear()

    ended, machine = app.lock("--check"), app.lock("--check", "--json")

    assert app.server.asked == []
    assert ended.code == machine.code == 1
    assert (
        ended.err
        == machine.err
        == (
            "error: `lamina.lock` does not match what is asked for\n"
            "  platform: linux/amd64 is pinned, and not asked for\n"
            "  platform: linux/arm64 is not pinned\n\n"
            "hint: To bring it up to date, run `lamina lock project`\n"
        )
    )
    assert json.loads(machine.out) == {
        "matches": False,
        "mismatches": [
            {"item": "platform", "problem": "linux/amd64 is pinned, and not asked for"},
            {"item": "platform", "problem": "linux/arm64 is not pinned"},
        ],
    }


def test_without_a_lock_there_is_nothing_to_check(app: App) -> None:
    ended = app.lock("--check")

    assert ended.code == 1
    assert ended.err == (
        "error: Unable to find `project/lamina.lock`\n\n"
        "hint: To create it, run `lamina lock project`\n"
    )


def test_a_new_platform_gets_the_release_that_is_pinned_for_the_others(app: App) -> None:
    arm = base_image(architecture="arm64")
    index = put(app.server, BASE, "3.12-slim", base_image(), arm)
    app.locks()
    assert f'base-index = "{index}"' in app.path.read_text()
    app.release(base_image(python_layer("3.12.9"), architecture="arm64"))
    app.configure('platform = ["linux/amd64", "linux/arm64"]\n')

    assert app.locks() == [
        f" + base {short(arm.digest)}, linux/arm64",
        "Wrote `lamina.lock`: 1 added",
    ]
    assert app.path.read_text().count(str(index)) == 2
    report = app.builds()
    assert [digests(report, at)[1] for at in (0, 1)] == [
        str(each.layers[1].descriptor.digest) for each in (base_image(), arm)
    ]


def test_what_goes_with_a_platform_is_told_with_its_name(app: App) -> None:
    arm = base_image(architecture="arm64")
    put(app.server, BASE, "3.12-slim", base_image(), arm)
    app.locks("--platform", "linux/amd64,linux/arm64")

    assert app.locks() == [
        f" - base {short(arm.digest)}, linux/arm64",
        "Wrote `lamina.lock`: 1 removed",
    ]


def test_one_platform_alone_can_be_built(app: App) -> None:
    put(app.server, BASE, "3.12-slim", base_image(), base_image(architecture="arm64"))
    app.configure('platform = ["linux/amd64", "linux/arm64"]\n')
    app.locks()

    assert app.build("--platform", "linux/arm64").code == 0


def test_a_base_that_is_gone_is_named_with_the_way_out(app: App) -> None:
    app.locks()
    app.server.contents(BASE).manifests.clear()

    ended = app.build()

    assert ended.code == 1
    assert ended.err.startswith(
        f"error: Unable to find the base image `{app.server.host}/{BASE}:3.12-slim` that "
        "`lamina.lock` pins for linux/amd64\n  "
    )
    assert ended.err.endswith(
        "\n\nhint: To pin what there is now, run `lamina lock --upgrade base`; to build upon it "
        "without a lock, pass `--no-lock`\n"
    )


def test_a_base_on_the_disk_must_be_the_one_that_is_pinned(app: App) -> None:
    place = app.program.root / "below"
    write_layout(place, [("x", base_image())])
    app.locks("--base", f"oci:{place}")
    text = app.path.read_text()
    assert 'base = "oci:below"' in text
    assert str(app.program.root) not in text
    assert app.build("--base", f"oci:{place}").code == 0
    other = base_image(python_layer("3.12.5"))
    shutil.rmtree(place)
    write_layout(place, [("x", other)])

    ended = app.build("--base", f"oci:{place}")

    assert ended.code == 1
    assert ended.err == (
        "error: The base image `oci:ROOT/below` is not the one that `lamina.lock` pins for "
        "linux/amd64\n"
        f"  expected: {base_image().digest}\n"
        f"  got:      {other.digest}\n\n"
        "hint: To pin what there is now, run `lamina lock --upgrade base`; to build upon it "
        "without a lock, pass `--no-lock`\n"
    )


def test_a_lock_that_is_damaged_is_not_written_over(app: App) -> None:
    app.locks()
    app.path.write_text("<<<<<<< HEAD\n" + app.path.read_text())

    for ended in (app.lock(), app.lock("--upgrade"), app.lock("--check"), app.build()):
        assert ended.code == 1
        assert ended.err.startswith("error: Unable to read `lamina.lock`: a merge left a conflict")


def test_a_machine_is_told_what_has_changed(app: App) -> None:
    first = json.loads(app.lock("--json").out)
    again = json.loads(app.lock("--json", "--quiet").out)

    assert first == {
        "changed": True,
        "written": True,
        "changes": [
            {
                "kind": "base",
                "name": "base",
                "platforms": ["linux/amd64"],
                "before": None,
                "after": str(base_image().digest),
                "security": False,
                "older": False,
            }
        ],
    }
    assert again == {"changed": False, "written": False, "changes": []}


def test_verbosely_it_is_said_what_has_stayed(app: App) -> None:
    app.locks()

    assert app.locks("--verbose") == [
        f" = base {short(base_image().digest)}",
        "`lamina.lock` is up to date",
    ]


def test_a_folder_that_cannot_be_written_to_is_named(app: App) -> None:
    app.path.mkdir()

    ended = app.lock()

    assert ended.code == 1
    assert ended.err == "error: Unable to read `project/lamina.lock`: Is a directory\n"


def test_what_is_interrupted_while_writing_leaves_the_lock_of_before(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.locks()
    text = app.path.read_text()
    app.release()

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    ended = app.lock("--upgrade")

    assert ended.code == 130
    assert app.path.read_text() == text
    assert sorted(each.name for each in app.locked.folder.iterdir()) == [
        *("lamina.lock", "main.py", "pyproject.toml", "uv.lock"),
    ]


def test_a_disk_that_is_full_leaves_the_lock_of_before(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.locks()
    text = app.path.read_text()
    app.release()

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    ended = app.lock("--upgrade")

    assert ended.code == 1
    assert ended.err.endswith(
        "error: Unable to write `project/lamina.lock`: No space left on device\n"
    )
    assert app.path.read_text() == text


def test_the_lock_of_a_member_lies_in_its_own_folder(
    program: Program, server: FakeRegistry
) -> None:
    put(server, BASE, "3.12-slim", base_image())
    root, member = program.root / "all", program.root / "all" / "packages" / "one"
    member.mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["packages/*"]\n')
    (member / "pyproject.toml").write_text(
        '[project]\nname = "one"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        f'[tool.lamina]\nbase = "{server.host}/{BASE}:3.12-slim"\n'
    )
    (root / "uv.lock").write_text(
        'version = 1\nrevision = 3\nrequires-python = ">=3.11"\n\n[manifest]\nmembers = ["one"]\n\n'
        '[[package]]\nname = "one"\nversion = "1.0"\nsource = { virtual = "packages/one" }\n'
    )

    first = program("lock", root, "--package", "one")
    second = program("lock", member)

    assert first.code == second.code == 0, first.err + second.err
    assert (member / "lamina.lock").exists()
    assert not (root / "lamina.lock").exists()
    assert second.err == "`lamina.lock` is up to date\n"
    assert program("build", member, "-o", "oci:out").code == 0


def test_a_build_says_once_what_is_not_pinned(app: App) -> None:
    note = "Not pinned: the base; to have the same tomorrow, run `lamina lock`\n"

    assert app.build().err.count(note) == 1
    assert note not in app.build("--quiet").err
    assert note not in app.build("--no-lock").err
    app.locks()
    assert "Not pinned" not in app.build().err


def test_a_build_upon_nothing_has_nothing_to_pin(app: App) -> None:
    assert "Not pinned" not in app.build("--base", "scratch").err


@pytest.mark.parametrize("given", [("--verbose", "--quiet")])
def test_options_that_contradict_each_other_are_refused(app: App, given: tuple[str, ...]) -> None:
    assert app.lock(*given).code == 2
