"""``lamina sync --from``: environments out of the layers of images, with no index to ask."""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from builders import Item, make_wheel, write_wheel
from fakes.registry import Contents, FakeRegistry, Fault
from images import make_image, make_layer
from lamina.cli.settings import machine
from lamina.project.requirements import UnmetBuildRequirements
from lamina.store.blobs import digest_of
from lamina.store.store import Store
from projects import PYPROJECT, LockedProject
from unit.cli.program import Ended, Program
from unit.cli.pushing import LARGE, Pushing, blobs_read, put
from unit.cli.test_sync import MINOR, files, make_environment

POINTS = b"[console_scripts]\nrun-one = one:main\n"
WHEELS = {
    "large": (Item("large.bin", bytes(LARGE), method=0),),
    "one": (
        Item("one.py", b"ONE = 1\n"),
        Item("one-1.0.data/scripts/tool", b"#!python\nprint(1)\n"),
        Item("one-1.0.dist-info/entry_points.txt", POINTS),
    ),
    "two": (Item("two.py", b"TWO = 2\n"), Item("two-1.0.data/data/share/two", b"2")),
}
CLOSED = "http://127.0.0.1:9"
HERE = str(machine())


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


@pytest.fixture(scope="module")
def pushed() -> list[Contents]:
    """What has been pushed, once for all tests."""
    return []


@pytest.fixture
def app(
    locked: LockedProject, program: Program, server: FakeRegistry, pushed: list[Contents]
) -> Pushing:
    """An image that is pushed, and then a lock whose index nobody reaches."""
    pushing = Pushing(locked, program, server)
    if not pushed:
        for name, items in WHEELS.items():
            locked.wheel(name, *items)
        locked.write()
        pushing.push("1.0", "--python", MINOR, "--platform", HERE)
        pushing.lose_wheels()
        pushed.append(deepcopy(server.contents(pushing.name)))
    vars(server.contents(pushing.name)).update(vars(deepcopy(pushed[0])))
    for name, items in WHEELS.items():
        lock(locked, name, *items)
    locked.write()
    make_environment(locked.folder / ".venv")
    server.asked.clear()
    return pushing


def lock(locked: LockedProject, name: str, *items: Item, version: str = "1.0") -> None:
    filename = f"{name}-{version}-py3-none-any.whl"
    data = make_wheel(*items, name=name, version=version)
    locked.remote(name, f"{CLOSED}/{filename}", data, version)


def image(app: Pushing) -> str:
    return f"{app.server.host}/{app.name}:1.0"


def sync(app: Pushing, *args: str, folder: str = "project") -> Ended:
    where = ["--from", image(app)] if "--from" not in args else []
    return app.program("sync", folder, "--frozen", "--link-mode", "copy", *where, *args)


def report(app: Pushing, *args: str, folder: str = "project") -> Any:
    ended = sync(app, "--json", *args, folder=folder)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def tag(app: Pushing) -> str:
    return app.server.contents(app.name).tags["1.0"]


def blob(app: Pushing, digest: str) -> str:
    return f"GET /v2/{app.name}/blobs/{digest}"


def config(app: Pushing) -> str:
    return blob(app, app.manifest("1.0")["config"]["digest"])


def layers(app: Pushing) -> dict[str, str]:
    """Return the digest of the layer of each distribution."""
    record = app.config("1.0")["dev.lamina"]["layers"]
    described = app.manifest("1.0")["layers"]
    return {
        row[0]: layer["digest"]
        for layer, (_, _, *rows) in zip(described, record, strict=True)
        for row in rows
    }


def test_all_comes_from_layers_and_is_what_wheels_give(app: Pushing) -> None:
    done = sync(app, "-v")

    assert done.code == 0, done.err
    of = layers(app)
    name = image(app)
    assert [line for line in done.err.splitlines() if line.startswith("Installed")] == [
        f"Installed {each}==1.0: it is not installed (from layer {of[each]} of `{name}`)"
        for each in ("large", "one", "two")
    ]
    of_layers = files(app.locked.folder / ".venv")
    assert set(blobs_read(app.server)) == {blob(app, of[each]) for each in WHEELS} | {config(app)}
    shutil.rmtree(app.locked.folder / ".venv")
    make_environment(app.locked.folder / ".venv")
    store = Store(app.program.root / "other")
    for each, items in WHEELS.items():
        wheel = write_wheel(app.program.root, *items, name=each)
        store.blobs.adopt(wheel, digest_of(wheel))
    of_wheels = app.program("sync", "project", "--frozen", "--store", "other")
    assert of_wheels.code == 0, of_wheels.err
    assert of_layers == files(app.locked.folder / ".venv")


