"""What rules of the doctor call a fault is one: a real build shows it, and is well without it.

Each case is a Dockerfile of two stages that install the same distribution, one after the other. Its
index has the distribution for this case alone, so that no other case has filled a cache for it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from dockerfiles import findings
from engines import Engine
from integration.index_server import serve_index
from integration.uv_oracle import lock_project, run_uv, uv_program
from lamina.dockerfile.model.bases import Base
from lamina.doctor.check import check
from lamina.doctor.subject import make_subject
from tiny import Dist

pytestmark = [pytest.mark.integration, pytest.mark.network]

DOCKERFILE = """\
FROM {base} AS tools
USER root
COPY rm sh uv /bin/
ENV UV_DEFAULT_INDEX={index} UV_PYTHON_DOWNLOADS=never
WORKDIR /app
FROM tools AS first
{first}
FROM tools AS second
COPY --from=first /bin/sh /first
{second}
"""
MOUNT = "--mount=type=cache,target="
RIGHT = f"RUN {MOUNT}/root/.cache/uv $UV"
COPY = "ENV UV_LINK_MODE=copy\n"
USER = "ENV UV_CACHE_DIR=/c\nUSER 1000\n"
WRITABLE = f"{USER}RUN {MOUNT}/c,uid=1000,gid=1000 $UV\n"


@dataclass(frozen=True)
class Case:
    """A faulty Dockerfile and a sound one; ``$UV`` stands for what installs."""

    code: str
    bad: str
    good: str = RIGHT
    bad_second: str = ""
    """Of the second stage, if it is another."""
    fails: str = ""
    """What a build that cannot end says; else the second stage downloads again."""


CASES = [
    Case("LAM101", f"RUN {MOUNT}~/.cache/uv $UV"),
    Case("LAM102", f"RUN {MOUNT}$HOME/.cache/uv $UV", f"ENV HOME=/root\n{RIGHT}"),
    Case("LAM104", f"RUN {MOUNT}.cache/uv $UV"),
    Case("LAM105", f"ENV UV_CACHE_DIR=/opt/uv\n{RIGHT}"),
    Case("LAM106", f"RUN {MOUNT}/root/.cache/pip $UV"),
    Case("LAM107", f"ENV UV_CACHE_DIR=~/c\nRUN {MOUNT}/root/.cache/uv $UV"),
    Case("LAM108", RIGHT, bad_second="RUN $UV"),
    Case(
        "LAM109",
        f"RUN {MOUNT}/root/.cache --mount=type=tmpfs,target=/root/.cache/uv $UV",
        f"RUN {MOUNT}/root/.cache/uv --mount=type=tmpfs,target=/root $UV",
    ),
    Case("LAM112", f"RUN {MOUNT}/root/.cache/uv,ro $UV", fails="Read-only file system"),
    Case(
        "LAM201",
        f"{USER}RUN {MOUNT}/c $UV",
        f"{USER}RUN {MOUNT}/c,uid=1000,gid=1000 $UV",
        fails="Permission denied",
    ),
    Case(
        "LAM202",
        f"{USER}RUN {MOUNT}/c,uid=1000 $UV",
        f"{USER}RUN {MOUNT}/c,uid=1000,gid=1000 $UV",
        bad_second=f"{USER}RUN {MOUNT}/c,uid=1000,gid=1000 $UV",
    ),
    Case(
        "LAM203",
        "USER 1000\nRUN $UV",
        f"{USER}RUN {MOUNT}/c,uid=1000 $UV",
        fails="Permission denied",
    ),
    Case(
        "LAM204",
        f"{WRITABLE}RUN uv run --no-project python -V\nCMD uv run python",
        f"{WRITABLE}ENV UV_NO_CACHE=1\nRUN uv run --no-project python -V\nCMD uv run python",
        fails="Permission denied",
    ),
    Case("LAM301", f"ENV UV_NO_CACHE=1\n{RIGHT}"),
    Case(
        "LAM303",
        f"ENV UV_LINK_MODE=symlink\n{RIGHT}\nRUN $IMPORT",
        f"{RIGHT}\nRUN $IMPORT",
        fails="TypeError",
    ),
    Case("LAM304", f"{RIGHT} && uv cache clean"),
    Case("LAM304", f"{RIGHT} && rm -rf /root/.cache/uv", fails="Device or resource busy"),
    Case("LAM305", f"{RIGHT} && uv cache prune --ci", f"{RIGHT} && uv cache prune"),
    Case("LAM513", RIGHT, bad_second=f"RUN {MOUNT}/root/.cache/uv,id=other $UV"),
    Case("LAM601", "RUN $UV"),
]


BAD = [
    (f"bad{number}", case.bad, case.bad_second or case.bad, case.fails or "cold")
    for number, case in enumerate(CASES)
]
GOOD = [
    (f"good{number}", text, text, "warm")
    for number, text in enumerate(dict.fromkeys(case.good for case in CASES))
]
"""What is installed, both stages, and what comes of it."""


@dataclass(frozen=True)
class Builder:
    """An engine, and a folder with what the Dockerfiles copy."""

    engine: Engine
    folder: Path
    base: str
    index: str

    def dockerfile(self, name: str, first: str, second: str) -> str:
        """Return the Dockerfile of a case."""
        # A cache of its own for each case, which others can neither fill nor empty.
        first, second = (
            text.replace("type=cache,target", f"type=cache,id={name},target")
            if ",id=" not in text
            else text
            for text in (first, second)
        )
        text = DOCKERFILE.format(base=self.base, index=self.index, first=first, second=second)
        command = f"uv pip install --target /tmp/t {name}"
        imported = f"PYTHONPATH=/tmp/t python -c 'import {name}; open({name}.__file__)'"
        return text.replace("$UV", command).replace("$IMPORT", imported)

    def found(self, text: str) -> set[str]:
        """Return the codes of what the doctor finds, who knows that the base sets nothing."""
        base = Base(self.base, is_known=True)
        return {each.code for each in check(make_subject(text, pulled={self.base: base}))}

    def build(self, text: str) -> tuple[int, str]:
        """Build, and return how that ended and what it said."""
        command = self.engine.command(
            "build", "--network=host", "--progress=plain", "--file=-", str(self.folder)
        )
        environment = {**os.environ, **self.engine.environment, "DOCKER_BUILDKIT": "1"}
        done = subprocess.run(
            command, input=text, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr


@pytest.fixture(scope="module")
def builder(
    engine: Engine, loaded: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Builder]:
    folder = tmp_path_factory.mktemp("symptoms")
    # The example's image has a Python, and no shell.
    shutil.copy("/bin/dash", folder / "sh")
    shutil.copy("/bin/rm", folder)
    shutil.copy(uv_program(), folder / "uv")
    with serve_index() as server:
        names = [name for name, *_ in (*BAD, *GOOD)]
        index = server.add_index("one", [Dist(name, "1") for name in names])
        yield Builder(engine, folder, loaded, index)


def outcome(builder: Builder, name: str, first: str, second: str) -> str:
    """Return what came of a build: an error, `cold` or `warm` for its second stage."""
    code, log = builder.build(builder.dockerfile(name, first, second))
    if code:
        return log
    numbers = re.findall(r"^#(\d+) \[second \d+/\d+\] RUN .*uv pip install", log, re.MULTILINE)
    is_cold = any(re.search(rf"^#{number} .*Prepared 1 package", log, re.M) for number in numbers)
    assert numbers, log
    return "cold" if is_cold else "warm"


def test_builds_show_what_rules_say(builder: Builder) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda order: outcome(builder, *order[:3]), [*BAD, *GOOD]))

    wrong = []
    for (name, first, second, expected), came in zip([*BAD, *GOOD], outcomes, strict=True):
        if expected not in came:
            wrong.append((name, first, second, expected, came[-600:]))
    assert wrong == []


def test_rules_find_what_builds_show(builder: Builder) -> None:
    bad = [builder.found(builder.dockerfile(*order[:3])) for order in BAD]
    good = set().union(*(builder.found(builder.dockerfile(*order[:3])) for order in GOOD))

    assert [case.code for case, found in zip(CASES, bad, strict=True) if case.code in found] == [
        case.code for case in CASES
    ]
    assert good & {case.code for case in CASES} == set()


def test_a_lock_of_another_version_is_refused(tmp_path: Path) -> None:
    project = '[project]\nname = "app"\nversion = "{}"\nrequires-python = ">=3.11"\n'
    (tmp_path / "pyproject.toml").write_text(project.format("1.0"))
    lock_project(tmp_path)
    (tmp_path / "pyproject.toml").write_text(project.format("1.1"))
    sync = ("sync", "--locked", "--no-install-project", "--dry-run", "--offline")
    text = f"FROM python:3.12\nCOPY pyproject.toml uv.lock ./\nRUN uv {' '.join(sync)}\n"

    done = run_uv(tmp_path, *sync)
    files = {name: (tmp_path / name).read_text() for name in ("pyproject.toml", "uv.lock")}

    assert "The lockfile at `uv.lock` needs to be updated" in done.stderr
    assert "LAM406" in {each.code for each in findings(text, files)}
