"""The Dockerfile as far as a log shows it, for who has only the log."""

from __future__ import annotations

from collections.abc import Sequence

from lamina.doctor.check import check
from lamina.doctor.logs.model import Builder, Log, Step
from lamina.doctor.subject import make_subject
from lamina.doctor.verdict.case import Examined

_SHOWING_ALL = frozenset({Builder.CLASSIC, Builder.BUILDAH, Builder.KANIKO})
"""Who name every instruction."""
_CERTAIN = frozenset({"LAM101", "LAM104", "LAM106", "LAM110", "LAM402"})
"""What is wrong whatever ENV, USER and ARG say."""
NOT_SHOWN = "an-image-that-the-log-does-not-name"

_MOST = 250
"""Of the steps that are looked at: no Dockerfile has more, but a log can be made to have."""
_BEGINNING = "WORKDIR /WORKDIR"
"""In place of what a log that was cut does not show."""


def shown_dockerfile(steps: Sequence[Step]) -> str:
    """Return the instructions that one build of a log names, by stages.

    BuildKit shows neither ENV nor USER nor ARG, so that less can be said of it.
    """
    stages: dict[str | None, list[Step]] = {}
    for step in steps:
        if step.keyword:
            stages.setdefault(step.stage, []).append(step)
    lines: list[str] = []
    for name, own in stages.items():
        own.sort(key=lambda step: step.index or 0)
        base = next((each.instruction.split() for each in own if each.keyword == "FROM"), [])
        image = next((word for word in base[1:] if not word.startswith("--")), NOT_SHOWN)
        lines.append(f"FROM {image}{f' AS {name}' if name else ''}")
        if own[0].index not in (None, 1):
            lines.append(_BEGINNING)
        lines += [_on_one_line(each.instruction) for each in own if each.keyword != "FROM"]
    return "\n".join(lines) + "\n"


def examined(log: Log) -> Examined:
    """Return the Dockerfile that a log shows, with what can be said for certain of it."""
    builds = max((step.build for step in log.steps), default=0)
    scope = next((step.scope for step in log.steps if step.installs), "")
    steps = [step for step in log.steps if step.build == builds and step.scope == scope]
    subject = make_subject(shown_dockerfile(steps[:_MOST]))
    findings = check(subject)
    is_guess = log.builder not in _SHOWING_ALL
    if is_guess:
        findings = tuple(finding for finding in findings if finding.code in _CERTAIN)
    return Examined(subject, findings, is_shown=True, is_guess=is_guess)


def _on_one_line(instruction: str) -> str:
    """Return it so that its end is no sign that it goes on, and no heredoc begins."""
    return instruction.replace("<<", "< <").rstrip("\\").strip()