def test_a_second_time_nothing_is_done_and_nobody_asked(app: Pushing) -> None:
    first = report(app)
    app.server.asked.clear()

    second = report(app)

    assert first["from"] == {"name": image(app), "digest": tag(app)}
    assert second["from"] is None
    assert [each["action"] for each in second["distributions"]] == ["keep"] * 3
    assert app.server.asked == []
    shutil.rmtree(app.locked.folder / ".venv")
    make_environment(app.locked.folder / ".venv")
    assert {each["source"] for each in report(app)["distributions"]} == {"it was in the store"}
    assert blobs_read(app.server) == [config(app)]


def test_of_the_layers_only_what_is_needed_is_fetched(app: Pushing) -> None:
    report(app, "--no-install-package", "large", "--no-install-package", "two")

    assert blobs_read(app.server) == [config(app), blob(app, layers(app)["one"])]


@pytest.mark.parametrize("option", ["--dry-run", "--check"])
def test_to_say_what_would_be_done_no_layer_is_read(app: Pushing, option: str) -> None:
    ended = sync(app, option)

    assert ended.code == (option == "--check")
    assert " + one==1.0" in ended.err
    assert blobs_read(app.server) == [config(app)]


@pytest.mark.parametrize("option", ["--dry-run", "--link-mode=copy"])
def test_all_that_an_image_lacks_is_told_at_once(app: Pushing, option: str) -> None:
    lock(app.locked, "one", *WHEELS["one"], version="1.1")
    lock(app.locked, "two", Item("other.py"))
    lock(app.locked, "three")
    app.locked.write()
    before = files(app.locked.folder / ".venv")

    ended = sync(app, option)

    assert ended.code == 1
    assert ended.err == (
        f"error: The image `{image(app)}` does not have all that is to be installed\n"
        "  one 1.1: it has 1.0\n"
        "  three 1.0: it is not in it\n"
        f"  two 1.0: it has another wheel of it, for {HERE} and Python {MINOR}\n\n"
        "hint: Nothing was changed; build and push it of this lock, with the same options (an "
        "image has no group `dev` by default), or leave `--from` out to ask an index\n"
    )
    assert blobs_read(app.server) == [config(app)]
    assert files(app.locked.folder / ".venv") == before


def test_what_the_store_has_the_image_may_lack(app: Pushing) -> None:
    wheel = write_wheel(app.program.root, Item("three.py"), name="three")
    lock(app.locked, "three", Item("three.py"))
    app.locked.write()
    store = Store(app.program.root / "store")
    store.blobs.adopt(wheel, digest_of(wheel))

    done = report(app)

    assert {each["name"]: each["source"] for each in done["distributions"]}["three"] == (
        "its wheel was here"
    )


def test_a_tree_of_an_image_is_no_tree_of_the_wheel(app: Pushing) -> None:
    """Who may push to the registry is believed where he is named, and nowhere else."""
    report(app)
    shutil.rmtree(app.locked.folder / ".venv")
    make_environment(app.locked.folder / ".venv")

    ended = app.program("sync", "project", "--frozen", "--offline")

    assert ended.code == 1
    assert "--offline" in ended.err, ended.err


def test_what_failed_is_gone_on_with(app: Pushing) -> None:
    of, place = layers(app), blob(app, layers(app)["two"]).removeprefix("GET ")
    app.server.fail("GET", place, Fault(status=404))

    ended = sync(app)

    assert ended.code == 1
    assert ended.err.startswith(f"error: Failed to read blob {of['two']} of ")
    app.server.asked.clear()
    assert {each["action"] for each in report(app)["distributions"]} == {"install"}
    assert blob(app, of["two"]) in blobs_read(app.server)


def build_on_disk(app: Pushing, *options: str) -> None:
    for name, items in WHEELS.items():
        app.locked.wheel(name, *items)
    app.locked.write()
    app.program.report("--python", MINOR, "--platform", HERE, *options)
    app.lose_wheels()


def test_what_a_build_backend_needs_no_image_has(
    app: Pushing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: object) -> None:
        raise UnmetBuildRequirements("Unable to find what the build backend needs: needed")

    monkeypatch.setattr("lamina.project.requirements._find", resolve)
    build_on_disk(app)
    app.locked.pyproject = (
        '[build-system]\nrequires = ["needed"]\nbuild-backend = "needed"\n' + PYPROJECT
    )
    app.locked.write()
    lock_file = app.locked.folder / "uv.lock"
    lock_file.write_text(lock_file.read_text().replace("virtual =", "editable ="))
    before = files(app.locked.folder / ".venv")

    ended = sync(app, "--offline", "--from", "oci:out", "--store", "empty")

    assert ended.err.splitlines()[1:] == [
        "error: Unable to find what the build backend needs: needed",
        "",
        "hint: Nothing was changed; an image has no build backends. `--no-editable` takes what was "
        "built of this very tree from it, and `--no-install-package app` does without",
    ]
    assert files(app.locked.folder / ".venv") == before


