"""Where earlier images lie: other repositories, other tags, tags that cannot be moved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fakes.registry import FakeRegistry, Fault, serve_registry
from lamina.oci.digest import Digest
from projects import LockedProject
from unit.cli.program import Program
from unit.cli.pushing import REUSED, Pushing, blobs_read, digests, origins


@pytest.fixture
def other() -> Iterator[FakeRegistry]:
    with serve_registry() as registry:
        yield registry


def test_layers_of_another_repository_are_mounted(app: Pushing) -> None:
    first = app.push("1", name="team/source")
    app.bump()
    app.lose_wheels()

    ended = app.run("2", "--cache-from", f"{app.server.host}/team/source")

    second = json.loads(ended.out)
    assert origins(second) == REUSED
    assert f"Reused 4 layers of {app.server.host}/team/source\n" in ended.err
    mounts = [each.target for each in app.server.asked if "mount=" in each.target]
    assert sorted(mounts) == sorted(
        f"/v2/team/app/blobs/uploads/?mount={digest}&from=team/source"
        for digest in digests(first)[:4]
    )
    assert blobs_read(app.server) == [
        f"GET /v2/team/source/blobs/{app.manifest('1', 'team/source')['config']['digest']}"
    ]


@pytest.mark.parametrize("where", ["a registry without mounts", "another registry"])
def test_layers_that_cannot_be_mounted_are_streamed(
    app: Pushing, other: FakeRegistry, where: str
) -> None:
    server = other if where == "another registry" else app.server
    source = replace(app, server=server)
    first = source.push("1", name="team/source")
    app.server.mounts = False
    app.bump()
    app.lose_wheels()

    second = app.push("2", "--cache-from", f"{source.server.host}/team/source:1")

    assert origins(second) == REUSED
    assert set(digests(first)[:4]) <= app.server.contents(app.name).blobs.keys()
    sizes = [layer["size"] for layer in first["platforms"][0]["layers"][:4]]
    assert second["transfer"]["dependency_bytes_in"] == sum(sizes)


def test_a_place_that_has_nothing_is_named(app: Pushing) -> None:
    ended = app.run("1", "--cache-from", f"{app.server.host}/team/nothing")

    shown = f"`{app.server.host}/team/nothing`"
    assert f"warning: No image of Lamina's in {shown}: nothing is reused\n" in ended.err


def test_the_cache_can_be_elsewhere(app: Pushing) -> None:
    target = f"{app.server.host}/team/cache:main"
    first = app.push("1", "--cache-to", target)
    app.bump()
    app.lose_wheels()

    second = app.push("2", "--cache-to", target)

    assert origins(second) == REUSED
    assert app.server.contents("team/cache").tags == {"main": second["digest"]}
    assert set(digests(first)) <= app.server.contents("team/cache").blobs.keys()
    assert app.server.contents(app.name).tags.keys() == {"1", "2"}


def test_a_place_for_the_cache_of_what_is_not_pushed_is_refused(
    locked: LockedProject, program: Program
) -> None:
    locked.write()

    assert program.refused("--cache-to", "registry.example/cache") == (
        "error: Unable to do what `--cache-to` says: nothing is pushed\n\n"
        "hint: Pass `--push`, too\n"
    )
    assert program.build("-q", "--cache-to", "none").code == 0


def test_a_layout_can_be_made_of_what_a_registry_has(app: Pushing) -> None:
    first = app.push("1")
    app.bump()
    app.lose_wheels()

    ended = app.program(
        "build", "project", "--base", "scratch", "-o", "oci:out", "--json", "--store", "fresh",
        "--cache-from", f"{app.server.host}/{app.name}:1",
    )  # fmt: skip

    assert ended.code == 0, ended.err
    assert origins(json.loads(ended.out)) == REUSED
    blob = app.program.root / "out" / "blobs" / digests(first)[1].replace(":", "/")
    assert str(Digest.of(blob.read_bytes())) == digests(first)[1]


def test_layers_that_go_to_several_places_come_once(app: Pushing) -> None:
    first = app.push("1")
    app.bump()
    app.lose_wheels()
    build = (
        "build", "project", "--base", "scratch", "--json", "--store", "fresh",
        "--cache-from", f"{app.server.host}/{app.name}:1", "-o", "oci:a",
    )  # fmt: skip

    ended = app.program(*build, "-o", "docker-archive:b.tar")
    again = app.program(*build)

    assert (ended.code, again.code) == (0, 0), ended.err + again.err
    sizes = [layer["size"] for layer in first["platforms"][0]["layers"][:4]]
    assert json.loads(ended.out)["transfer"]["dependency_bytes_in"] == sum(sizes)
    assert json.loads(again.out)["transfer"]["dependency_bytes_in"] == 0


def test_a_second_repository_of_a_registry_gets_layers_mounted(app: Pushing) -> None:
    copy = f"{app.server.host}/team/copy:1"

    report = app.push("1", "-t", copy)

    contents = app.server.contents("team/copy")
    assert contents.tags["1"] == app.server.contents(app.name).tags["1"] == report["digest"]
    uploads = [
        each for each in app.server.asked if each.method == "PUT" and "digest" in each.target
    ]
    # Each blob once, but for the config, which is asked for nowhere before it is sent.
    assert len(uploads) == len(set(digests(report))) + 2


def test_tags_that_cannot_be_moved_get_one_a_plan(app: Pushing) -> None:
    app.server.immutable = True
    app.push("1")
    app.bump()
    app.lose_wheels()

    second = app.run("2")

    assert origins(json.loads(second.out)) == REUSED
    (tag,) = set(app.server.contents(app.name).tags) - {"1", "2", "lamina-cache"}
    assert (
        f"warning: The tag `lamina-cache` of `{app.server.host}/{app.name}` cannot be moved: "
        f"`{tag}` was pushed instead; `--cache-to` names another place, or `none`\n"
    ) in second.err


def test_a_tag_of_a_plan_that_is_there_is_enough(app: Pushing) -> None:
    app.server.immutable = True
    for tag in ("1", "2"):
        app.push(tag)
        app.bump(tag)

    assert "warning" not in app.run("3").err


def test_a_verified_tag_that_cannot_be_moved_stays(app: Pushing) -> None:
    app.server.immutable = True
    app.push("1", "--verify")
    app.bump()

    ended = app.run("2", "--verify")

    shown = f"`{app.server.host}/{app.name}`"
    assert f"warning: The tag `lamina-verified` of {shown} cannot be moved: it stays\n" in ended.err


def test_the_tag_of_a_plan_is_found(app: Pushing) -> None:
    app.server.immutable = True
    for tag in ("0.1", "0.2"):
        app.push(tag)
        app.bump()
    tags = app.server.contents(app.name).tags
    for tag in ("0.1", "0.2", "lamina-cache"):
        del tags[tag]

    assert set(origins(app.push("3"))) == {"registry"}


def test_a_cache_tag_that_cannot_be_pushed_is_a_warning(app: Pushing) -> None:
    app.server.fail("PUT", "/manifests/lamina-cache", Fault(status=403))

    ended = app.run("1")

    assert ended.code == 0
    assert "; the next build may not find what this one pushed\n" in ended.err


def test_a_registry_that_takes_no_annotations_gets_none(app: Pushing) -> None:
    refusal = {"errors": [{"code": "MANIFEST_INVALID", "message": "annotations"}]}
    app.server.fail("PUT", "/manifests/1", Fault(status=400, body=json.dumps(refusal).encode()))

    first = app.push("1")
    app.bump()
    app.lose_wheels()
    second = app.push("2")

    assert first["digest"] == app.server.contents(app.name).tags["1"]
    assert first["platforms"][0]["digest"] == first["digest"]
    assert [layer for layer in app.manifest("1")["layers"] if "annotations" in layer] == []
    assert origins(second) == REUSED
