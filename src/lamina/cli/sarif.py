"""Findings as SARIF 2.1.0, which code hosts show beside the lines (docs.oasis-open.org/sarif)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from lamina import __version__
from lamina.cli.examining import Examined
from lamina.doctor.finding import Finding, Rule
from lamina.doctor.rules import RULES

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif(examined: Sequence[Examined]) -> dict[str, object]:
    """Return the document of ``--format sarif``, with all rules and what they found."""
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
                "results": [
                    _result(each, finding) for each in examined for finding in each.findings
                ],
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
    return {
        "ruleId": finding.code,
        "ruleIndex": [rule.code for rule in RULES].index(finding.code),
        "level": finding.severity.value,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(examined.path)},
                    "region": {
                        "startLine": place.line,
                        "startColumn": place.column,
                        "endLine": place.end_line,
                        "endColumn": place.end_column,
                    },
                }
            }
        ],
    }
