"""``lamina plan``: what a build would do, and why."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from builders import Item
from fakes.registry import FakeRegistry, Fault, serve_registry
from projects import LockedProject
from unit.cli.program import Ended, Program
from unit.cli.pushing import BASE_NAME, Pushing, base_image, digests, put, python_layer


@pytest.fixture
def app(locked: LockedProject, program: Program, server: FakeRegistry) -> Pushing:
    put(server, BASE_NAME, "3.12-slim", base_image())
    pushing = Pushing(locked, program, server, base=f"{server.host}/{BASE_NAME}:3.12-slim")
    return pushing.with_wheels()


def plan(app: Pushing, *args: str, store: str = "fresh") -> Ended:
    app.server.asked.clear()
    reference = f"{app.server.host}/{app.name}:9"
    return app.program(
        "plan", "project", "--base", app.base, "--store", store, "-t", reference, "--push", *args
    )


def document(app: Pushing, *args: str, store: str = "fresh") -> Any:
    ended = plan(app, "--json", *args, store=store)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def reasons(app: Pushing, *args: str) -> dict[str, str | None]:
    return {
        each["name"]: each["reason"]
        for layer in document(app, *args)["platforms"][0]["layers"]
        for each in layer["distributions"]
    }


def test_nothing_is_done(app: Pushing) -> None:
    plan(app)

    assert app.server.contents(app.name).tags == {}
    assert [str(each) for each in app.server.asked if each.method not in ("GET", "HEAD")] == []


def test_all_is_new_at_first(app: Pushing) -> None:
    found = document(app)

    layers = found["platforms"][0]["layers"]
    assert {layer["origin"] for layer in layers} == {"make"}
    assert reasons(app) == {"large": "new", "one": "new", "two": "new"}
    assert found["total"]["layers_made"] == 5
    # Wheels that lie in the project's folder are not downloaded.
    assert found["total"]["wheels_downloaded"] == 0


def test_after_a_push_all_is_reused(app: Pushing) -> None:
    report = app.push("1")

    found = document(app)

    layers = found["platforms"][0]["layers"]
    assert {layer["origin"] for layer in layers} == {"registry"}
    assert {layer["repository"] for layer in layers} == {f"{app.server.host}/{app.name}"}
    assert [layer["size"] for layer in layers] == [
        layer["size"] for layer in report["platforms"][0]["layers"][2:]
    ]
    assert found["total"] == {
        "layers_reused": 5,
        "bytes_reused": sum(layer["size"] for layer in layers),
        "layers_made": 0,
        "wheels_downloaded": 0,
        "packages_downloaded": 0,
        "bytes_downloaded": 0,
        "bytes_pushed": 0,
    }


def test_the_table_tells_each_distribution_and_the_sums(app: Pushing) -> None:
    app.push("1")
    app.bump()
    app.locked.wheel("two", Item("two.py", b"TWO = 22\n"), version="1.1")
    app.locked.write()

    ended = plan(app, "-q")

    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    where = f"{app.server.host}/{app.name}"
    assert lines[0].startswith(f"linux/amd64 on {app.base} (")
    assert lines[2] == "WHAT SIZE WHY, OR WHERE IT IS"
    assert lines[3].startswith("environment /opt/venv reuse ")
    assert re.match(r"large==1\.0 reuse 30\d\.\d kB ", lines[4])
    assert lines[4].endswith(where)
    two = next(line for line in lines if line.startswith("two==1.1"))
    assert two.startswith("two==1.1 make, push ")
    assert two.endswith(" B version 1.0 -> 1.1")
    assert "files of app make, push no such layer yet" in lines
    assert lines[-3:-1] == ["To download: no wheels, 0 B", "To make: 2 layers"]
    assert lines[-1].startswith("To push: ")
    assert lines[-1].endswith(" B, and what is made of the project")


def test_wheels_of_an_index_are_to_be_downloaded(app: Pushing) -> None:
    app.locked.remote("large", "https://index.example/large-1.0-py3-none-any.whl", b"x" * 500)
    app.locked.write()

    found = document(app)

    assert found["total"]["wheels_downloaded"] == 1
    assert found["total"]["bytes_downloaded"] == 500


def test_another_wheel_of_a_version_is_named(app: Pushing) -> None:
    app.push("1")
    app.locked.wheel("large", Item("large.bin", bytes(301 << 10), method=0))
    app.locked.write()

    assert reasons(app) == {"large": "hash changed", "one": None, "two": None}


def test_another_python_is_named(app: Pushing) -> None:
    app.push("1")
    put(app.server, BASE_NAME, "3.12-slim", base_image(python_layer("3.13.1")))

    assert set(reasons(app).values()) == {"python 3.12 -> 3.13"}


def test_another_prefix_is_another_recipe(app: Pushing) -> None:
    app.push("1")
    app.locked.config = 'venv = "/srv/venv"\n'
    app.locked.write()

    assert set(reasons(app).values()) == {"recipe changed"}


def test_a_cache_that_cannot_be_read_is_told(app: Pushing) -> None:
    app.push("1")
    for tag in ("lamina-cache", "9", "latest"):
        app.server.fail("GET", f"/{app.name}/manifests/{tag}", Fault(status=403))
    app.server.fail("GET", "/tags/list", Fault(status=403))

    assert set(reasons(app).values()) == {"cache not readable"}


def test_a_blob_that_is_gone_is_told(app: Pushing) -> None:
    report = app.push("1")
    del app.server.contents(app.name).blobs[digests(report)[3]]

    assert reasons(app)["large"] == "cache not readable"


def test_what_the_store_has_is_pushed_if_the_repository_lacks_it(app: Pushing) -> None:
    report = app.push("1", name="team/elsewhere")

    found = document(app, store="store0")

    layers = found["platforms"][0]["layers"]
    assert {layer["origin"] for layer in layers} == {"store"}
    assert {layer["push"] for layer in layers} == {True}
    assert found["total"]["bytes_pushed"] == sum(
        layer["size"] for layer in report["platforms"][0]["layers"][2:]
    )
    assert found["platforms"][0]["base"]["push"] == 0


def test_each_registry_that_is_pushed_to_counts(app: Pushing) -> None:
    """Within one, a layer is mounted into the second repository."""
    report = app.push("1", name="team/elsewhere")
    sizes = [layer["size"] for layer in report["platforms"][0]["layers"]]

    with serve_registry() as other:
        found = document(
            app, "-t", f"{app.server.host}/team/copy:9", "-t", f"{other.host}/app:9", store="store0"
        )

    assert found["total"]["bytes_pushed"] == sum(sizes[2:]) + sum(sizes)


def test_several_platforms_count_what_they_share_once(app: Pushing) -> None:
    put(app.server, BASE_NAME, "3.12-slim", base_image(), base_image(architecture="arm64"))

    found = document(app, "--platform", "linux/amd64,linux/arm64")

    assert [each["platform"] for each in found["platforms"]] == ["linux/amd64", "linux/arm64"]
    assert found["total"]["layers_made"] == 5
