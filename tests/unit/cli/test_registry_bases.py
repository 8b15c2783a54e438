"""``lamina build`` upon images that lie in registries, for one platform and for several."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from builders import Item
from fakes.registry import FakeRegistry, Fault, serve_registry
from images import Member, make_layer
from lamina.oci import mediatype
from lamina.oci.document import encode
from lamina.oci.image import Image
from projects import LockedProject
from unit.cli.program import Program
from unit.cli.pushing import BASE_NAME as BASE
from unit.cli.pushing import Pushing, base_image, digests, origins, put, python_layer


@pytest.fixture
def other() -> Iterator[FakeRegistry]:
    with serve_registry() as registry:
        yield registry


@pytest.fixture
def app(locked: LockedProject, program: Program, server: FakeRegistry) -> Pushing:
    """A project upon an image of the registry that it is pushed to."""
    put(server, BASE, "3.12-slim", base_image())
    pushing = Pushing(locked, program, server, base=f"{server.host}/{BASE}:3.12-slim")
    return pushing.with_wheels()


def asked_of_base(server: FakeRegistry) -> list[str]:
    return [str(each) for each in server.asked if f"/v2/{BASE}/" in each.target]


def as_docker(image: Image) -> Image:
    """Return an image as Docker's own tools name its parts."""
    document = json.loads(image.raw_manifest)
    document["mediaType"] = mediatype.DOCKER_MANIFEST
    document["config"]["mediaType"] = mediatype.DOCKER_CONFIG
    for layer in document["layers"]:
        layer["mediaType"] = mediatype.DOCKER_LAYER
    return replace(image, raw_manifest=encode(document))


def test_what_must_be_known_is_read_and_the_layers_are_mounted(app: Pushing) -> None:
    ended = app.run("1")

    assert ended.code == 0, ended.err
    assert "with Python 3.12.4 on " in ended.err
    report = json.loads(ended.out)
    base = base_image()
    assert digests(report)[:2] == [str(layer.descriptor.digest) for layer in base.layers]
    assert origins(report)[:2] == ["base", "base"]
    mounted = [each.target.partition("mount=")[2] for each in app.server.asked]
    assert sorted(filter(None, mounted)) == sorted(
        f"{layer.descriptor.digest}&from={BASE}" for layer in base.layers
    )


def test_the_config_of_the_base_is_kept_and_named(app: Pushing) -> None:
    app.push("1")

    config, manifest = app.config("1"), app.manifest("1")
    assert "LANG=C.UTF-8" in config["config"]["Env"]
    assert "PATH=/opt/venv/bin:/usr/local/bin:/usr/bin" in config["config"]["Env"]
    assert [entry.get("created_by") for entry in config["history"][:2]] == ["step 0", "step 1"]
    assert manifest["annotations"] == {
        "org.opencontainers.image.base.digest": str(base_image().digest),
        "org.opencontainers.image.base.name": app.base,
    }


def test_of_an_unchanged_base_nothing_is_read(app: Pushing) -> None:
    first = app.push("1")
    app.bump()
    app.lose_wheels()

    second = app.push("2")

    assert asked_of_base(app.server) == [f"HEAD /v2/{BASE}/manifests/3.12-slim"]
    assert second["transfer"]["base_bytes_in"] == 0
    assert digests(second)[:-1] == digests(first)[:-1]
    assert app.config("2")["history"][:2] == app.config("1")["history"][:2]


def test_the_image_is_the_same_whether_the_base_was_read_or_told(app: Pushing) -> None:
    first = app.push("1")
    told = app.push("1")

    assert told["digest"] == first["digest"] == app.push("1", "--no-cache")["digest"]


def test_of_a_base_by_its_digest_not_even_that_is_asked(app: Pushing) -> None:
    app.base = f"{app.server.host}/{BASE}@{base_image().digest}"
    app.push("1")
    app.bump()

    app.push("2")

    assert asked_of_base(app.server) == []


def test_a_base_that_must_be_verified_is_read_anew(app: Pushing) -> None:
    """Whoever changed the image could have told lies of its base, too."""
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
    app.bump()

    assert digests(app.push("2"))[0] == str(false.descriptor.digest)
    assert digests(app.push("2", "--verify"))[0] == str(base_image().layers[0].descriptor.digest)
    assert digests(app.push("2", "--verify=changed"))[0] != str(false.descriptor.digest)


