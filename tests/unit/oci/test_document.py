from __future__ import annotations

import pytest

from lamina.oci.descriptor import Platform
from lamina.oci.digest import Digest
from lamina.oci.document import SIZE_LIMIT, Fields, MalformedDocument, encode, parse_document


def test_documents_are_written_in_one_way() -> None:
    assert encode({"b": "ü", "a": [1, True, None]}) == b'{"a":[1,true,null],"b":"\\u00fc"}'


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param(b"{", "Malformed note: not JSON", id="torn"),
        pytest.param(b"\xff\xfe", "Malformed note: not JSON", id="not text"),
        pytest.param(b"[" * 100_000, "Malformed note: not JSON", id="deep"),
        pytest.param(b"1" * 10_000, "Malformed note: not JSON", id="a huge number"),
        pytest.param(b"[]", "Malformed note: expected an object", id="a list"),
        pytest.param(
            b" " * (SIZE_LIMIT + 1),
            "Refused note of 4194305 bytes: the limit is 4194304",
            id="too large",
        ),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        parse_document(data, "note")

    assert str(caught.value) == text


def test_null_counts_as_absent() -> None:
    fields = parse_document(b'{"a": null}', "note")

    assert fields.text("a") == ""
    assert fields.number("a") == 0
    assert fields.flag("a") is False
    assert fields.texts("a") is None
    assert fields.object("a").values == {}
    assert fields.objects("a") == []


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (lambda f: f.text("list"), "Malformed note: expected text at `list`, got: a list"),
        (lambda f: f.text("half"), "Malformed note: expected text in Unicode at `half`, got: text"),
        (
            lambda f: f.number("yes"),
            "Malformed note: expected a number at `yes`, got: true or false",
        ),
        (lambda f: f.number("pi"), "Malformed note: expected a number at `pi`, got: a fraction"),
        (lambda f: f.flag("one"), "Malformed note: expected true or false at `one`, got: a number"),
        (lambda f: f.texts("list"), "Malformed note: expected only text in the list `list`"),
        (lambda f: f.object("one"), "Malformed note: expected an object at `one`, got: a number"),
        (
            lambda f: f.objects("list"),
            "Malformed note: expected an object at `list[0]`, got: a number",
        ),
        (
            lambda f: f.object("in").text_map("map"),
            "Malformed note: expected text at `in.map.k`, got: a number",
        ),
        (lambda f: f.digest("text"), "Malformed note: expected a digest at `text`, got: 'x'"),
        (
            lambda f: f.object("bare").descriptor(),
            "Malformed note: expected a media type at `bare.mediaType`, got: nothing",
        ),
        (
            lambda f: f.object("negative").descriptor(),
            "Malformed note: expected a size of at least 0 at `negative.size`, got: a number",
        ),
    ],
)
def test_a_field_of_another_type_is_named(read: object, text: str) -> None:
    fields = parse_document(
        b'{"list": [1], "half": "\\ud800", "yes": true, "one": 1, "text": "x", "pi": 3.1,'
        b' "in": {"map": {"k": 1}}, "bare": {"size": 1}, "negative": {"size": -1}}',
        "note",
    )

    with pytest.raises(MalformedDocument) as caught:
        read(fields)  # type: ignore[operator]

    assert str(caught.value) == text


def test_a_descriptor_is_read_whole() -> None:
    digest = Digest.of(b"x")
    values = {
        "mediaType": "m",
        "digest": str(digest),
        "size": 1,
        "annotations": {"a": "b"},
        "platform": {"os": "linux", "architecture": "arm", "variant": "v7"},
    }

    descriptor = Fields("note", "", values).descriptor()

    assert descriptor.to_json() == values
    assert descriptor.platform == Platform("linux", "arm", "v7")
