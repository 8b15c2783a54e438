"""What terminals and CI services put around lines."""

from __future__ import annotations

import io

import pytest

from lamina.doctor.logs.decode import decoded
from lamina.doctor.logs.line import LONGEST, cleaned

STEP = "#9 [builder 5/6] RUN uv sync"


def texts(*lines: str) -> list[str]:
    return [line.text for line in cleaned(lines)]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(f"{STEP}\n", id="plain"),
        pytest.param(f"{STEP}\r\n", id="windows"),
        pytest.param(f"\ufeff{STEP}", id="bom"),
        pytest.param(f"\x1b[1m\x1b[34m{STEP}\x1b[0m\n", id="colours"),
        pytest.param(f"\x1b]0;docker build\x07{STEP}\n", id="title"),
        pytest.param(f"\x1b_bk;t=1768010251123\x07{STEP}\r\n", id="buildkite"),
        pytest.param(f"2026-01-10T01:57:31.1234567Z {STEP}\n", id="github"),
        pytest.param(
            f"build\tBuild image\t2026-01-10T01:57:31.1234567Z {STEP}\n", id="gh run view"
        ),
        pytest.param(f"2026-01-10T01:57:31.1234567Z ##[command]{STEP}\n", id="github command"),
        pytest.param(f"2026-01-10T01:57:31.123456Z 00O {STEP}\n", id="gitlab"),
        pytest.param(f"2026-01-10T01:57:31.123456Z 01E+{STEP}\n", id="gitlab, gone on"),
        pytest.param(f"section_start:1768010251:step\r\x1b[0K{STEP}\n", id="gitlab section"),
        pytest.param(f"[2026-01-10T01:57:31.123Z] {STEP}\n", id="jenkins"),
        pytest.param(f"20:02:37  {STEP}\n", id="jenkins clock"),
        pytest.param(f'Step #1 - "build": {STEP}\n', id="cloud build"),
        pytest.param(f"old text\r{STEP}\n", id="drawn over"),
    ],
)
def test_what_is_put_around_a_line_is_taken_off(raw: str) -> None:
    assert texts(raw) == [STEP]


def test_a_line_keeps_its_number_and_its_time() -> None:
    first, second = cleaned(
        ["2026-01-10T01:57:31.5000000Z one\n", "2026-01-10T01:57:33.0000000Z two\n"]
    )

    assert (first.number, second.number) == (1, 2)
    assert (second.at or 0) - (first.at or 0) == 1.5


def test_a_time_that_is_none_is_no_error() -> None:
    (line,) = cleaned(["2026-99-10T01:57:31Z one\n"])

    assert (line.text, line.at) == ("one", None)


def test_spaces_before_a_text_stay() -> None:
    assert texts("2026-01-10T01:57:31Z  => CACHED\n", " Downloaded numpy\n") == [
        " => CACHED",
        " Downloaded numpy",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_bytes_become_lines(encoding: str) -> None:
    stream = io.BytesIO("one\r\nzwei\u00fc\n\nfour\rfive".encode(encoding))

    assert list(decoded(stream)) == ["one\r", "zwei\u00fc", "", "four\rfive"]


def test_a_letter_on_the_edge_of_two_reads_is_whole() -> None:
    text = "x" * ((1 << 16) - 1) + "\u00fc\nend"

    assert list(decoded(io.BytesIO(text.encode()))) == text.split("\n")


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert list(decoded(io.BytesIO(b"a\xff\n\x00b"))) == ["a\ufffd", "\x00b"]


def test_a_line_without_an_end_is_cut() -> None:
    (line,) = decoded(io.BytesIO(b"x" * 5_000_000))

    assert LONGEST <= len(line) < 2 * LONGEST + 2
    assert len(texts(line)[0]) == LONGEST
