"""``lamina build --push`` on runners that start empty: what is found, reused, and refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from builders import Item
from fakes.registry import FakeRegistry, Fault, serve_registry
from fakes.server import Answer, serve
from images import Member, make_image, make_layer
from lamina.oci.digest import Digest
from projects import LockedProject, sha256
from unit.cli.program import Program
from unit.cli.pushing import Pushing, digests, origins, put

REUSED = ["registry", "registry", "registry", "registry", "made"]
"""Skeleton, the large wheel, two groups of small ones, and the files of the project."""


@pytest.fixture
def other() -> Iterator[FakeRegistry]:
    with serve_registry() as registry:
        yield registry


@pytest.fixture
def app(locked: LockedProject, program: Program, server: FakeRegistry) -> Pushing:
    return Pushing(locked, program, server).with_wheels()


def blobs_read(server: FakeRegistry) -> list[str]:
    return [str(each) for each in server.asked if each.method == "GET" and "/blobs/" in each.target]


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


# What is missing, foreign, malformed or lying.


def test_blobs_that_are_gone_are_made_again(app: Pushing) -> None:
    """The registry is believed until it refuses the manifest, and then asked for each."""
    first = app.push("1")
    gone = digests(first)[1:3]
    for digest in gone:
        del app.server.contents(app.name).blobs[digest]
    app.bump()

    ended = app.run("2")

    assert ended.code == 0, ended.err
    lines = "".join(f"\n  {digest}" for digest in sorted(gone))
    told = f"warning: Blobs are gone from `{app.server.host}/{app.name}`{lines}; made again: "
    assert f"{told}large==1.0, " in ended.err
    assert ended.err.count("warning: ") == 1
    assert set(gone) <= app.server.contents(app.name).blobs.keys()
    assert app.server.contents(app.name).tags["2"] == json.loads(ended.out)["digest"]


def test_a_wrong_size_is_not_believed(app: Pushing) -> None:
    first = app.push("1")
    manifest = app.manifest("1")
    size = manifest["layers"][1]["size"]
    manifest["layers"][1]["size"] = size + 1
    app.replace_manifest("lamina-cache", manifest)
    app.replace_manifest("1", manifest)
    app.bump()

    ended = app.run("2")

    assert (
        f"warning: blob {digests(first)[1]} in `{app.server.host}/{app.name}` has {size} bytes, "
        f"not {size + 1}; it is not reused: large==1.0\n"
    ) in ended.err
    assert json.loads(ended.out)["platforms"][0]["layers"][1]["size"] == size
    assert app.manifest("2")["layers"][1]["size"] == size


def test_a_blob_that_goes_while_it_is_built_is_made_again(app: Pushing) -> None:
    first = app.push("1")
    gone = digests(first)[1]
    app.bump()

    def lose() -> None:
        app.server.contents(app.name).blobs.pop(gone, None)

    app.server.fail("PUT", "/manifests/2", Fault(before=lose))
    ended = app.run("2")

    assert ended.code == 0, ended.err
    assert ended.err.count("; made again: large==1.0") == 1
    assert gone in app.server.contents(app.name).blobs
    assert origins(json.loads(ended.out))[1] == "made"


def test_a_blob_of_the_store_that_goes_meanwhile_is_sent_again(app: Pushing) -> None:
    first = app.push("1")
    gone = digests(first)[1]
    app.bump()
    app.lose_wheels()

    def lose() -> None:
        app.server.contents(app.name).blobs.pop(gone, None)

    app.server.fail("PUT", "/manifests/2", Fault(before=lose))
    reference = f"{app.server.host}/{app.name}:2"
    ended = app.program(
        "build", "project", "--store", "store0", "--base", "scratch", "-t", reference, "--push"
    )

    assert ended.code == 0, ended.err
    assert "made again" not in ended.err
    assert gone in app.server.contents(app.name).blobs


def test_a_foreign_image_is_not_reused(app: Pushing) -> None:
    digest = put(app.server, app.name, "latest", make_image(make_layer(Member("x"))))

    ended = app.run("1")

    assert origins(json.loads(ended.out)) == ["made"] * 5
    shown = f"{app.server.host}/{app.name}@{digest}"
    assert f"warning: `{shown}` is no image of Lamina's: not reused\n" in ended.err


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda config: config.update({"dev.lamina": 5}), id="no record"),
        pytest.param(lambda config: config["dev.lamina"].update(layers=5), id="no layers"),
        pytest.param(lambda config: config["dev.lamina"]["agreements"].update(x=[]), id="no key"),
        pytest.param(lambda config: config["dev.lamina"].update(agreements={"x": 1}), id="text"),
        pytest.param(lambda config: config["dev.lamina"].update(recipe=1), id="no recipe"),
        pytest.param(lambda config: config.pop("rootfs"), id="no diff IDs"),
        pytest.param(lambda config: config["dev.lamina"].update(x=float("nan")), id="no JSON"),
        pytest.param(
            lambda config: config["dev.lamina"]["layers"][1].append(
                ["x", "1", "sha256:x", 10**400, [], [0, 0]]
            ),
            id="a size beyond all",
        ),
        pytest.param(
            lambda config: config["dev.lamina"].update(
                base={
                    "identity": "sha256:" + "0" * 64,
                    "layers": 0,
                    "facts": {"format": 1, "rootfs": {"..": {}}},
                }
            ),
            id="a path that climbs",
        ),
    ],
)
def test_a_malformed_record_is_a_miss(app: Pushing, spoil: object) -> None:
    app.push("1")
    config = app.config("1")
    assert callable(spoil)
    spoil(config)
    data = json.dumps(config).encode()
    manifest = app.manifest("1")
    manifest["config"] |= {"digest": app.server.add_blob(app.name, data), "size": len(data)}
    for tag in ("lamina-cache", "1"):
        app.replace_manifest(tag, manifest)

    ended = app.run("2")

    assert ended.code == 0, ended.err
    assert "warning: Malformed " in ended.err
    assert origins(json.loads(ended.out)) == ["made"] * 5


def test_a_record_of_another_release_is_read_over(app: Pushing) -> None:
    """Wheels' layers are made again, since nothing says what is in them; others are reused."""
    app.push("1")
    config = app.config("1")
    config["dev.lamina"]["format"] = 99
    data = json.dumps(config).encode()
    manifest = app.manifest("1")
    manifest["config"] |= {"digest": app.server.add_blob(app.name, data), "size": len(data)}
    app.replace_manifest("lamina-cache", manifest)
    app.replace_manifest("1", manifest)

    ended = app.run("2")

    assert origins(json.loads(ended.out)) == ["registry", "made", "made", "made", "registry"]
    assert ended.err.count("warning: an earlier image does not say what is in its layer ") == 3


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(status=200, body=b"<html>hello</html>",
                           headers={"Content-Type": "text/html"}), id="a page"),
        pytest.param(Fault(status=403), id="denied"),
        pytest.param(Fault(alters=lambda data: data[:-1] + b" "), id="other bytes"),
    ],
)  # fmt: skip
def test_a_look_up_that_fails_is_a_miss(app: Pushing, fault: Fault) -> None:
    app.push("1")
    app.bump()
    for tag in ("lamina-cache", "2", "latest"):
        app.server.fail("GET", f"/manifests/{tag}", fault)
    app.server.fail("GET", "/tags/list", Fault(status=403))

    ended = app.run("2")

    assert ended.code == 0, ended.err
    assert "warning: Failed to read manifest `" in ended.err
    assert origins(json.loads(ended.out)) == ["made"] * 5


