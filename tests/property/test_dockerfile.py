"""Laws of the doctor: no input upsets it or takes long, and each place lies in the file.

It reads a Dockerfile as BuildKit's parser does, which the project `dockerfile` binds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import dockerfile as buildkit
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerfiles import TODAY, codes_of
from lamina.dockerfile.instruction import Dockerfile, Flag, Instruction
from lamina.dockerfile.parse import parse
from lamina.dockerfile.text import Source
from lamina.doctor.check import check
from lamina.doctor.fix import fix
from lamina.doctor.subject import Beside, make_subject
from spoilt_dockerfiles import MANY, PIECES, spoilt

_LONGEST = 2.0
"""Seconds that one Dockerfile of a few kilobytes may take; the usual is a thousandth of one."""
_AT_ONCE = 1000

pieces = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)
thousands = pytest.mark.parametrize(
    "numbers", [range(at, min(at + _AT_ONCE, MANY)) for at in range(0, MANY, _AT_ONCE)], ids=str
)


def examined(text: str) -> None:
    """Examine a text; the places of all that is found lie in it."""
    subject = make_subject(text, beside=Beside(is_folder_known=True), today=TODAY)
    source = Source(text)
    for finding in check(subject):
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
        place = source.place(finding.span)
        assert place.column <= len(source.line(place.line)) + 2


@given(st.text())
def test_any_text_can_be_examined(text: str) -> None:
    examined(text)


@given(pieces)
def test_any_pieces_of_dockerfiles_can_be_examined(text: str) -> None:
    examined(f"FROM python:3.12\n{text}")


@given(pieces)
def test_what_is_read_is_where_it_stands(text: str) -> None:
    for instruction in _instructions(parse(f"FROM a\n{text}")):
        assert instruction.keyword in instruction.span
        for flag in instruction.flags:
            assert flag.span in instruction.span


@thousands
def test_spoilt_dockerfiles_are_examined_quickly(numbers: range) -> None:
    for number in numbers:
        text = spoilt(number)
        began = time.process_time()
        examined(text)
        assert time.process_time() - began < _LONGEST, number


@thousands
def test_spoilt_dockerfiles_are_fixed_once_and_for_all(numbers: range) -> None:
    for number in numbers[::3]:
        subject = make_subject(spoilt(number), today=TODAY)
        fixed = fix(subject)
        before, after = codes_of(check(subject)), codes_of(fixed.findings)
        assert after <= before, number
        assert before.total() - after.total() >= bool(fixed.made), number
        assert [each.text for each in fixed.subject.dockerfile.comments] == [
            each.text for each in subject.dockerfile.comments
        ], number
        assert fix(fixed.subject).made == (), number


@thousands
def test_spoilt_dockerfiles_are_read_as_buildkit_reads_them(numbers: range) -> None:
    for number in numbers:
        # Go's strings have no half characters, and C's have no zero.
        text = "".join(each for each in spoilt(number) if each != "\x00" and not _is_half(each))
        ours = parse(text)
        try:
            theirs = buildkit.parse_string(text)
        except buildkit.GoParseError:
            assert ours.problems, number
            continue
        # Their parser alone passes over much that the builder refuses afterwards.
        if not ours.problems:
            found = list(_instructions(ours))
            assert len(found) == len(theirs), number
            for instruction, command in zip(found, theirs, strict=True):
                assert _as_theirs(instruction) == _plain(command, instruction), number
                place = Source(text).place(instruction.span)
                assert place.line == command.start_line, number
                # Where a line goes on below and nothing is there, theirs ends with the file.
                goes_on = text[instruction.span.end :].startswith(ours.escape)
                assert goes_on or place.end_line == command.end_line, number


def _is_half(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


def _instructions(dockerfile: Dockerfile) -> Iterator[Instruction]:
    found = [*dockerfile.arguments]
    for stage in dockerfile.stages:
        found += [stage.origin, *stage.instructions]
    yield from sorted(found, key=lambda instruction: instruction.span)


def _as_theirs(instruction: Instruction) -> tuple[object, ...]:
    return (
        instruction.name,
        tuple(map(_flag, instruction.flags)) if _has_plain_flags(instruction) else None,
        tuple((heredoc.name, heredoc.content.text) for heredoc in instruction.heredocs),
        _values(instruction),
    )


def _flag(flag: Flag) -> str:
    return f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value.text}"


def _plain(command: buildkit.Command, instruction: Instruction) -> tuple[object, ...]:
    return (
        command.cmd.upper(),
        command.flags if _has_plain_flags(instruction) else None,
        tuple((heredoc.name, heredoc.content) for heredoc in command.heredocs),
        None if _values(instruction) is None else tuple(each for each in command.value if each),
    )


def _has_plain_flags(instruction: Instruction) -> bool:
    """Say whether flags can be compared: theirs take each byte for a character."""
    return instruction.text.text.isascii()


def _values(instruction: Instruction) -> tuple[str, ...] | None:
    """Return the arguments as they give them; None where their form is another."""
    if instruction.arguments.text.startswith("[") and not instruction.is_json:
        # Releases differ in whether something may stand behind a list in JSON.
        return None
    if instruction.name == "ARG":
        pairs = instruction.pairs
        return tuple(p.name if p.value is None else f"{p.name}={p.value.text}" for p in pairs)
    if instruction.pairs:
        both = [(pair.name, pair.value.text if pair.value else "") for pair in instruction.pairs]
        return tuple(text for pair in both for text in pair if text)
    if instruction.name in ("ONBUILD", "HEALTHCHECK"):
        return None
    if instruction.words or instruction.is_json:
        return tuple(word.text for word in instruction.words if word.text)
    return tuple(each for each in (instruction.arguments.text,) if each)


def test_many_findings_are_fixed_quickly() -> None:
    runs = "".join(
        f"RUN --mount=type=cache,target=~/.cache/uv uv sync --extra {number}\n"
        for number in range(100)
    )
    head = "FROM python:3.12-slim\nENV UV_COMPILE_BYTECODE=1\n"
    subject = make_subject(head + runs, today=TODAY)
    began = time.process_time()

    found = fix(subject)

    # All at once, and once more for what that uncovers: not one by one.
    assert time.process_time() - began < _LONGEST
    assert (len(found.made), found.findings) == (101, ())
