"""Dockerfiles, and what is found in them, for tests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import tomli

from lamina.dockerfile.model.build import Model, model
from lamina.dockerfile.model.run import Run
from lamina.dockerfile.parse import parse
from lamina.dockerfile.text import Source
from lamina.doctor.check import check
from lamina.doctor.finding import Example, Finding
from lamina.doctor.fix import fix
from lamina.doctor.logs import read_log
from lamina.doctor.rules.logs import LOG
from lamina.doctor.subject import Beside, Subject, make_subject
from lamina.doctor.verdict.case import Examined
from lamina.doctor.verdict.judge import judge

TODAY = date(2026, 11, 1)

REPORT = """\
# Stage 1: UV installation
FROM ghcr.io/astral-sh/uv:0.7.8 AS uv
# Stage 2: Build stage
FROM python:3.10.14-slim AS builder

WORKDIR /app
# Create and activate virtual environment
RUN --mount=from=uv,source=/uv,target=./uv \\
    ./uv venv /opt/venv

ENV VIRTUAL_ENV=/opt/venv \\
    PATH="/opt/venv/bin:$PATH" \\
    UV_HTTP_TIMEOUT=100 \\
    UV_LINK_MODE=copy
#
COPY pyproject.toml .
COPY uv.lock .
# Install dependencies and cleanup in one layer
RUN --mount=type=cache,target=~/.cache/uv  \\
    --mount=from=uv,source=/uv,target=./uv \\
    ./uv sync --active --frozen --no-install-project --no-dev -v

# Stage 3: Runtime stage
FROM python:3.10.14-slim AS runtime

RUN echo "" > /etc/apt/sources.list
RUN echo "deb http://mirror.example/debian buster main" >> /etc/apt/sources.list; \\
    echo "deb http://mirror.example/security buster/updates main" >> /etc/apt/sources.list ;\\
    echo "deb http://mirror.example/debian buster-updates main" >> /etc/apt/sources.list ;
RUN apt-get update
RUN apt-get install libgomp1 --assume-yes

WORKDIR /app

COPY --from=builder  /opt/venv /opt/venv
COPY dist/src/ ./
COPY  docker/run.sh ./

CMD ["bash", "run.sh"]
"""
"""That of the report (astral-sh/uv#13727), without what says where its packages come from."""


def whole_report() -> str:
    """Return the Dockerfile of the report as it is there; its mirrors are those of an example."""
    text = (Path(__file__).parent / "build_logs" / "report.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"^```\n(# Stage 1.*?)^```", text, re.MULTILINE | re.DOTALL)
    return str(found)


def beside(files: Mapping[str, str]) -> Beside:
    """Return what lies beside a Dockerfile, as texts by their names."""
    pyproject, lock = files.get("pyproject.toml"), files.get("uv.lock")
    return Beside(
        dockerignore=files.get(".dockerignore"),
        pyproject=None if pyproject is None else tomli.loads(pyproject),
        lock=None if lock is None else tomli.loads(lock),
        is_folder_known=bool(files),
    )


def findings(text: str, files: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """Return what is found in a Dockerfile."""
    return check(subject_of(text, files))


def codes(example: Example) -> list[str]:
    """Return the codes of what is found in an example, and told by the log that is with it."""
    found = findings(example.dockerfile, example.files)
    told = [each.code for each in found]
    if LOG in example.files:
        log = read_log(example.files[LOG].splitlines())
        subject = make_subject(example.dockerfile, today=TODAY)
        told += [cause.code for cause in judge([log], Examined(subject, found)).causes]
    return told


def told(text: str, files: Mapping[str, str] | None = None) -> list[str]:
    """Return each finding as its place, severity, code and message."""
    source = Source(text)
    shown = []
    for each in findings(text, files):
        place = source.place(each.span)
        head = f"{place.line}:{place.column} {each.severity.value} {each.code}"
        shown.append(f"{head} {each.message}")
    return shown


def modelled(text: str) -> Model:
    """Return what a Dockerfile comes to."""
    return model(parse(text))


def only_run(text: str) -> Run:
    """Return the one RUN of a Dockerfile."""
    [run] = modelled(text).runs
    return run


def subject_of(text: str, files: Mapping[str, str] | None = None) -> Subject:
    """Return a Dockerfile with what lies beside it."""
    return make_subject(text, beside=beside(files or {}), today=TODAY)


def fixed(text: str, files: Mapping[str, str] | None = None) -> str:
    """Return a Dockerfile with its fixes."""
    return fix(subject_of(text, files)).subject.dockerfile.text


def codes_of(findings: Iterable[Finding]) -> Counter[str]:
    """Return how often each rule has found something."""
    return Counter(each.code for each in findings)
