"""``lamina inspect`` as its user sees it, on layouts, archives and registries in memory."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import Item
from fakes.registry import FakeRegistry, Fault
from images import Member, MemoryLayer, make_image, make_layer, make_tar, write_index, write_layout
from lamina.oci import mediatype
from lamina.oci.config import History, ImageConfig
from lamina.oci.digest import Digest
from lamina.oci.image import Image, assemble
from projects import LockedProject
from unit.cli.program import Program
from unit.cli.pushing import Pushing, base_image, put

STRANGE = "evil \x1b[2J\x07\x9b\x7f\u202e\r\nhint: run it"
HIDDEN = "evil ?[2J???? hint: run it"


@pytest.fixture
def pushed(locked: LockedProject, program: Program, server: FakeRegistry) -> Pushing:
    """An image upon another one, with all kinds of layers but the project's own."""
    put(server, "library/python", "3.12", base_image())
    pushing = Pushing(locked, program, server, base=f"{server.host}/library/python:3.12")
    locked.wheel("aa", Item("same/__init__.py", b"1\n"))
    locked.wheel("bb", Item("same/__init__.py", b"2\n"))
    pushing.with_wheels()
    pushing.push("1")
    server.asked.clear()
    return pushing


def plain(text: str, server: FakeRegistry | None = None) -> list[str]:
    """Return the lines, with digests and sizes by names that do not change."""
    if server is not None:
        text = text.replace(server.host, "HOST")
    text = re.sub(r"sha256:[0-9a-f]{64}", "DIGEST", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "SHORT", text)
    return re.sub(r" *([0-9.]+ (B|kB|MB)\b|SIZE)", " SIZE", text).splitlines()


def history_image(*steps: History, layer: MemoryLayer | None = None) -> Image:
    layers = [layer or make_layer(Member("a"))] * sum(not each.empty_layer for each in steps)
    return assemble(ImageConfig("amd64", history=steps), layers)


