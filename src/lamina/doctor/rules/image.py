"""Family 6: what is in the image that should not be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamina.dockerfile.model.bases import UV_IMAGE, split_reference
from lamina.dockerfile.model.build import copies
from lamina.dockerfile.model.installs import Install, installs, uv_reference
from lamina.dockerfile.model.run import Invocation, Run
from lamina.dockerfile.secrets import SECRET_NAME
from lamina.doctor.edit import Edits
from lamina.doctor.edits.mounts import with_cache
from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.project import has_dev_group
from lamina.doctor.rules.covering import covers, is_below, unmounted
from lamina.doctor.rules.examples import CACHE, HEAD, SYNC, UV, WITH_DEV, example, plain
from lamina.doctor.subject import Subject

_USERINFO = re.compile(r"://[^\s/@$]+:[^\s/@]+@")
_NO_SECRET = re.compile(r"(?i).*(_file|_path|_url|_id|_name|_ttl|public.*)")
_RELEASE = re.compile(r"([0-9]+)\.([0-9]+)(?:\.[0-9]+)?(?:-|$)")
_GONE = re.compile(r"(?i)bookworm|alpine3\.21|python3\.8(?![0-9])")


def _left_in_layer(subject: Subject) -> Iterator[Found]:
    mounted = {
        invocation.line.tool.name
        for run in subject.model.runs
        for invocation in run.installs
        if any(covers(mount, invocation.cache) for mount in run.caches)
    }
    for stage in subject.model.stages:
        for run in stage.runs:
            for invocation in unmounted(run):
                if invocation.line.tool.name in mounted or _is_cleared(run, invocation):
                    continue
                tool, path = invocation.line.tool, invocation.cache.path
                message = (
                    f"`{invocation.line.shown}` downloads everything each time that this runs, and"
                    f" leaves `{path}` in the layer"
                )
                fix = f"Add `--mount=type=cache,target={path}`"
                if tool.off_variables:
                    fix += f"; or, to keep the layer small, `ENV {tool.off_variables[0]}=1`"
                yield Found(invocation.span, message, fix, edits=_mounted(subject, run, invocation))


def _mounted(subject: Subject, run: Run, invocation: Invocation) -> Edits:
    """Mount a cache, if only builders that know mounts can build this Dockerfile."""
    path = invocation.cache.path
    if path is None or (invocation.cache.assumed and not run.before.base.is_known):
        return ()
    flags = [
        flag.name
        for stage in subject.dockerfile.stages
        for instruction in stage.instructions
        for flag in instruction.flags
    ]
    if "mount" not in flags and subject.dockerfile.directive("syntax") is None:
        return ()
    return with_cache(subject.dockerfile, run.instruction, path)


def _is_cleared(run: Run, invocation: Invocation) -> bool:
    """Say whether the cache is removed in the same layer."""
    tool = invocation.line.tool.name
    clearing = {"clean", "purge", "clear"}
    for each in run.invocations:
        if each.line.tool.name == tool and clearing & set(each.line.subcommand):
            return True
    for command in run.commands:
        for word in command.words[1:] if command.name == "rm" else ():
            value = word.value(invocation.lookup)
            path = run.before.path(value) if value and not value.startswith("-") else None
            if path is not None and is_below(invocation.cache.path or "/", path.rstrip("/*")):
                return True
    return False


def _with_dev(subject: Subject) -> Iterator[Found]:
    if has_dev_group(subject.beside) is not True:
        return
    found = installs(subject.model, "uv sync")
    for install in found[-1:]:
        line = install.invocation.line
        if install.has("UV_NO_DEV", "--no-dev", "--no-default-groups", "--only-group"):
            continue
        if any(word.literal == "dev" for word in line.values("--no-group")) or _is_wanted(install):
            continue
        message = "The group `dev` is installed as well"
        yield Found(install.invocation.span, message, "Write `ENV UV_NO_DEV=1`")


def _is_wanted(install: Install) -> bool:
    return install.has("UV_NO_DEFAULT_GROUPS", "--dev", "--all-groups", "--only-dev")


def _told_secrets(subject: Subject) -> Iterator[Found]:
    for stage in subject.dockerfile.stages:
        for instruction in stage.instructions:
            for pair in instruction.pairs if instruction.name in ("ARG", "ENV") else ():
                value = pair.value.text.strip("\"'") if pair.value is not None else ""
                is_named = SECRET_NAME.search(pair.name) and not _NO_SECRET.fullmatch(pair.name)
                is_given = value or instruction.name == "ARG"
                if (is_named and is_given) or _USERINFO.search(value):
                    message = (
                        f"`{pair.name}` can be read by whoever has the image: {instruction.name}s"
                        " are in its history"
                    )
                    fix = f"Write `RUN --mount=type=secret,id={pair.name},env={pair.name} ...`"
                    yield Found(pair.span, message, fix)


def _gone_tags(subject: Subject) -> Iterator[Found]:
    for stage in subject.model.stages:
        repository, tag, digest = split_reference(stage.base.name)
        if stage.parent is not None or repository != UV_IMAGE or digest or not _GONE.search(tag):
            continue
        release = _RELEASE.match(tag)
        if release is None or (int(release[1]), int(release[2])) >= (0, 10):
            what = "is not made any more since uv 0.10: what it has is old"
            if release is not None:
                what = "does not exist: it is not made any more since uv 0.10"
            message = f"`{stage.base.name}` {what}"
            yield Found(stage.stage.base.span(), message, "Take one of trixie, or Python from 3.9")


def _of_the_target(subject: Subject) -> Iterator[Found]:
    for stage in subject.model.stages:
        if "BUILDPLATFORM" not in (stage.stage.platform or ""):
            continue
        for copied in copies(stage.steps):
            is_image = copied.origin is not None and subject.model.stage(copied.origin) is None
            if is_image and uv_reference(copied.origin, subject.model) is not None:
                message = (
                    "This uv is for the platform that is built for; the stage runs on that of the"
                    " builder"
                )
                fix = (
                    f"Write `FROM --platform=$BUILDPLATFORM {copied.origin} AS uv`, and copy from"
                    " that stage"
                )
                yield Found(copied.span, message, fix)


RULES = (
    Rule(
        code="LAM601",
        title="No cache mount",
        severity=Severity.WARNING,
        why=(
            "Without a mount, what is downloaded is kept in the layer, where it serves nobody: the"
            " image is larger by it, and the next run downloads it again."
        ),
        fix="Mount a cache; or turn it off, and the layer is smaller at least.",
        sources=("unslothai/unsloth#10827", "timescale/timescaledb#669", "vllm-project/vllm#50537"),
        bad=Example(dockerfile=f"# syntax=docker/dockerfile:1\n{HEAD}RUN {SYNC}"),
        good=example(),
        find=_left_in_layer,
        mends=(
            "a mount is added, if the path is known, and a `syntax` or another mount shows that"
            " the builder knows mounts."
        ),
    ),
    Rule(
        code="LAM605",
        title="What developers need is in the image",
        severity=Severity.NOTE,
        why="The group `dev` is installed unless it is left out: a larger image, and more to mend.",
        fix="`ENV UV_NO_DEV=1`, or `--no-dev`.",
        sources=("docs.astral.sh/uv/guides/integration/docker",),
        bad=example(files=WITH_DEV),
        good=example("ENV UV_NO_DEV=1", files=WITH_DEV),
        find=_with_dev,
        leaves="the image may be one for tests.",
    ),
    Rule(
        code="LAM608",
        title="A secret in `ARG` or `ENV`",
        severity=Severity.ERROR,
        why=(
            "`docker history` shows the values of `ARG`s that a `RUN` has had, and the config of"
            " the image has each `ENV`."
        ),
        fix="A secret mount gives it to one `RUN`, and nothing of it is kept.",
        sources=("astral-sh/uv#11740", "docs.docker.com/build/building/secrets"),
        bad=example("ARG UV_INDEX_PRIVATE_PASSWORD"),
        good=Example(
            dockerfile=f"{HEAD}RUN --mount=type=secret,id=pw,env=UV_INDEX_PRIVATE_PASSWORD \\\n"
            f"    {CACHE} {SYNC}"
        ),
        find=_told_secrets,
        leaves="where the secret is to come from, only its owner knows.",
    ),
    Rule(
        code="LAM609",
        title="An image of uv's that is not made any more",
        severity=Severity.WARNING,
        why=(
            "Since uv 0.10, images of bookworm, Alpine 3.21 and Python 3.8 are not made. The tags"
            " without a release stay where they were, with an old uv and old Debian packages."
        ),
        fix="Take a tag of trixie.",
        sources=("astral-sh/uv#17755", "astral-sh/uv: changelogs/0.10.x.md"),
        bad=plain("FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim"),
        good=plain("FROM ghcr.io/astral-sh/uv:python3.12-trixie-slim"),
        find=_gone_tags,
        leaves="another release of Debian may lack what is installed below.",
    ),
    Rule(
        code="LAM610",
        title="uv for another platform than the stage's",
        severity=Severity.WARNING,
        why=(
            "`COPY --from=IMAGE` takes the image of the target's platform. In a stage for"
            " `$BUILDPLATFORM`, that does not run where the two differ."
        ),
        fix="A stage of its own for uv, with the same `--platform`.",
        sources=("jumpstarter-dev/jumpstarter#819",),
        bad=plain("FROM --platform=$BUILDPLATFORM python:3.12-slim", UV.rstrip("\n")),
        good=plain(
            "FROM --platform=$BUILDPLATFORM ghcr.io/astral-sh/uv:0.12.5 AS uv",
            "FROM --platform=$BUILDPLATFORM python:3.12-slim",
            "COPY --from=uv /uv /bin/",
        ),
        find=_of_the_target,
        leaves="where the stage is to be, and what it is called, is a decision.",
    ),
)  # fmt: skip
