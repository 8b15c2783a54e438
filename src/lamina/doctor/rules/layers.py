"""Family 4: what makes a builder run the installation again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamina.dockerfile.model.bases import split_reference
from lamina.dockerfile.model.build import copies
from lamina.dockerfile.model.installs import installs, uv_reference
from lamina.dockerfile.text import Span
from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.project import (
    static_version,
)
from lamina.doctor.rules.examples import CACHE, HEAD, PACKAGE, SYNCED, UV, example
from lamina.doctor.rules.inputs import first_of_uv, first_syncs
from lamina.doctor.subject import Subject

_VOLATILE = re.compile(
    r"(?i)(git|vcs|ci|build|source|commit|app|image|release)?_?"
    r"(sha|commit|commit_sha|revision|ref|date|time|timestamp|number|build_id|version|build_number)"
)
_STEADY = re.compile(r"(?i)(python|uv|pip|poetry|pdm|node|debian|alpine|ubuntu|cuda|.*_)version")
_APT = frozenset({"apt-get", "apt"})


def _versioned(subject: Subject) -> Iterator[Found]:
    beside = subject.beside
    if beside.pyproject is not None and static_version(beside) is None:
        return
    for install in first_of_uv(subject):
        if any(each.has_code for each in install.copied):
            continue
        # uv's guide binds both instead: then there is nothing left that a Dockerfile could do.
        copied = copies(install.before)
        names = [
            name
            for name in ("pyproject.toml", "uv.lock")
            if any(each.brings(name) for each in copied)
        ]
        if not names:
            continue
        listed = " and in ".join(f"`{name}`" for name in names)
        message = (
            f"This runs again at each change of the project's own version, which is in {listed}"
        )
        fix = (
            "Docker cannot avoid it, short of an earlier stage that writes the lock without it"
            " (`uv export --format pylock.toml`); `lamina build` gives each wheel its own layer"
        )
        notes = () if beside.pyproject is not None else ("Unless the version is dynamic",)
        yield Found(install.invocation.span, message, fix, notes)


def _code_first(subject: Subject) -> Iterator[Found]:
    for install in first_syncs(subject):
        line = install.invocation.line
        code = [each for each in install.copied if each.has_code]
        if not code:
            continue
        message = f"`{line.shown}` runs again at each change of the code, which is copied before it"
        yield Found(code[-1].span, message, _two_steps(line.tool.name))


def _two_steps(tool: str) -> str:
    match tool:
        case "uv":
            return (
                "Copy `pyproject.toml` and `uv.lock` alone, and `uv sync --locked"
                " --no-install-project`; then copy the rest, and sync again"
            )
        case "poetry":
            return (
                "Copy `pyproject.toml` and `poetry.lock` alone, `poetry install --no-root`; then"
                " copy the rest"
            )
        case "pdm":
            return (
                "Copy `pyproject.toml` and `pdm.lock` alone, `pdm sync --no-self`; then copy the"
                " rest"
            )
        case _:
            return "Copy the list of requirements alone, install it, then copy the rest"


def _floating_uv(subject: Subject) -> Iterator[Found]:
    for stage in subject.model.stages:
        references = [
            (copied.origin, copied.span) for copied in copies(stage.steps) if copied.origin
        ]
        references += [
            (mount.mount.get("from"), mount.mount.span)
            for run in stage.runs
            for mount in run.mounts
        ]
        for name, span in references:
            reference = uv_reference(name, subject.model)
            if reference is None:
                continue
            _, tag, digest = split_reference(reference)
            if tag in ("", "latest") and not digest:
                message = (
                    f"`{reference}` is another image at each release of uv: all below runs again"
                )
                fix = "Name a release, such as `ghcr.io/astral-sh/uv:0.12.5`, or a digest"
                yield Found(span, message, fix)
                return


def _volatile(subject: Subject) -> Iterator[Found]:
    told: set[Span] = set()
    for install in installs(subject.model):
        for step in install.before:
            for pair in step.instruction.pairs if step.name == "ARG" else ():
                name = pair.name
                if not _VOLATILE.fullmatch(name) or _STEADY.fullmatch(name) or pair.span in told:
                    continue
                told.add(pair.span)
                shown = install.invocation.line.shown
                message = (
                    f"`{name}` is in the environment of `{shown}`: that runs again at each value"
                )
                yield Found(pair.span, message, "Move it below what installs")


def _floating_base(subject: Subject) -> Iterator[Found]:
    for stage in subject.model.stages:
        name, tag, digest = split_reference(stage.base.name)
        if stage.parent is not None or not name or name == "scratch" or digest:
            continue
        if tag in ("", "latest") and uv_reference(stage.base.name, subject.model) is None:
            message = (
                f"`{stage.base.name}` is another image from time to time: all below runs again"
            )
            plain = stage.base.name.removesuffix(":latest")
            fix = f"Name a release of it, `{plain}:...`, or a digest"
            yield Found(stage.stage.base.span(), message, fix)


def _both_at_once(subject: Subject) -> Iterator[Found]:
    for install in installs(subject.model):
        for command in install.run.commands:
            words = [word.literal for word in command.words]
            if command.name in _APT and "install" in words:
                shown = install.invocation.line.shown
                message = f"A change of the Debian packages runs `{shown}` again, and the reverse"
                yield Found(command.span, message, "Write a `RUN` for each")
                break


_START = f"FROM python:3.12-slim\n{UV}WORKDIR /app\n"
_DYNAMIC = {
    **PACKAGE,
    "pyproject.toml": PACKAGE["pyproject.toml"].replace('version = "1.0"', 'dynamic = ["version"]'),
}


RULES = (
    Rule(
        code="LAM401",
        title="The project's own version is an input of the dependencies",
        severity=Severity.NOTE,
        why=(
            "A builder knows a `RUN` by the content of what was copied or bound before it. The"
            " version of the project is in `pyproject.toml` and in `uv.lock`, so each release"
            " installs everything again, even if a cache mount spares the download. The layer that"
            " it writes is new, and pushed and pulled whole, but where a later stage copies the"
            " very same files on the same builder. So it is with every other table of"
            " `pyproject.toml`, such as `[tool.ruff]`."
        ),
        fix=(
            "A `dynamic` version is not in the lock. Or let an earlier stage write `pylock.toml`,"
            " and install from that. `lamina build` knows no such layer: each wheel has its own."
        ),
        sources=("astral-sh/uv#13727", "astral-sh/uv#13604", "astral-sh/uv#17815"),
        bad=example(files=PACKAGE),
        good=example(files=_DYNAMIC),
        find=_versioned,
        leaves="no Dockerfile can help it.",
    ),
    Rule(
        code="LAM402",
        title="The code is copied before the dependencies are installed",
        severity=Severity.WARNING,
        why="Each edit of a file then installs everything again.",
        fix="Install what the lock says first, and copy the code behind it.",
        sources=("docs.astral.sh/uv/guides/integration/docker",),
        bad=Example(dockerfile=f"{_START}COPY . .\nRUN {CACHE} uv sync --frozen\n"),
        good=Example(dockerfile=f"{SYNCED}COPY . .\nRUN {CACHE} uv sync --frozen\n"),
        find=_code_first,
        leaves=(
            "what the first installation needs besides, such as `.python-version`, only the"
            " project knows."
        ),
    ),
    Rule(
        code="LAM407",
        title="uv comes from an image whose tag moves",
        severity=Severity.WARNING,
        why=(
            "uv is released about twice a week. With each release, `latest` is another image, and"
            " the builder runs everything below the `COPY` again."
        ),
        fix="Name a release, or better a digest.",
        sources=("docs.astral.sh/uv/guides/integration/docker", "MTG/freesound#2010"),
        bad=example(head=HEAD.replace(":0.12.5", ":latest")),
        good=example(),
        find=_floating_uv,
        leaves="which release to take is a decision.",
    ),
    Rule(
        code="LAM408",
        title="A value that changes at each build, above what installs",
        severity=Severity.WARNING,
        why=(
            "`ARG`s are in the environment of each `RUN` below them, used or not. With a commit or"
            " a date among them, no `RUN` is ever found in the cache."
        ),
        fix="Declare it where it is used, below what installs.",
        sources=("docs.docker.com/reference/dockerfile/#impact-on-build-caching",),
        bad=example("ARG GIT_SHA"),
        good=Example(dockerfile=f"{SYNCED}ARG GIT_SHA\nENV GIT_SHA=$GIT_SHA\n"),
        find=_volatile,
        leaves="what is in between may read it.",
    ),
    Rule(
        code="LAM410",
        title="A base image whose tag moves",
        severity=Severity.WARNING,
        why=(
            "`latest` is another image with each release of Python: everything is installed again,"
            " for another Python, on a day that nobody chose."
        ),
        fix="Name a release, or better a digest.",
        sources=("docs.docker.com/build/building/best-practices/#pin-base-image-versions",),
        bad=example(head=HEAD.replace("python:3.12-slim", "python")),
        good=example(),
        find=_floating_base,
        leaves="which release to take is a decision.",
    ),
    Rule(
        code="LAM415",
        title="Debian packages and dependencies in one `RUN`",
        severity=Severity.NOTE,
        why="A change of one installs both again.",
        fix="A `RUN` for each, what changes less often first.",
        sources=("docs.docker.com/build/cache",),
        bad=example(sync="apt-get update && apt-get install -y gcc && uv sync --frozen\n"),
        good=example("RUN apt-get update && apt-get install -y gcc"),
        find=_both_at_once,
        leaves="what of it belongs together, only its author knows.",
    ),
)  # fmt: skip