def alter(app: Pushing, name: str, data: bytes) -> None:
    """Let the registry have other bytes as a layer, which is described as it is then."""
    document, old = app.manifest("1.0"), layers(app)[name]
    described = next(each for each in document["layers"] if each["digest"] == old)
    digest = app.server.add_blob(app.name, data)
    described |= {"digest": str(digest), "size": len(data)}
    app.replace_manifest("1.0", document)


def test_a_layer_that_is_damaged_is_refused_and_nothing_is_changed(app: Pushing) -> None:
    digest = layers(app)["large"]
    contents = app.server.contents(app.name)
    contents.blobs[digest] = contents.blobs[digest][:-1] + b"?"
    before = files(app.locked.folder / ".venv")

    ended = sync(app)

    assert ended.code == 1
    assert ended.err.startswith(
        f"error: Unable to install from layers of the image `{image(app)}`\n"
        f"  {digest}: Damaged blob {digest} of `{app.server.host}/{app.name}`\n"
        f"    expected: {digest}\n    got:      sha256:"
    )
    assert files(app.locked.folder / ".venv") == before


def test_a_layer_that_was_packed_anew_is_read_all_the_same(app: Pushing) -> None:
    for name in ("large", "one"):
        blob_ = app.server.contents(app.name).blobs[layers(app)[name]]
        alter(app, name, gzip.compress(gzip.decompress(blob_), 1))

    assert {each["action"] for each in report(app)["distributions"]} == {"install"}


def test_a_layer_of_another_diff_id_is_refused(app: Pushing) -> None:
    old = layers(app)["one"]
    tar = gzip.decompress(app.server.contents(app.name).blobs[old])
    alter(app, "one", gzip.compress(tar.replace(b"ONE = 1", b"ONE = 6")))

    ended = sync(app)

    assert ended.code == 1
    assert "its diff ID is sha256:" in ended.err
    assert len([*Store(app.program.root / "store").trees]) == 2


def test_an_image_that_others_have_made_is_refused(app: Pushing) -> None:
    put(app.server, app.name, "other", make_image(make_layer()))
    name = f"{app.server.host}/{app.name}:other"

    ended = sync(app, "--from", name)

    assert ended.err == (
        f"error: Unable to install from the image `{name}`: Lamina has not made it\n\n"
        "hint: Only images that `lamina build` has made say what is in their layers; "
        "`lamina inspect` shows what this one says\n"
    )


@pytest.fixture
def alone(app: Pushing) -> Path:
    """A folder without a project, with an environment of this Python."""
    folder = app.program.root / "alone"
    make_environment(folder / ".venv")
    return folder


def test_without_a_lock_the_environment_is_the_images(app: Pushing, alone: Path) -> None:
    first, second = (report(app, folder="alone") for _ in range(2))

    assert [each["action"] for each in first["distributions"]] == ["install"] * 3
    assert [each["action"] for each in second["distributions"]] == ["keep"] * 3
    script = (alone / ".venv" / "bin" / "tool").read_text()
    assert script == f"#!{alone}/.venv/bin/python\nprint(1)\n"


def test_without_a_lock_nothing_can_be_chosen_of_it(app: Pushing, alone: Path) -> None:
    ended = sync(app, "--extra", "x", "--no-dev", folder="alone")

    assert (ended.code, ended.err) == (
        1,
        "error: Nothing can be chosen with `--extra`, `--no-dev`: `alone` has no lock\n\n"
        "hint: Name the folder of a project; without a lock, all of the image is installed\n",
    )


def test_the_python_of_an_image_is_its_environments(app: Pushing) -> None:
    (app.program.root / "alone").mkdir()

    ended = sync(app, "--python", sys.executable, "--from", other_python(app), folder="alone")

    assert ended.err == (
        f"error: The image `{app.server.host}/{app.name}:other` is for another Python than was "
        f"asked for\n  expected: 3.8\n  got:      {MINOR}\n\n"
        "hint: Leave `--python` out: without a lock, an environment has the image's Python\n"
    )
    assert not (app.program.root / "alone" / ".venv").exists()


