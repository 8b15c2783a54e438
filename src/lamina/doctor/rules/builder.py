"""Family 5: what a builder does with caches."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.dockerfile.model.run import PlacedMount
from lamina.doctor.edits.mounts import without_option
from lamina.doctor.finding import Found, Rule, Severity
from lamina.doctor.rules.covering import covers
from lamina.doctor.rules.examples import CACHE, HEAD, SYNC, example, plain
from lamina.doctor.subject import Subject


def _serial(subject: Subject) -> Iterator[Found]:
    for run in subject.model.runs:
        for mount in run.caches:
            option = mount.mount.option("sharing")
            sharing = (option.value or "").lower() if option is not None else ""
            used = [each for each in run.installs if covers(mount, each.cache)]
            if option is None or sharing == "shared" or not used:
                continue
            tool = used[0].line.tool.name
            if tool not in ("uv", "pip"):
                continue
            what = "lets one build wait for the other"
            if sharing == "private":
                what = "gives an empty cache to whoever comes second, and Buildah refuses it"
            message = f"`sharing={sharing}` {what}; {tool}'s cache can be shared"
            edits = without_option(subject.dockerfile, mount, "sharing")
            yield Found(option.span, message, f"Leave out `sharing={sharing}`", edits=edits)


def _several(subject: Subject) -> Iterator[Found]:
    first: dict[str, PlacedMount] = {}
    for run in subject.model.runs:
        for invocation in run.installs:
            tool = invocation.line.tool.name
            for mount in run.caches:
                if not covers(mount, invocation.cache):
                    continue
                known = first.setdefault(tool, mount)
                if known.cache_id != mount.cache_id:
                    message = (
                        f"{tool} has two caches: `{mount.cache_id}` here, `{known.cache_id}` above"
                    )
                    fix = f"Give both mounts `id={known.cache_id}`"
                    yield Found(mount.span, message, fix)


_LATER = f"{HEAD}RUN {CACHE} {SYNC}COPY . ."

RULES = (
    Rule(
        code="LAM512",
        title="A cache that could be shared is not",
        severity=Severity.NOTE,
        why=(
            "uv's cache and pip's are safe for many writers. `locked` makes parallel builds, such"
            " as those of several platforms, wait for each other; `private` gives an empty cache to"
            " all but the first."
        ),
        fix="Leave out `sharing`.",
        sources=("docs.astral.sh/uv/concepts/cache/#cache-safety", "moby/buildkit: mount.go"),
        bad=plain(f"{HEAD}RUN {CACHE},sharing=locked {SYNC}".rstrip("\n")),
        good=example(),
        find=_serial,
        mends="`sharing` is left out.",
    ),
    Rule(
        code="LAM513",
        title="Several caches of one tool",
        severity=Severity.WARNING,
        why=(
            "A builder knows a cache by its `id`, which is the target if none is given. With"
            " different ones, each command downloads what the other has."
        ),
        fix="One `id` everywhere, or none.",
        sources=("moby/buildkit: solver/llbsolver/mounts/mount.go",),
        bad=plain(_LATER, f"RUN {CACHE},id=uv uv sync --frozen"),
        good=plain(_LATER, f"RUN {CACHE} uv sync --frozen"),
        find=_several,
        leaves="they may be apart on purpose.",
    ),
)
