"""Earlier images that are missing, foreign, malformed or lying: a miss with a warning."""

from __future__ import annotations

import json

import pytest

from fakes.registry import Fault
from images import Member, make_image, make_layer
from unit.cli.pushing import Pushing, digests, origins, put


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
