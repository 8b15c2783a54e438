"""Edits of ``--mount``: its target, its options, and one more of them."""

from __future__ import annotations

import re

from lamina.dockerfile.instruction import Dockerfile, Instruction
from lamina.dockerfile.model.run import PlacedMount
from lamina.dockerfile.text import Span
from lamina.doctor.edit import Edit, Edits
from lamina.doctor.edits.layout import at, is_gap, newline

_PATH = re.compile(r"/[A-Za-z0-9._/@+-]*")
"""What means the same to builders and shells, quoted or not."""
_VALUE = re.compile(r"[A-Za-z0-9._/@+=,:~-]+")
_EVERYWHERE = frozenset({"type", "target", "id", "sharing", "uid", "gid", "mode"})
"""Options that mean the same in every stage."""
_INDENT = "    "


def with_target(dockerfile: Dockerfile, mount: PlacedMount, path: str | None) -> Edits:
    """Let a mount be somewhere else."""
    option = mount.mount.option("target")
    if option is None or path is None or not _PATH.fullmatch(path):
        return ()
    is_plain = at(dockerfile.text, option.value_span) == mount.written
    return (Edit(option.value_span, path),) if is_plain else ()


def with_options(dockerfile: Dockerfile, mount: PlacedMount, **values: str) -> Edits:
    """Give a mount options, or other values for those that it has."""
    if not _VALUE.fullmatch(at(dockerfile.text, mount.mount.span)):
        return ()
    edits, more = [], ""
    for key, value in values.items():
        option = mount.mount.option(key)
        if option is not None:
            edits.append(Edit(option.value_span, value))
        else:
            more += f",{key}={value}"
    end = mount.mount.span.end
    return (*edits, Edit(Span(end, end), more)) if more else tuple(edits)


def without_option(dockerfile: Dockerfile, mount: PlacedMount, *keys: str) -> Edits:
    """Take an option from a mount, with the comma before it."""
    text = dockerfile.text
    if not _VALUE.fullmatch(at(text, mount.mount.span)):
        return ()
    edits = []
    for option in mount.mount.options:
        if option.key not in keys:
            continue
        span = Span(option.span.start - 1, option.span.end)
        if option.span.start == mount.mount.span.start:
            span = Span(option.span.start, option.span.end + 1)
        if at(text, span).strip(",") != at(text, option.span):
            return ()
        edits.append(Edit(span, ""))
    return tuple(edits)


def with_cache(dockerfile: Dockerfile, instruction: Instruction, path: str) -> Edits:
    """Give a RUN a cache mount of its own."""
    if not _PATH.fullmatch(path):
        return ()
    gap = f" {dockerfile.escape}{newline(dockerfile.text)}{_INDENT}"
    return _put_in(dockerfile, instruction, f"type=cache,target={path}", gap)


def with_mount(
    dockerfile: Dockerfile, instruction: Instruction, mount: PlacedMount, source: Instruction
) -> Edits:
    """Give a RUN the mount of another RUN, which is ``source``, and set it apart as there."""
    value = at(dockerfile.text, mount.mount.span)
    is_everywhere = {option.key for option in mount.mount.options} <= _EVERYWHERE
    if not _VALUE.fullmatch(value) or not is_everywhere or not mount.written.startswith("/"):
        return ()
    return _put_in(dockerfile, instruction, value, _gap_of(dockerfile, mount, source))


def _put_in(dockerfile: Dockerfile, instruction: Instruction, value: str, gap: str) -> Edits:
    text, start = dockerfile.text, instruction.keyword.end
    behind = start
    while text[behind : behind + 1] in (" ", "\t"):
        behind += 1
    if text.startswith(dockerfile.escape, behind):
        return (Edit(Span(start, start), f" --mount={value}"),)
    gap = " " if instruction.heredocs else gap
    return (Edit(Span(start, behind), f" --mount={value}{gap}"),)


def _gap_of(dockerfile: Dockerfile, mount: PlacedMount, source: Instruction) -> str:
    """Return what is between a mount and what follows it."""
    text, start = dockerfile.text, mount.mount.span.end
    end = start
    while end < source.span.end and (text[end].isspace() or text[end] == dockerfile.escape):
        end += 1
    gap = text[start:end]
    if gap and is_gap(gap, dockerfile.escape):
        return gap
    return f" {dockerfile.escape}{newline(text)}{_INDENT}"
