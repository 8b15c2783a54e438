"""What `--fix` makes of a Dockerfile: the place that is wrong, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dockerfiles import REPORT, codes_of, fixed, subject_of
from lamina.dockerfile.text import Span
from lamina.doctor.check import check
from lamina.doctor.edit import Edit, applied
from lamina.doctor.finding import Example, Rule
from lamina.doctor.fix import Fixed, fix
from lamina.doctor.rules import RULES
from lamina.doctor.rules.examples import PACKAGE

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
    assert bool(rule.mends) != bool(rule.leaves)
    assert (rule.mends or rule.leaves).endswith(".")
    found = fix(subject_of(rule.bad.dockerfile, rule.bad.files))
    assert (rule.code in {each.code for each in found.made}) == bool(rule.mends)


def test_the_report() -> None:
    assert fixed(REPORT) == REPORT.replace("target=~/", "target=/root/").replace(
        "RUN apt-get update\nRUN apt-get install libgomp1 --assume-yes\n",
        "RUN apt-get update \\\n    && apt-get install libgomp1 --assume-yes \\\n"
        "    && rm -rf /var/lib/apt/lists/*\n",
    )


HEAD = "FROM python:3.12-slim\nWORKDIR /app\nENV UV_LINK_MODE=copy\n"
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
        ("RUN --mount=type=secret,id=netrc,target=~/.netrc pip list",
         "RUN --mount=type=secret,id=netrc,target=/root/.netrc pip list"),
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


MADE = "RUN useradd --create-home --uid 1000 app\nUSER app\n"
HOME = "--mount=type=cache,target=/home/app/.cache/uv"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{MADE}RUN {HOME} uv sync\nRUN {HOME},gid=7 uv sync",
         f"{MADE}RUN {HOME},uid=1000,gid=1000 uv sync\nRUN {HOME},gid=7,uid=1000 uv sync"),
        (f"{MADE}RUN {CACHE} uv sync", f"{MADE}RUN {HOME},uid=1000,gid=1000 uv sync"),
        (f"{MADE}RUN {HOME},uid=999 uv sync", f"{MADE}RUN {HOME},uid=1000,gid=1000 uv sync"),
    ],
)  # fmt: skip
def test_owners(before: str, after: str) -> None:
    assert fixed(HEAD + before) == HEAD + after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # The cache is on.
        ("ENV UV_NO_CACHE=1\nRUN {} uv sync", "RUN {} uv sync"),
        ("# a\nENV A=1 \\\n    UV_NO_CACHE=1 \\\n    B=2\nRUN {} uv sync",
         "# a\nENV A=1 \\\n    B=2\nRUN {} uv sync"),
        ("ENV UV_NO_CACHE=1 B=2\nRUN {} uv sync", "ENV B=2\nRUN {} uv sync"),
        ("ENV A=1 UV_NO_CACHE=1\nRUN {} uv sync", "ENV A=1\nRUN {} uv sync"),
        ("ENV UV_NO_CACHE true\nRUN {} uv sync", "RUN {} uv sync"),
        ("RUN {} uv sync --no-cache --frozen", "RUN {} uv sync --frozen"),
        ("RUN {} uv sync \\\n    --no-cache \\\n    --frozen",
         "RUN {} uv sync \\\n    --frozen"),
        ("RUN {} uv sync \\\n    --frozen \\\n    -n", "RUN {} uv sync \\\n    --frozen"),
        ("RUN {} <<EOF\nuv sync --no-cache\nEOF", "RUN {} <<EOF\nuv sync\nEOF"),
        # The environment has files, and no links.
        ("ENV UV_LINK_MODE='symlink'\nRUN {} uv sync", "ENV UV_LINK_MODE=copy\nRUN {} uv sync"),
        ("RUN {} uv sync --link-mode=symlink", "RUN {} uv sync --link-mode=copy"),
        ("RUN {} uv sync --link-mode symlink", "RUN {} uv sync --link-mode copy"),
        # What is mounted is not emptied.
        ("RUN {} uv sync && uv cache clean", "RUN {} uv sync"),
        ("RUN {} uv cache clean && uv sync", "RUN {} uv sync"),
        ("RUN {} uv sync \\\n    && rm -rf /root/.cache/uv \\\n    && true",
         "RUN {} uv sync \\\n    && true"),
        ("RUN {} uv sync && \\\n    rm -rf /root/.cache/uv/* && \\\n    true",
         "RUN {} uv sync && \\\n    true"),
        ("RUN {} uv sync && uv cache prune --ci", "RUN {} uv sync && uv cache prune"),
        # A cache that can be shared.
        ("RUN {},sharing=locked uv sync", "RUN {} uv sync"),
    ],
)  # fmt: skip
def test_settings_and_commands(before: str, after: str) -> None:
    assert fixed(HEAD + before.replace("{}", CACHE)) == HEAD + after.replace("{}", CACHE)


STAGE = "FROM python:3.12-slim AS a\nENV UV_A=1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN {} uv sync", None),
        ("ENV A=1\nRUN {} uv sync", None),
        (f"{STAGE}FROM a\n# why\n  RUN {{}} uv sync",
         f"{STAGE}FROM a\nENV UV_LINK_MODE=copy\n# why\n  RUN {{}} uv sync"),
        ("ENV UV_A=1\nENV B=1 \\\n  C=2\nRUN {} uv sync",
         "ENV UV_A=1\nENV UV_LINK_MODE=copy\nENV B=1 \\\n  C=2\nRUN {} uv sync"),
        ("ENV A=1 \\\n    UV_B=2\n\nRUN {} uv sync",
         "ENV A=1 \\\n    UV_B=2 \\\n    UV_LINK_MODE=copy\n\nRUN {} uv sync"),
        ("ENV UV_A=1 UV_B=2\nRUN {} uv sync",
         "ENV UV_A=1 UV_B=2 UV_LINK_MODE=copy\nRUN {} uv sync"),
        ("RUN {} uv sync\nENV UV_A=1", None),
        ("RUN --mount=type=cache,target=/root/.cache/pip pip install a", None),
        ("RUN {} uv sync --link-mode=copy", None),
        ("ARG UV_LINK_MODE\nRUN {} uv sync", None),
    ],
)  # fmt: skip
def test_the_link_mode_is_set_beside_other_settings(before: str, after: str | None) -> None:
    head, text = "FROM python:3.12-slim\n", before.replace("{}", CACHE)

    assert fixed(head + text) == head + (after or before).replace("{}", CACHE)


def test_the_project_is_installed_behind_its_code() -> None:
    locked = f"{HEAD}COPY pyproject.toml uv.lock ./\nRUN {CACHE} uv sync --locked\n"
    first = locked.replace("uv sync", "uv sync --no-install-project")
    again = f"RUN {CACHE} uv sync --locked\n"

    assert fixed(f"{locked}COPY . .\nCMD a\n", PACKAGE) == f"{first}COPY . .\n{again}CMD a\n"
    assert fixed(f"{locked}COPY . .", PACKAGE) == f"{first}COPY . .\n{again}".rstrip("\n")
    assert fixed(f"{locked}COPY . .\n{again}", PACKAGE) == f"{first}COPY . .\n{again}"
    assert fixed(f"{locked}COPY a .\n", PACKAGE) == f"{locked}COPY a .\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [(".git\n", ".git\n.venv\n"), (".git", ".git\n.venv\n"), (".git\r\n", ".git\r\n.venv\r\n"),
     (None, ".venv\n"), ("", ".venv\n")],
)  # fmt: skip
def test_what_is_not_sent(before: str | None, after: str) -> None:
    files = {name: text for name, text in PACKAGE.items() if name != ".dockerignore"}
    if before is not None:
        files[".dockerignore"] = before

    found = fix(subject_of(f"{HEAD}COPY . .\n", files))

    assert found.subject.beside.dockerignore == after
    assert found.subject.dockerfile.text == f"{HEAD}COPY . .\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN apt-get update\n\nRUN  apt-get install -y a",
         "RUN apt-get update \\\n    && apt-get install -y a \\\n"
         "    && rm -rf /var/lib/apt/lists/*"),
        ("RUN apt-get update && \\\n\tapt-get install -y a",
         "RUN apt-get update && \\\n\tapt-get install -y a && rm -rf /var/lib/apt/lists/*"),
    ],
)  # fmt: skip
def test_debian_packages(before: str, after: str) -> None:
    assert fixed(HEAD + before) == HEAD + after


LEFT = [
    f"{HEAD}{text.replace('{}', CACHE)}\n"
    for text in (
        # It is not known by which number the user is known.
        "RUN useradd --create-home app\nUSER app\nRUN {} uv sync",
        # One `ENV` does not decide it.
        "ARG UV_NO_CACHE=1\nRUN {} uv sync",
        "RUN {} UV_NO_CACHE=1 uv sync",
        "RUN {} sh -c 'uv sync --no-cache'",
        'RUN {} ["uv", "sync", "--no-cache"]',
        # A comment is in the way.
        "RUN {} uv sync \\\n  # why\n  --no-cache",
        "ENV A=1 \\\n  # why\n  UV_NO_CACHE=1\nRUN {} uv sync",
        # What else would become of the status, or of what is in the layer?
        "RUN {} uv sync; uv cache clean",
        "RUN {} uv sync || uv cache clean && true",
        "RUN {} uv sync && (uv cache clean)",
        "RUN {} uv sync && uv cache clean || true",
        "RUN {} uv sync && uv cache clean > /dev/null",
        "RUN {} uv sync && rm -rf /root/.cache",
        "RUN {} uv sync && rm -rf /root/.cache/uv /tmp/a",
        "RUN {} uv cache clean",
        "RUN apt-get update && apt-get install -y a; true",
        "RUN apt-get update && apt-get install -y a # because",
        "RUN apt-get update\n# why\nRUN apt-get install -y a",
        "RUN apt-get update\nENV A=1\nRUN apt-get install -y a",
    )
]


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
        "ENV A=/root/.cache/uv UV_LINK_MODE=copy\nRUN --mount=type=cache,target=$A uv sync\n",
        *LEFT,
        # The mount of the other command means something else here.
        f"{HEAD}RUN --mount=type=cache,target=/root/.cache/uv,from=a uv sync\nRUN uv sync --dev\n",
        f"{HEAD}RUN --mount=type=cache,target=$A/root/.cache/uv uv sync\nRUN uv sync --dev\n",
    ],
)
def test_what_would_be_a_guess_is_left(text: str) -> None:
    found = fix(subject_of(text))

    assert found.findings
    assert (found.subject.dockerfile.text, found.made) == (text, ())


def test_a_fix_that_uncovers_something_else_is_not_made() -> None:
    text = f"{HEAD}RUN useradd --create-home app\nUSER app\nRUN {CACHE} uv sync\n"

    found = fix(subject_of(text))

    # In the home of the user, the mount would belong to root, and the build would fail.
    [left] = found.findings
    assert (left.code, found.subject.dockerfile.text, found.made) == ("LAM105", text, ())
    assert left.edits


def test_what_cannot_be_fixed_is_no_obstacle_to_the_rest() -> None:
    text = f"{HEAD}RUN {CACHE} uv sync && uv cache prune --ci\n"
    worse = f"RUN useradd --create-home app\nUSER app\nRUN {CACHE} uv sync\n"

    found = fix(subject_of(text + worse))

    assert found.subject.dockerfile.text == text.replace(" --ci", "") + worse
    assert [each.code for each in found.made] == ["LAM305"]


def test_silence_is_kept() -> None:
    text = f"{HEAD}# lamina: ignore=LAM101\nRUN --mount=type=cache,target=~/.cache/uv uv sync\n"

    assert fixed(text) == text


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="edits overlap, or are outside of the text"):
        applied("abc", [Edit(Span(0, 2), "x"), Edit(Span(1, 3), "y")])