def document(program: Program, *args: str) -> Any:
    ended = program("inspect", "--json", *args)
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def test_an_image_of_ours_is_shown_with_all_that_is_in_it(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    ended = program("inspect", f"{server.host}/team/app:1")

    assert (ended.code, ended.err) == (0, "")
    assert plain(ended.out, server) == [
        "name      HOST/team/app:1",
        "digest    DIGEST",
        "image ID  DIGEST",
        "platform  linux/amd64",
        "created   2023-11-14T22:13:20Z",
        "base      HOST/library/python:3.12@DIGEST",
        "layers    9, SIZE compressed",
        "contents  5 distributions",
        "",
        " SIZE  DIGEST        KIND       CONTENT",
        " SIZE  SHORT  base       step 0",
        " SIZE  SHORT  base       step 1",
        " SIZE  SHORT  skeleton   environment /opt/venv",
        " SIZE  SHORT  wheels     large 1.0",
        " SIZE  SHORT  wheels     aa 1.0",
        " SIZE  SHORT  wheels     bb 1.0, one 1.0",
        " SIZE  SHORT  wheels     two 1.0",
        " SIZE  SHORT  overrides  files that aa, bb do not agree on",
        " SIZE  SHORT  files      files of app",
    ]


def test_few_requests_are_made_and_no_layer_is_read(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    config = pushed.manifest("1")["config"]["digest"]

    program("inspect", f"docker://{server.host}/team/app:1")

    assert server.trace() == [
        "GET /v2/",  # On this machine: whether it speaks TLS.
        "GET /v2/team/app/manifests/1",
        f"GET /v2/team/app/blobs/{config}",
    ]


def test_the_document_says_what_the_report_of_the_build_said(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    report = pushed.push("2")

    found = document(program, f"{server.host}/team/app:2")

    [built] = report["platforms"]
    image = found["image"]
    assert found["name"] == f"{server.host}/team/app:2"
    assert found["digest"] == image["digest"] == report["digest"]
    assert found["platforms"] == [{"platform": "linux/amd64", "digest": report["digest"]}]
    assert image["is_lamina"]
    assert image["base"]["name"] == f"{server.host}/library/python:3.12"
    assert image["size"] == sum(layer["size"] for layer in built["layers"])
    shared = ("distributions", "kind", "digest", "diff_id", "size")
    assert [{key: layer[key] for key in shared} for layer in image["layers"]] == [
        {key: layer[key] for key in shared} for layer in built["layers"]
    ]
    assert [each["key"] for each in image["layers"]][2:] == [
        each["key"] for each in built["layers"]
    ][2:]
    assert image["layers"][3]["title"] == "large==1.0"


def test_what_dropped_the_annotations_is_shown_as_well(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    before = program("inspect", f"{server.host}/team/app:1").out
    bare = pushed.manifest("1")
    bare.pop("annotations")
    for layer in bare["layers"]:
        layer.pop("annotations", None)
    pushed.replace_manifest("bare", bare)

    after = program("inspect", f"{server.host}/team/app:bare").out

    expected = plain(before, server)
    expected[0] = "name      HOST/team/app:bare"
    expected[5] = "base      DIGEST"
    assert plain(after, server) == expected


def test_an_index_is_shown_by_the_usual_platform(program: Program, server: FakeRegistry) -> None:
    arm, amd = base_image(architecture="arm64"), base_image()
    top = put(server, "python", "3", arm, amd)

    usual = program("inspect", f"{server.host}/python:3")
    other = document(program, f"{server.host}/python:3", "--platform", "linux/arm64")

    assert usual.out.splitlines()[:6] == [
        f"name      {server.host}/python:3",
        f"index     {top}",
        f"digest    {amd.digest}",
        f"image ID  {amd.manifest.config.digest}",
        "platform  linux/amd64, of several: `--platform` shows another",
        f"besides   linux/arm64, {arm.digest}",
    ]
    assert server.trace()[1:4] == [
        "GET /v2/python/manifests/3",
        f"GET /v2/python/manifests/{amd.digest}",
        f"GET /v2/python/blobs/{amd.manifest.config.digest}",
    ]
    assert other["digest"] == str(top)
    assert other["platforms"] == [
        {"platform": "linux/arm64", "digest": str(arm.digest)},
        {"platform": "linux/amd64", "digest": str(amd.digest)},
    ]
    assert other["image"]["digest"] == str(arm.digest)


def test_an_image_of_others_is_shown_with_its_history(program: Program) -> None:
    steps = [
        History("ADD rootfs.tar.xz /  # buildkit"),
        History("ENV PATH=/bin", empty_layer=True),
        History("RUN apt-get update   &&\n  apt-get install " + "x" * 200),
    ]
    write_layout(Path("out"), [("1", history_image(*steps))])

    ended = program("inspect", "oci:out:1")

    shown = plain(ended.out)
    assert shown[-6:] == [
        "contents  unknown: this is no image of Lamina's; its history is below",
        "",
        " SIZE  DIGEST        KIND    CONTENT",
        " SIZE  SHORT  other   ADD rootfs.tar.xz / # buildkit",
        "                    config  ENV PATH=/bin",
        f" SIZE  SHORT  other   RUN apt-get update && apt-get install {'x' * 79}...",
    ]
    found = document(program, "oci:out:1")["image"]
    assert (found["is_lamina"], found["base"]) == (False, None)
    assert found["history"] == [step.to_json() for step in steps]
    assert found["layers"][1]["title"] == steps[2].created_by


def test_a_history_that_does_not_fit_is_left_out(program: Program) -> None:
    image = make_image(make_layer(Member("a")))
    config = replace(image.config, history=(History("one"), History("two"))).encode()
    spoilt = json.loads(image.raw_manifest)
    spoilt["config"] |= {"digest": str(Digest.of(config)), "size": len(config)}
    raw = json.dumps(spoilt).encode()
    write_layout(Path("out"), [("", Image(raw, config, image.layers))])

    ended = program("inspect", "oci:out")

    assert plain(ended.out)[-1] == " SIZE  SHORT  other"


def test_a_docker_archive_is_shown(locked: LockedProject, program: Program) -> None:
    locked.wheel("one", Item("one.py", b"1\n"))
    locked.write()
    program.build("-o", "docker-archive:image.tar", "-t", "app:1", "-q")

    ended = program("inspect", "docker-archive:image.tar:app:1")

    layout = document(program, "oci:out:1")
    assert (ended.code, plain(ended.out)[:3]) == (
        0,
        ["name      docker-archive:image.tar:app:1", "image ID  DIGEST", "platform  linux/amd64"],
    )
    archived = document(program, "docker-archive:image.tar")
    assert (archived["digest"], archived["image"].pop("digest")) == (None, None)
    layout["image"].pop("digest")
    assert archived["image"] == layout["image"]


def test_a_plain_archive_is_not_called_compressed(program: Program) -> None:
    layer = make_layer(Member("a"), media_type=mediatype.LAYER)
    write_archive("image.tar", make_image(layer), layer)

    ended = program("inspect", "docker-archive:image.tar")

    assert "layers    1, 10.2 kB not compressed" in ended.out.splitlines()


def write_archive(path: str, image: Image, *layers: MemoryLayer) -> None:
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    manifest = json.dumps([{"Config": "c.json", "RepoTags": None, "Layers": names}]).encode()
    files = [Member(name, data=layer.blob) for name, layer in zip(names, layers, strict=True)]
    documents = [Member("manifest.json", data=manifest), Member("c.json", data=image.raw_config)]
    Path(path).write_bytes(make_tar(*documents, *files))


def test_what_strangers_wrote_cannot_steer_the_terminal(program: Program) -> None:
    write_layout(Path("out"), [("", history_image(History(STRANGE)))])

    ended = program("inspect", "oci:out")

    assert ended.out.splitlines()[-1].endswith(f"  other  {HIDDEN}")
    assert all(line.isprintable() for line in ended.out.splitlines())
    written = program("inspect", "oci:out", "--json").out
    assert "\\u001b[2J" in written
    assert all(32 <= ord(each) < 127 or each == "\n" for each in written)


def test_nor_can_what_they_wrote_where_it_is_an_error(program: Program) -> None:
    image = make_image()
    spoilt = json.loads(image.raw_manifest)
    spoilt["config"]["mediaType"] = "x\x1b[2J"
    raw = json.dumps(spoilt).encode()
    Path("out/blobs/sha256").mkdir(parents=True)
    Path(f"out/blobs/sha256/{Digest.of(raw).hex}").write_bytes(raw)
    entry = {"mediaType": mediatype.MANIFEST, "digest": str(Digest.of(raw)), "size": len(raw)}
    write_index(Path("out"), [entry])

    ended = program("inspect", "oci:out")

    assert ended.err == (
        f"error: Malformed manifest {Digest.of(raw)}: its config is not that of an image but "
        "`x?[2J`\n"
    )


FORMS = (
    "  expected: `oci:DIR[:TAG]`, `docker-archive:FILE[:REF]`, `docker://REF`, "
    "or the name of an image in a registry\n"
)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["oci:nowhere"], "error: Not an OCI image layout: `nowhere` has no `oci-layout`\n"),
        (
            ["oci:out:3"],
            "error: No such image in the layout: oci:out:3\n\nhint: It has the tags `1`, `2`\n",
        ),
        (
            ["oci:out"],
            "error: More than one image in the layout: oci:out\n\nhint: It has the tags `1`, `2`\n",
        ),
        (
            ["oci:out:1", "--platform", "linux/arm64"],
            "error: No image for linux/arm64 in `oci:out:1`: it has linux/amd64\n\n"
            "hint: Choose another `--platform`\n",
        ),
        (
            ["oci:out:1", "--platform", "arm64"],
            "error: Expected `os/architecture` for a platform, got: arm64\n\n"
            "hint: For example `linux/amd64` or `linux/arm64`\n",
        ),
        (
            ["docker-archive:nowhere.tar"],
            "error: No docker archive at `nowhere.tar`\n",
        ),
        (
            ["oic:out"],
            f"error: Unable to read an image from `oic:out`\n{FORMS}\n"
            "hint: Did you mean `oci:`? An image in a registry is `docker://REF`\n",
        ),
        (
            ["oci-archive:out.tar"],
            f"error: Unable to read an image from `oci-archive:out.tar`\n{FORMS}\n"
            "hint: To copy it to a layout, run `skopeo copy oci-archive:out.tar oci:DIR`\n",
        ),
    ],
)
def test_what_cannot_be_shown_is_explained(
    arguments: list[str], error: str, program: Program
) -> None:
    write_layout(Path("out"), [("1", make_image()), ("2", history_image(History("x")))])

    ended = program("inspect", *arguments)

    assert (ended.code, ended.out, ended.err) == (1, "", error)


def test_a_tag_that_is_not_there_is_answered_with_those_that_are(
    program: Program, server: FakeRegistry
) -> None:
    for tag in ("1.0", "1.1", "1.2", "1.3", "1.10", "main"):
        put(server, "app", tag, base_image())

    ended = program("inspect", f"{server.host}/app:2.0")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"error: Failed to read manifest `2.0` of `{server.host}/app`: registry answered 404 "
        "(MANIFEST_UNKNOWN: manifest unknown)\n\n"
        f"hint: `{server.host}/app` has `1.10`, `1.3`, `1.2`, `1.1` and 2 more\n"
    )


