from __future__ import annotations

import pytest

from dockerfiles import REPORT
from lamina.dockerfile.instruction import Instruction
from lamina.dockerfile.parse import parse
from lamina.dockerfile.text import Source


def only(line: str, head: str = "FROM a\n") -> Instruction:
    dockerfile = parse(head + line)
    assert dockerfile.problems == ()
    [instruction] = dockerfile.stages[0].instructions
    return instruction


def problems(text: str) -> list[str]:
    source = Source(text)
    return [
        f"{source.place(each.span).line}:{source.place(each.span).column} {each.message}"
        for each in parse(text).problems
    ]


def test_the_dockerfile_of_the_report_is_read() -> None:
    dockerfile = parse(REPORT)

    assert [(each.name, each.base.text) for each in dockerfile.stages] == [
        ("uv", "ghcr.io/astral-sh/uv:0.7.8"),
        ("builder", "python:3.10.14-slim"),
        ("runtime", "python:3.10.14-slim"),
    ]
    assert [each.name for each in dockerfile.stages[1].instructions] == [
        "WORKDIR", "RUN", "ENV", "COPY", "COPY", "RUN",
    ]  # fmt: skip
    assert dockerfile.problems == ()


def test_flags_have_their_places() -> None:
    text = "FROM a\nRUN --mount=type=cache,target=/x \\\n  --network=none  uv sync"
    [run] = parse(text).stages[0].instructions

    assert [(flag.name, flag.value.text if flag.value else None) for flag in run.flags] == [
        ("mount", "type=cache,target=/x"),
        ("network", "none"),
    ]
    places = [text[flag.span.start : flag.span.end] for flag in run.flags]
    assert places == ["--mount=type=cache,target=/x", "--network=none"]
    assert run.arguments.text == "uv sync"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("COPY a b /c", ["a", "b", "/c"]),
        ('COPY ["a b", "/c"]', ["a b", "/c"]),
        ("COPY --from=x --link --chown=1:1 a /b", ["a", "/b"]),
        ("ADD --checksum=sha256:1 a /b", ["a", "/b"]),
        ('CMD ["a", "b\\n"]', ["a", "b\n"]),
        ("CMD [a]", []),
        ("EXPOSE 80 81/udp", ["80", "81/udp"]),
        ('VOLUME ["/a"]', ["/a"]),
        ('SHELL ["/bin/bash", "-c"]', ["/bin/bash", "-c"]),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert [word.text for word in only(line).words] == words


@pytest.mark.parametrize(
    ("line", "pairs"),
    [
        ("ENV A=1 B='2 3'", [("A", "1"), ("B", "'2 3'")]),
        ("ENV A 1 2", [("A", "1 2")]),
        ("ENV A=", [("A", "")]),
        (r"ENV A=a\ b B=c", [("A", r"a\ b"), ("B", "c")]),
        ("ARG A B=2", [("A", None), ("B", "2")]),
        ("LABEL a=b", [("a", "b")]),
    ],
)
def test_pairs(line: str, pairs: list[tuple[str, str | None]]) -> None:
    found = only(line).pairs

    assert [(pair.name, pair.value.text if pair.value else None) for pair in found] == pairs


def test_onbuild_puts_an_instruction_off() -> None:
    inner = only("ONBUILD RUN --network=none a").inner

    assert inner is not None
    assert (inner.name, inner.arguments.text) == ("RUN", "a")


@pytest.mark.parametrize(
    ("line", "script"),
    [
        ("RUN a && b", "a && b"),
        ("RUN <<EOF\na\nb\nEOF", "a\nb\n"),
        ("RUN <<EOF\n#!/bin/bash -e\na\nEOF", "#!/bin/bash -e\na\n"),
        ("RUN <<EOF\n#!/usr/bin/env python\nuv = 1\nEOF", ""),
        ("RUN cat <<EOF\na\nEOF", "cat <<EOF\na\nEOF"),
        ('RUN ["a"]', None),
    ],
)
def test_what_the_shell_reads(line: str, script: str | None) -> None:
    text = only(line).shell_text

    assert (text.text if text else None) == script


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 There are no instructions"]),
        ("ARG A", ["1:1 There is no `FROM`"]),
        ("RUN a", ["1:1 `RUN` is before the first `FROM`"]),
        ("FROM a\nRUM b", ["2:1 Unknown instruction: RUM"]),
        ("FROM", ["1:1 Expected `FROM IMAGE` or `FROM IMAGE AS NAME`"]),
        ("FROM a b", ["1:1 Expected `FROM IMAGE` or `FROM IMAGE AS NAME`"]),
        ("FROM a AS 1b", ["1:11 Invalid name of a stage: 1b"]),
        ("FROM --plat=x a", ["1:6 `FROM` has no flag `--plat`"]),
        ("FROM a\nCOPY b", ["2:1 `COPY` needs what to copy, and where to"]),
        ("FROM a\nCOPY", ["2:1 `COPY` needs what to copy, and where to"]),
        ("FROM a\nCOPY --from=a --from=b c d", ["2:15 `--from` is given twice"]),
        ("FROM a\nCOPY --link=yes c d", ["2:6 `--link` is `true` or `false`, got: yes"]),
        ("FROM a\nCOPY a <<EOF\nb\nEOF\n", ["2:8 A heredoc is no place to copy to"]),
        ("FROM a\nRUN --mount type=cache b", ["2:5 `--mount` needs `=` and a value, such as "
                                             "`--mount=...`"]),
        ("FROM a\nENV A", ["2:1 `ENV` needs a name and a value"]),
        ("FROM a\nENV A=1 B", ["2:9 Expected `name=value`, got: B"]),
        ("FROM a\nENV =1", ["2:5 A name of `ENV` is empty"]),
        ("FROM a\nENV", ["2:1 `ENV` needs an argument"]),
        ("FROM a\nARG", ["2:1 `ARG` needs an argument"]),
        ("FROM a\nARG =1", ["2:5 A name of `ARG` is empty"]),
        ("FROM a\nCMD [1]", ["2:5 A list in JSON can have only strings"]),
        ("FROM a\nSHELL sh", ["2:1 `SHELL` needs a list in JSON"]),
        ("FROM a\nUSER", ["2:1 `USER` needs an argument"]),
        ("FROM a\nEXPOSE", ["2:1 `EXPOSE` needs an argument"]),
        ("FROM a\nONBUILD FROM b", ["2:9 `FROM` cannot be put off by `ONBUILD`"]),
        ("FROM a\nHEALTHCHECK b", ["2:13 Expected `HEALTHCHECK CMD` or `HEALTHCHECK NONE`"]),
        ("FROM a\nHEALTHCHECK NONE b", ["2:18 `HEALTHCHECK NONE` takes no arguments"]),
        ("FROM a\nHEALTHCHECK CMD", ["2:1 `HEALTHCHECK CMD` needs a command"]),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


def test_all_problems_are_told_at_once() -> None:
    assert problems("FROM a\nRUM b\nENV C\nRUN d") == [
        "2:1 Unknown instruction: RUM",
        "3:1 `ENV` needs a name and a value",
    ]
