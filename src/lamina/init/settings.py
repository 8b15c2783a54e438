"""Settings as they are written: the text of `[tool.lamina]`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import tomlkit

from lamina.project.config import Config, parse_config

Value = str | int | bool | Sequence[object] | Mapping[str, object]
_WIDTH = 88
"""Of a line: an array that needs more has a line for each value."""
_FEW = 2
"""Of a table that stands in one line: as many values as this."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of `[tool.lamina]`."""

    key: str
    value: Value
    why: str = ""
    """A comment that stands above it."""


def as_config(settings: Sequence[Setting]) -> Config:
    """Return what settings mean to a build. Raises `InvalidConfig` where they mean nothing."""
    table = {each.key: _plain(each.value) for each in settings}
    return parse_config({"tool": {"lamina": table}})


def table_text(settings: Sequence[Setting], heading: str = "") -> str:
    """Return the table, with a line at its end; tables within it come last, as they must."""
    tables = [each for each in settings if isinstance(each.value, Mapping) and not _is_short(each)]
    lines = ["[tool.lamina]"]
    lines += [f"# {heading}"] if heading else []
    for each in settings:
        if each not in tables:
            lines += [*_comment(each), f"{_key(each.key)} = {_shown(each.value, each.key)}"]
    for each in tables:
        assert isinstance(each.value, Mapping)
        lines += ["", *_comment(each), f"[tool.lamina.{_key(each.key)}]"]
        lines += [f"{_key(key)} = {_shown(value, key)}" for key, value in each.value.items()]
    return "\n".join(lines) + "\n"


def _comment(setting: Setting) -> Iterator[str]:
    for line in setting.why.splitlines():
        yield f"# {line}"


def _is_short(setting: Setting) -> bool:
    value = setting.value
    if not isinstance(value, Mapping) or len(value) > _FEW:
        return False
    return len(setting.key) + len(_inline(value)) + 3 <= _WIDTH


def _key(text: str) -> str:
    return tomlkit.key(text).as_string()


def _shown(value: object, key: str) -> str:
    if isinstance(value, Mapping):
        return _inline(value)
    if isinstance(value, str) or not isinstance(value, Sequence):
        return tomlkit.item(value).as_string()
    items = [_shown(each, "") for each in value]
    line = f"[{', '.join(items)}]"
    holds_tables = len(items) > 1 and any(isinstance(each, Mapping) for each in value)
    if len(key) + len(line) + 3 <= _WIDTH and not holds_tables:
        return line
    return "[\n" + "".join(f"  {each},\n" for each in items) + "]"


def _inline(table: Mapping[str, object]) -> str:
    if not table:
        return "{}"
    return f"{{ {', '.join(f'{_key(key)} = {_shown(each, key)}' for key, each in table.items())} }}"


def _plain(value: object) -> object:
    """Return a value of the types that a parser of TOML gives."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, str) or not isinstance(value, Sequence):
        return value
    return [_plain(each) for each in value]
