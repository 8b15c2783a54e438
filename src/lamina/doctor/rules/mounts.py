"""Family 1: what else is wrong with cache mounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamina.dockerfile.lines import Directive
from lamina.dockerfile.text import Span
from lamina.doctor.edit import Edit, Edits
from lamina.doctor.edits.mounts import with_mount, without_option
from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.rules.covering import (
    VARIABLE,
    assumption,
    covers,
    unmounted,
)
from lamina.doctor.rules.examples import MOUNTED, mounted
from lamina.doctor.subject import Subject

_OLD_FRONTEND = re.compile(r"docker/dockerfile(?:-upstream)?:1\.([0-2])(?![0-9])")
_FRONTEND = re.compile(r"docker/dockerfile(?:-upstream)?:(1\.[0-9]+(?:\.[0-9]+)?)")


def _old_frontend(subject: Subject) -> Iterator[Found]:
    directive = subject.dockerfile.directive("syntax")
    version = _OLD_FRONTEND.search(directive.value) if directive is not None else None
    if directive is None or version is None:
        return
    for run in subject.model.runs:
        for mount in run.mounts:
            if VARIABLE.search(mount.written):
                message = (
                    f"`docker/dockerfile:1.{version[1]}` does not replace variables in mounts:"
                    f" the target is `{mount.written}` as it stands"
                )
                fix = "Write `# syntax=docker/dockerfile:1`"
                yield Found(mount.span, message, fix, edits=_newer(subject, directive))


def _newer(subject: Subject, directive: Directive) -> Edits:
    """Name the newest frontend of the same series; a digest is left, as somebody chose it."""
    line = subject.dockerfile.text[directive.span.start : directive.span.end]
    match = _FRONTEND.fullmatch(directive.value)
    if match is None or not line.rstrip().endswith(directive.value):
        return ()
    end = directive.span.start + len(line.rstrip())
    return (Edit(Span(end - len(match[1]), end), "1"),)


def _one_without(subject: Subject) -> Iterator[Found]:
    mounted = {
        invocation.line.tool.name: (mount, run)
        for run in subject.model.runs
        for invocation in run.installs
        for mount in run.caches
        if covers(mount, invocation.cache)
    }
    for run in subject.model.runs:
        for invocation in unmounted(run):
            line, path = invocation.line, invocation.cache.path
            if line.tool.name not in mounted:
                continue
            mount, other = mounted[line.tool.name]
            message = (
                f"`{line.shown}` has no cache mount here, though it has one elsewhere: it downloads"
                f" again, and leaves `{path}` in the layer"
            )
            fix = f"Add `--mount=type=cache,target={mount.path}` to this `RUN`"
            notes = assumption(run, invocation.cache.assumed)
            edits: Edits = ()
            if not notes and covers(mount, invocation.cache):
                edits = with_mount(subject.dockerfile, run.instruction, mount, other.instruction)
            yield Found(invocation.span, message, fix, notes, edits=edits)


def _hidden(subject: Subject) -> Iterator[Found]:
    for run in subject.model.runs:
        for invocation in run.installs:
            path = invocation.cache.path
            over = [each for each in run.mounts if covers(each, invocation.cache)]
            if path is None or not any(each.is_cache for each in over):
                continue
            top = max(enumerate(over), key=lambda each: (len(each[1].path or ""), each[0]))[1]
            if not top.is_cache:
                message = (
                    f"The mount of type `{top.mount.kind}` at `{top.path}` hides the cache mount:"
                    f" {invocation.line.tool.name} uses `{path}`"
                )
                yield Found(top.span, message, "Leave out one of the two mounts")
                break


def _refused_mount(subject: Subject) -> Iterator[Found]:
    for problem in (*subject.dockerfile.problems, *subject.model.problems):
        if problem.is_mount:
            yield Found(problem.span, problem.message, "See the options of `RUN --mount`")


def _readonly(subject: Subject) -> Iterator[Found]:
    for run in subject.model.runs:
        for mount in run.caches:
            used = [each for each in run.installs if covers(mount, each.cache)]
            if mount.mount.is_readonly and used:
                tool = used[0].line.tool.name
                message = f"The cache mount is read-only, but {tool} must write into it"
                option = mount.mount.option("readonly") or mount.mount.option("readwrite")
                place = mount.span if option is None else option.span
                edits = without_option(subject.dockerfile, mount, "readonly", "readwrite")
                yield Found(place, message, "Leave out `readonly`", edits=edits)


RULES = (
    Rule(
        code="LAM103",
        title="A variable in the target of a mount, with a frontend that replaces none",
        severity=Severity.ERROR,
        why=(
            "Before `docker/dockerfile:1.3`, variables in the options of `--mount` were taken"
            " literally: the mount is at a folder called `$HOME`, below `WORKDIR`."
        ),
        fix="Name a newer frontend, `# syntax=docker/dockerfile:1`, or write the path.",
        sources=("moby/buildkit#2089", "moby/buildkit#815", "moby/buildkit#1173"),
        bad=mounted(
            "type=cache,target=$CACHE",
            before="ENV CACHE=/root/.cache/uv\n",
            first="# syntax=docker/dockerfile:1.2\n",
        ),
        good=mounted(
            "type=cache,target=$CACHE",
            before="ENV CACHE=/root/.cache/uv\n",
            first="# syntax=docker/dockerfile:1\n",
        ),
        find=_old_frontend,
        mends="the newest frontend of the series is named, unless a digest is.",
    ),
    Rule(
        code="LAM108",
        title="One of several commands has no cache mount",
        severity=Severity.WARNING,
        why=(
            "A mount is there for one `RUN` only. Another without it downloads again what is"
            " cached already, and leaves a cache in its layer."
        ),
        fix="Give each `RUN` that installs the same mount.",
        sources=("vllm-project/vllm#50537",),
        bad=Example(
            dockerfile=MOUNTED.dockerfile + "COPY . .\nRUN uv sync --frozen\n",
        ),
        good=Example(
            dockerfile=MOUNTED.dockerfile
            + "COPY . .\nRUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen\n",
        ),
        find=_one_without,
        mends="the `RUN` gets the mount of the other one, where it has the tool's cache as well.",
    ),
    Rule(
        code="LAM109",
        title="Another mount hides the cache mount",
        severity=Severity.ERROR,
        why=(
            "Of mounts that lie in each other, a program sees the innermost. If that is no cache"
            " mount, nothing of the tool's cache is kept."
        ),
        fix="Leave out the one that hides.",
        sources=("moby/buildkit: executor/oci",),
        bad=mounted("type=cache,target=/root/.cache --mount=type=tmpfs,target=/root/.cache/uv"),
        good=mounted("type=cache,target=/root/.cache --mount=type=tmpfs,target=/tmp"),
        find=_hidden,
        leaves="which of the two mounts is wanted, only its author knows.",
    ),
    Rule(
        code="LAM110",
        title="Options of a mount that builders refuse",
        severity=Severity.ERROR,
        why="The builder ends with an error before it builds anything.",
        fix="Write `--mount=type=cache,target=...`, without spaces.",
        sources=("moby/moby#32507", "moby/buildkit: instructions/commands_runmount.go"),
        bad=mounted("type=cache,targt=/root/.cache/uv"),
        good=MOUNTED,
        find=_refused_mount,
        leaves="what was meant would be a guess.",
    ),
    Rule(
        code="LAM112",
        title="A cache mount that is read-only",
        severity=Severity.WARNING,
        why="Tools write into their cache, also what they have only looked up.",
        fix="Leave out `ro` or `readonly`.",
        sources=("docs.docker.com/reference/dockerfile/#run---mounttypecache",),
        bad=mounted("type=cache,target=/root/.cache/uv,ro"),
        good=MOUNTED,
        find=_readonly,
        mends="the option is left out.",
    ),
)  # fmt: skip
