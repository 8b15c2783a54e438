"""Laws of the doctor: no input upsets it or takes long, and each place lies in the file."""

from __future__ import annotations

import os
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerfiles import REPORT, TODAY, codes_of
from lamina.doctor.check import check
from lamina.doctor.dockerfile.parse import parse
from lamina.doctor.fix import fix
from lamina.doctor.rules import RULES
from lamina.doctor.subject import Beside, make_subject
from lamina.doctor.text import Source

_MANY = int(os.environ.get("LAMINA_DOCKERFILES", "300"))
_LONGEST = 2.0
"""Seconds that one Dockerfile of a few kilobytes may take; the usual is a hundredth of one."""

_SEEDS = [REPORT, *(example.dockerfile for rule in RULES for example in (rule.bad, rule.good))]
_PIECES = [
    "FROM ", " AS ", "RUN ", "ENV ", "ARG ", "COPY ", "--from=", "--mount=", "type=cache,",
    "target=", "~/.cache/uv", "$HOME", "${A:-", "${A##*", "}", "\\\n", "\n", "# ", "#escape=`\n",
    "<<EOF\n", "EOF\n", "'", '"', "`", "\\", " && ", "uv sync ", "pip install ", "[", '"]', ",",
    "=", "USER ", "WORKDIR ", "ONBUILD ", "HEALTHCHECK CMD ", "$(", "|", ";", "\t", "\r\n", "\x00",
    "\ud800", "ü", "\ufeff", "((", "if ", "{", "# lamina: ignore=LAM101\n", "--no-cache ", "@", ":",
]  # fmt: skip


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


@given(st.lists(st.sampled_from(_PIECES), max_size=60).map("".join))
def test_any_pieces_of_dockerfiles_can_be_examined(text: str) -> None:
    examined(f"FROM python:3.12\n{text}")


@given(st.lists(st.sampled_from(_PIECES), max_size=60).map("".join))
def test_what_is_read_is_where_it_stands(text: str) -> None:
    for stage in parse(f"FROM a\n{text}").stages:
        for instruction in stage.instructions:
            for flag in instruction.flags:
                assert flag.span in instruction.span
            assert instruction.keyword in instruction.span


@pytest.mark.parametrize("start", range(0, _MANY, 1000))
def test_spoilt_dockerfiles_are_examined_quickly(start: int) -> None:
    for number in range(start, min(start + 1000, _MANY)):
        text = _spoilt(random.Random(number))
        began = time.process_time()
        examined(text)
        assert time.process_time() - began < _LONGEST, number


def _spoilt(source: random.Random) -> str:
    """Return a Dockerfile with parts left out, doubled, moved, or put in."""
    text = source.choice(_SEEDS)
    for _ in range(source.randint(1, 12)):
        at = source.randint(0, len(text))
        behind = min(len(text), at + source.randint(0, 30))
        match source.randint(0, 3):
            case 0:
                text = text[:at] + text[behind:]
            case 1:
                text = text[:at] + source.choice(_PIECES) + text[at:]
            case 2:
                text = text[:at] + text[at:behind] * source.randint(1, 20) + text[behind:]
            case _:
                text = text[:at] + source.choice(_SEEDS)[at : at + 40] + text[at:]
    return text


@pytest.mark.parametrize("start", range(0, _MANY, 3000))
def test_spoilt_dockerfiles_are_fixed_once_and_for_all(start: int) -> None:
    for number in range(start, min(start + 3000, _MANY), 3):
        subject = make_subject(_spoilt(random.Random(number)), today=TODAY)
        fixed = fix(subject)
        before, after = codes_of(check(subject)), codes_of(fixed.findings)
        assert after <= before, number
        assert before.total() - after.total() >= bool(fixed.made), number
        assert [each.text for each in fixed.subject.dockerfile.comments] == [
            each.text for each in subject.dockerfile.comments
        ], number
        assert fix(fixed.subject).made == (), number