# Other places.


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


# Tags that cannot be moved.


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


# What is believed.


def lie(app: Pushing) -> tuple[str, str]:
    """Put another layer into the place of one; return the diff IDs, true and false."""
    manifest, config = app.manifest("1"), app.config("1")
    false = make_layer(Member("opt/venv/evil.py", data=b"evil"))
    true = config["rootfs"]["diff_ids"][1]
    app.server.add_blob(app.name, false.blob)
    manifest["layers"][1] |= {
        "digest": str(false.descriptor.digest),
        "size": false.descriptor.size,
    }
    config["rootfs"]["diff_ids"][1] = str(false.diff_id)
    data = json.dumps(config).encode()
    manifest["config"] |= {"digest": app.server.add_blob(app.name, data), "size": len(data)}
    for tag in ("lamina-cache", "1"):
        app.replace_manifest(tag, manifest)
    return true, str(false.diff_id)


def test_a_verified_layer_is_made_again_and_not_sent(app: Pushing) -> None:
    first = app.push("1")
    app.bump()

    second = app.push("2", "--verify")

    assert origins(second) == REUSED
    assert digests(second)[:4] == digests(first)[:4]
    assert second["transfer"]["bytes_out"] < 20_000
    assert app.server.contents(app.name).tags["lamina-verified"] == second["digest"]


