"""Family 6: environments that are copied from another stage."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.dockerfile.model.build import StageModel, copies
from lamina.dockerfile.model.copies import Copied
from lamina.dockerfile.model.installs import environments, installs
from lamina.dockerfile.model.run import Invocation
from lamina.dockerfile.model.state import absolute
from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.project import is_package
from lamina.doctor.rules.covering import is_below
from lamina.doctor.rules.examples import CACHE, HEAD, PACKAGE, SYNC, UV
from lamina.doctor.subject import Subject


def _taken(subject: Subject) -> Iterator[tuple[Copied, StageModel, StageModel]]:
    """Give what stages copy from other stages: the copy, from where, and to where."""
    for stage in subject.model.stages:
        for copied in copies(stage.steps):
            source = subject.model.stage(copied.origin)
            if source is not None:
                yield copied, source, stage


def _moved(subject: Subject) -> Iterator[Found]:
    for copied, source, _ in _taken(subject):
        for folder, invocation in environments(source.all_steps).items():
            landed = copied.lands_at(folder)
            relocatable = invocation.is_on("UV_VENV_RELOCATABLE", "--relocatable")
            if landed is not None and landed != folder and not relocatable:
                message = (
                    f"The environment was made at `{folder}` and comes to `{landed}`: its programs"
                    " begin with the old path"
                )
                fix = f"Make it at `{landed}` (`UV_PROJECT_ENVIRONMENT`), or copy it to `{folder}`"
                yield Found(copied.span, message, fix)


def _pythonless(subject: Subject) -> Iterator[Found]:
    for copied, source, stage in _taken(subject):
        for folder, invocation in environments(source.all_steps).items():
            landed = copied.lands_at(folder)
            if landed is None or not _is_managed(source, invocation):
                continue
            place = _python_folder(source, invocation)
            if place is None or any(
                each.lands_at(place) is not None
                for each in copies(stage.all_steps)
                if subject.model.stage(each.origin) is source
            ):
                continue
            message = (
                f"`{landed}` is of a Python that uv downloaded to `{place}`, which is not copied"
            )
            fix = "Copy that too; or build upon an image with the same Python, without downloads"
            yield Found(copied.span, message, fix)


def _is_managed(stage: StageModel, invocation: Invocation) -> bool:
    preference = invocation.lookup("UV_PYTHON_PREFERENCE")
    if preference == "only-managed" or invocation.is_on("UV_MANAGED_PYTHON", "--managed-python"):
        return True
    downloads = (invocation.lookup("UV_PYTHON_DOWNLOADS") or "").lower()
    if stage.base.has_python is not False or downloads in ("never", "0", "false", "manual"):
        return False
    words = [
        word.literal or ""
        for run in stage.runs
        for command in run.commands
        if command.name in ("apt-get", "apt", "apk")
        for word in command.words
    ]
    return not any(word.startswith("python") for word in words)


def _python_folder(stage: StageModel, invocation: Invocation) -> str | None:
    folder = invocation.lookup("UV_PYTHON_INSTALL_DIR")
    if folder:
        return stage.after.path(folder)
    home = invocation.home
    return None if home is None else absolute(home, ".local/share/uv/python")


def _editable(subject: Subject) -> Iterator[Found]:
    if is_package(subject.beside) is not True:
        return
    for copied, source, stage in _taken(subject):
        syncs = [
            each
            for each in installs(subject.model, "uv sync")
            if each.stage is source and each.installs_project
        ]
        if not syncs or syncs[-1].has("UV_NO_EDITABLE", "--no-editable"):
            continue
        last = syncs[-1].invocation
        for folder in environments(source.all_steps):
            root = last.workdir
            if copied.lands_at(folder) is None or root is None or copied.lands_at(root) is not None:
                continue
            if not _has_code(stage, root, source, subject):
                message = f"The environment refers to the project at `{root}`, which is not copied"
                fix = "Sync with `--no-editable`, or copy the code to the same place"
                yield Found(copied.span, message, fix)


def _has_code(stage: StageModel, root: str, source: StageModel, subject: Subject) -> bool:
    """Say whether something may bring the project's code to where it was in the builder."""
    for each in copies(stage.all_steps):
        if each.destination is None:
            return True
        is_near = is_below(each.destination, root) or is_below(root, each.destination)
        if each.origin is None and is_near:
            return True
        if subject.model.stage(each.origin) is source and each.lands_at(root) is not None:
            return True
        if each.destination.startswith(f"{root}/src"):
            return True
    return False


_BUILT = f"{HEAD}RUN {CACHE} {SYNC}".replace("slim\n", "slim AS build\n", 1)
_FINAL = "FROM python:3.12-slim\nWORKDIR /app\n"
_WHOLE = f"{_BUILT}COPY . .\nRUN {CACHE} uv sync --frozen{{}}\n{_FINAL}"
_DEBIAN = (
    f"FROM debian:trixie-slim AS build\n{UV}ENV UV_PYTHON_INSTALL_DIR=/python\n"
    f"RUN uv python install 3.12\nWORKDIR /app\nCOPY pyproject.toml uv.lock ./\n"
    f"RUN {CACHE} {SYNC}FROM debian:trixie-slim\n"
)
_VENV = "COPY --from=build /app/.venv /app/.venv\n"


RULES = (
    Rule(
        code="LAM602",
        title="An environment that was moved",
        severity=Severity.ERROR,
        why=(
            "The programs of an environment begin with the path of its Python, from the root. At"
            " another path they do not start: `no such file or directory`."
        ),
        fix="Make it where it is to be, or with `--relocatable`.",
        sources=("astral-sh/uv#11048",),
        bad=Example(dockerfile=f"{_BUILT}{_FINAL}COPY --from=build /app/.venv /opt/venv\n"),
        good=Example(dockerfile=f"{_BUILT}{_FINAL}{_VENV}"),
        find=_moved,
        leaves="at which of the two paths it is to be is a decision.",
    ),
    Rule(
        code="LAM603",
        title="An environment without its Python",
        severity=Severity.ERROR,
        why=(
            "`.venv/bin/python` is a link to the interpreter. If uv downloaded that one, it is in a"
            " folder of its own, which the copy of the environment does not have."
        ),
        fix="Copy it too, to the same place; or use the base's Python, `UV_PYTHON_DOWNLOADS=0`.",
        sources=("astral-sh/uv-docker-example#38", "astral-sh/uv#7758", "astral-sh/uv#6782"),
        bad=Example(dockerfile=f"{_DEBIAN}{_VENV}"),
        good=Example(dockerfile=f"{_DEBIAN}COPY --from=build /python /python\n{_VENV}"),
        find=_pythonless,
        leaves="which Python is to be there is a decision.",
    ),
    Rule(
        code="LAM604",
        title="An editable project without its code",
        severity=Severity.ERROR,
        why=(
            "uv installs a project editable: the environment has the path of its code, and not the"
            " code. Copied alone, it lacks the project: `ModuleNotFoundError`."
        ),
        fix="`--no-editable` in the builder.",
        sources=("docs.astral.sh/uv/guides/integration/docker", "astral-sh/uv#7126"),
        bad=Example(dockerfile=f"{_WHOLE.format('')}{_VENV}", files=PACKAGE),
        good=Example(dockerfile=f"{_WHOLE.format(' --no-editable')}{_VENV}", files=PACKAGE),
        find=_editable,
        leaves="whether the code or a wheel of it is wanted is a decision.",
    ),
)  # fmt: skip
