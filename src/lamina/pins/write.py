"""A lock as text: TOML in one form only, so that what changes in a diff has changed.

A table stands for each thing that is pinned, in the order of their names, and a line for each of
its facts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC

from lamina.deb.package import DebianPackage
from lamina.pins.model import Asked, Pins, PlatformPins
from lamina.pins.releases import PinnedRelease

VERSION = 1
"""Of the format."""

_HEAD = """\
# Written by `lamina lock`: what the image is made from that `uv.lock` does not say.
# `lamina lock --upgrade` brings it up to date; edits by hand are not wanted.
"""


def write(pins: Pins) -> str:
    """Return the text of a lock."""
    blocks = [f"{_HEAD}\nversion = {VERSION}", _lines(_asked(pins.asked), "[asked]")]
    if pins.suites:
        blocks.append(_lines(_suites(pins), "[suites]"))
    for each in pins.platforms:
        blocks += _platform(each)
    blocks += [_lines(_release(each), "[[build-requires]]") for each in pins.releases]
    for layer in pins.layers:
        facts = [f'key = "{layer.key}"', f'digest = "{layer.digest}"']
        facts += [f'diff-id = "{layer.diff_id}"', f"size = {layer.size}"]
        blocks.append(_lines(facts, "[[layer]]"))
    return "\n\n".join(blocks) + "\n"


def _asked(asked: Asked) -> Iterator[str]:
    yield f"base = {_quoted(asked.base)}"
    yield f"platform = {_array(map(str, asked.platforms))}"
    if asked.apt:
        yield f"apt = {_array(asked.apt)}"
    if asked.shell:
        yield "shell = true"
    if asked.build_requires:
        yield f"build-requires = {_array(asked.build_requires)}"
    if asked.build_constraints:
        yield f"build-constraints = {_array(asked.build_constraints)}"


def _suites(pins: Pins) -> Iterator[str]:
    for suite, made in sorted(pins.suites.items()):
        name = suite if suite.replace("-", "").replace("_", "").isalnum() else _quoted(suite)
        yield f"{name} = {made.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')}"


def _platform(pins: PlatformPins) -> Iterator[str]:
    facts = [f"name = {_quoted(str(pins.platform))}"]
    if pins.base is not None:
        facts.append(f'base-digest = "{pins.base.digest}"')
        facts += [f'base-index = "{pins.base.index}"'] if pins.base.index is not None else []
    yield _lines(facts, "[[platform]]")
    yield from (_lines(_package(each), "[[platform.base-package]]") for each in pins.base_packages)
    yield from (_lines(_package(each), "[[platform.package]]") for each in pins.packages)


def _package(package: DebianPackage) -> Iterator[str]:
    yield f"name = {_quoted(package.name)}"
    yield f"version = {_quoted(package.version)}"
    yield f"architecture = {_quoted(package.architecture)}"
    yield f"suite = {_quoted(package.suite)}"
    yield f"path = {_quoted(package.path)}"
    yield f"size = {package.size}"
    yield f"sha256 = {_quoted(package.sha256)}"


def _release(release: PinnedRelease) -> Iterator[str]:
    yield f"name = {_quoted(release.name)}"
    yield f"version = {_quoted(release.version)}"
    yield "wheels = ["
    for each in sorted(release.wheels):
        yield f'    {{ file = {_quoted(each.file)}, hash = "sha256:{each.sha256}" }},'
    yield "]"


def _lines(facts: Iterable[str], title: str) -> str:
    return "\n".join([title, *facts])


def _array(values: Iterable[str]) -> str:
    """Write a list: several values have a line each, so that one of them changes one line."""
    texts: Sequence[str] = [*map(_quoted, values)]
    if len(texts) < 2:
        return f"[{', '.join(texts)}]"
    return "\n".join(["[", *(f"    {text}," for text in texts), "]"])


def _quoted(text: str) -> str:
    """Write a basic string; TOML escapes as JSON does, and the character DEL besides."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
