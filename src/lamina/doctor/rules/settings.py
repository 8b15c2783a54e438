"""Family 3: settings and commands of the tools that work against the cache."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamina.doctor.edit import Edits
from lamina.doctor.edits.commands import another_word, without_command, without_word
from lamina.doctor.edits.variables import setting, with_value, with_variable, without_pair
from lamina.doctor.finding import Found, Rule, Severity
from lamina.doctor.model.bases import UV_IMAGE, split_reference
from lamina.doctor.model.build import Model, StageModel, Step
from lamina.doctor.model.copies import Copied, copies
from lamina.doctor.model.installs import installs, uv_reference
from lamina.doctor.model.run import Invocation, PlacedMount, Run
from lamina.doctor.project import has_dev_group
from lamina.doctor.rules.examples import CACHE, HEAD, PACKAGE, SYNC, UV, example, plain
from lamina.doctor.rules.mounts import covers, is_below
from lamina.doctor.rules.starting import starts
from lamina.doctor.shell import Command, Word
from lamina.doctor.subject import Subject, uv_table
from lamina.doctor.text import Span

_VERSION = re.compile(r"([0-9]+\.[0-9]+\.[0-9]+)(?:-.*)?")
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
_KEEPING = (
    "--no-dev", "--no-default-groups", "--no-group", "--only-group", "--only-dev", "--no-editable",
    "--no-install-project", "--no-install-workspace", "--no-install-local", "--no-install-package",
)  # fmt: skip
_VARIABLES = {
    "--no-dev": "UV_NO_DEV", "--no-editable": "UV_NO_EDITABLE", "--no-group": "UV_NO_GROUP",
    "--no-default-groups": "UV_NO_DEFAULT_GROUPS", "--no-install-project": "UV_NO_INSTALL_PROJECT",
    "--no-install-workspace": "UV_NO_INSTALL_WORKSPACE",
    "--no-install-local": "UV_NO_INSTALL_LOCAL",
}  # fmt: skip


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
            if is_mounted and invocation.lookup("UV_LINK_MODE") == "":
                told.append(stage)
                message = "uv cannot link files out of a mount: it warns, and copies them"
                edits = with_variable(
                    subject.dockerfile, stage, run.instruction, "UV_LINK_MODE", "copy"
                )
                yield Found(line.span, message, "Write `ENV UV_LINK_MODE=copy`", edits=edits)
                break


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
    names = [*invocation.environment.variables, *invocation.environment.arguments]
    if any(name == "VIRTUAL_ENV" or name.startswith("POETRY_VIRTUALENVS") for name in names):
        return True
    words = [word.literal or "" for command in commands for word in command.words]
    is_told = any(word.startswith("virtualenvs.") or word.endswith("venv") for word in words)
    return is_told or any(each.brings("poetry.toml") for each in copied)


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


def _versions(subject: Subject) -> Iterator[Found]:
    first: dict[tuple[str, tuple[str, str, str]], str] = {}
    for stage in subject.model.stages:
        for run in stage.runs:
            for invocation in run.installs:
                version = _uv_version(run, stage, subject.model)
                if invocation.line.tool.name != "uv" or version is None:
                    continue
                for mount in run.caches:
                    if not covers(mount, invocation.cache):
                        continue
                    known = first.setdefault((mount.cache_id, mount.ownership), version)
                    if known != version:
                        message = f"uv {version} uses the cache `{mount.cache_id}` of uv {known}"
                        fix = f"Take one release of uv, or add `id=uv-{version}` to the mount"
                        yield Found(mount.mount.span, message, fix)


def _uv_version(run: Run, stage: StageModel, model: Model) -> str | None:
    """Return the release of uv that a RUN has, if the name of uv's image says it."""
    references = [uv_reference(mount.mount.get("from"), model) for mount in run.mounts]
    origins = [copied.origin for copied in copies(stage.all_steps)]
    references += [uv_reference(origin, model) for origin in reversed(origins)]
    references.append(stage.base.name if stage.base.repository == UV_IMAGE else None)
    for reference in references:
        if reference is not None:
            match = _VERSION.fullmatch(split_reference(reference)[1])
            return match[1] if match else None
    return None


def _python_downloaded(subject: Subject) -> Iterator[Found]:
    for install in installs(subject.model, "uv sync"):
        base = install.stage.base
        if base.has_python is not False or _has_python(install.before, install.run):
            continue
        invocation = install.invocation
        downloads = (invocation.lookup("UV_PYTHON_DOWNLOADS") or "").lower()
        if downloads in ("never", "0", "false", "manual") or _is_kept(invocation, install.run):
            continue
        message = f"`{base.name}` has no Python: uv downloads one each time that this runs"
        fix = (
            "Build upon an image with Python, run `uv python install` in a `RUN` above, or set"
            " `UV_PYTHON_CACHE_DIR` to a folder in the cache mount"
        )
        yield Found(invocation.span, message, fix)
        return


def _has_python(steps: tuple[Step, ...], run: Run) -> bool:
    runs = [step.run for step in steps if step.run is not None]
    for each in [*runs, run]:
        for command in each.commands:
            words = [word.literal or "" for word in command.words]
            if any(word.startswith(("python", "/python")) for word in words[1:]):
                return True
    return any("python" in (step.source_stage or "") for step in steps)


