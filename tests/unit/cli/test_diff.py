"""``lamina diff`` as its user sees it, on layouts, archives and registries in memory."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from builders import Item
from fakes.registry import FakeRegistry
from images import Member, make_image, make_layer, write_layout
from projects import LockedProject
from unit.cli.program import Program
from unit.cli.pushing import LARGE, Pushing, base_image, put, python_layer

BASE = "library/python"


@pytest.fixture
def pushed(locked: LockedProject, program: Program, server: FakeRegistry) -> Pushing:
    """An image with the tag ``1`` upon another one, both in the registry."""
    put(server, BASE, "3.12", base_image())
    pushing = Pushing(locked, program, server, base=f"{server.host}/{BASE}:3.12").with_wheels()
    pushing.push("1")
    return pushing


def change(pushed: Pushing) -> None:
    """Lock other distributions, and another one of the same version."""
    locked = pushed.locked
    locked.wheel("large", Item("large.bin", bytes(LARGE), method=0), version="2.0")
    locked.wheel("one", Item("one.py", b"ONE = 'another'\n"))
    locked.wheel("new", Item("new.py", b"NEW = 1\n"))
    del locked.packages["two"]
    locked.write()


def lines(text: str, server: FakeRegistry) -> list[str]:
    """Return the lines, with digests, sizes and gaps that do not change."""
    text = re.sub(r"sha256:[0-9a-f]{64}", "DIGEST", text.replace(server.host, "HOST"))
    text = re.sub(r"\b[0-9a-f]{12}\b", "SHORT", text)
    text = re.sub(r"[0-9.]+ (B|kB|MB)\b", "SIZE", text)
    return re.sub(r"(?<=\S)  +", "  ", text).splitlines()


def document(program: Program, *args: str) -> Any:
    ended = program("diff", "--json", *args)
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


def test_what_changed_and_what_is_pulled(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    change(pushed)
    pushed.push("2")

    ended = program("diff", f"{server.host}/team/app:1", f"{server.host}/team/app:2")

    assert (ended.code, ended.err) == (0, "")
    assert lines(ended.out, server) == [
        "A  SHORT  linux/amd64  HOST/team/app:1",
        "B  SHORT  linux/amd64  HOST/team/app:2",
        "",
        "Distributions",
        "  ~  large  1.0 -> 2.0",
        "  +  new  1.0",
        "  ~  one  1.0: another wheel",
        "  -  two  1.0",
        "",
        "Layers",
        "  wheels  3 new, 3 gone",
        "  files  changed: files of app",
        "",
        "A node that holds A pulls for B",
        "  containerd, Podman  4 of 7 layers  SIZE  the blobs that A lacks",
        "  Docker's classic store  4 of 7 layers  SIZE  all above the lowest change",
        "  unpacked again  4 of 7 layers  all above the lowest change, by every runtime",
        "  config and manifest  SIZE  by every runtime",
    ]


def test_each_image_takes_two_requests_and_no_layer_is_read(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    pushed.bump()
    pushed.push("2")
    server.asked.clear()
    configs = {tag: pushed.manifest(tag)["config"]["digest"] for tag in "12"}

    program("diff", f"{server.host}/team/app:1", f"{server.host}/team/app:2")

    probe, *asked = server.trace()
    assert probe == "GET /v2/"  # On this machine: whether it speaks TLS.
    assert asked == [
        f"GET /v2/team/app/{what}"
        for tag in "12"
        for what in (f"manifests/{tag}", f"blobs/{configs[tag]}")
    ]


def test_the_document_says_it_to_machines(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    change(pushed)
    second = pushed.push("2")

    found = document(program, f"{server.host}/team/app:1", f"{server.host}/team/app:2")

    assert found["to"]["digest"] == second["digest"]
    assert found["to"]["base"]["name"] == pushed.base
    assert (found["equal"], found["reordered"], found["config"]) == (False, False, [])
    assert found["distributions"] == {
        "added": [{"name": "new", "version": "1.0"}],
        "removed": [{"name": "two", "version": "1.0"}],
        "changed": [
            {"name": "large", "from": "1.0", "to": "2.0"},
            {"name": "one", "from": "1.0", "to": "1.0"},
        ],
    }
    [wheels, files] = found["layers"]
    added = [*wheels["added"], *files["added"]]
    assert (wheels["kind"], files["kind"]) == ("wheels", "files")
    size = sum(layer["size"] for layer in added)
    assert found["pull"] == {
        "content_addressed": {"layers": 4, "bytes": size},
        "docker_classic": {"layers": 4, "bytes": size},
        "layers_unpacked": 4,
        "document_bytes": found["pull"]["document_bytes"],
    }
    manifest = pushed.manifest("2")
    raw = server.contents("team/app").manifests[second["digest"]][1]
    assert found["pull"]["document_bytes"] == len(raw) + manifest["config"]["size"]


def test_stores_differ_where_a_low_layer_changes(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    put(server, BASE, "3.12", base_image(python_layer("3.12.4", b"patched")))
    pushed.push("2")

    ended = program("diff", f"{server.host}/team/app:1", f"{server.host}/team/app:2")

    assert lines(ended.out, server)[3:] == [
        "Distributions",
        "  no change",
        "",
        "Layers",
        "  base  1 new, 1 gone: HOST/library/python:3.12@DIGEST",
        "",
        "A node that holds A pulls for B",
        "  containerd, Podman  1 of 7 layers  SIZE  the blobs that A lacks",
        "  Docker's classic store  6 of 7 layers  SIZE  all above the lowest change",
        "  unpacked again  6 of 7 layers  all above the lowest change, by every runtime",
        "  config and manifest  SIZE  by every runtime",
    ]


def test_equal_images_are_said_to_be(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    name = f"{server.host}/team/app:1"

    ended, found = program("diff", name, name), document(program, name, name)

    assert ended.code == 0
    assert lines(ended.out, server) == [
        "A  SHORT  linux/amd64  HOST/team/app:1",
        "B  SHORT  linux/amd64  HOST/team/app:1",
        "",
        "The images are equal: a node that holds one pulls nothing for the other",
    ]
    assert (found["equal"], found["pull"]["content_addressed"]) == (True, {"layers": 0, "bytes": 0})


def test_places_can_be_compared_with_each_other(locked: LockedProject, program: Program) -> None:
    locked.wheel("one", Item("one.py", b"1\n"))
    locked.write()
    program.build("-q", "-o", "docker-archive:image.tar")

    same = program("diff", "docker-archive:image.tar", "oci:out")
    locked.config = 'cmd = ["other"]\n'
    locked.write()
    program.build("-q")
    changed = program("diff", "docker-archive:image.tar", "oci:out")

    assert same.out.splitlines()[-1].startswith("The images are equal")
    assert "  config  changed: Cmd" in changed.out.splitlines()


def test_images_of_others_are_compared_by_their_layers(
    pushed: Pushing, program: Program, server: FakeRegistry
) -> None:
    one, two, three = (make_layer(Member(name)) for name in ("one", "two", "three"))
    write_layout(Path("out"), [("1", make_image(one, two)), ("2", make_image(one, three))])

    ended = program("diff", "oci:out:1", "oci:out:2")
    mixed = program("diff", "oci:out:1", f"{server.host}/team/app:1")

    assert ended.out.splitlines()[3:9] == [
        "Distributions",
        "  not known: A and B are no images of Lamina's",
        "",
        "Layers",
        "  other  1 new, 1 gone",
        "",
    ]
    assert "  not known: A is no image of Lamina's" in mixed.out.splitlines()
    assert document(program, "oci:out:1", "oci:out:2")["distributions"] is None


def test_a_layer_that_comes_or_goes_is_named(locked: LockedProject, program: Program) -> None:
    locked.wheel("aa", Item("same/__init__.py", b"1\n"))
    locked.write()
    program.build("-q")
    locked.wheel("bb", Item("same/__init__.py", b"2\n"))
    locked.config = 'copy = [{ from = "uv.lock", to = "a" }]\n'
    locked.write()
    program.build("-q", "-o", "docker-archive:image.tar")

    there = program("diff", "docker-archive:image.tar", "oci:out")
    locked.config = 'copy = []\nvenv = "/srv/venv"\n'
    locked.write()
    program.build("-q")
    moved = program("diff", "docker-archive:image.tar", "oci:out")

    assert there.out.splitlines()[-1].startswith("The images are equal")
    assert moved.out.splitlines()[6:10] == [
        "Layers",
        "  skeleton   changed: environment /opt/venv -> environment /srv/venv",
        "  wheels     2 new, 2 gone",
        "  overrides  changed: files that aa, bb do not agree on",
    ]
    assert moved.out.splitlines()[10:12] == [
        "  files      gone: uv.lock -> a",
        "  config     changed: Env",
    ]


def test_the_platform_is_one_that_both_have(program: Program, server: FakeRegistry) -> None:
    arm, amd = base_image(architecture="arm64"), base_image()
    other = base_image(python_layer("3.13.0"), architecture="arm64")
    put(server, "python", "both", arm, amd)
    put(server, "python", "arm", other)
    both, alone = f"{server.host}/python:both", f"{server.host}/python:arm"

    assert document(program, both, alone)["from"]["digest"] == str(arm.digest)
    assert document(program, alone, both)["to"]["digest"] == str(arm.digest)
    assert document(program, both, both)["to"]["digest"] == str(amd.digest)
    chosen = document(program, both, both, "--platform", "linux/arm64")
    assert chosen["from"]["digest"] == str(arm.digest)


def test_images_for_no_common_platform_are_not_compared(
    program: Program, server: FakeRegistry
) -> None:
    put(server, "python", "both", base_image(), base_image(architecture="s390x"))
    put(server, "python", "arm", base_image(architecture="arm64"))

    ended = program("diff", f"{server.host}/python:both", f"{server.host}/python:arm")

    assert (ended.code, ended.out, ended.err) == (
        1,
        "",
        f"error: No image for linux/arm64 in `{server.host}/python:both`: "
        "it has linux/amd64, linux/s390x\n\nhint: Choose another `--platform`\n",
    )


def test_two_images_for_two_platforms_are_compared_as_they_are(
    program: Program, server: FakeRegistry
) -> None:
    put(server, "python", "amd", base_image())
    put(server, "python", "arm", base_image(architecture="arm64"))

    ended = program("diff", f"{server.host}/python:amd", f"{server.host}/python:arm")

    assert [line.split()[2] for line in ended.out.splitlines()[:2]] == [
        "linux/amd64",
        "linux/arm64",
    ]
    assert "  config  changed: platform" in ended.out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["oci:out"], "error: Missing argument `B`\n\nhint: See `lamina diff --help`\n"),
        (
            ["oci:out", "oci:out", "--platfrom", "x"],
            "error: No such option: --platfrom\n\n"
            "hint: Did you mean `--platform`? See `lamina diff --help`\n",
        ),
    ],
)
def test_wrong_usage_is_named(arguments: list[str], error: str, program: Program) -> None:
    ended = program("diff", *arguments)

    assert (ended.code, ended.out, ended.err) == (2, "", error)


def test_names_are_read_before_anybody_is_asked(program: Program, server: FakeRegistry) -> None:
    ended = program("diff", f"{server.host}/app:1", "oic:out")

    assert ended.code == 1
    assert ended.err.startswith("error: Unable to read an image from `oic:out`\n")
    assert server.asked == []