def test_a_layer_that_is_not_what_it_claims_is_refused(app: Pushing) -> None:
    app.push("1")
    true, false = lie(app)
    app.bump()

    ended = app.run("2", "--verify")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.partition("error: ")[2] == (
        "Layers of an earlier image are not what their distributions give\n"
        f"  large==1.0\n    expected: {true}\n    got:      {false}\n\n"
        "hint: Somebody changed them, or they were made by another release; to replace them, "
        "pass `--no-cache`\n"
    )
    assert "2" not in app.server.contents(app.name).tags


def test_what_was_verified_is_not_made_again(app: Pushing) -> None:
    app.push("1", "--verify")
    app.bump()
    app.lose_wheels()

    assert origins(app.push("2", "--verify=changed")) == REUSED


def test_what_was_verified_counts_before_what_was_changed_since(app: Pushing) -> None:
    first = app.push("1", "--verify")
    lie(app)
    app.bump()
    app.lose_wheels()

    second = app.push("2", "--verify=changed")

    assert origins(second) == REUSED
    assert digests(second)[:4] == digests(first)[:4]


def test_what_came_since_is_verified(app: Pushing) -> None:
    app.push("1", "--verify")
    del app.server.contents(app.name).tags["lamina-verified"]
    lie(app)
    app.bump()

    ended = app.run("2", "--verify=changed")

    assert ended.code == 1
    assert "Layers of an earlier image are not what their distributions give\n" in ended.err


def test_no_cache_ignores_what_is_known(app: Pushing) -> None:
    app.push("1")
    true, _ = lie(app)

    again = app.push("1", "--no-cache")

    assert origins(again) == ["made"] * 5
    assert app.config("1")["rootfs"]["diff_ids"][1] == true
    assert [each.target for each in app.server.asked if "lamina-cache" in each.target] == [
        f"/v2/{app.name}/manifests/lamina-cache"
    ]


# What is written beside the image.


def test_the_image_id_and_the_digests_are_written(app: Pushing) -> None:
    report = app.push("1", "--iidfile", "iid", "--metadata-file", "metadata.json")

    config = app.manifest("1")["config"]["digest"]
    root = app.program.root
    assert (root / "iid").read_text() == config
    metadata = json.loads((root / "metadata.json").read_text())
    assert metadata["containerimage.digest"] == report["digest"]
    assert metadata["containerimage.config.digest"] == config
    assert metadata["image.name"] == f"{app.server.host}/{app.name}:1"


@pytest.mark.parametrize("option", ["--iidfile", "--metadata-file"])
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nowhere/iid", "No such file or directory"),
        (".", "Is a directory"),
        ("/", "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_named_at_once(
    app: Pushing, option: str, path: str, why: str
) -> None:
    ended = app.run("1", option, path)

    assert (ended.code, ended.err) == (1, f"error: Unable to write to `{path}`: {why}\n")
    assert app.server.asked == []
