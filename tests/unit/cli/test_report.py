"""The document of ``--json``: its names are a promise, described in docs/reference/json.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

from builders import Item
from images import folder, make_image, make_layer, write_layout
from projects import LockedProject
from unit.cli.program import Program

_DOCS = Path(__file__).parents[3] / "docs" / "reference" / "json.md"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def test_the_report_of_a_build(locked: LockedProject, program: Program) -> None:
    wheel = locked.wheel("numbers", Item("numbers.py", b"1\n"))
    locked.write()

    report = program.report("-t", "app:1.0", "-t", "r.example/app")

    assert report["references"] == ["docker.io/library/app:1.0", "r.example/app:latest"]
    (platform,) = report["platforms"]
    assert platform["platform"] == "linux/amd64"
    assert report["digest"] == platform["digest"]
    assert [layer["kind"] for layer in platform["layers"]] == ["skeleton", "wheels", "files"]
    assert {layer["origin"] for layer in platform["layers"]} == {"made"}
    assert [layer["distributions"] for layer in platform["layers"]] == [
        [],
        [{"name": "numbers", "version": "1.0", "size": wheel.stat().st_size}],
        [],
    ]
    assert report["transfer"] == {
        "dependency_bytes_in": 0,
        "base_bytes_in": 0,
        "package_bytes_in": 0,
        "other_bytes_in": 0,
        "bytes_out": 0,
        "requests": 0,
        "round_trips": 0,
        "wheels_downloaded": 0,
        "packages_downloaded": 0,
    }


def test_layers_that_the_store_had_are_told_from_those_that_were_made(
    locked: LockedProject, program: Program
) -> None:
    locked.wheel("numbers", Item("numbers.py", b"1\n"))
    locked.write()
    program.build()
    (locked.folder / "more.txt").write_text("more")

    report = program.report()

    origins = [layer["origin"] for layer in report["platforms"][0]["layers"]]
    assert origins == ["store", "store", "made"]


def test_layers_of_the_base_are_told_from_ours(locked: LockedProject, program: Program) -> None:
    locked.write()
    image = make_image(make_layer(folder("etc")))
    write_layout(program.root / "base", [("latest", image)])

    ended = program("build", "project", "--base", "oci:base", "-o", "oci:out", "--json")

    first = json.loads(ended.out)["platforms"][0]["layers"][0]
    assert first == {
        "distributions": [],
        "packages": [],
        "notes": [],
        "warnings": [],
        "key": None,
        "kind": "base",
        "origin": "base",
        "digest": str(image.layers[0].descriptor.digest),
        "diff_id": str(image.layers[0].diff_id),
        "size": image.layers[0].descriptor.size,
    }


def test_values_are_of_the_types_that_are_promised(locked: LockedProject, program: Program) -> None:
    locked.write()

    report = program.report()

    for layer in report["platforms"][0]["layers"]:
        assert _DIGEST.fullmatch(layer["digest"])
        assert _DIGEST.fullmatch(layer["diff_id"])
        assert _DIGEST.fullmatch(layer["key"])
        assert layer["size"] > 0
    assert isinstance(report["seconds"], float)
    assert report["seconds"] > 0
    assert 10 << 20 < report["peak_rss_bytes"] < 10 << 30


def test_the_documentation_names_every_field(locked: LockedProject, program: Program) -> None:
    locked.wheel("numbers", Item("numbers.py", b"1\n"))
    locked.write()

    assert _documented("# The report of a build") == set(_fields(program.report()))


def test_the_documentation_names_every_field_of_a_plan(
    locked: LockedProject, program: Program
) -> None:
    locked.wheel("numbers", Item("numbers.py", b"1\n"))
    locked.write()

    ended = program("plan", "project", "--base", "scratch", "--json")

    assert _documented("## `lamina plan --json`") == set(_fields(json.loads(ended.out)))


def _documented(title: str) -> set[str]:
    section = _DOCS.read_text().partition(f"{title}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([a-z_.\[\]]+)` \|", section, re.MULTILINE))


def _fields(value: object, place: str = "") -> list[str]:
    if isinstance(value, dict):
        return [
            field
            for key, each in value.items()
            for field in _fields(each, f"{place}.{key}" if place else key)
        ]
    if isinstance(value, list) and value and any(isinstance(each, dict) for each in value):
        return [field for each in value for field in _fields(each, f"{place}[]")]
    if isinstance(value, list) and not value and place.endswith("distributions"):
        return []
    return [place]