@pytest.mark.parametrize("where", ["the target", "another repository", "another registry"])
def test_a_base_whose_told_layers_are_gone_is_read_anew(
    app: Pushing, other: FakeRegistry, where: str
) -> None:
    source = replace(app, server=other) if where == "another registry" else app
    name = "team/app" if where == "the target" else "team/source"
    first = source.push("1", name=name)
    gone = digests(first)[0]
    del source.server.contents(name).blobs[gone]
    app.bump()
    more = () if where == "the target" else ("--cache-from", f"{source.server.host}/{name}:1")

    ended = app.run("2", *more)

    assert ended.code == 0, ended.err
    assert "; the base is read anew\n" in ended.err
    assert gone in app.server.contents(app.name).blobs
    assert digests(json.loads(ended.out))[:-1] == digests(first)[:-1]


def test_the_only_image_of_an_index_needs_no_platform(app: Pushing) -> None:
    image = base_image()
    digest = put(app.server, BASE, "3.12-slim", image)
    index = {
        "schemaVersion": 2,
        "mediaType": mediatype.INDEX,
        "manifests": [
            {"mediaType": mediatype.MANIFEST, "digest": str(digest),
             "size": len(image.raw_manifest)}
        ],
    }  # fmt: skip
    data = json.dumps(index).encode()
    contents = app.server.contents(BASE)
    contents.manifests["sha256:" + hashlib.sha256(data).hexdigest()] = (mediatype.INDEX, data)
    contents.tags["3.12-slim"] = "sha256:" + hashlib.sha256(data).hexdigest()

    assert app.push("1")["platforms"][0]["platform"] == "linux/amd64"


def test_a_base_that_changed_is_read(app: Pushing) -> None:
    app.push("1")
    put(app.server, BASE, "3.12-slim", base_image(python_layer("3.12.5")))

    ended = app.run("2")

    assert ended.code == 0, ended.err
    assert "with Python 3.12.5 on " in ended.err
    # Wheels' layers do not depend on the last part of the version, the environment's does.
    assert origins(json.loads(ended.out))[2:] == ["made", "registry", "registry", "registry",
                                                  "registry"]  # fmt: skip


def test_a_registry_that_tells_no_digests_is_read(app: Pushing) -> None:
    app.server.fail("HEAD", "/manifests/3.12-slim", Fault(status=200, claims=0))

    assert app.push("1")["platforms"][0]["platform"] == "linux/amd64"


@pytest.mark.parametrize(
    "base",
    [
        pytest.param(base_image(media_type=mediatype.LAYER_ZSTD), id="zstd"),
        pytest.param(base_image(media_type=mediatype.LAYER), id="plain"),
        pytest.param(as_docker(base_image()), id="docker"),
    ],
)
def test_all_kinds_of_layers_and_manifests_are_read(app: Pushing, base: Image) -> None:
    put(app.server, BASE, "3.12-slim", base)

    app.push("1")

    manifest = app.manifest("1")
    assert manifest["mediaType"] == mediatype.MANIFEST
    kinds = [layer["mediaType"] for layer in manifest["layers"][:2]]
    assert kinds == [mediatype.as_oci(each.media_type) for each in base.manifest.layers]


def test_the_platform_is_chosen_from_an_index(app: Pushing) -> None:
    put(app.server, BASE, "3.12-slim", base_image(architecture="arm64"), base_image())

    report = app.push("1", "--platform", "linux/arm64")

    assert report["platforms"][0]["platform"] == "linux/arm64"
    assert app.config("1")["architecture"] == "arm64"


def test_a_base_of_another_registry_is_streamed(app: Pushing, other: FakeRegistry) -> None:
    put(other, BASE, "3.12-slim", base_image())
    app.base = f"{other.host}/{BASE}:3.12-slim"

    first = app.push("1")

    assert set(digests(first)[:2]) <= app.server.contents(app.name).blobs.keys()
    store = app.program.root / "store0"
    kept = {path.name for path in (store / "blobs").rglob("*") if path.is_file()}
    assert kept.isdisjoint(digest.removeprefix("sha256:") for digest in digests(first)[:2])