@pytest.mark.parametrize("faults", [[], [Fault(status=403)]], ids=["none", "not to be told"])
def test_a_repository_that_is_not_there_is_told(
    faults: list[Fault], program: Program, server: FakeRegistry
) -> None:
    server.creates = False
    server.fail("GET", "/tags/", *faults)

    ended = program("inspect", f"{server.host}/app")

    assert ended.err == (
        f"error: Failed to read manifest `latest` of `{server.host}/app`: registry answered 404 "
        "(NAME_UNKNOWN: repository name not known to registry)\n\n"
        f"hint: Check the name: no tag of `{server.host}/app` is known\n"
    )


def test_who_may_not_read_is_told_to_log_in(
    program: Program, server: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(program.root / "none.json"))
    server.users["me"] = "secret"

    ended = program("inspect", f"{server.host}/app:1")

    assert ended.err == (
        f"error: Failed to read manifest `1` of `{server.host}/app`: registry answered 401 "
        "(UNAUTHORIZED: authentication required)\n\n"
        f"hint: To log in, run `docker login {server.host}`\n"
    )


def test_a_record_that_is_malformed_is_told(pushed: Pushing, server: FakeRegistry) -> None:
    manifest, config = pushed.manifest("1"), pushed.config("1")
    config["dev.lamina"]["layers"] = {}
    digest = server.add_blob("team/app", data := json.dumps(config).encode())
    manifest["config"] |= {"digest": digest, "size": len(data)}
    pushed.replace_manifest("spoilt", manifest)

    ended = pushed.program("inspect", f"{server.host}/team/app:spoilt")

    assert (ended.code, ended.err) == (
        1,
        "error: Malformed record of an earlier build: expected a list\n",
    )


def test_a_config_that_changed_on_the_way_is_told(pushed: Pushing, server: FakeRegistry) -> None:
    config = pushed.manifest("1")["config"]
    server.contents("team/app").blobs[config["digest"]] = b"x" * config["size"]

    ended = pushed.program("inspect", f"{server.host}/team/app:1")

    assert (ended.code, ended.err) == (
        1,
        f"error: Damaged blob {config['digest']} of `{server.host}/team/app`\n"
        f"  expected: {config['digest']}\n"
        f"  got:      {Digest.of(b'x' * config['size'])}\n\n"
        "hint: Its source must be made or fetched again\n",
    )
