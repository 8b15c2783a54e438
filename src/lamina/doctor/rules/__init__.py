"""The rules, a module for each family of the faults; their codes are never used again."""

from lamina.doctor.finding import Rule
from lamina.doctor.rules import (
    apt,
    builder,
    image,
    layers,
    logs,
    mounts,
    ownership,
    reading,
    settings,
)

_FAMILIES = (reading, mounts, ownership, settings, layers, builder, image, apt, logs)
RULES: tuple[Rule, ...] = tuple(
    sorted((rule for family in _FAMILIES for rule in family.RULES), key=lambda rule: rule.code)
)


def find_rule(code: str) -> Rule | None:
    """Return the rule of a code, however that is written."""
    return next((rule for rule in RULES if rule.code == code.upper()), None)
