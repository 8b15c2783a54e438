"""Family 3: settings of the tools that work against the cache."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.dockerfile.model.build import StageModel
from lamina.dockerfile.model.copies import Copied
from lamina.dockerfile.model.installs import installs
from lamina.dockerfile.model.run import Invocation, Run
from lamina.dockerfile.shell import Command, Word
from lamina.doctor.edit import Edits
from lamina.doctor.edits.commands import another_word, without_word
from lamina.doctor.edits.variables import setting, with_value, with_variable, without_pair
from lamina.doctor.finding import Found, Rule, Severity
from lamina.doctor.rules.covering import covers
from lamina.doctor.rules.examples import PACKAGE, example
from lamina.doctor.subject import Subject, uv_table


def _turned_off(subject: Subject) -> Iterator[Found]:
    for stage, run in _runs(subject):
        for invocation in run.installs:
            cache = invocation.cache
            if not cache.is_off:
                continue
            for mount in run.caches:
                if covers(mount, invocation.cache_if_on):
                    message = f"`{cache.off_by}` turns the cache off, which is mounted here"
                    place = invocation.line.place(cache.off_by)
                    fix = f"Leave out `{cache.off_by}`, or the mount"
                    edits = _turned_on(subject, stage, run, invocation)
                    yield Found(place, message, fix, edits=edits)


def _runs(subject: Subject) -> Iterator[tuple[StageModel, Run]]:
    for stage in subject.model.stages:
        yield from ((stage, run) for run in stage.runs)


def _turned_on(subject: Subject, stage: StageModel, run: Run, invocation: Invocation) -> Edits:
    name, dockerfile = invocation.cache.off_by, subject.dockerfile
    if name.startswith("-"):
        return without_word(dockerfile, run.instruction, invocation.line.place(name), name)
    found = setting(stage, run, name)
    return without_pair(dockerfile, *found) if found is not None else ()


def _copied(subject: Subject) -> Iterator[Found]:
    if uv_table(subject.beside.pyproject).get("link-mode"):
        return
    told: list[StageModel] = []
    for stage, run in _runs(subject):
        if not stage.base.is_known or any(each in told for each in (stage, stage.parent)):
            continue
        for invocation in run.installs:
            line = invocation.line
            if line.tool.name != "uv" or line.has("--link-mode"):
                continue
            is_mounted = any(covers(mount, invocation.cache) for mount in run.caches)
            if is_mounted and _is_set_up(run) and invocation.lookup("UV_LINK_MODE") == "":
                told.append(stage)
                message = "uv cannot link files out of a mount: it warns, and copies them"
                edits = with_variable(
                    subject.dockerfile, stage, run.instruction, "UV_LINK_MODE", "copy"
                )
                yield Found(line.span, message, "Write `ENV UV_LINK_MODE=copy`", edits=edits)
                break


def _is_set_up(run: Run) -> bool:
    """Say whether ENV has settings of uv; uv's guide mounts the cache with none of them, too."""
    return any(name.startswith("UV_") for name in run.before.environment.lasting)


def _gone_environment(subject: Subject) -> Iterator[Found]:
    yield from _linked(subject)
    yield from _in_the_mount(subject)


def _linked(subject: Subject) -> Iterator[Found]:
    for stage, run in _runs(subject):
        for invocation in run.installs:
            given = invocation.line.values("--link-mode")
            mode = (
                given[-1].value(invocation.lookup) if given else invocation.lookup("UV_LINK_MODE")
            )
            mounted = [mount for mount in run.caches if covers(mount, invocation.cache)]
            if mode == "symlink" and invocation.line.tool.name == "uv" and mounted:
                message = "The environment is links into the cache mount, which is not in the image"
                place = invocation.line.place("--link-mode")
                edits = _unlinked(subject, stage, run, given)
                yield Found(place, message, "Write `UV_LINK_MODE=copy`", edits=edits)


def _unlinked(subject: Subject, stage: StageModel, run: Run, given: list[Word]) -> Edits:
    if given:
        return another_word(subject.dockerfile, run.instruction, given[-1].span, "symlink", "copy")
    found = setting(stage, run, "UV_LINK_MODE")
    return with_value(subject.dockerfile, found[1], "copy") if found is not None else ()


def _in_the_mount(subject: Subject) -> Iterator[Found]:
    for install in installs(subject.model, "poetry install", "poetry sync"):
        invocation = install.invocation
        commands = [each for step in install.before if step.run for each in step.run.commands]
        if _has_place(invocation, [*commands, *install.run.commands], install.copied):
            continue
        for mount in install.run.caches:
            if covers(mount, invocation.cache):
                folder = f"{invocation.cache.path}/virtualenvs"
                message = f"Poetry makes the environment in `{folder}`, which is in the cache mount"
                fix = (
                    "Set `POETRY_VIRTUALENVS_CREATE=false`, or `POETRY_VIRTUALENVS_IN_PROJECT=true`"
                )
                yield Found(invocation.span, message, fix)


def _has_place(invocation: Invocation, commands: list[Command], copied: list[Copied]) -> bool:
    """Say whether something tells Poetry where the environment is, or that there is none."""
    names = list(invocation.environment.variables)
    if any(name == "VIRTUAL_ENV" or name.startswith("POETRY_VIRTUALENVS") for name in names):
        return True
    words = [word.literal or "" for command in commands for word in command.words]
    is_told = any(word.startswith("virtualenvs.") or word.endswith("venv") for word in words)
    return is_told or any(each.brings("poetry.toml") for each in copied)


