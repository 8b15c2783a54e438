"""``lamina lock``: its command line. What it does is imported when it does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from lamina.cli.help import Command, Option
from lamina.cli.options import FOLDER, IMAGE_OPTIONS, given_pinning, insecure_option
from lamina.cli.usual import output_options, store_option
from lamina.cli.wanting import PROJECT_OPTIONS

HOW = "How it is pinned"
_UPGRADE = ("--upgrade", "-U")
_ALL = ""

_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """The command line of `lamina lock`."""

    folder: Path
    upgrade: frozenset[str] | None
    """What is pinned anew; an empty one stands for all."""
    check: bool
    with_layers: bool | None
    """None, if nothing is said of it: what is pinned stays."""
    cache_from: tuple[str, ...]
    store: Path | None
    insecure: bool
    as_json: bool
    verbose: bool
    quiet: bool
    pinning: tuple[str, ...]
    """The words that say what is pinned, as other commands understand them."""

    def upgrades(self, name: str) -> bool:
        """Say whether something is pinned anew, whatever was pinned before."""
        return self.upgrade is not None and (not self.upgrade or name in self.upgrade)


class _LockCommand(Command):
    """A command of whose options one takes any number of names."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See `Command.parse_args`."""
        return super().parse_args(ctx, [*_spread(args)])


def _spread(args: Sequence[str]) -> Iterator[str]:
    """Give the words of a command line, with `--upgrade` before each of the names that follow it.

    >>> [*_spread(["app", "--upgrade", "libpq5", "base", "--check", "-U"])]
    ['app', '--upgrade=libpq5', '--upgrade=base', '--check', '--upgrade=']
    """
    words = [*args]
    while words:
        word = words.pop(0)
        if word == "--":
            yield from [word, *words]
            return
        if word not in _UPGRADE:
            yield word
            continue
        names = []
        while words and not words[0].startswith("-"):
            names.append(words.pop(0))
        yield from (f"{_UPGRADE[0]}={name}" for name in names or [_ALL])


_OPTIONS = (
    FOLDER,
    click.option(
        *_UPGRADE,
        "upgrade",
        cls=Option,
        section=HOW,
        metavar="[NAME]...",
        multiple=True,
        help="Pin anew what there is now: `base`, a Debian package, or what the build backend "
        "needs; without a name, all of it. DIR goes before it.",
    ),
    click.option(
        "--check",
        cls=Option,
        section=HOW,
        is_flag=True,
        help="Write nothing; exit with 1 if `lamina.lock` does not match, or would change.",
    ),
    click.option(
        "--layers/--no-layers",
        "with_layers",
        cls=Option,
        section=HOW,
        is_flag=True,
        default=None,
        help="Build the image, and pin the layers that are in it; or pin none any more.",
    ),
    click.option(
        "--cache-from",
        cls=Option,
        section=HOW,
        metavar="REF",
        multiple=True,
        help="With `--layers`, make the layers of this image again, compare, and pin them as they "
        "lie there; may be given again.",
    ),
    *IMAGE_OPTIONS,
    *PROJECT_OPTIONS,
    insecure_option(HOW),
    store_option(HOW, "Keep there what is read, instead of in the cache folder."),
    *output_options(
        report="Write what has changed to standard output, as JSON.",
        lines="Say of each thing that is pinned what it is, changed or not.",
    ),
)
_OWN = (
    *("folder", "check", "with_layers", "cache_from", "store"),
    *("insecure", "as_json", "verbose", "quiet"),
)


def _lock_options(function: _F) -> _F:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command(
    "lock",
    cls=_LockCommand,
    epilog="What no option says, `[tool.lamina]` in `pyproject.toml` does.",
)
@_lock_options
@click.pass_context
def command(context: click.Context, /, **_: Any) -> int:  # noqa: ANN401
    """Pin what an image is made from besides what `uv.lock` says, in `lamina.lock`.

    What is pinned already stays as it is where it still answers. `lamina build` then builds from
    what is pinned, and asks nobody what there is now.
    """
    if context.params["verbose"] and context.params["quiet"]:
        raise click.UsageError("Only one of --verbose and --quiet can be meant")
    if context.params["cache_from"] and not context.params["with_layers"]:
        raise click.UsageError("--cache-from is for --layers")
    upgrade = context.params["upgrade"]
    options = LockOptions(
        **{name: context.params[name] for name in _OWN},
        upgrade=frozenset(upgrade) - {_ALL} if upgrade else None,
        pinning=given_pinning(context),
    )
    from lamina.cli.locking import run

    return run(options)
