"""The rules, a module for each family of the faults; their codes are never used again."""

from lamina.doctor.finding import Rule
from lamina.doctor.rules import apt, builder, image, layers, mounts, ownership, reading, settings

RULES: tuple[Rule, ...] = (
    *reading.RULES,
    *mounts.RULES,
    *ownership.RULES,
    *settings.RULES,
    *layers.RULES,
    *builder.RULES,
    *image.RULES,
    *apt.RULES,
)


def find_rule(code: str) -> Rule | None:
    """Return the rule of a code, however that is written."""
    return next((rule for rule in RULES if rule.code == code.upper()), None)
