"""Family 0: what a builder refuses before it builds anything."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.subject import Subject


def _refused(subject: Subject) -> Iterator[Found]:
    for problem in (*subject.dockerfile.problems, *subject.model.problems):
        if not problem.is_mount:
            yield Found(
                problem.span, problem.message, "Write it as the reference of Dockerfiles says"
            )


RULES = (
    Rule(
        code="LAM001",
        title="A builder refuses this",
        severity=Severity.ERROR,
        why="The builder ends with an error at this place, before it builds anything.",
        fix="Write it as the reference of Dockerfiles says.",
        sources=("moby/buildkit: frontend/dockerfile", "docs.docker.com/reference/dockerfile"),
        bad=Example(dockerfile="FROM python:3.12-slim\nENV A=1 B\n"),
        good=Example(dockerfile="FROM python:3.12-slim\nENV A=1 B=2\n"),
        find=_refused,
        leaves="what was meant would be a guess.",
    ),
)
