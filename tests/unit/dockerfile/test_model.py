from __future__ import annotations

import pytest

from dockerfiles import REPORT, modelled, only_run
from lamina.dockerfile.model.bases import Base
from lamina.dockerfile.model.build import base_names, model
from lamina.dockerfile.model.starting import starts
from lamina.dockerfile.parse import parse

HEAD = "FROM python:3.12-slim\nWORKDIR /app\n"


def cache_of(text: str) -> tuple[str | None, str]:
    [run] = [run for run in modelled(text).runs if run.invocations]
    cache = run.invocations[-1].cache
    return cache.path, cache.off_by if cache.is_off else cache.reason


@pytest.mark.parametrize(
    ("lines", "path", "reason"),
    [
        ("RUN uv sync", "/root/.cache/uv", "the home of `root` is `/root`"),
        ("RUN uv pip install a", "/root/.cache/uv", "the home of `root` is `/root`"),
        ("RUN pip install a", "/root/.cache/pip", "the home of `root` is `/root`"),
        ("RUN python -m pip install a", "/root/.cache/pip", "the home of `root` is `/root`"),
        ("RUN poetry install", "/root/.cache/pypoetry", "the home of `root` is `/root`"),
        ("RUN pdm sync", "/root/.cache/pdm", "the home of `root` is `/root`"),
        ("ENV HOME=/h\nRUN uv sync", "/h/.cache/uv", "`HOME` is `/h`"),
        ("ENV XDG_CACHE_HOME=/x\nRUN uv sync", "/x/uv", "`XDG_CACHE_HOME` is `/x`"),
        ("ENV UV_CACHE_DIR=/c XDG_CACHE_HOME=/x\nRUN uv sync", "/c", "`UV_CACHE_DIR` is `/c`"),
        ("ENV UV_CACHE_DIR=~/c\nRUN uv sync", "/app/~/c", "`UV_CACHE_DIR` is `~/c`"),
        ("ENV UV_CACHE_DIR=/c\nRUN uv sync --cache-dir=/d", "/d", "`--cache-dir` is `/d`"),
        ("RUN uv --cache-dir $HOME/d sync", "/root/d", "`--cache-dir` is `/root/d`"),
        ("ENV PIP_CACHE_DIR=/p\nRUN pip install a", "/p", "`PIP_CACHE_DIR` is `/p`"),
        ("RUN UV_CACHE_DIR=~/c uv sync", "/root/c", "`UV_CACHE_DIR` is `/root/c`"),
        ("RUN export UV_CACHE_DIR=/c && uv sync", "/c", "`UV_CACHE_DIR` is `/c`"),
        ("RUN (export UV_CACHE_DIR=/c); uv sync", "/root/.cache/uv",
         "the home of `root` is `/root`"),
        ("ENV UV_CACHE_DIR=c\nRUN cd /x && uv sync", "/x/c", "`UV_CACHE_DIR` is `c`"),
        ("ARG C\nENV UV_CACHE_DIR=$C\nRUN uv sync", None, "`UV_CACHE_DIR` is not known"),
        ("ARG C=/c\nENV UV_CACHE_DIR=$C\nRUN uv sync", "/c", "`UV_CACHE_DIR` is `/c`"),
        ("ENV UV_NO_CACHE=1\nRUN uv sync", None, "UV_NO_CACHE"),
        ("ENV UV_NO_CACHE=0\nRUN uv sync", "/root/.cache/uv", "the home of `root` is `/root`"),
        ("RUN uv sync --no-cache", None, "--no-cache"),
        ("RUN pip --no-cache-dir install a", None, "--no-cache-dir"),
        ("RUN useradd -m app\nUSER app\nRUN uv sync", "/home/app/.cache/uv",
         "the home of `app` is `/home/app`"),
        ("RUN useradd -d /srv app\nUSER app:app\nRUN uv sync", "/srv/.cache/uv",
         "the home of `app` is `/srv`"),
        ("RUN useradd -u 1000 app\nUSER 1000\nRUN uv sync", "/home/app/.cache/uv",
         "the home of `app` is `/home/app`"),
        ("RUN adduser --system app\nUSER app\nRUN uv sync", "/nonexistent/.cache/uv",
         "the home of `app` is `/nonexistent`"),
        ("USER 1234\nRUN uv sync", "/.cache/uv", "the home of `1234` is `/`"),
        ("USER other\nRUN uv sync", None, "the home of `other` is not known"),
        ("USER root\nRUN uv sync", "/root/.cache/uv", "the home of `root` is `/root`"),
    ],
)  # fmt: skip
def test_where_a_tool_keeps_its_cache(lines: str, path: str | None, reason: str) -> None:
    assert cache_of(HEAD + lines) == (path, reason)


