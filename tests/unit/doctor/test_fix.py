"""What `--fix` makes of a Dockerfile: the place that is wrong, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dockerfiles import REPORT, codes_of, fixed, subject_of
from lamina.doctor.check import check
from lamina.doctor.edit import Edit, applied
from lamina.doctor.finding import Example, Rule
from lamina.doctor.fix import Fixed, fix
from lamina.doctor.rules import RULES
from lamina.doctor.text import Span

CACHE = "--mount=type=cache,target=/root/.cache/uv"
FIXABLE = [rule for rule in RULES if rule.mends]
every_fix = pytest.mark.parametrize("rule", FIXABLE, ids=lambda rule: rule.code)

VARIANTS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "no last newline": lambda text: text.rstrip("\n"),
    "tabs": lambda text: text.replace("    ", "\t"),
    "another escape": lambda text: _behind_directives(text, "# escape=`\n").replace("\\\n", "`\n"),
    "comments": lambda text: text.replace("\nRUN", "\n# a\n  # b\nRUN").replace(
        "\\\n", "\\\n# c\n"
    ),
    "lower case": lambda text: text.replace("RUN ", "run  ").replace("ENV ", "env "),
}
variants = pytest.mark.parametrize("variant", VARIANTS)


def _behind_directives(text: str, line: str) -> str:
    head, newline, rest = text.partition("\n")
    return f"{head}{newline}{line}{rest}" if head.startswith("# syntax") else f"{line}{text}"


@variants
@every_fix
def test_a_fix_leaves_nothing_to_find_or_to_fix_again(rule: Rule, variant: str) -> None:
    example = Example(dockerfile=VARIANTS[variant](rule.bad.dockerfile), files=rule.bad.files)
    before = subject_of(example.dockerfile, example.files)

    after = fix(before)

    # A comment in the middle of what would go may be in the way of a fix, and never goes.
    left = codes_of(after.findings)
    assert rule.code not in left or variant == "comments"
    assert left <= codes_of(check(before))
    assert [each.text for each in after.subject.dockerfile.comments] == [
        each.text for each in before.dockerfile.comments
    ]
    assert fix(after.subject) == Fixed(after.subject, after.findings)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_what_is_fixed_or_why_not(rule: Rule) -> None:
    assert not (rule.mends and rule.leaves)
    assert not rule.mends or rule.mends.endswith(".")
    found = fix(subject_of(rule.bad.dockerfile, rule.bad.files))
    assert (rule.code in {each.code for each in found.made}) == bool(rule.mends)


def test_the_report() -> None:
    assert fixed(REPORT) == REPORT.replace("target=~/", "target=/root/")


HEAD = "FROM python:3.12-slim\nWORKDIR /app\n"
UNKNOWN = "FROM registry.example/python\nWORKDIR /app\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN --mount=type=cache,dst=~/.cache/uv uv sync",
         "RUN --mount=type=cache,dst=/root/.cache/uv uv sync"),
        ("RUN --mount=target='~/.cache/uv',type=cache uv sync",
         "RUN --mount=target='/root/.cache/uv',type=cache uv sync"),
        ('RUN --mount="type=cache,target=~/.cache/uv" ["uv", "sync"]',
         'RUN --mount="type=cache,target=/root/.cache/uv" ["uv", "sync"]'),
        ("RUN --mount=type=cache,target=~/.cache/uv <<EOF\nuv sync\nEOF",
         "RUN --mount=type=cache,target=/root/.cache/uv <<EOF\nuv sync\nEOF"),
        ("RUN --mount=type=secret,id=netrc,target=~/.netrc pip download a",
         "RUN --mount=type=secret,id=netrc,target=/root/.netrc pip download a"),
        ("RUN --mount=type=cache,target=.cache/pip pip install a",
         "RUN --mount=type=cache,target=/root/.cache/pip pip install a"),
        ("RUN --mount=type=cache,target=$HOME/.cache/uv uv sync",
         "RUN --mount=type=cache,target=/root/.cache/uv uv sync"),
        ("ENV UV_CACHE_DIR=/opt/uv\nRUN --mount=type=cache,target=/root/.cache/uv uv sync",
         "ENV UV_CACHE_DIR=/opt/uv\nRUN --mount=type=cache,target=/opt/uv uv sync"),
        ("RUN --mount=type=cache,target=/root/.cache/pip uv sync",
         "RUN --mount=type=cache,target=/root/.cache/uv uv sync"),
        ("ENV UV_CACHE_DIR=~/uv\nRUN --mount=type=cache,target=/root/uv uv sync",
         "ENV UV_CACHE_DIR=/root/uv\nRUN --mount=type=cache,target=/root/uv uv sync"),
        (f"RUN {CACHE} uv sync\nRUN uv sync --all-groups",
         f"RUN {CACHE} uv sync\nRUN {CACHE} uv sync --all-groups"),
        (f"RUN {CACHE} \\\n\tuv sync\nRUN  uv sync --all-groups",
         f"RUN {CACHE} \\\n\tuv sync\nRUN {CACHE} \\\n\tuv sync --all-groups"),
        (f"RUN {CACHE} uv sync\nRUN \\\n  # why\n  uv sync --all-groups",
         f"RUN {CACHE} uv sync\nRUN {CACHE} \\\n  # why\n  uv sync --all-groups"),
        (f"RUN {CACHE} \\\n uv sync\nRUN <<EOF\nuv sync --all-groups\nEOF",
         f"RUN {CACHE} \\\n uv sync\nRUN {CACHE} <<EOF\nuv sync --all-groups\nEOF"),
        (f"RUN {CACHE},ro uv sync", f"RUN {CACHE} uv sync"),
        ("RUN --mount=readonly=true,type=cache,target=/root/.cache/uv uv sync",
         f"RUN {CACHE} uv sync"),
    ],
)  # fmt: skip
def test_mounts(before: str, after: str) -> None:
    assert fixed(HEAD + before) == HEAD + after


@pytest.mark.parametrize(
    "text",
    [
        # What the base sets is not known.
        f"{UNKNOWN}RUN --mount=type=cache,target=~/.cache/uv uv sync\n",
        f"{UNKNOWN}RUN --mount=type=secret,id=a,target=~/.netrc true\n",
        # The value is not where it seems to be.
        f"{HEAD}RUN --mount=type=cache,target=~/.cache\\\n/uv uv sync\n",
        f'{HEAD}RUN --mount=type=cache,\\"target=~/.cache/uv\\" uv sync\n',
        # A folder whose name would mean something to a builder.
        f"{HEAD}ENV UV_CACHE_DIR=/a,b\nRUN --mount=type=cache,target=/x uv sync\n",
        # A cache that is shared by name.
        f"{HEAD}RUN --mount=type=cache,id=x,target=/root/.cache/pip uv sync\n",
        # Below the folder in which it runs: that may be wanted.
        f"{HEAD}ENV UV_CACHE_DIR=cache\nRUN --mount=type=cache,target=/app/cache uv sync\n",
        # A frontend that somebody has pinned.
        f"# syntax=docker/dockerfile:1.2@sha256:{'0' * 64}\nFROM python:3.12\n"
        "ENV A=/root/.cache/uv\nRUN --mount=type=cache,target=$A uv sync\n",
        # The mount of the other command means something else here.
        f"{HEAD}RUN --mount=type=cache,target=/root/.cache/uv,from=a uv sync\nRUN uv sync --dev\n",
        f"{HEAD}RUN --mount=type=cache,target=$A/root/.cache/uv uv sync\nRUN uv sync --dev\n",
    ],
)
def test_what_would_be_a_guess_is_left(text: str) -> None:
    found = fix(subject_of(text))

    assert found.findings
    assert (found.subject.dockerfile.text, found.made) == (text, ())


def test_silence_is_kept() -> None:
    text = f"{HEAD}# lamina: ignore=LAM101\nRUN --mount=type=cache,target=~/.cache/uv uv sync\n"

    assert fixed(text) == text


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="edits overlap, or are outside of the text"):
        applied("abc", [Edit(Span(0, 2), "x"), Edit(Span(1, 3), "y")])
