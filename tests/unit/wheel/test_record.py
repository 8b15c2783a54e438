"""RECORD: read with tolerance, as uv reads it, and written in one way."""

from __future__ import annotations

import csv
import io

import pytest

from lamina.wheel.errors import WheelError
from lamina.wheel.record import Row, encode_hash, file_row, parse_record, record_hash, render_record

EMPTY_HASH = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"a.py,sha256=x,1\n", [Row("a.py", "sha256=x", 1)], id="a row"),
        pytest.param(b"a.py,,\n", [Row("a.py")], id="only a path"),
        pytest.param(b"a.py,md5=x,01", [Row("a.py", "md5=x", 1)], id="odd hash, size, no newline"),
        pytest.param(
            b"a.py,,1\r\nb.py,,2\r\n", [Row("a.py", "", 1), Row("b.py", "", 2)], id="CRLF"
        ),
        pytest.param(b"\xef\xbb\xbfa.py,,1\n", [Row("a.py", "", 1)], id="byte order mark"),
        pytest.param(b"\n\na.py,,1\n\n", [Row("a.py", "", 1)], id="blank lines"),
        pytest.param(b'"a,""b"".py","",""\n', [Row('a,"b".py')], id="quotes"),
        pytest.param(b"a.py,,1,x\nb.py,,2,\n", [Row("a.py", "", 1), Row("b.py", "", 2)], id="4"),
        pytest.param(b"/a.py,,\n./b//c.py,,\n", [Row("a.py"), Row("b/c.py")], id="untidy"),
        pytest.param(b"../a,,\nb/../../c,,\n/,,\n.,,\n,,\n", [], id="no member can have them"),
        pytest.param(b"a,x,1\na,y,2\n./a,z,3\n", [Row("a", "x", 1)], id="the first row stays"),
        pytest.param("é\u2028.py,,\n".encode(), [Row("é\u2028.py")], id="not ASCII"),
    ],
)
def test_rows_are_read_as_uv_reads_them(data: bytes, rows: list[Row]) -> None:
    assert parse_record(data) == {row.path: row for row in rows}


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"a.py,,1\n\xff,,\n", "`RECORD` is not UTF-8 at byte 8"),
        (b"a.py,,1\nb.py,\n", "`RECORD` line 2 has 2 fields, expected 3"),
        (b"a.py\n", "`RECORD` line 1 has 1 fields, expected 3"),
        (b"a.py,,1\nb.py,,2,x\n", "`RECORD` line 2 has 4 fields, expected 3"),
        (b"a.py,,1x\n", "`RECORD` line 1 has no number as size: `1x`"),
        (b"a.py,,-1\n", "`RECORD` line 1 has no number as size: `-1`"),
        ("a.py,,\u0663\n".encode(), "`RECORD` line 1 has no number as size: `\u0663`"),
        (
            b"a.py,,18446744073709551616\n",
            "`RECORD` line 1 has no number as size: `18446744073709551616`",
        ),
        (b"a.py,," + b"9" * 5000, f"`RECORD` line 1 has no number as size: `{'9' * 40}`"),
        (
            b"a" * 140_000 + b",,\n",
            "`RECORD` line 1 is not CSV: field larger than field limit (131072)",
        ),
    ],
)
def test_what_is_no_record_is_said_with_its_line(data: bytes, fault: str) -> None:
    with pytest.raises(WheelError) as caught:
        parse_record(data)

    assert str(caught.value) == f"Unable to unpack the wheel: {fault}"


def test_an_error_names_the_wheel_once_it_is_known() -> None:
    with pytest.raises(WheelError) as caught:
        parse_record(b"a.py\n")

    error = caught.value.of("foo-1.0-py3-none-any.whl")
    assert str(error) == (
        "Unable to unpack wheel `foo-1.0-py3-none-any.whl`: "
        "`RECORD` line 1 has 1 fields, expected 3"
    )
    assert error.hint == (
        "The file was published like this; report it to the project, or lock another one"
    )


def test_several_faults_are_listed_sorted() -> None:
    assert str(WheelError("b is wrong", "a is wrong", wheel="foo.whl")) == (
        "Unable to unpack wheel `foo.whl`:\n  a is wrong\n  b is wrong"
    )


def test_rows_are_written_sorted_by_the_bytes_of_path_then_hash_then_size() -> None:
    rows = [
        Row("é.py", "sha256=x", 1),
        Row("b/c.py", "sha256=x", 10),
        Row("b.py", "sha256=x", 10),
        Row("b.py", "sha256=x", 9),
        Row("b.py", "sha256=a", 99),
        Row("b.py", "", 1),
        Row("b.py"),
        Row("B.py"),
        Row("../../../bin/b"),
        Row("\U00010000.py"),
        Row("\uffee.py"),
    ]

    assert render_record(rows).decode() == (
        "../../../bin/b,,\n"
        "B.py,,\n"
        "b.py,,\n"
        "b.py,,1\n"
        "b.py,sha256=a,99\n"
        "b.py,sha256=x,9\n"
        "b.py,sha256=x,10\n"
        "b/c.py,sha256=x,10\n"
        "é.py,sha256=x,1\n"
        "\uffee.py,,\n"
        "\U00010000.py,,\n"
    )


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("a b.py", b"a b.py"),
        ("#a'b;.py", b"#a'b;.py"),
        ("a,b.py", b'"a,b.py"'),
        ('a"b.py', b'"a""b.py"'),
        ("a\nb.py", b'"a\nb.py"'),
        ("a\rb.py", b'"a\rb.py"'),
    ],
)
def test_a_path_is_quoted_only_if_it_must_be(path: str, written: bytes) -> None:
    data = render_record([Row(path)])

    assert data == written + b",,\n"
    assert next(csv.reader(io.StringIO(data.decode(), newline=""))) == [path, "", ""]


def test_what_is_written_is_read_back() -> None:
    rows = [Row("a,b.py", "sha256=x,y", 1), Row("c.py"), Row('"', '"', 0)]

    assert list(parse_record(render_record(rows)).values()) == sorted(rows)


def test_a_hash_is_urlsafe_base64_without_padding() -> None:
    assert record_hash(b"") == EMPTY_HASH
    assert encode_hash(bytes(range(224, 256))) == (
        "sha256=4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8"
    )


def test_a_file_that_the_installer_writes_has_hash_and_size() -> None:
    assert file_row("a.py", b"") == Row("a.py", EMPTY_HASH, 0)