def test_the_mount_of_the_report_is_not_at_the_cache_of_uv() -> None:
    run = modelled(REPORT).stages[1].runs[-1]

    assert [each.path for each in run.mounts] == ["/app/~/.cache/uv", "/app/uv"]
    assert [each.cache.path for each in run.invocations] == ["/root/.cache/uv"]


def test_what_a_base_may_set_is_assumed_not_to_be_set() -> None:
    run = only_run("FROM example/base\nRUN uv sync")

    assert run.invocations[0].cache.path == "/root/.cache/uv"
    assert run.invocations[0].cache.assumed == {"UV_CACHE_DIR", "XDG_CACHE_HOME", "HOME"}


def test_what_a_base_says_of_itself_counts() -> None:
    base = Base("example/base", True, {"UV_CACHE_DIR": "/c"}, "", "/srv")
    found = model(parse("FROM example/base\nRUN uv sync"), pulled={"example/base": base})
    [run] = found.runs

    assert (run.before.workdir, run.invocations[0].cache.path) == ("/srv", "/c")


def test_a_stage_goes_on_where_another_ended() -> None:
    found = modelled("FROM python AS a\nENV UV_CACHE_DIR=/c\nWORKDIR /w\nFROM a\nRUN uv sync")
    [run] = found.runs

    assert (run.before.workdir, run.invocations[0].cache.path) == ("/w", "/c")
    assert found.stages[1].parent is found.stages[0]


def test_only_a_stage_that_declares_it_sees_an_argument_from_above() -> None:
    text = "ARG V=3.12\nFROM python:$V\n{}ENV X=$V\nRUN uv sync"

    [without] = modelled(text.format("")).runs
    [declared] = modelled(text.format("ARG V\n")).runs

    assert without.before.environment.get("X") == ""
    assert declared.before.environment.get("X") == "3.12"
    assert without.before.base.name == "python:3.12"


def test_what_is_put_off_meets_what_the_stage_leaves_behind() -> None:
    run = only_run("FROM python\nONBUILD RUN --mount=type=cache,target=~/c uv sync\nWORKDIR /app")

    assert [each.path for each in run.mounts] == ["/app/~/c"]
    assert [each.line.shown for each in run.invocations] == ["uv sync"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("ENV A=1\nARG A=2", "2"),
        ("ARG A=1\nENV A=2", "2"),
        ("ENV A=1\nARG A", "1"),
        ("ARG A=1\nENV B=$A\nARG A=2", "2"),
    ],
)
def test_of_env_and_arg_the_last_counts(lines: str, expected: str) -> None:
    [run] = modelled(f"FROM python\n{lines}\nRUN true").runs

    assert run.before.environment.get("A") == expected


def test_what_arg_sets_is_gone_at_the_start() -> None:
    found = modelled("FROM python\nARG A=1\nENV B=2\nCMD uv run b")
    assert found.final is not None
    [(_, invocation)] = starts(found.final)

    assert [invocation.environment.get(name) for name in "AB"] == [None, "2"]


def test_env_sees_what_was_set_before_it() -> None:
    [run] = modelled("FROM python\nENV A=1\nENV A=2 B=$A\nRUN uv sync").runs

    assert run.before.environment.get("B") == "1"


def test_the_bases_of_a_dockerfile() -> None:
    text = "ARG B=debian\nARG C\nFROM $B AS a\nFROM a\nFROM scratch\nFROM $C\nFROM python:3.12"

    assert base_names(parse(text)) == ["debian", "python:3.12"]


@pytest.mark.parametrize(
    ("name", "has_python"),
    [
        ("python:3.12", True),
        ("ghcr.io/astral-sh/uv:python3.12-trixie", True),
        ("ghcr.io/astral-sh/uv:debian", False),
        ("debian:trixie", False),
        ("example/base", None),
    ],
)
def test_which_bases_have_python(name: str, has_python: bool | None) -> None:
    assert Base(name, is_known=True).has_python is has_python


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("python", ("python", "", "")),
        ("docker.io/library/python:3.12", ("python", "3.12", "")),
        ("localhost:5000/a", ("localhost:5000/a", "", "")),
        ("localhost:5000/a:b@sha256:c", ("localhost:5000/a", "b", "sha256:c")),
    ],
)
def test_the_parts_of_a_name(name: str, parts: tuple[str, str, str]) -> None:
    base = Base(name, is_known=True)

    assert (base.repository, base.tag, base.digest) == parts
