from __future__ import annotations

import pytest

from lamina.dockerfile.lines import read_lines
from lamina.dockerfile.text import Source


def texts(text: str) -> list[str]:
    return [line.text.text for line in read_lines(Source(text)).instructions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN b", ["FROM a", "RUN b"]),
        ("FROM a\r\nRUN b\r\n", ["FROM a", "RUN b"]),
        ("\ufeffFROM a", ["FROM a"]),
        ("  FROM a", ["FROM a"]),
        ("RUN a \\\n  b", ["RUN a   b"]),
        ("RUN a \\  \n  b", ["RUN a   b"]),
        ("RUN a \\\n# no\n  b", ["RUN a   b"]),
        ("RUN a \\\n\n  b", ["RUN a   b"]),
        ("RUN a \\\\\nRUN b", ["RUN a \\\\", "RUN b"]),
        ("RUN a # b", ["RUN a # b"]),
        ("RUN a \\", ["RUN a "]),
        ("# escape=`\nRUN a `\n b \\\n", ["RUN a  b \\"]),
        ("# no\n# escape=`\nRUN a \\\n b", ["RUN a  b"]),
        ("", []),
        ("\n\n# only\n", []),
    ],
)
def test_lines_that_go_on_are_one(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_directives_come_first() -> None:
    lines = read_lines(Source("# syntax = docker/dockerfile:1\n#ESCAPE=`\n# syntax=no\nFROM a"))

    assert [(each.name, each.value) for each in lines.directives] == [
        ("syntax", "docker/dockerfile:1"),
        ("escape", "`"),
        ("syntax", "no"),
    ]
    assert [each.message for each in lines.problems] == ["Only one `syntax` directive can be used"]


def test_the_escape_character_is_one_of_two() -> None:
    lines = read_lines(Source("# escape=x\nFROM a"))

    assert [each.message for each in lines.problems] == [
        "Expected `\\` or `` ` `` as the escape character, got: x"
    ]


def test_comments_before_and_within_belong_to_an_instruction() -> None:
    [first, second] = read_lines(Source("FROM a\n# x\n\n# y\nRUN b \\\n # z\n c")).instructions

    assert first.comments == ()
    assert [comment.text for comment in second.comments] == ["y", "z"]


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        ("RUN <<EOF\na\nEOF\nUSER b", ["EOF"], ["USER b"]),
        ("RUN cat <<A <<B\na\nA\nb\nB\nUSER b", ["A", "B"], ["USER b"]),
        ("COPY <<EOF /x\na\nEOF\nUSER b", ["EOF"], ["USER b"]),
        ("ONBUILD RUN <<EOF\na\nEOF\nUSER b", ["EOF"], ["USER b"]),
        ("RUN <<-EOF\n\ta\n\tEOF\nUSER b", ["EOF"], ["USER b"]),
        ("RUN <<'EOF'\na\nEOF\nUSER b", ["EOF"], ["USER b"]),
        ('RUN echo "<<EOF"\nUSER b', [], ["USER b"]),
        ('RUN ["cat", "<<EOF"]\nUSER b', [], ["USER b"]),
        ("RUN cat <<< EOF\nUSER b", [], ["USER b"]),
        ("LABEL a=<<EOF\nUSER b", [], ["USER b"]),
        ("RUN cat 3<<EOF\na\nEOF\nUSER b", ["EOF"], ["USER b"]),
    ],
)
def test_heredocs_take_the_lines_below(text: str, names: list[str], rest: list[str]) -> None:
    lines = read_lines(Source(text))

    assert [each.name for each in lines.instructions[0].heredocs] == names
    assert [each.text.text for each in lines.instructions[1:]] == rest
    assert lines.problems == []


def test_a_heredoc_knows_its_lines_and_whether_they_are_expanded() -> None:
    text = "RUN <<'A'\none\n\ntwo\nA\n"
    [line] = read_lines(Source(text)).instructions
    [heredoc] = line.heredocs

    assert (heredoc.content.text, heredoc.expands) == ("one\n\ntwo\n", False)
    assert text[heredoc.span.start : heredoc.span.end] == "one\n\ntwo\nA"
    assert text[line.span.start : line.span.end] == text.rstrip()


def test_a_heredoc_must_end() -> None:
    lines = read_lines(Source("FROM a\nRUN <<EOF\na"))

    assert [each.message for each in lines.problems] == ["Unterminated heredoc `EOF`"]
