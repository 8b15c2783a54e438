"""Family 4: what makes a builder run the installation again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamina.doctor.dockerignore import is_ignored
from lamina.doctor.edit import Edits
from lamina.doctor.edits.commands import another_word, with_word
from lamina.doctor.edits.ignore import with_ignored
from lamina.doctor.edits.layout import at, line_behind
from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.model.bases import split_reference
from lamina.doctor.model.build import StageModel, Step
from lamina.doctor.model.copies import Copied, copies, read_copy
from lamina.doctor.model.installs import Install, environments, installs, uv_reference
from lamina.doctor.model.state import absolute
from lamina.doctor.project import (
    is_package,
    is_workspace,
    local_folders,
    locked_version,
    static_version,
    version_from_git,
)
from lamina.doctor.rules.examples import CACHE, HEAD, PACKAGE, SYNC, UV, example
from lamina.doctor.rules.mounts import is_below
from lamina.doctor.shell import Command
from lamina.doctor.subject import Subject
from lamina.doctor.text import Span

_VOLATILE = re.compile(
    r"(?i)(git|vcs|ci|build|source|commit|app|image|release)?_?"
    r"(sha|commit|commit_sha|revision|ref|date|time|timestamp|number|build_id|version|build_number)"
)
_STEADY = re.compile(r"(?i)(python|uv|pip|poetry|pdm|node|debian|alpine|ubuntu|cuda|.*_)version")
_APT = frozenset({"apt-get", "apt"})


def _first_syncs(subject: Subject) -> list[Install]:
    """Return the first installation of each stage that has one."""
    found: dict[int, Install] = {}
    for install in installs(subject.model):
        if not install.earlier:
            found.setdefault(install.stage.stage.index, install)
    return list(found.values())


def _first_of_uv(subject: Subject) -> list[Install]:
    return [each for each in _first_syncs(subject) if each.invocation.line.shown == "uv sync"]


def _inputs(install: Install, subject: Subject) -> list[Copied]:
    """Return what may bring files of the project: not uv itself, or what goes elsewhere."""
    return [
        each
        for each in install.copied
        if each.origin is None
        or (uv_reference(each.origin, subject.model) is None and _reaches(each, install))
    ]


def _has_any_code(inputs: list[Copied]) -> bool:
    """Say whether more is there than what says which distributions are wanted."""
    return any(not each.is_of_manifests for each in inputs)


def _versioned(subject: Subject) -> Iterator[Found]:
    beside = subject.beside
    if beside.pyproject is not None and static_version(beside) is None:
        return
    for install in _first_of_uv(subject):
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
    for install in _first_syncs(subject):
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


def _project_first(subject: Subject) -> Iterator[Found]:
    if is_package(subject.beside) is not True:
        return
    for install in _first_of_uv(subject):
        inputs = _inputs(install, subject)
        if not inputs or _has_any_code(inputs) or not install.installs_project:
            continue
        message = "The project is installed where only its `pyproject.toml` is: its code is missing"
        fix = "Add `--no-install-project`, and sync again behind the `COPY` of the code"
        yield Found(install.invocation.span, message, fix, edits=_split(subject, install))


def _split(subject: Subject, install: Install) -> Edits:
    """Install the project behind its code, by the same command as what it needs."""
    dockerfile, run = subject.dockerfile, install.run
    step = _code_behind(install)
    if step is None or len(run.commands) != 1:
        return ()
    word = _word(run.commands[0], "sync")
    first = with_word(dockerfile, run.instruction, word, "--no-install-project")
    if not first or any(
        each.run.instruction.span > step.instruction.span and each.installs_project
        for each in _behind(subject, install)
    ):
        return first
    again = at(dockerfile.text, run.instruction.span)
    if any(each.span in run.instruction.span for each in run.instruction.comments):
        return ()
    return (*first, *line_behind(dockerfile, step.instruction, again))


def _code_behind(install: Install) -> Step | None:
    """Return what copies the whole project behind an installation."""
    for step in install.stage.steps:
        copied = read_copy(step)
        if (
            copied is not None
            and copied.is_everything
            and step.instruction.span > install.run.instruction.span
        ):
            return step
    return None


def _word(command: Command, text: str) -> Span:
    return next((each.span for each in command.words if each.literal == text), command.span)


def _locals_missing(subject: Subject) -> Iterator[Found]:
    folders = local_folders(subject.beside)
    for install in _first_of_uv(subject):
        if install.has("UV_NO_INSTALL_WORKSPACE", "--no-install-workspace"):
            continue
        if install.has("UV_NO_INSTALL_LOCAL", "--no-install-local", "--no-install-package"):
            continue
        inputs = _inputs(install, subject)
        missing = [each for each in folders if not _is_there(each, inputs)]
        if missing and inputs:
            listed = ", ".join(f"`{each}`" for each in missing)
            message = f"The lock has distributions that are built from folders not copied: {listed}"
            fix = "Write `uv sync --frozen --no-install-local`, and sync again behind their `COPY`"
            yield Found(install.invocation.span, message, fix)


def _is_there(folder: str, inputs: list[Copied]) -> bool:
    return any(
        each.is_everything
        or each.origin is not None
        or any(is_below(absolute("/", folder), absolute("/", source)) for source in each.sources)
        for each in inputs
    )


def _members_missing(subject: Subject) -> Iterator[Found]:
    if not is_workspace(subject.beside):
        return
    for install in _first_of_uv(subject):
        inputs = _inputs(install, subject)
        if not install.has("UV_LOCKED", "--locked") or not inputs or _has_any_code(inputs):
            continue
        if any("/" in source for each in inputs for source in each.sources):
            continue
        message = (
            "`--locked` compares the lock with each member's `pyproject.toml`, of which none is"
        )
        fix = "Write `--frozen` here, and `--locked` behind the `COPY` of the members"
        place = install.invocation.line.place("--locked")
        edits: Edits = ()
        if any(later.has("UV_LOCKED", "--locked") for later in _behind(subject, install)):
            args = place, "--locked", "--frozen"
            edits = another_word(subject.dockerfile, install.run.instruction, *args)
        yield Found(place, f"{message} there", fix, edits=edits)


def _behind(subject: Subject, install: Install) -> list[Install]:
    return [
        each
        for each in installs(subject.model, "uv sync")
        if each.stage is install.stage and each.run.instruction.span > install.run.instruction.span
    ]


def _outdated(subject: Subject) -> Iterator[Found]:
    declared, locked = static_version(subject.beside), locked_version(subject.beside)
    if declared is None or locked is None or declared == locked:
        return
    for install in installs(subject.model, "uv sync"):
        if install.has("UV_LOCKED", "--locked"):
            message = (
                f"`--locked` fails: `uv.lock` has the project as {locked}, `pyproject.toml` as"
                f" {declared}"
            )
            fix = "Run `uv lock` with each change of the version; or write `--frozen`"
            yield Found(install.invocation.line.place("--locked"), message, fix)


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


def _host_environment(subject: Subject) -> Iterator[Found]:
    beside = subject.beside
    if not beside.is_folder_known or beside.pyproject is None:
        return
    ignored = beside.dockerignore
    if ignored is not None and is_ignored(ignored, ".venv"):
        return
    for stage in subject.model.stages:
        for step in stage.steps:
            copied = read_copy(step)
            if copied is not None and copied.is_everything:
                missing = "there is no `.dockerignore`"
                if beside.dockerignore is not None:
                    missing = "`.dockerignore` does not name it"
                message = f"A `.venv` of this machine is copied as well: {missing}"
                if copied.destination is not None and _has_venv(copied, stage):
                    message = f"A `.venv` of this machine replaces that of the image: {missing}"
                fix, edits = "Write `.venv` into `.dockerignore`", with_ignored(ignored, ".venv")
                yield Found(copied.span, message, fix, edits=edits)
                return


def _has_venv(copied: Copied, stage: StageModel) -> bool:
    return absolute(copied.destination or "/", ".venv") in environments(stage.all_steps)


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


def _without_git(subject: Subject) -> Iterator[Found]:
    beside = subject.beside
    tool = version_from_git(beside)
    if tool is None or not beside.is_folder_known:
        return
    is_left_out = beside.dockerignore is not None and is_ignored(beside.dockerignore, ".git")
    for install in installs(subject.model, "uv sync"):
        if not install.installs_project or any(".git" in each.sources for each in install.copied):
            continue
        environment = install.invocation.environment
        if any(name.startswith("SETUPTOOLS_SCM_PRETEND_VERSION") for name in _names(install)):
            continue
        if environment.known("UV_DYNAMIC_VERSIONING_BYPASS"):
            continue
        if is_left_out or not any(each.is_everything for each in install.copied):
            message = f"{tool} takes the version from `.git`, which is not there"
            fix = "Set `SETUPTOOLS_SCM_PRETEND_VERSION`, from an `ARG` right above"
            yield Found(install.invocation.span, message, fix)
            return


def _names(install: Install) -> list[str]:
    environment = install.invocation.environment
    return [*environment.variables, *environment.arguments]


def _without_lock(subject: Subject) -> Iterator[Found]:
    beside = subject.beside
    if beside.dockerignore is not None and is_ignored(beside.dockerignore, "uv.lock"):
        for stage in subject.model.stages:
            for step in stage.steps:
                copied = read_copy(step)
                if copied is not None and copied.origin is None and "uv.lock" in copied.sources:
                    message = "`.dockerignore` leaves out `uv.lock`: there is nothing to copy"
                    yield Found(copied.span, message, "Take `uv.lock` out of `.dockerignore`")
                    return
    for install in _first_of_uv(subject):
        inputs = _inputs(install, subject)
        if not any(each.brings("pyproject.toml") for each in inputs):
            continue
        if any(each.origin is not None for each in inputs):
            continue
        if not any(each.brings("uv.lock") for each in inputs):
            message = "`uv.lock` is not copied: everything is resolved anew, to whatever is newest"
            if install.has("UV_FROZEN", "--frozen") or install.has("UV_LOCKED", "--locked"):
                message = "`uv.lock` is not copied: `uv sync` fails without it"
            fix = "Copy `uv.lock` together with `pyproject.toml`, and pass `--locked`"
            yield Found(install.invocation.span, message, fix)


def _reaches(copied: Copied, install: Install) -> bool:
    """Say whether what comes from another stage may be of the project."""
    folder, destination = install.invocation.workdir, copied.destination
    if destination is None or folder is None:
        return True
    is_environment = destination.endswith((".venv", "/venv", "/bin"))
    return is_below(destination, folder) and not is_environment


def _both_at_once(subject: Subject) -> Iterator[Found]:
    for install in installs(subject.model):
        for command in install.run.commands:
            words = [word.literal for word in command.words]
            if command.name in _APT and "install" in words:
                shown = install.invocation.line.shown
                message = f"A change of the Debian packages runs `{shown}` again, and the reverse"
                yield Found(command.span, message, "Write a `RUN` for each")
                break


_LOCK_ONLY = "COPY pyproject.toml uv.lock ./"
_START = f"FROM python:3.12-slim\n{UV}WORKDIR /app\n"
_AGAIN = f"COPY . .\nRUN {CACHE} uv sync --locked\n"
_LATER = f"{HEAD}RUN {CACHE} {SYNC}"
_MEMBERS = {
    **PACKAGE,
    "pyproject.toml": PACKAGE["pyproject.toml"] + '\n[tool.uv.workspace]\nmembers = ["lib"]\n',
    "uv.lock": PACKAGE["uv.lock"]
    + '\n[[package]]\nname = "lib"\nversion = "1"\nsource = { editable = "lib" }\n',
}
_FROM_GIT = {
    **PACKAGE,
    "pyproject.toml": '[project]\nname = "app"\ndynamic = ["version"]\n\n[build-system]\n'
    'requires = ["hatchling", "hatch-vcs"]\nbuild-backend = "hatchling.build"\n',
    ".dockerignore": ".venv\n.git\n",
}
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
            " installs everything again, into a new layer that is pushed and pulled whole, even if"
            " a cache mount spares the download. The same holds for every other table of"
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
        good=Example(dockerfile=f"{_LATER}COPY . .\nRUN {CACHE} uv sync --frozen\n"),
        find=_code_first,
        leaves=(
            "what the first installation needs besides, such as `.python-version`, only the"
            " project knows."
        ),
    ),
    Rule(
        code="LAM403",
        title="The project is installed before its code is there",
        severity=Severity.ERROR,
        why=(
            "`uv sync` builds and installs the project too. With only `pyproject.toml` copied, its"
            " build fails for want of `README.md` or the package, or installs nothing of use."
        ),
        fix="`--no-install-project` in the first sync.",
        sources=("meilisearch/meilisearch-python#1231",),
        bad=Example(
            dockerfile=f"{HEAD}RUN {CACHE} uv sync --frozen\nCOPY . .\n", files=PACKAGE
        ),
        good=example(files=PACKAGE),
        find=_project_first,
        mends=(
            "`--no-install-project` is added, where all of the project is copied below; and"
            " there the same `RUN` comes again, unless there is one."
        ),
    ),
    Rule(
        code="LAM404",
        title="Folders that the lock names are not copied",
        severity=Severity.ERROR,
        why=(
            "Members of a workspace, and dependencies by path, are built from their folders:"
            " `Distribution not found at: file:///app/...`."
        ),
        fix="`--no-install-workspace` or `--no-install-local` in the first sync.",
        sources=("astral-sh/uv-docker-example#45", "astral-sh/uv#6867", "astral-sh/uv#15842"),
        bad=example(files=_MEMBERS),
        good=example(sync="uv sync --frozen --no-install-workspace\n", files=_MEMBERS),
        find=_locals_missing,
        leaves="what is to be installed, and where, depends on what the folders are for.",
    ),
    Rule(
        code="LAM405",
        title="`--locked` without the members of the workspace",
        severity=Severity.ERROR,
        why=(
            "`--locked` compares the lock with what every member declares. Without their"
            " `pyproject.toml`, the lock is out of date."
        ),
        fix="`--frozen` in the first sync, `--locked` in the second.",
        sources=("astral-sh/uv#6867", "astral-sh/uv#6935"),
        bad=example(sync=f"uv sync --locked --no-install-workspace\n{_AGAIN}", files=_MEMBERS),
        good=example(sync=f"uv sync --frozen --no-install-workspace\n{_AGAIN}", files=_MEMBERS),
        find=_members_missing,
        mends=(
            "`--locked` becomes `--frozen`, where a later `uv sync --locked` compares them all"
            " the same."
        ),
    ),
    Rule(
        code="LAM406",
        title="`--locked` with a lock of another version of the project",
        severity=Severity.ERROR,
        why="uv takes a lock for outdated if only the project's own version differs.",
        fix="`uv lock` in the commit that changes the version; or `--frozen`.",
        sources=("astral-sh/uv#15643",),
        bad=example(
            sync="uv sync --locked --no-install-project\n",
            files={**PACKAGE, "uv.lock": PACKAGE["uv.lock"].replace("1.0", "0.9")},
        ),
        good=example(sync="uv sync --locked --no-install-project\n", files=PACKAGE),
        find=_outdated,
        leaves="the lock is to be made anew, with the project.",
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
        good=Example(dockerfile=f"{_LATER}ARG GIT_SHA\nENV GIT_SHA=$GIT_SHA\n"),
        find=_volatile,
        leaves="what is in between may read it.",
    ),
    Rule(
        code="LAM409",
        title="The host's `.venv` is copied into the image",
        severity=Severity.WARNING,
        why=(
            "An environment is of one machine: its Python and its paths. Copied over that of the"
            " image, it breaks it; and it is sent to the builder at each build."
        ),
        fix="`.venv` in `.dockerignore`.",
        sources=("docs.astral.sh/uv/guides/integration/docker",),
        bad=Example(
            dockerfile=f"{_LATER}COPY . .\n", files={**PACKAGE, ".dockerignore": ".git\n"}
        ),
        good=Example(dockerfile=f"{_LATER}COPY . .\n", files=PACKAGE),
        find=_host_environment,
        mends="`.venv` is added to `.dockerignore`, which is made if there is none.",
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
        code="LAM411",
        title="The version comes from git, and git is not there",
        severity=Severity.WARNING,
        why="The build of the project fails, or its version is `0.0.0`.",
        fix="Say the version by a variable; copy no `.git`, which is another at each commit.",
        sources=("astral-sh/uv#7533", "astral-sh/uv#9233"),
        bad=Example(
            dockerfile=f"{_LATER}COPY . .\nRUN {CACHE} uv sync --frozen\n", files=_FROM_GIT
        ),
        good=Example(
            dockerfile=f"{_LATER}COPY . .\nARG SETUPTOOLS_SCM_PRETEND_VERSION=1.0\n"
            f"RUN {CACHE} uv sync --frozen\n",
            files=_FROM_GIT,
        ),
        find=_without_git,
        leaves="which version it is, only the build knows.",
    ),
    Rule(
        code="LAM412",
        title="The lock is not copied",
        severity=Severity.ERROR,
        why=(
            "Without `uv.lock`, uv resolves anew in the build: slow, and another result on another"
            " day. With `--locked` or `--frozen` it fails."
        ),
        fix="Copy it, commit it, and keep it out of `.dockerignore`.",
        sources=("AstrBotDevs/AstrBot#5090",),
        bad=example(head=HEAD.replace("pyproject.toml uv.lock", "pyproject.toml")),
        good=example(),
        find=_without_lock,
        leaves="the lock must be where it can be copied.",
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