def test_what_the_target_has_of_a_base_is_not_read(app: Pushing, other: FakeRegistry) -> None:
    """Even if no earlier image tells of it."""
    put(other, BASE, "3.12-slim", base_image())
    app.base = f"{other.host}/{BASE}:3.12-slim"
    app.push("1")
    app.bump()
    other.asked.clear()

    again = app.program(
        "build", "project", "--store", "store0", "--base", app.base, "--json",
        "-t", f"{app.server.host}/{app.name}:2", "--push",
    )  # fmt: skip

    assert again.code == 0, again.err
    # Whether it is a registry without TLS is asked of each on this machine.
    assert [str(each) for each in other.asked] == [
        "GET /v2/",
        f"HEAD /v2/{BASE}/manifests/3.12-slim",
    ]


def test_what_was_learned_is_kept_by_digest(app: Pushing) -> None:
    def built() -> Any:
        app.server.asked.clear()
        ended = app.program(
            "build", "project", "--base", app.base, "-o", "oci:out", "--json", "--store", "kept"
        )
        assert ended.code == 0, ended.err
        return json.loads(ended.out)

    first, second = built(), built()

    assert asked_of_base(app.server) == [f"HEAD /v2/{BASE}/manifests/3.12-slim"]
    assert second["digest"] == first["digest"]


def test_several_platforms_are_one_index(app: Pushing) -> None:
    put(app.server, BASE, "3.12-slim", base_image(), base_image(architecture="arm64"))

    report = app.push("1", "--platform", "linux/amd64,linux/arm64")

    index = app.manifest("1")
    assert [each["platform"]["architecture"] for each in index["manifests"]] == ["amd64", "arm64"]
    assert report["digest"] == app.server.contents(app.name).tags["1"]
    assert [each["digest"] for each in index["manifests"]] == [
        each["digest"] for each in report["platforms"]
    ]
    # Wheels of pure Python are one layer for both.
    assert digests(report, 0)[2:] == digests(report, 1)[2:]
    puts = [str(each) for each in app.server.asked if each.method == "PUT"][-4:]
    children = [f"PUT /v2/{app.name}/manifests/{each['digest']}" for each in index["manifests"]]
    assert puts == [
        *children,
        f"PUT /v2/{app.name}/manifests/1",
        f"PUT /v2/{app.name}/manifests/lamina-cache",
    ]


def test_all_platforms_stand_on_one_release_of_the_base(app: Pushing) -> None:
    both = base_image(), base_image(architecture="arm64")
    put(app.server, BASE, "3.12-slim", *both)

    app.push("1", "--platform", "linux/amd64,linux/arm64")

    assert asked_of_base(app.server).count(f"HEAD /v2/{BASE}/manifests/3.12-slim") == 1


def test_a_platform_is_built_for_once_however_it_is_spelt(app: Pushing) -> None:
    put(app.server, BASE, "3.12-slim", base_image(), base_image(architecture="arm64"))

    report = app.push("1", "--platform", "linux/arm64,linux/arm64/v8,linux/aarch64,linux/x86_64")

    assert [each["platform"] for each in report["platforms"]] == ["linux/arm64", "linux/amd64"]


def test_a_base_that_is_told_for_another_platform_is_not_believed(app: Pushing) -> None:
    app.push("1")
    manifest, config = app.manifest("1"), app.config("1")
    config["dev.lamina"]["base"]["config"]["architecture"] = "s390x"
    data = json.dumps(config).encode()
    manifest["config"] |= {"digest": app.server.add_blob(app.name, data), "size": len(data)}
    for tag in ("lamina-cache", "1"):
        app.replace_manifest(tag, manifest)

    assert app.push("2")["platforms"][0]["platform"] == "linux/amd64"


def test_several_platforms_are_reused(app: Pushing) -> None:
    put(app.server, BASE, "3.12-slim", base_image(), base_image(architecture="arm64"))
    both = ("--platform", "linux/amd64", "--platform", "linux/arm64")
    first = app.push("1", *both)
    app.bump()
    app.lose_wheels()

    second = app.push("2", *both)

    assert second["transfer"]["base_bytes_in"] == second["transfer"]["wheels_downloaded"] == 0
    for platform in (0, 1):
        assert digests(second, platform)[:-1] == digests(first, platform)[:-1]


