"""The names by which what is pinned can be pinned anew."""

from __future__ import annotations

from collections.abc import Iterable

from lamina.deb.wish import Wish
from lamina.errors import LaminaError
from lamina.pins.file_name import NAME
from lamina.pins.model import Asked, Pins
from lamina.tables import suggestion

BASE = "base"


class UnknownNames(LaminaError):
    """Names of nothing that is pinned, or asked for."""


def check_names(names: Iterable[str], pins: Pins | None, asked: Asked) -> None:
    """Refuse names that nothing has, with the nearest that something has; all at once."""
    known = _known(pins, asked)
    if unknown := sorted(set(names) - known):
        lines = [f"  {name}{suggestion(name, [*known])}" for name in unknown]
        is_folder = any("/" in name or name.startswith(".") for name in unknown)
        raise UnknownNames(
            "\n".join([f"Nothing in `{NAME}` has such a name", *lines]),
            hint="To upgrade all of a project in another folder, name the folder before `--upgrade`"
            if is_folder
            else "To upgrade all there is, pass `--upgrade` without a name",
        )


def _known(pins: Pins | None, asked: Asked) -> set[str]:
    found = {BASE, *(Wish.parse(text).name for text in asked.apt)}
    if pins is not None:
        found |= {each.name for each in pins.releases}
        for each in pins.platforms:
            found |= {package.name for package in (*each.base_packages, *each.packages)}
    return found
