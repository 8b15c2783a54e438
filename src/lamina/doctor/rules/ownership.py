"""Family 2: who may write where."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.dockerfile.model.build import StageModel, Step, copies
from lamina.dockerfile.model.installs import environments
from lamina.dockerfile.model.run import PlacedMount, Run
from lamina.dockerfile.model.starting import starts
from lamina.dockerfile.model.users import User
from lamina.dockerfile.shell import Command
from lamina.doctor.edit import Edits
from lamina.doctor.edits.mounts import with_options
from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.rules.covering import covers, is_below, is_covered
from lamina.doctor.rules.examples import CACHE, HEAD, SYNC, plain
from lamina.doctor.subject import Subject

_CHANGING = frozenset({"chown", "chmod"})
_MAKING = frozenset({"chown", "chmod", "mkdir", "install", "cp", "mv"})


def _unwritable(subject: Subject) -> Iterator[Found]:
    changed = _changed_mounts(subject)
    for run in subject.model.runs:
        for mount in run.caches:
            users = [each for each in run.installs if covers(mount, each.cache)]
            if not users or mount.cache_id in changed or _may_write(users[0].user, mount):
                continue
            user, line = users[0].user, users[0].line
            owner = mount.mount.get("uid") or "root"
            message = (
                f"`{user.name}` runs {line.tool.name}, but the cache mount belongs to {owner}:"
                f" `{mount.path}` cannot be written"
            )
            uid = user.uid if user.uid is not None else f"(that of {user.name})"
            fix = f"Add `uid={uid},gid={uid}` to the mount, or install before `USER`"
            edits: Edits = ()
            if user.uid is not None:
                values = {"uid": str(user.uid), "gid": mount.mount.get("gid") or str(user.uid)}
                edits = with_options(subject.dockerfile, mount, **values)
            yield Found(mount.mount.span, message, fix, edits=edits)


def _changed_mounts(subject: Subject) -> set[str]:
    """Return the caches whose owner a command of some RUN changes."""
    return {
        mount.cache_id
        for run in subject.model.runs
        for mount in run.caches
        if any(command.name in _CHANGING for command in run.commands)
    }


def _may_write(user: User, mount: PlacedMount) -> bool:
    if user.is_root or not user.name:
        return True
    uid, _, mode = mount.ownership
    if mode and int(mode, 8) & 0o002:
        return True
    if not uid:
        return bool(mode and int(mode, 8) & 0o020 and mount.mount.get("gid"))
    return user.uid is None or user.uid == int(uid)


def _other_owner(subject: Subject) -> Iterator[Found]:
    first: dict[str, tuple[PlacedMount, str]] = {}
    for run in subject.model.runs:
        for invocation in run.installs:
            for mount in run.caches:
                if not covers(mount, invocation.cache):
                    continue
                known, _ = first.setdefault(mount.cache_id, (mount, ""))
                if known.ownership != mount.ownership:
                    message = (
                        f"The cache `{mount.cache_id}` has {_shown(mount)} here and {_shown(known)}"
                        " above: to the builder, these are two caches"
                    )
                    fix = "Give the mounts the same `uid`, `gid` and `mode`"
                    yield Found(mount.mount.span, message, fix)


def _shown(mount: PlacedMount) -> str:
    options = [
        f"`{name}={value}`"
        for name, value in zip(("uid", "gid", "mode"), mount.ownership, strict=True)
        if value
    ]
    return ", ".join(options) or "no `uid`, `gid` or `mode`"


def _homeless(subject: Subject) -> Iterator[Found]:
    for stage in subject.model.stages:
        for step in stage.steps:
            if step.run is not None:
                yield from _homeless_run(step.run, stage)


def _homeless_run(run: Run, stage: StageModel) -> Iterator[Found]:
    for invocation in run.installs:
        cache, user = invocation.cache, invocation.user
        if cache.path is None or cache.setting or user.is_root or is_covered(run, invocation):
            continue
        home = invocation.home or "/"
        if home != "/" and user.has_home is not False:
            continue
        if _is_made(cache.path, home, stage):
            continue
        message = f"`{user.name}` has no home that is there: `{cache.path}` cannot be made"
        tool = invocation.line.tool
        fix = (
            f"Mount a cache with the user's `uid`, set `{tool.variable}`, or make the home"
            " (`useradd --create-home`)"
        )
        severity = Severity.ERROR if tool.name == "uv" else Severity.WARNING
        yield Found(invocation.span, message, fix, severity=severity)
        return


def _is_made(path: str, home: str, stage: StageModel) -> bool:
    """Say whether something in a stage makes a home, or the cache in it."""
    folder = home if home != "/" else path
    for step in stage.all_steps:
        if any(_makes(command, folder) for command in (step.run.commands if step.run else ())):
            return True
        if step.before.workdir is not None and is_below(step.before.workdir, folder):
            return True
    return any(
        copied.destination is not None and is_below(copied.destination, folder)
        for copied in copies(stage.all_steps)
    )


def _makes(command: Command, folder: str) -> bool:
    words = [word.literal or "" for word in command.words]
    paths = [word for word in words if word.startswith("/")]
    return command.name in _MAKING and any(is_below(path, folder) for path in paths)


def _left_behind(subject: Subject) -> Iterator[Found]:
    final = subject.model.final
    if final is None or final.after.user.is_root:
        return
    for step, invocation in starts(final):
        cache = invocation.cache
        if invocation.line.shown != "uv run" or cache.path is None:
            continue
        if invocation.is_on("UV_NO_SYNC", "--no-sync"):
            continue
        for run in (each.run for each in final.all_steps if each.run is not None):
            for mount in run.caches:
                if covers(mount, cache) and not _is_changed(cache.path, final):
                    message = (
                        f"`{final.after.user.name}` cannot write `{cache.path}`: in the image, the"
                        " folder of the mount is empty and belongs to root"
                    )
                    fix = "Set `UV_NO_CACHE=1` for what starts, or start without uv"
                    yield Found(step.instruction.span, message, fix)
                    return


def _is_changed(path: str, stage: StageModel) -> bool:
    commands = [each for step in stage.all_steps if step.run for each in step.run.commands]
    for command in commands:
        words = [word.literal or "" for word in command.words]
        if command.name in _CHANGING and any(
            word.startswith("/") and (is_below(path, word) or is_below(word, path))
            for word in words
        ):
            return True
    return False


def _owned_again(subject: Subject) -> Iterator[Found]:
    for stage in subject.model.stages:
        above = stage.parent.all_steps if stage.parent is not None else []
        for index, step in enumerate(stage.steps):
            for command in step.run.commands if step.run is not None else ():
                if _is_recursive(command):
                    folders = _environments(subject, [*above, *stage.steps[:index]])
                    yield from _owned(command, folders, step)


def _is_recursive(command: Command) -> bool:
    """Say whether a command changes the owner or the mode of all that is in a folder."""
    options = [word.literal or "" for word in command.words[1:]]
    return command.name in _CHANGING and any(
        each == "--recursive" or (each[:1] == "-" != each[1:2] and "R" in each) for each in options
    )


def _environments(subject: Subject, steps: list[Step]) -> list[str]:
    """Return the virtual environments that are there, also those that were copied."""
    found = list(environments(steps))
    for copied in copies(steps):
        source = subject.model.stage(copied.origin)
        for folder in environments(source.all_steps) if source is not None else ():
            landed = copied.lands_at(folder)
            found += [landed] if landed is not None else []
    return found


def _owned(command: Command, folders: list[str], step: Step) -> Iterator[Found]:
    words = [word.literal or "" for word in command.words]
    for folder in folders:
        for word in words[2:]:
            path = step.before.path(word)
            if path is not None and not word.startswith("-") and is_below(folder, path):
                message = f"`{command.name} -R` puts all of `{folder}` into a layer once more"
                fix = "Give files their owner where they are made: `COPY --chown`, or `USER` before"
                yield Found(command.span, message, fix)
                return


_USER = "RUN useradd --create-home --uid 1000 app && chown app /app\nUSER app\n"
_HOME = "target=/home/app/.cache/uv"


def _as_user(mount: str) -> Example:
    return Example(dockerfile=f"{HEAD}{_USER}RUN --mount=type=cache,{_HOME}{mount} {SYNC}")


_AS_USER = _as_user(",uid=1000,gid=1000").dockerfile
_OWN = f"RUN --mount=type=cache,{_HOME},uid=1000,gid=1000 "

RULES = (
    Rule(
        code="LAM201",
        title="A cache mount that the user cannot write",
        severity=Severity.ERROR,
        why=(
            "A cache mount belongs to root and nobody else can write it, unless `uid` and `gid` say"
            " otherwise. uv ends with `Permission denied`; pip goes on without a cache, and says so"
            " in one line."
        ),
        fix="Add `uid` and `gid` to the mount, or install as root before `USER`.",
        sources=("astral-sh/uv#10047", "astral-sh/uv#12710"),
        bad=_as_user(""),
        good=_as_user(",uid=1000,gid=1000"),
        find=_unwritable,
        mends="the mount gets `uid` and `gid`, where a number of the user is known.",
    ),
    Rule(
        code="LAM202",
        title="One cache with different owners",
        severity=Severity.WARNING,
        why=(
            "A builder knows a cache by its `id` and, if they are given, by `uid`, `gid` and"
            " `mode`. The same target with other options is another, empty cache."
        ),
        fix="Use one set of options everywhere.",
        sources=("moby/buildkit#1673", "moby/buildkit: solver/llbsolver/mounts/mount.go"),
        bad=Example(
            dockerfile=f"{_AS_USER}COPY . .\n"
            f"RUN --mount=type=cache,{_HOME},uid=1000 uv sync --frozen\n"
        ),
        good=Example(
            dockerfile=f"{_AS_USER}COPY . .\n"
            f"{_OWN}uv sync --frozen\n"
        ),
        find=_other_owner,
        leaves="which owner is meant, only its author knows.",
    ),
    Rule(
        code="LAM203",
        title="A user without a home",
        severity=Severity.ERROR,
        why=(
            "The cache is below the home of the user. `adduser --system` gives `/nonexistent` for"
            " one, `useradd` without `--create-home` makes no folder, and a uid that no user has"
            " gets `/`: nothing can be written there, and uv ends with an error."
        ),
        fix="Set the cache's folder, mount it with the user's `uid`, or make a home.",
        sources=("astral-sh/uv#9962", "astral-sh/uv#17026"),
        bad=plain(
            "FROM python:3.12-slim", "RUN adduser --system app", "USER app",
            "RUN uv pip install --target /tmp/a flask",
        ),
        good=plain(
            "FROM python:3.12-slim", "RUN useradd --create-home app", "USER app",
            "RUN uv pip install --target /tmp/a flask",
        ),
        find=_homeless,
        leaves="there are several ways out, and each is a decision.",
    ),
    Rule(
        code="LAM204",
        title="uv starts where its cache mount has left a folder of root's",
        severity=Severity.WARNING,
        why=(
            "A mount needs a folder to lie on. The builder makes it as root, whatever `uid` says,"
            " and it stays in the image. A container that starts `uv run` as another user cannot"
            " write its cache there, and uv ends with an error."
        ),
        fix="Start the program itself, `.venv/bin/...`; or set `UV_NO_CACHE=1` for it.",
        sources=("astral-sh/uv#11617",),
        bad=Example(dockerfile=f"{_AS_USER}CMD uv run app\n"),
        good=Example(dockerfile=f"{_AS_USER}CMD /app/.venv/bin/app\n"),
        find=_left_behind,
        leaves="what is to start, only its author knows.",
    ),
    Rule(
        code="LAM205",
        title="The environment is put into a second layer to change its owner",
        severity=Severity.WARNING,
        why=(
            "A layer has every file that a `RUN` changes, if only its owner: `chown -R` of the"
            " environment makes the image larger by all of it."
        ),
        fix="`COPY --chown`, or install as the user who is to own it.",
        sources=("topoteretes/cognee#3927",),
        bad=Example(dockerfile=f"{HEAD}RUN {CACHE} {SYNC}RUN chown -R 1000:1000 /app\n"),
        good=Example(
            dockerfile=f"{HEAD}RUN chown 1000:1000 /app\nRUN {CACHE} {SYNC}"
            "COPY --chown=1000:1000 . .\n"
        ),
        find=_owned_again,
        leaves="the instructions would have to be put in another order.",
    ),
)  # fmt: skip
