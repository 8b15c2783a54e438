"""The rules, a module or some for each family of faults; their codes are never used again."""

from lamina.doctor.finding import Rule
from lamina.doctor.rules import (
    apt,
    builder,
    clearing,
    environments,
    image,
    inputs,
    layers,
    logs,
    misplaced,
    mounts,
    ownership,
    reading,
    settings,
    starting,
    versions,
)

_MODULES = (
    reading, misplaced, mounts, ownership, settings, clearing, versions, starting, layers, inputs,
    builder, image, environments, apt, logs,
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple(
    sorted((rule for module in _MODULES for rule in module.RULES), key=lambda rule: rule.code)
)


def find_rule(code: str) -> Rule | None:
    """Return the rule of a code, however that is written."""
    return next((rule for rule in RULES if rule.code == code.upper()), None)