def _unlocked(subject: Subject) -> Iterator[Found]:
    if subject.beside.lock is None:
        return
    for run in subject.model.runs:
        for invocation in run.invocations:
            line = invocation.line
            if line.shown not in ("uv pip install", "pip install") or line.has("--no-deps"):
                continue
            lists = [word.literal for word in line.values("-r", "--requirement", "--requirements")]
            named = [word.literal or "" for word in line.arguments]
            named += [word.literal or "" for word in line.values("-e", "--editable")]
            if "pyproject.toml" in lists or any(_is_project(each) for each in named):
                message = f"`{line.shown}` takes what is newest: `uv.lock` is not looked at"
                fix = "Write `uv sync --locked`, or install what `uv export` writes"
                yield Found(line.span, message, fix)


def _is_project(argument: str) -> bool:
    return argument.partition("[")[0] in (".", "./")


def _system_python(subject: Subject) -> Iterator[Found]:
    for install in installs(subject.model, "uv sync"):
        invocation = install.invocation
        is_on = invocation.environment.is_on("UV_SYSTEM_PYTHON")
        if is_on and not invocation.lookup("UV_PROJECT_ENVIRONMENT"):
            message = (
                "`UV_SYSTEM_PYTHON` means nothing to `uv sync`: it makes a `.venv` all the same"
            )
            fix = "Set `UV_PROJECT_ENVIRONMENT` to the prefix of that Python, and pass `--inexact`"
            yield Found(invocation.span, message, fix)
            return


RULES = (
    Rule(
        code="LAM301",
        title="The cache is mounted and turned off",
        severity=Severity.ERROR,
        why=(
            "Without a cache, a tool uses a new folder each time: what is mounted stays empty, and"
            " everything is downloaded."
        ),
        fix="Leave out one of the two.",
        sources=("astral-sh/uv#11316", "docs.astral.sh/uv/guides/integration/docker"),
        bad=example("ENV UV_NO_CACHE=1"),
        good=example(),
        find=_turned_off,
        mends="the option or the variable of `ENV` that turns it off is left out.",
    ),
    Rule(
        code="LAM302",
        title="Files are copied from the cache, and uv warns of it",
        severity=Severity.NOTE,
        why=(
            "A cache mount lies on another file system than the environment, where nothing can be"
            " linked. uv copies instead, which is what it would do anyway, and says so at each"
            " build. Of a Dockerfile this is said where it has other settings of uv."
        ),
        fix="Set `ENV UV_LINK_MODE=copy`: the same, without the warning.",
        sources=("docs.astral.sh/uv/guides/integration/docker/#caching", "astral-sh/uv#7509"),
        bad=example("ENV UV_COMPILE_BYTECODE=1"),
        good=example("ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy"),
        find=_copied,
        mends="`UV_LINK_MODE=copy` is set beside other settings of uv.",
    ),
    Rule(
        code="LAM303",
        title="An environment in a cache mount, or of links into it",
        severity=Severity.ERROR,
        why=(
            "A cache mount is there while the `RUN` runs, and is not in the image. Links into it"
            " (`UV_LINK_MODE=symlink`) lead nowhere when the container starts; and Poetry makes its"
            " environments in its cache, unless it is told otherwise."
        ),
        fix="`UV_LINK_MODE=copy`; for Poetry, `POETRY_VIRTUALENVS_IN_PROJECT=true`.",
        sources=("astral-sh/uv#7509", "python-poetry.org/docs/configuration/#virtualenvspath"),
        bad=example("ENV UV_LINK_MODE=symlink"),
        good=example("ENV UV_LINK_MODE=copy"),
        find=_gone_environment,
        mends="`symlink` becomes `copy`. Where Poetry makes its environment, is a decision.",
    ),
    Rule(
        code="LAM309",
        title="The lock is there and not looked at",
        severity=Severity.WARNING,
        why=(
            "`pip install` and `uv pip install` resolve anew. A build takes whatever is newest that"
            " day, and needs the index to find out."
        ),
        fix="`uv sync --locked`; or install a list that `uv export` wrote.",
        sources=("docs.astral.sh/uv/guides/integration/docker", "climatepolicyradar#1191"),
        bad=example(sync="uv pip install --system -r pyproject.toml\n", files=PACKAGE),
        good=example(files=PACKAGE),
        find=_unlocked,
        leaves="`uv sync` makes an environment elsewhere, which what follows would have to know.",
    ),
    Rule(
        code="LAM311",
        title="`UV_SYSTEM_PYTHON` with `uv sync`",
        severity=Severity.NOTE,
        why="The setting is for `uv pip`. `uv sync` makes an environment of its own all the same.",
        fix="`UV_PROJECT_ENVIRONMENT`, with `--inexact`: without, uv removes what it did not lock.",
        sources=("astral-sh/uv#9067", "astral-sh/uv#9399", "astral-sh/uv#8085"),
        bad=example("ENV UV_SYSTEM_PYTHON=1"),
        good=example("ENV UV_PROJECT_ENVIRONMENT=/usr/local"),
        find=_system_python,
        leaves="where the environment is to be is a decision.",
    ),
)  # fmt: skip
