"""Findings as SARIF 2.1.0, which code hosts show beside the lines (docs.oasis-open.org/sarif)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from lamina import __version__
from lamina.cli.examining import Examined, edits
from lamina.cli.mending import Mended
from lamina.cli.verdicts import Judged
from lamina.dockerfile.text import Place
from lamina.doctor.finding import Finding, Rule
from lamina.doctor.rules import RULES, find_rule
from lamina.doctor.verdict.model import Kind

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif(mended: Sequence[Mended], judged: Judged | None = None) -> dict[str, object]:
    """Return the document of ``--format sarif``: all rules, and what they and a log tell."""
    results = [
        _result(each.examined, finding) for each in mended for finding in each.examined.findings
    ]
    if judged is not None:
        results += _told(judged)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "lamina doctor",
                        "version": __version__,
                        "rules": [_rule(rule) for rule in RULES],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(examined: Examined, finding: Finding) -> dict[str, object]:
    place = examined.source.place(finding.span)
    text = ". ".join([finding.message, finding.fix, *finding.notes])
    result: dict[str, object] = {
        **_rule_of(finding.code),
        "level": finding.severity.value,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(examined.path)},
                    "region": _region(place),
                }
            }
        ],
    }
    if finding.edits:
        result["fixes"] = [_fix(examined, finding)]
    return result


def _fix(examined: Examined, finding: Finding) -> dict[str, object]:
    """Return one fix, which is all of its edits, by the files that they are of."""
    changes: dict[str, list[dict[str, object]]] = {}
    for path, source, edit in edits(examined, finding):
        replacement: dict[str, object] = {"deletedRegion": _region(source.place(edit.span))}
        if edit.text:
            replacement["insertedContent"] = {"text": edit.text}
        changes.setdefault(path, []).append(replacement)
    return {
        "description": {"text": finding.fix},
        "artifactChanges": [
            {"artifactLocation": {"uri": quote(path)}, "replacements": replacements}
            for path, replacements in changes.items()
        ],
    }


def _region(place: Place) -> dict[str, object]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _told(judged: Judged) -> Iterator[dict[str, object]]:
    """Give what only the log tells; where a rule found it as well, its result stands for both."""
    found = {finding.code for each in judged.examined for finding in each.findings}
    for cause in judged.verdict.causes:
        if cause.code in found or not cause.evidence:
            continue
        place, line = judged.place(cause), cause.evidence[0].number
        path, line = place if place is not None else (judged.name, line)
        result: dict[str, object] = {
            "level": "error" if cause.kind is Kind.FAILED else "warning",
            "message": {"text": f"{cause.what}. {cause.fix}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(path)},
                        "region": {"startLine": line},
                    }
                }
            ],
        }
        if find_rule(cause.code) is not None:
            result |= _rule_of(cause.code)
        yield result


def _rule_of(code: str) -> dict[str, object]:
    return {"ruleId": code, "ruleIndex": [rule.code for rule in RULES].index(code)}
