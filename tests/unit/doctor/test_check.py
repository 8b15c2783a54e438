from __future__ import annotations

import pytest

from dockerfiles import findings
from lamina.dockerfile.secrets import masked
from lamina.doctor.check import check
from lamina.doctor.subject import make_subject

BAD = "RUN --mount=type=cache,target=~/.cache/uv uv sync\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"FROM python:3.12\n{BAD}", ["LAM101"]),
        (f"FROM python:3.12\n# lamina: ignore=LAM101\n{BAD}", []),
        (f"FROM python:3.12\n# lamina: ignore = lam999, lam101\n{BAD}", []),
        (f"FROM python:3.12\n# lamina: ignore=LAM102\n{BAD}", ["LAM101"]),
        (f"FROM python:3.12\n# lamina: ignore=LAM101\n{BAD}{BAD}", ["LAM101"]),
        (f"FROM python:3.12\n# lamina: global ignore=LAM101\n{BAD}{BAD}", []),
        ("FROM python:3.12\nRUN --mount=type=cache,target=~/.cache/uv \\\n"
         "  # lamina: ignore=LAM101\n  uv sync", []),
    ],
)  # fmt: skip
def test_comments_silence_rules(text: str, expected: list[str]) -> None:
    assert [each.code for each in findings(text) if each.code.startswith("LAM1")] == expected


def test_rules_can_be_left_out() -> None:
    subject = make_subject(f"FROM python:3.12\n{BAD}")

    assert [each.code for each in check(subject, ignored=["LAM101"])] == []


def test_no_secret_is_told() -> None:
    [finding] = findings("FROM python:3.12\nENV A=1 https://me:secret@host.example/")

    assert finding.message == "Expected `name=value`, got: https://*********@host.example/"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV A=https://u:p@h/", "ENV A=https://***@h/"),
        ("ENV UV_INDEX_X_PASSWORD=abc B=c", "ENV UV_INDEX_X_PASSWORD=*** B=c"),
        ("ENV TOKEN abc", "ENV TOKEN ***"),
        ('ARG API_KEY="a b"', "ARG API_KEY=*****"),
        ("ENV TOKEN=$TOKEN", "ENV TOKEN=$TOKEN"),
        ("RUN echo token is", "RUN echo token is"),
        ("--mount=type=secret,id=x", "--mount=type=secret,id=x"),
    ],
)
def test_secrets_are_hidden_where_they_stand(text: str, expected: str) -> None:
    assert masked(text) == expected
