"""``lamina build --push`` on runners that start empty: what is found, reused, and refused."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from builders import Item
from fakes.registry import FakeRegistry, serve_registry
from fakes.server import Answer, serve
from projects import sha256
from unit.cli.pushing import REUSED, Pushing, blobs_read, digests, origins


@pytest.fixture
def other() -> Iterator[FakeRegistry]:
    with serve_registry() as registry:
        yield registry


def test_a_release_with_a_tag_of_its_own_is_found_by_the_cache_tag(app: Pushing) -> None:
    first = app.push("1")
    app.bump()
    app.lose_wheels()

    second = app.push("2")

    assert origins(first) == ["made"] * 5
    assert origins(second) == REUSED
    assert digests(second)[:4] == digests(first)[:4]
    assert app.server.contents(app.name).tags == {
        "1": first["digest"],
        "2": second["digest"],
        "lamina-cache": second["digest"],
    }


def test_nothing_of_a_reused_layer_is_read_or_sent(app: Pushing) -> None:
    app.push("1")
    app.bump()

    second = app.push("2")

    config = app.manifest("1")["config"]["digest"]
    assert blobs_read(app.server) == [f"GET /v2/{app.name}/blobs/{config}"]
    assert second["transfer"]["dependency_bytes_in"] == 0
    assert second["transfer"]["wheels_downloaded"] == 0
    sent = [each.size for each in app.server.asked if each.method in ("PUT", "PATCH")]
    assert sum(sent) == second["transfer"]["bytes_out"] < 20_000
    assert len(app.server.asked) == second["transfer"]["requests"]


def test_the_same_again_sends_no_blob(app: Pushing) -> None:
    first = app.push("1")

    again = app.push("1")

    assert again["digest"] == first["digest"]
    assert [str(each) for each in app.server.asked if each.method == "POST"] == []


def test_the_image_does_not_depend_on_what_is_reused(app: Pushing) -> None:
    first = app.push("1")

    assert app.push("1")["digest"] == first["digest"]
    assert app.push("1", "--no-cache")["digest"] == first["digest"]


@pytest.mark.parametrize("tag", ["latest", "1.9", "main"])
def test_other_tags_are_looked_at_too(app: Pushing, tag: str) -> None:
    """Also the newest of the list, where each release has a tag of its own."""
    app.push(tag, "--cache-to", "none")
    app.bump()
    app.lose_wheels()

    assert origins(app.push("2.0", "--cache-to", "none")) == REUSED
    assert "lamina-cache" not in app.server.contents(app.name).tags


def test_the_newest_of_many_tags_is_found_wherever_it_stands(app: Pushing) -> None:
    app.push("9.9.9", "--cache-to", "none")
    contents = app.server.contents(app.name)
    contents.tags |= {f"1.{number}": f"sha256:{number:064x}" for number in range(1500)}
    app.bump()
    app.lose_wheels()

    assert origins(app.push("10.0", "--cache-to", "none")) == REUSED


def test_keys_stand_in_the_history_where_annotations_were_dropped(app: Pushing) -> None:
    app.push("1")
    manifest = app.manifest("1")
    for layer in manifest["layers"]:
        del layer["annotations"]
    app.replace_manifest("lamina-cache", manifest)
    app.bump()
    app.lose_wheels()

    assert origins(app.push("2")) == REUSED


def test_one_small_distribution_changed_makes_its_own_layer_alone(app: Pushing) -> None:
    app.push("1")
    app.lose_wheels()
    app.locked.wheel("two", Item("two.py", b"TWO = 22\n"), version="1.1")
    app.locked.write()

    second = app.push("2")

    made = [
        [each["name"] for each in layer["distributions"]]
        for layer in second["platforms"][0]["layers"]
        if layer["origin"] == "made"
    ]
    assert made == [["two"], []]


def test_a_wheel_whose_size_no_lock_tells_is_known_by_its_hash(app: Pushing) -> None:
    data = (app.locked.folder / "large-1.0-py3-none-any.whl").read_bytes()
    with serve() as index:
        url = index.answer("/large-1.0-py3-none-any.whl", Answer(data))
        app.locked.listed("large", f'wheels = [{{ url = "{url}", hash = "{sha256(data)}" }}]\n')
        app.locked.write()
        app.push("1", "--frozen")
    app.bump()
    app.lose_wheels()

    assert origins(app.push("2", "--frozen")) == REUSED


def test_what_distributions_do_not_agree_on_is_known(app: Pushing) -> None:
    app.locked.wheel("aaa", Item("both.py", b"a = 1\n"))
    app.locked.wheel("bbb", Item("both.py", b"b = 22\n"))
    app.locked.write()
    first = app.push("1")
    app.bump()
    app.lose_wheels()

    ended = app.run("2")

    second = json.loads(ended.out)
    assert [layer["kind"] for layer in second["platforms"][0]["layers"]][-2:] == [
        "overrides",
        "files",
    ]
    assert digests(second)[:-1] == digests(first)[:-1]
    assert len(blobs_read(app.server)) == 1
    assert "warning: aaa and bbb have different content in 1 file" in ended.err


@pytest.mark.parametrize(
    "told",
    [["both.py", ["zz", "yy"]], ["both.py", ["aaa", "zz"]], ["../../etc/passwd", ["aaa", "bbb"]]],
)
def test_agreements_that_cannot_be_true_are_compared_again(app: Pushing, told: object) -> None:
    app.locked.wheel("aaa", Item("both.py", b"a = 1\n"))
    app.locked.wheel("bbb", Item("both.py", b"b = 22\n"))
    app.locked.write()
    first = app.push("1")
    manifest, config = app.manifest("1"), app.config("1")
    (key,) = config["dev.lamina"]["agreements"]
    config["dev.lamina"]["agreements"][key] = [told]
    data = json.dumps(config).encode()
    manifest["config"] |= {"digest": app.server.add_blob(app.name, data), "size": len(data)}
    for tag in ("lamina-cache", "1"):
        app.replace_manifest(tag, manifest)

    assert app.push("1")["digest"] == first["digest"]


def test_a_new_collision_is_read_from_the_layers_of_the_registry(app: Pushing) -> None:
    app.locked.wheel("aaa", Item("both.py", b"a = 1\n"), Item("big.bin", bytes(400 << 10)))
    app.locked.write()
    app.push("1")
    app.lose_wheels()
    app.locked.wheel("bbb", Item("both.py", b"b = 22\n"))
    app.locked.write()

    ended = app.run("2")

    assert ended.code == 0, ended.err
    assert "warning: aaa and bbb have different content in 1 file, " in ended.err


def test_an_empty_repository_is_no_problem(app: Pushing) -> None:
    ended = app.run("1")

    assert (ended.code, "warning" in ended.err) == (0, False)