def test_platforms_lie_in_a_layout_under_an_index(app: Pushing) -> None:
    put(app.server, BASE, "3.12-slim", base_image(), base_image(architecture="arm64"))

    ended = app.program(
        "build", "project", "--base", app.base, "-o", "oci:out:1",
        "--platform", "linux/amd64,linux/arm64",
    )  # fmt: skip

    assert ended.code == 0, ended.err
    (entry,) = json.loads((app.program.root / "out" / "index.json").read_text())["manifests"]
    assert entry["mediaType"] == mediatype.INDEX
    assert entry["digest"] == ended.out.strip()


def test_a_docker_archive_of_several_platforms_is_refused_at_once(app: Pushing) -> None:
    ended = app.program(
        "build", "project", "--base", app.base, "-o", "docker-archive:out.tar",
        "--platform", "linux/amd64,linux/arm64",
    )  # fmt: skip

    assert (ended.code, ended.err) == (
        1,
        "error: Unable to write images for several platforms to a docker archive: it holds one\n\n"
        "hint: Choose one with `--platform`, or write to `oci:DIR` or `oci-archive:FILE`\n",
    )


# What cannot be used.


def error(app: Pushing, *args: str) -> str:
    ended = app.run("1", *args)
    assert (ended.code, ended.out) == (1, ""), ended
    return ended.err.partition("error: ")[2].replace(app.server.host, "HOST")


def test_a_base_that_is_not_there_is_named(app: Pushing) -> None:
    app.base = f"{app.server.host}/{BASE}:3.99"

    assert error(app) == (
        f"Failed to read manifest `3.99` of `HOST/{BASE}`: registry answered 404 "
        "(MANIFEST_UNKNOWN: manifest unknown)\n"
    )


def test_a_base_for_another_platform_is_named(app: Pushing) -> None:
    assert error(app, "--platform", "linux/s390x") == (
        f"No image for linux/s390x in `HOST/{BASE}:3.12-slim`: it has linux/amd64\n\n"
        "hint: Choose another base, or another `--platform`\n"
    )


def test_a_layer_of_another_kind_is_named(app: Pushing) -> None:
    image = base_image()
    document = json.loads(image.raw_manifest)
    document["layers"][1]["mediaType"] = "application/x-other"
    put(app.server, BASE, "3.12-slim", replace(image, raw_manifest=encode(document)))

    digest = image.layers[1].descriptor.digest
    assert error(app) == (
        f"Unable to use the base image `HOST/{BASE}:3.12-slim`\n"
        f"  layer {digest} is not a tar but `application/x-other`\n"
    )


def test_a_layer_of_other_bytes_is_refused(app: Pushing) -> None:
    digest = str(base_image().layers[1].descriptor.digest)
    blobs = app.server.contents(BASE).blobs
    blobs[digest] = blobs[digest][:-1] + b"!"

    said = error(app)

    told = f"Damaged blob {digest} of `HOST/{BASE}`\n  expected: {digest}\n  got:      sha256:"
    assert said.startswith(told)


def test_a_base_without_a_python_is_used_all_the_same(app: Pushing) -> None:
    put(app.server, BASE, "3.12-slim", base_image(make_layer(Member("etc/motd"))))

    ended = app.run("1", "--python", "3.12")

    assert ended.code == 0, ended.err
    assert "The base has no Python: the environment is for Python 3.12\n" in ended.err


@pytest.mark.parametrize(
    ("base", "hint"),
    [("ocl:folder/x", "Did you mean `oci`?"), ("docker-archiv:x.tar", "Did you mean")],
)
def test_a_transport_that_is_misspelt_is_not_asked_for(
    locked: LockedProject, program: Program, base: str, hint: str
) -> None:
    locked.wheel("one", Item("one.py", b""))
    locked.write()

    ended = program("build", "project", "--base", base, "-o", "oci:out")

    assert ended.code == 1
    assert ended.err.startswith(f"error: Unable to read the base image `{base}`\n  expected: ")
    assert hint in ended.err
