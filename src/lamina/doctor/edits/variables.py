"""Edits of ENV: another value of a variable."""

from __future__ import annotations

import re

from lamina.doctor.dockerfile.instruction import Dockerfile, Pair
from lamina.doctor.edit import Edit, Edits
from lamina.doctor.edits.layout import at

_PLAIN = re.compile(r"[A-Za-z0-9._/@:+-]+")


def with_value(dockerfile: Dockerfile, pair: Pair, value: str) -> Edits:
    """Give a variable another value."""
    if pair.value is None or not _PLAIN.fullmatch(value):
        return ()
    span = pair.value.span()
    return (Edit(span, value),) if at(dockerfile.text, span) == pair.value.text else ()