def change_config(app: Pushing, change: Callable[[Any], None]) -> str:
    """Put a copy of the image into the registry whose config is another; return its name."""
    document, manifest = app.config("1.0"), app.manifest("1.0")
    change(document)
    data = json.dumps(document).encode()
    manifest["config"] |= {"digest": app.server.add_blob(app.name, data), "size": len(data)}
    app.replace_manifest("other", manifest)
    return f"{app.server.host}/{app.name}:other"


def other_python(app: Pushing) -> str:
    return change_config(
        app, lambda document: document["dev.lamina"]["recipe"].update(python="3.8")
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda each: each.pop("dev.lamina"), "it does not say what is in its layers"),
        (
            lambda each: each["dev.lamina"]["recipe"].update(python="../../x"),
            "it does not say what is in its layers",
        ),
        (
            lambda each: each["dev.lamina"]["layers"][1][2].__setitem__(0, "\x1b[2J"),
            "'\\x1b[2J' is no name of a distribution",
        ),
    ],
)
def test_what_an_image_says_of_itself_is_read_with_care(
    app: Pushing, change: Callable[[Any], None], why: str
) -> None:
    name = change_config(app, change)

    ended = sync(app, "--from", name)

    assert ended.code == 1
    assert ended.err.startswith(f"error: Unable to install from the image `{name}`: {why}\n")


def test_an_image_for_another_machine_serves_a_lock_alone(app: Pushing, alone: Path) -> None:
    name = change_config(app, lambda each: each.update(architecture="s390x"))

    assert sync(app, "--from", name).code == 0
    ended = sync(app, "--from", name, folder="alone")

    assert ended.err == (
        f"error: No image for {HERE} in `{name}`: it has linux/s390x\n\n"
        "hint: Build the image for this platform, too; see `lamina build --platform`\n"
    )


def test_of_a_layout_and_of_an_archive_the_layers_are_read_likewise(app: Pushing) -> None:
    build_on_disk(app, "-o", "docker-archive:out.tar")

    for image_ in ("oci:out", "docker-archive:out.tar"):
        shutil.rmtree(app.locked.folder / ".venv")
        make_environment(app.locked.folder / ".venv")
        done = report(app, "--from", image_, "--store", f"store-{image_[:3]}")

        assert all(each["source"].endswith(f"of `{image_}`") for each in done["distributions"])
        assert done["bytes_downloaded"] == 0


def test_a_wheel_that_does_not_run_here_is_refused(app: Pushing, alone: Path) -> None:
    wheel_file = (
        b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp38-cp38-musllinux_1_2_x86_64\n"
    )
    app.locked.packages.clear()
    app.locked.wheel("one", Item("one-1.0.dist-info/WHEEL", wheel_file), Item("one.py"))
    app.locked.write()
    app.push("1.0", "--python", MINOR, "--platform", HERE)

    ended = sync(app, folder="alone")

    first, second, _, hint = ended.err.splitlines()
    assert first.startswith(f"error: The image `{image(app)}` is not made for this machine (linux/")
    assert second == "  one: it is for cp38-cp38-musllinux_1_2_x86_64"
    assert hint == (
        "hint: Nothing was changed; an image that is built for this machine has what runs here"
    )


def test_what_is_left_out_of_an_image_is_not_installed(app: Pushing, alone: Path) -> None:
    done = report(app, "--no-install-package", "large", folder="alone")

    assert [each["name"] for each in done["distributions"]] == ["one", "two"]


def test_of_a_file_that_two_have_the_last_one_has_it_as_always(app: Pushing) -> None:
    app.locked.packages.clear()
    for name in ("x", "y"):
        app.locked.wheel(name, Item("both.py", name.encode()))
    app.locked.write()
    app.push("1.0", "--python", MINOR, "--platform", HERE, "--layers", "5")
    assert layers(app)["x"] == layers(app)["y"]
    app.lose_wheels()

    report(app)
    site = app.locked.folder / ".venv" / "lib" / f"python{MINOR}" / "site-packages"
    assert (site / "both.py").read_bytes() == b"y"
    ended = sync(app, "--no-install-package", "y", "--reinstall")

    assert ended.code == 1
    assert "both.py` is of two distributions that do not agree" in ended.err
    assert (site / "both.py").read_bytes() == b"y"


def test_of_several_platforms_the_image_of_this_one_is_taken(app: Pushing, alone: Path) -> None:
    for name, items in WHEELS.items():
        app.locked.wheel(name, *items)
    app.locked.write()
    built = app.push("2.0", "--python", MINOR, "--platform", f"linux/s390x,{HERE}")

    done = report(app, "--from", f"{app.server.host}/{app.name}:2.0", folder="alone")

    [mine] = [each["digest"] for each in built["platforms"] if each["platform"] == HERE]
    assert done["from"]["digest"] == mine
