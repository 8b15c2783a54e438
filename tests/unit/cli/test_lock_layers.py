"""``lamina lock --layers``, and registries that answer otherwise than it pinned."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from images import Member, make_layer
from unit.cli.program import Ended
from unit.cli.pushing import (
    BASE_NAME,
    REUSED,
    Pushing,
    base_image,
    blobs_read,
    digests,
    origins,
    put,
)
from unit.cli.test_verify import lie


@pytest.fixture
def path(app: Pushing) -> Path:
    """Where the lock is."""
    return app.locked.folder / "lamina.lock"


def lock(app: Pushing, *args: str) -> Ended:
    return app.program("lock", "project", "--base", "scratch", *args)


def lock_layers(app: Pushing, *args: str, store: str = "lock-store") -> str:
    """Pin layers, which must end well; return the last line that is said."""
    ended = lock(app, "--layers", "--store", store, *args)
    assert ended.code == 0, ended.err
    return ended.err.splitlines()[-1]


def test_all_layers_are_pinned_but_those_of_the_tree(app: Pushing, path: Path) -> None:
    first = app.push("1", "--no-lock")

    said = lock_layers(app)

    layers = tomllib.loads(path.read_text())["layer"]
    reported = first["platforms"][0]["layers"]
    assert said == "Wrote `lamina.lock`: 4 added"
    assert [each["kind"] for each in reported] == ["skeleton", *["wheels"] * 3, "files"]
    assert layers == sorted(
        (
            {
                "key": each["key"],
                "digest": each["digest"],
                "diff-id": each["diff_id"],
                "size": each["size"],
            }
            for each in reported[:-1]
        ),
        key=lambda each: str(each["key"]),
    )


def test_they_are_reused_where_a_registry_has_them(app: Pushing) -> None:
    app.push("1", "--no-lock")
    lock_layers(app)
    app.bump()
    app.lose_wheels()

    assert origins(app.push("2")) == REUSED


def test_nothing_changes_the_second_time(app: Pushing, path: Path) -> None:
    lock_layers(app)
    before = path.stat()
    app.bump()

    assert lock_layers(app, store="another") == "`lamina.lock` is up to date"
    assert lock(app).err == "`lamina.lock` is up to date\n"
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_layers_that_are_pinned_stay_until_they_are_not_wanted(app: Pushing, path: Path) -> None:
    lock_layers(app)
    assert lock(app, "--upgrade").code == 0
    assert "[[layer]]" in path.read_text()

    ended = lock(app, "--no-layers")

    assert ended.err.endswith("Wrote `lamina.lock`: 4 removed\n")
    assert "[[layer]]" not in path.read_text()


def test_a_registry_that_answers_otherwise_is_refused(app: Pushing) -> None:
    app.push("1", "--no-lock")
    lock_layers(app)
    pinned = next(each for each in app.manifest("1")["layers"] if each["size"] > 300 << 10)
    true, false = lie(app)
    got = app.manifest("1")["layers"][1]
    app.bump()

    ended = app.run("2")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.partition("error: ")[2] == (
        f"`{app.server.host}/{app.name}` has other layers than `lamina.lock` pins\n"
        f"  large==1.0\n"
        f"    expected: {true} (diff ID)\n"
        f"    got:      {false}\n"
        f"    expected: {pinned['digest']} (digest)\n"
        f"    got:      {got['digest']}\n"
        f"    expected: {pinned['size']} (bytes)\n"
        f"    got:      {got['size']}\n\n"
        "hint: Somebody changed them, or made them anew: to make them here, pass `--no-cache`; to "
        "pin what is made here, run `lamina lock --layers`\n"
    )
    assert "2" not in app.server.contents(app.name).tags
    assert app.run("2", "--no-cache").code == 0


def test_a_plan_refuses_it_as_well(app: Pushing) -> None:
    app.push("1", "--no-lock")
    lock_layers(app)
    lie(app)

    reference = f"{app.server.host}/{app.name}:1"
    ended = app.program(
        *("plan", "project", "--base", "scratch", "--store", "empty", "-t", reference, "--push")
    )

    assert ended.code == 1
    assert " has other layers than `lamina.lock` pins\n  large==1.0\n" in ended.err


def test_another_blob_of_the_same_content_is_refused_too(app: Pushing) -> None:
    """Its bytes are unpacked before anybody knows what they hold."""
    app.push("1", "--no-lock")
    lock_layers(app)
    manifest, config = app.manifest("1"), app.config("1")
    other = app.server.add_blob(app.name, b"another")
    manifest["layers"][1] |= {"digest": other}
    for tag in ("lamina-cache", "1"):
        app.replace_manifest(tag, manifest)
    app.bump()

    ended = app.run("2")

    assert config["rootfs"]["diff_ids"][1] not in ended.err
    assert f"    got:      {other}\n" in ended.err
    assert ended.code == 1


def test_what_is_made_here_must_be_what_is_pinned(app: Pushing, path: Path) -> None:
    lock_layers(app)
    layer = next(
        each for each in tomllib.loads(path.read_text())["layer"] if each["size"] > 300 << 10
    )
    other = f"sha256:{'1' * 64}"
    path.write_text(path.read_text().replace(layer["diff-id"], other))

    ended = app.run("1")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.partition("error: ")[2] == (
        "Other layers were made than `lamina.lock` pins\n"
        "  large==1.0\n"
        f"    expected: {other} (diff ID)\n"
        f"    got:      {layer['diff-id']}\n\n"
        "hint: Something that they are made of changed without a trace, or they were made by "
        "another release: to pin what is made here, run `lamina lock --layers`\n"
    )
    assert "1" not in app.server.contents(app.name).tags


def test_of_what_is_made_here_the_compressor_is_of_no_matter(app: Pushing, path: Path) -> None:
    first = app.push("1", "--no-lock")
    lock_layers(app)
    for layer in tomllib.loads(path.read_text())["layer"]:
        path.write_text(path.read_text().replace(layer["digest"], f"sha256:{'2' * 64}"))

    assert app.push("2", "--no-cache")["digest"] == first["digest"]


def test_layers_of_an_earlier_image_are_compared_and_taken(app: Pushing, path: Path) -> None:
    app.push("1", "--no-lock")
    reference = f"{app.server.host}/{app.name}:1"
    assert lock_layers(app, "--cache-from", reference, store="s1") == "Wrote `lamina.lock`: 4 added"
    true, false = lie(app)
    text = path.read_text()

    ended = lock(app, "--layers", "--cache-from", reference, "--store", "s2")

    assert ended.code == 1
    assert (
        "Layers of an earlier image are not what their distributions give\n"
        f"  large==1.0\n    expected: {true}\n    got:      {false}\n"
    ) in ended.err
    assert path.read_text() == text


def test_layers_can_be_checked(app: Pushing, path: Path) -> None:
    lock_layers(app)
    assert lock(app, "--layers", "--check").code == 0
    text = path.read_text()
    layer = tomllib.loads(text)["layer"][0]
    path.write_text(text.replace(layer["diff-id"], f"sha256:{'1' * 64}"))

    ended = lock(app, "--layers", "--check", "--json")

    assert ended.code == 1
    (change,) = json.loads(ended.out)["changes"]
    assert (change["kind"], change["name"]) == ("layer", layer["key"])


def test_the_base_is_not_believed_as_an_earlier_image_tells_it(app: Pushing) -> None:
    """With layers pinned, a manifest of the base is read by its digest."""
    put(app.server, BASE_NAME, "3.12-slim", base_image())
    app.base = f"{app.server.host}/{BASE_NAME}:3.12-slim"
    assert app.program("lock", "project", "--base", app.base).code == 0
    app.push("1")
    manifest, config = app.manifest("1"), app.config("1")
    false = make_layer(Member("usr/bin/evil", data=b"evil"))
    app.server.add_blob(app.name, false.blob)
    described = {"digest": str(false.descriptor.digest), "size": false.descriptor.size}
    manifest["layers"][0] |= described
    config["rootfs"]["diff_ids"][0] = str(false.diff_id)
    config["dev.lamina"]["layers"][0][0] = false.descriptor.size
    data = json.dumps(config).encode()
    manifest["config"] |= {"digest": app.server.add_blob(app.name, data), "size": len(data)}
    app.replace_manifest("lamina-cache", manifest)
    app.replace_manifest("1", manifest)
    ended = app.program("lock", "project", "--base", app.base, "--layers")
    assert ended.code == 0, ended.err
    app.bump()

    second = app.push("2")

    assert digests(second)[0] == str(base_image().layers[0].descriptor.digest)
    assert blobs_read(app.server)


def test_of_a_pinned_base_that_an_earlier_image_tells_of_nothing_is_asked(app: Pushing) -> None:
    put(app.server, BASE_NAME, "3.12-slim", base_image())
    app.base = f"{app.server.host}/{BASE_NAME}:3.12-slim"
    assert app.program("lock", "project", "--base", app.base).code == 0
    app.push("1")
    app.bump()

    app.push("2")

    assert not [each for each in app.server.asked if f"/v2/{BASE_NAME}/" in each.target]


def test_caches_are_for_layers(app: Pushing) -> None:
    ended = lock(app, "--cache-from", "registry.example/app:1")

    assert ended.code == 2
    assert ended.err.startswith("error: --cache-from is for --layers\n")
