"""How ``lamina doctor`` goes about it: files are read, bases are asked, rules are applied."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click

from lamina.cli.dockerfiles import Found, find
from lamina.dockerfile.model.bases import Base
from lamina.dockerfile.text import Source
from lamina.doctor.check import check
from lamina.doctor.edit import Edit, Place
from lamina.doctor.explain import explanation
from lamina.doctor.finding import Finding, Rule
from lamina.doctor.rules import RULES, find_rule
from lamina.doctor.subject import Subject, make_subject


@dataclass(frozen=True, slots=True)
class Examined:
    """A Dockerfile, and what is wrong in it."""

    path: str
    source: Source
    findings: tuple[Finding, ...]
    subject: Subject
    found: Found
    ignored: Collection[str] = ()
    """The rules that are left out."""
    pulled: Mapping[str, Base] = field(default_factory=dict)
    """What the base images say of themselves, if they were asked."""


def examine(
    paths: Sequence[Path], ignored: Collection[str], *, pull: bool, insecure: bool
) -> tuple[Examined, ...]:
    """Examine all Dockerfiles; none is, unless every one can be read."""
    found = [find(path) for path in paths]
    pulled: Mapping[str, Base] = {}
    if pull:
        # Not before it is wanted: what speaks to registries takes longer to import than all else.
        from lamina.cli.pulled_bases import pull_bases

        pulled = pull_bases([each.text for each in found], insecure=insecure)
    return tuple(_examined(each, ignored, pulled) for each in found)


def edits(examined: Examined, finding: Finding) -> Iterator[tuple[str, Source, Edit]]:
    """Give what `--fix` does about a finding: in which file, what is in that, and the edit."""
    ignore = Source(examined.subject.beside.dockerignore or "")
    for edit in finding.edits:
        if edit.place is Place.DOCKERFILE:
            yield examined.path, examined.source, edit
        else:
            yield examined.found.ignore.as_posix(), ignore, edit


def known_codes(context: click.Context, option: str, texts: Sequence[str]) -> tuple[str, ...]:
    """Return the codes of rules that an option names; commas may be between them."""
    codes = [code.strip().upper() for text in texts for code in text.split(",")]
    for code in codes:
        if find_rule(code) is None:
            last = RULES[-1].code
            message = f"There is no rule `{code}`: they go from `{RULES[0].code}` to `{last}`"
            raise click.UsageError(f"{message}; {option} names one", context)
    return tuple(codes)


def explained(code: str) -> list[str]:
    """Return the page about a rule."""
    rule = find_rule(code)
    assert isinstance(rule, Rule)
    return explanation(rule).rstrip("\n").split("\n")


def _examined(found: Found, ignored: Collection[str], pulled: Mapping[str, Base]) -> Examined:
    today = datetime.now(UTC).date()
    subject = make_subject(found.text, beside=found.beside, pulled=pulled, today=today)
    findings = check(subject, ignored=ignored)
    source = Source(found.text)
    return Examined(found.shown, source, findings, subject, found, ignored, pulled)
