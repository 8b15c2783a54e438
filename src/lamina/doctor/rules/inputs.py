"""Family 4: what an installation needs, and whether it is there."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.dockerfile.model.build import StageModel, Step
from lamina.dockerfile.model.copies import Copied
from lamina.dockerfile.model.installs import Install, environments, installs, uv_reference
from lamina.dockerfile.model.state import absolute
from lamina.dockerfile.shell import Command
from lamina.dockerfile.text import Span
from lamina.doctor.dockerignore import is_ignored
from lamina.doctor.edit import Edits
from lamina.doctor.edits.commands import another_word, with_word
from lamina.doctor.edits.ignore import with_ignored
from lamina.doctor.edits.layout import at, line_behind
from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.project import (
    is_package,
    is_workspace,
    local_folders,
    locked_version,
    static_version,
    version_from_git,
)
from lamina.doctor.rules.covering import is_below
from lamina.doctor.rules.examples import CACHE, HEAD, PACKAGE, SYNCED, example
from lamina.doctor.subject import Subject


def first_syncs(subject: Subject) -> list[Install]:
    """Return the first installation of each stage that has one, unless it is one upon another."""
    return [install for install in installs(subject.model) if install.is_first]


def first_of_uv(subject: Subject) -> list[Install]:
    """Return those of them that are `uv sync`."""
    return [each for each in first_syncs(subject) if each.invocation.line.shown == "uv sync"]


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


def _project_first(subject: Subject) -> Iterator[Found]:
    if is_package(subject.beside) is not True:
        return
    for install in first_of_uv(subject):
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
        copied = step.copied
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
    for install in first_of_uv(subject):
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
    for install in first_of_uv(subject):
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


def _host_environment(subject: Subject) -> Iterator[Found]:
    beside = subject.beside
    if not beside.is_folder_known or beside.pyproject is None:
        return
    ignored = beside.dockerignore
    if ignored is not None and is_ignored(ignored, ".venv"):
        return
    for stage in subject.model.stages:
        for step in stage.steps:
            copied = step.copied
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
    return list(environment.variables)


def _without_lock(subject: Subject) -> Iterator[Found]:
    beside = subject.beside
    if beside.dockerignore is not None and is_ignored(beside.dockerignore, "uv.lock"):
        for stage in subject.model.stages:
            for step in stage.steps:
                copied = step.copied
                if copied is not None and copied.origin is None and "uv.lock" in copied.sources:
                    message = "`.dockerignore` leaves out `uv.lock`: there is nothing to copy"
                    yield Found(copied.span, message, "Take `uv.lock` out of `.dockerignore`")
                    return
    for install in first_of_uv(subject):
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


_AGAIN = f"COPY . .\nRUN {CACHE} uv sync --locked\n"
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


RULES = (
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
            dockerfile=f"{SYNCED}COPY . .\n", files={**PACKAGE, ".dockerignore": ".git\n"}
        ),
        good=Example(dockerfile=f"{SYNCED}COPY . .\n", files=PACKAGE),
        find=_host_environment,
        mends="`.venv` is added to `.dockerignore`, which is made if there is none.",
    ),
    Rule(
        code="LAM411",
        title="The version comes from git, and git is not there",
        severity=Severity.WARNING,
        why="The build of the project fails, or its version is `0.0.0`.",
        fix="Say the version by a variable; copy no `.git`, which is another at each commit.",
        sources=("astral-sh/uv#7533", "astral-sh/uv#9233"),
        bad=Example(
            dockerfile=f"{SYNCED}COPY . .\nRUN {CACHE} uv sync --frozen\n", files=_FROM_GIT
        ),
        good=Example(
            dockerfile=f"{SYNCED}COPY . .\nARG SETUPTOOLS_SCM_PRETEND_VERSION=1.0\n"
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
)  # fmt: skip
