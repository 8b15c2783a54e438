"""What is known of a layer without reading it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lamina.archive.blob import Extent
from lamina.oci.document import MalformedDocument
from lamina.plan.contents import Contents, InLayer, below_prefix, tops
from lamina.plan.said import Said

SITE = "lib/python3.12/site-packages"
DEMO = InLayer(
    "demo", "1.0", f"sha256:{'a' * 64}", 1000, ("../../../bin/demo", "demo"), Extent(7, 9)
)


def test_contents_come_back_as_they_were_kept() -> None:
    contents = Contents((DEMO,))

    assert Contents.from_json(contents.to_json()) == contents
    assert Contents.from_json([]) == Contents()


@pytest.mark.parametrize(
    ("at", "spoilt"),
    [
        pytest.param(0, 5, id="name"),
        pytest.param(3, "5", id="size"),
        pytest.param(3, float("inf"), id="infinite size"),
        pytest.param(3, -1, id="negative size"),
        pytest.param(4, "demo", id="tops"),
        pytest.param(4, None, id="no tops"),
        pytest.param(4, [5], id="tops of numbers"),
        pytest.param(5, [1], id="record"),
        pytest.param(5, [-1, 5], id="negative offset"),
        pytest.param(5, ["1", "2"], id="record of text"),
    ],
)
def test_anything_else_is_refused(at: int, spoilt: object) -> None:
    row = DEMO.to_json()
    row[at] = spoilt

    with pytest.raises(MalformedDocument, match=r"^Malformed contents of a layer: expected "):
        Contents.from_json([row])


@pytest.mark.parametrize("hash_", [f"sha512:{'a' * 128}", "sha256:short", ""])
def test_other_hashes_are_kept_as_they_are(hash_: str) -> None:
    contents = Contents((replace(DEMO, hash=hash_),))

    assert Contents.from_json(contents.to_json()) == contents


@pytest.mark.parametrize("hash_", ["sha256=!", "sha256=abc"])
def test_a_hash_that_is_none_is_refused(hash_: str) -> None:
    row = DEMO.to_json()
    row[2] = hash_

    with pytest.raises(MalformedDocument):
        Contents.from_json([row])


def test_what_is_no_row_is_refused() -> None:
    with pytest.raises(MalformedDocument):
        Contents.from_json(["x"])


@pytest.mark.parametrize("document", ["x", {"a": 1}, 5])
def test_what_is_no_list_is_refused(document: object) -> None:
    with pytest.raises(MalformedDocument):
        Contents.from_json(document)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("demo/sub/a.py", "demo", id="package"),
        pytest.param("demo.py", "demo.py", id="module"),
        pytest.param("../../../bin/demo", "../../../bin/demo", id="script"),
        pytest.param("../../../share/man/man1/a.1", "../../../share/man", id="two parts below"),
        pytest.param("../../../LICENSE", "../../../LICENSE", id="file in the prefix"),
        pytest.param("../../x.so", "../../../lib/x.so", id="in lib"),
        pytest.param("../../../lib64/x.so", "../../../lib/x.so", id="in lib64, which is lib"),
        pytest.param(
            "../../../lib64/python3.12/site-packages/demo/a.py", "demo", id="home through lib64"
        ),
        pytest.param("../extra/a", "../../../lib/python3.12", id="beside site-packages"),
        pytest.param("..hidden/a", "..hidden", id="a name that begins with dots"),
    ],
)
def test_a_distribution_owns_the_top_of_each_path(path: str, expected: str) -> None:
    assert tops([path, "demo-1.0.dist-info/RECORD"], SITE) == (expected,)


def test_lib64_is_lib() -> None:
    assert below_prefix("../../../lib64/a/b", SITE) == below_prefix("../../a/b", SITE) == "lib/a/b"
    assert below_prefix("../../../lib64x/b", SITE) == "lib64x/b"


def test_what_is_to_be_said_travels() -> None:
    contents = Contents((DEMO,), Said(("a note",), ("a warning\n  of lines",)))

    assert Contents.from_json(contents.to_json()) == contents


@pytest.mark.parametrize(
    "said",
    [{}, {"notes": [], "warnings": [1]}, {"notes": ["\x1b[2J"], "warnings": []}],
    ids=["empty", "numbers", "a terminal would obey"],
)
def test_what_cannot_be_said_is_refused(said: object) -> None:
    with pytest.raises(MalformedDocument, match="Malformed contents of a layer: expected texts"):
        Contents.from_json([said])