def _is_kept(invocation: Invocation, run: Run) -> bool:
    folder = invocation.lookup("UV_PYTHON_CACHE_DIR")
    path = run.before.path(folder) if folder else None
    return path is not None and any(
        mount.path is not None and is_below(path, mount.path) for mount in run.caches
    )


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


def _synced_at_start(subject: Subject) -> Iterator[Found]:
    final = subject.model.final
    if final is None:
        return
    synced = [
        each for step in final.all_steps if step.run for each in step.run.invocations
        if each.line.shown == "uv sync"
    ]  # fmt: skip
    for step, started in starts(final):
        line = started.line
        if line.shown != "uv run" or not synced or started.is_on("UV_NO_SYNC", "--no-sync"):
            continue
        if line.has("--no-project", "--isolated", "--script", "-s", "--active"):
            continue
        kept = [each for each in _KEEPING if synced[-1].line.has(each) and not line.has(each)]
        kept = [each for each in kept if not started.environment.is_on(_VARIABLES.get(each, ""))]
        if has_dev_group(subject.beside) is False:
            kept = [each for each in kept if each != "--no-dev"]
        if kept:
            message = (
                f"`uv run` installs at each start what `uv sync` was told not to: {_listed(kept)}"
            )
            fix = "Start the program itself, `.venv/bin/...`; or set `UV_NO_SYNC=1`"
            yield Found(step.instruction.span, message, fix)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


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


_TWO_UVS = (
    f"{HEAD}RUN {CACHE} {SYNC}".rstrip("\n"),
    "FROM python:3.12-slim",
)
_LATER = ("WORKDIR /app", f"RUN {CACHE} uv sync --frozen")
_DEBIAN = f"FROM debian:trixie-slim\n{UV}WORKDIR /app\nCOPY pyproject.toml uv.lock ./\n"
_DEV = {
    **PACKAGE,
    "pyproject.toml": PACKAGE["pyproject.toml"] + '\n[dependency-groups]\ndev = ["pytest"]\n',
}

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
            " build."
        ),
        fix="Set `ENV UV_LINK_MODE=copy`: the same, without the warning.",
        sources=("docs.astral.sh/uv/guides/integration/docker/#caching", "astral-sh/uv#7509"),
        bad=example(),
        good=example("ENV UV_LINK_MODE=copy"),
        find=_copied,
        mends="`UV_LINK_MODE=copy` is set beside other settings of uv, or above the `RUN`.",
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
    Rule(
        code="LAM307",
        title="One cache for several releases of uv",
        severity=Severity.WARNING,
        why=(
            "A newer uv may write what an older one cannot read (`Failed to deserialize cache"
            " entry`). Caches are shared by all Dockerfiles on a builder that name the same `id`."
        ),
        fix="One release of uv everywhere, or an `id` for each.",
        sources=("ai-dynamo/dynamo#12357", "astral-sh/uv#7547", "astral-sh/uv#11043"),
        bad=plain(*_TWO_UVS, "COPY --from=ghcr.io/astral-sh/uv:0.11.32 /uv /bin/", *_LATER),
        good=plain(*_TWO_UVS, "COPY --from=ghcr.io/astral-sh/uv:0.12.5 /uv /bin/", *_LATER),
        find=_versions,
        leaves="which release to take is a decision.",
    ),
    Rule(
        code="LAM308",
        title="A Python is downloaded each time",
        severity=Severity.WARNING,
        why=(
            "Where the base has no Python that suits, uv downloads one. That is not in its cache"
            " unless `UV_PYTHON_CACHE_DIR` says so, and so it comes again with each change of the"
            " lock."
        ),
        fix="A base with Python, `uv python install` above, or `UV_PYTHON_CACHE_DIR` in the mount.",
        sources=("astral-sh/uv#15586", "docs.astral.sh/uv/guides/integration/docker"),
        bad=example(head=_DEBIAN),
        good=example("RUN uv python install 3.12", head=_DEBIAN),
        find=_python_downloaded,
        leaves="which Python to take, and from where, is a decision.",
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
        code="LAM310",
        title="`uv run` changes the environment when the container starts",
        severity=Severity.WARNING,
        why=(
            "`uv run` brings the environment up to date first, by its own options and not by those"
            " of `uv sync`: what was left out is downloaded at each start."
        ),
        fix="Start what is in `.venv/bin`; or use variables, which both obey; or `UV_NO_SYNC=1`.",
        sources=("astral-sh/uv#17023", "astral-sh/uv#13694", "astral-sh/uv#12810"),
        bad=plain(
            f"{HEAD}COPY . .", f"RUN {CACHE} uv sync --frozen --no-dev",
            'CMD ["uv", "run", "app"]', files=_DEV,
        ),
        good=plain(
            f"{HEAD}COPY . .", "ENV UV_NO_DEV=1", f"RUN {CACHE} uv sync --frozen",
            'CMD ["uv", "run", "app"]', files=_DEV,
        ),
        find=_synced_at_start,
        leaves="what is to start, only its author knows.",
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
