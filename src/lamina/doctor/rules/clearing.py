"""Family 3: commands that empty the cache, or pass it over."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.dockerfile.model.run import PlacedMount, Run
from lamina.dockerfile.shell import Command
from lamina.dockerfile.text import Span
from lamina.doctor.edit import Edits
from lamina.doctor.edits.commands import without_command, without_word
from lamina.doctor.finding import Found, Rule, Severity
from lamina.doctor.rules.covering import covers, is_below
from lamina.doctor.rules.examples import example
from lamina.doctor.subject import Subject

_RESOLVING = (
    "--refresh", "--refresh-package", "--reinstall", "--reinstall-package", "--force-reinstall",
    "--upgrade", "-U", "--upgrade-package", "-P",
)  # fmt: skip
_CLEARING = {
    "uv": frozenset({("cache", "clean")}),
    "pip": frozenset({("cache", "purge")}),
    "poetry": frozenset({("cache", "clear")}),
    "pdm": frozenset({("cache", "clear")}),
}


def _cleared(subject: Subject) -> Iterator[Found]:
    for run in subject.model.runs:
        for mount in run.caches:
            for invocation in run.invocations:
                line = invocation.line
                clears = line.subcommand in _CLEARING[line.tool.name]
                is_all = line.tool.name != "uv" or not line.arguments
                if clears and is_all and covers(mount, invocation.cache_if_on):
                    edits = _left_out(subject, run, invocation.span)
                    yield _clears(invocation.span, line.shown, mount, edits, fails=False)
            for command in run.commands:
                if _removes(command, mount, run):
                    edits = ()
                    if _removes_only(command, mount):
                        edits = _left_out(subject, run, command.span)
                    fails = not any((word.literal or "").endswith("*") for word in command.words)
                    yield _clears(command.span, "rm", mount, edits, fails=fails)


def _left_out(subject: Subject, run: Run, span: Span) -> Edits:
    found = [each for each in run.commands if each.span == span]
    if len(found) != 1:
        return ()
    return without_command(subject.dockerfile, run.instruction, found[0])


def _removes_only(command: Command, mount: PlacedMount) -> bool:
    """Say whether a command removes what is mounted and nothing of the layer."""
    paths = [word.literal for word in command.words[1:] if not word.beginning.startswith("-")]
    return all(
        path is not None and path.removesuffix("/*").rstrip("/") == mount.path for path in paths
    )


def _clears(span: Span, what: str, mount: PlacedMount, edits: Edits, *, fails: bool) -> Found:
    message = f"`{what}` empties the cache mount at `{mount.path}`"
    if fails:
        message += ", and fails, as that cannot be removed"
    fix = "Leave it out: nothing of a mount is in the image"
    return Found(span, message, fix, edits=edits)


def _removes(command: Command, mount: PlacedMount, run: Run) -> bool:
    if command.name != "rm" or mount.path is None:
        return False
    for word in command.words[1:]:
        value = word.value(lambda name: run.before.home if name == "HOME" else None)
        if value is None or value.startswith("-"):
            continue
        path = run.before.path(value.removesuffix("/*").removesuffix("/"))
        if path is not None and is_below(mount.path, path):
            return True
    return False


def _pruned(subject: Subject) -> Iterator[Found]:
    for run in subject.model.runs:
        for invocation in run.invocations:
            line = invocation.line
            if line.shown != "uv cache prune" or not line.has("--ci"):
                continue
            if any(covers(mount, invocation.cache) for mount in run.caches):
                message = "`uv cache prune --ci` removes all wheels that were downloaded"
                fix, place = "Write `uv cache prune`, or leave it out", line.place("--ci")
                edits = without_word(subject.dockerfile, run.instruction, place, "--ci")
                yield Found(place, message, fix, edits=edits)


def _resolved_anew(subject: Subject) -> Iterator[Found]:
    for run in subject.model.runs:
        for invocation in run.invocations:
            line = invocation.line
            if line.tool.name != "uv":
                continue
            if line.subcommand == ("lock",) and not line.has("--check", "--locked", "--frozen"):
                message = "`uv lock` resolves anew: each build may get something else"
                yield Found(line.span, message, "Commit `uv.lock`, and write `uv sync --locked`")
            elif line.installs and line.has(*_RESOLVING):
                option = next(name for name, _, _ in line.options if name in _RESOLVING)
                message = f"`{option}` asks the index again for what the lock and the cache have"
                yield Found(line.place(option), message, f"Leave out `{option}`")


RULES = (
    Rule(
        code="LAM304",
        title="The cache mount is emptied",
        severity=Severity.ERROR,
        why=(
            "What is in a mount is not in the image, so there is nothing to save. The next build"
            " finds an empty cache. `rm` of the folder itself fails, for it is mounted; so does"
            " `uv cache clean` of older releases of uv (`Device or resource busy`)."
        ),
        fix="Clean up only where nothing is mounted.",
        sources=("openshift-psap/forge#47",),
        bad=example(sync="uv sync --frozen --no-install-project && uv cache clean\n"),
        good=example(),
        find=_cleared,
        mends=(
            "the command is left out, where `&&` joins it to others, and it removes nothing"
            " else."
        ),
    ),
    Rule(
        code="LAM305",
        title="`uv cache prune --ci` in a cache mount",
        severity=Severity.ERROR,
        why=(
            "`--ci` removes what can be downloaded again, and keeps what was built. That suits a"
            " cache that is uploaded after each run; in a mount it removes what the mount is for."
        ),
        fix="`uv cache prune`, or nothing.",
        sources=("docs.astral.sh/uv/concepts/cache",),
        bad=example(sync="uv sync --frozen --no-install-project && uv cache prune --ci\n"),
        good=example(sync="uv sync --frozen --no-install-project && uv cache prune\n"),
        find=_pruned,
        mends="`--ci` is left out.",
    ),
    Rule(
        code="LAM306",
        title="Resolved or fetched anew in the build",
        severity=Severity.WARNING,
        why=(
            "These ask the index again for what is known, and what is installed depends on the day"
            " of the build."
        ),
        fix="Build from the lock, with `--locked` or `--frozen`.",
        sources=("docs.astral.sh/uv/concepts/cache",),
        bad=example(sync="uv sync --upgrade --no-install-project\n"),
        good=example(),
        find=_resolved_anew,
        leaves="it may be wanted, and without it a lock must be there.",
    ),
)  # fmt: skip
