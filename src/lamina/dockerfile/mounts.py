"""``RUN --mount=...``: its options, read as BuildKit reads them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lamina.dockerfile.problem import Refused
from lamina.dockerfile.text import Joined, Span

_KINDS = ("bind", "cache", "tmpfs", "secret", "ssh")
_SHARING = ("shared", "private", "locked")
_ALIASES = {
    "src": "source",
    "dst": "target",
    "destination": "target",
    "ro": "readonly",
    "rw": "readwrite",
}
_KEYS = frozenset(
    {
        "type", "from", "source", "target", "readonly", "readwrite", "id", "sharing", "required",
        "mode", "uid", "gid", "size", "env",
    }
)  # fmt: skip
_TRUE, _FALSE = frozenset({"1", "t", "true"}), frozenset({"0", "f", "false"})
_OCTAL, _DECIMAL = re.compile(r"[0-7]+"), re.compile(r"[0-9]+")
_OWNED = ("mode", "uid", "gid")


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a mount as it is written: its place, and that of its value."""

    key: str
    value: str | None
    span: Span
    value_span: Span


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount with its variables expanded; ``target`` is still as it is written otherwise."""

    span: Span
    options: tuple[Option, ...]
    """By the keys' full names, expanded."""
    kind: str = "bind"
    values: dict[str, str] = field(default_factory=dict)
    is_readonly: bool = False

    def get(self, key: str) -> str:
        """Return the value of an option, empty if it is not there."""
        return self.values.get(key, "")

    def option(self, key: str) -> Option | None:
        """Return an option, the last if there are several."""
        return next((each for each in reversed(self.options) if each.key == key), None)


Expand = Callable[[str, Span], str]


def written_options(value: Joined) -> tuple[Option, ...]:
    """Return the options of ``--mount=`` as they are written. Raises `Refused`."""
    if '"' in value.text:
        return tuple(_option(Joined(text, ((0, value.origin(0)),))) for text in _csv(value))
    options, start = [], 0
    for text in value.text.split(","):
        options.append(_option(value.slice(start, start + len(text))))
        start += len(text) + 1
    return tuple(options)


def _csv(value: Joined) -> list[str]:
    try:
        return next(csv.reader([value.text], strict=True), [])
    except csv.Error as error:
        message = f"Unable to read the options of `--mount`: {error}"
        raise Refused(value.span(), message, is_mount=True) from None


def _option(text: Joined) -> Option:
    key, equals, value = text.text.partition("=")
    lower = key.lower()
    name = _ALIASES.get(lower, lower)
    start = len(key) + bool(equals)
    return Option(name, value if equals else None, text.span(), text.span(start))


def check_mount(value: Joined) -> None:
    """Refuse what can be refused before variables are expanded. Raises `Refused`."""
    for option in written_options(value):
        if option.key == "from" and option.value and re.search(r"\$.", option.value):
            message = "`from` of a mount takes no variables: name a stage instead"
            raise Refused(option.span, message, is_mount=True)


def read_mount(value: Joined, expand: Expand) -> Mount:
    """Return a mount; ``expand`` replaces variables in a value. Raises `Refused`."""
    written = written_options(value)
    options = tuple(_expanded(option, expand) for option in written)
    kind = "bind"
    values: dict[str, str] = {}
    is_readonly: bool | None = None
    for option in options:
        given = option.value
        if option.key in ("readonly", "readwrite"):
            is_readonly = _truth(option) == (option.key == "readonly")
        elif option.key == "required":
            if kind not in ("secret", "ssh"):
                raise _refused(option, f"A mount of type `{kind}` has no `required`")
            values["required"] = str(_truth(option)).lower()
        elif given is None:
            raise _refused(option, f"Expected `key=value` in `--mount`, got: {_shown(option)}")
        elif option.key not in _KEYS:
            raise _refused(option, f"`--mount` has no option `{option.key}`")
        else:
            _check(option, given, kind)
            kind = given.lower() if option.key == "type" else kind
            values[option.key] = given
    _check_together(value.span(), kind, values)
    if is_readonly is None:
        is_readonly = kind not in ("cache", "tmpfs")
    return Mount(value.span(), options, kind, values, is_readonly)


def _expanded(option: Option, expand: Expand) -> Option:
    if option.value is None:
        return option
    value = expand(option.value, option.value_span)
    return Option(option.key, value, option.span, option.value_span)


def _check(option: Option, value: str, kind: str) -> None:
    match option.key:
        case "type" if value.lower() not in _KINDS:
            raise _refused(option, f"There is no mount of type `{value}`: {_listed(_KINDS)}")
        case "sharing" if value.lower() not in _SHARING:
            raise _refused(option, f"There is no sharing `{value}`: {_listed(_SHARING)}")
        case "mode" if not _OCTAL.fullmatch(value):
            raise _refused(option, f"Expected `mode` in octal digits, got: {value}")
        case "uid" | "gid" if not _DECIMAL.fullmatch(value):
            raise _refused(option, f"Expected `{option.key}` as a number, got: {value}")
        case "size" if kind != "tmpfs":
            raise _refused(option, f"A mount of type `{kind}` has no `size`")


def _check_together(span: Span, kind: str, values: dict[str, str]) -> None:
    problem = ""
    if kind not in ("secret", "ssh", "cache") and (owned := [k for k in _OWNED if k in values]):
        problem = f"A mount of type `{kind}` has no `{owned[0]}`"
    elif "sharing" in values and kind != "cache":
        problem = f"A mount of type `{kind}` has no `sharing`"
    elif kind == "secret" and values.get("from"):
        problem = "A mount of type `secret` has no `from`"
    elif kind == "secret" and not any(values.get(key) for key in ("source", "target", "id")):
        problem = "A mount of type `secret` needs `id`, `source` or `target`"
    elif kind == "secret" and values.get("source") and values.get("id"):
        problem = "A mount of type `secret` has `id` or `source`, not both"
    elif kind in ("bind", "cache", "tmpfs") and not values.get("target"):
        problem = f"A mount of type `{kind}` needs `target`"
    if problem:
        raise Refused(span, problem, is_mount=True)


def _truth(option: Option) -> bool:
    if option.value is None or option.value.lower() in _TRUE:
        return True
    if option.value.lower() in _FALSE:
        return False
    raise _refused(option, f"Expected true or false for `{option.key}`, got: {option.value}")


def _refused(option: Option, message: str) -> Refused:
    return Refused(option.span, message, is_mount=True)


def _shown(option: Option) -> str:
    return option.key or "nothing"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
