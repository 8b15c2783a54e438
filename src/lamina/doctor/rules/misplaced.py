"""Family 1: the cache mount is not where the tool keeps its cache."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from lamina.dockerfile.instruction import Pair
from lamina.dockerfile.model.environment import Unknown
from lamina.dockerfile.model.run import Invocation, PlacedMount, Run
from lamina.doctor.edit import Edits
from lamina.doctor.edits.mounts import with_target
from lamina.doctor.edits.variables import with_value
from lamina.doctor.finding import Found, Rule, Severity
from lamina.doctor.rules.covering import (
    FOLDERS,
    VARIABLE,
    assumption,
    covers,
    in_roots_home,
    meant,
)
from lamina.doctor.rules.examples import MOUNTED, mounted
from lamina.doctor.subject import Subject


def _is_home(mount: PlacedMount) -> bool:
    return mount.written == "~" or mount.written.startswith("~/")


def _unset(mount: PlacedMount, run: Run) -> str | None:
    """Return a variable in a target that nothing sets."""
    for match in VARIABLE.finditer(mount.written):
        try:
            if run.before.environment.get(match[1]) is None:
                return match[1]
        except Unknown:
            pass
    return None


def _kind(mount: PlacedMount, run: Run, invocation: Invocation) -> str:
    """Return the code of the rule that is about a mount which misses the cache."""
    if _is_home(mount):
        return "LAM101"
    if _unset(mount, run) is not None:
        return "LAM102"
    if not mount.target.startswith("/"):
        return "LAM104"
    owner = FOLDERS.get(posixpath.basename(mount.path or ""))
    if owner not in (None, invocation.line.tool.name):
        return "LAM106"
    return "LAM105"


def missing(subject: Subject, code: str) -> Iterator[tuple[Run, PlacedMount, Invocation]]:
    """Give the mounts that miss a cache, and are for one rule."""
    for run in subject.model.runs:
        for mount, invocation in meant(run):
            if _kind(mount, run, invocation) == code:
                yield run, mount, invocation


def _where(mount: PlacedMount, invocation: Invocation) -> str:
    cache, tool = invocation.cache, invocation.line.tool.name
    return f"The cache mount is at `{mount.path}`, but {tool} uses `{cache.path}`"


def _target(invocation: Invocation) -> str:
    return f"Write `target={invocation.cache.path}`"


def _moved(
    subject: Subject, mount: PlacedMount, invocation: Invocation, notes: tuple[str, ...]
) -> Edits:
    """Put a mount where the cache is, unless that depends on what is not known."""
    path = None if notes else invocation.cache.path
    return with_target(subject.dockerfile, mount, path)


def _tilde(subject: Subject) -> Iterator[Found]:
    about = {mount.span: invocation for _, mount, invocation in missing(subject, "LAM101")}
    for run in subject.model.runs:
        for mount in run.mounts:
            if not _is_home(mount) or mount.path is None:
                continue
            if any(covers(mount, each.cache) for each in run.invocations):
                continue
            if (invocation := about.get(mount.span)) is not None:
                message = f"{_where(mount, invocation)}: no builder expands `~`"
                notes = assumption(run, invocation.cache.assumed)
                edits = _moved(subject, mount, invocation, notes)
                yield Found(mount.span, message, _target(invocation), notes, edits=edits)
            else:
                message = f"The mount is at `{mount.path}`: no builder expands `~`"
                home = run.before.home
                fix, edits = "Write the whole path", ()
                if home is not None:
                    path = f"{home.rstrip('/')}{mount.written[1:]}"
                    fix = f"Write `target={path}`"
                    is_sure = run.before.base.is_known
                    edits = with_target(subject.dockerfile, mount, path) if is_sure else ()
                yield Found(mount.span, message, fix, edits=edits)


def _unset_variable(subject: Subject) -> Iterator[Found]:
    for run, mount, invocation in missing(subject, "LAM102"):
        name = _unset(mount, run)
        message = f"{_where(mount, invocation)}: nothing sets `{name}`, and so it is empty"
        notes = assumption(run, mount.assumed | invocation.cache.assumed)
        edits = _moved(subject, mount, invocation, notes)
        yield Found(mount.span, message, _target(invocation), notes, edits=edits)


def _relative(subject: Subject) -> Iterator[Found]:
    for run, mount, invocation in missing(subject, "LAM104"):
        message = f"{_where(mount, invocation)}: a relative target is below `WORKDIR`"
        notes = assumption(run, invocation.cache.assumed)
        edits = _moved(subject, mount, invocation, notes)
        yield Found(mount.span, message, _target(invocation), notes, edits=edits)


def _elsewhere(subject: Subject) -> Iterator[Found]:
    for run, mount, invocation in missing(subject, "LAM105"):
        cache, tool = invocation.cache, invocation.line.tool
        message = f"{_where(mount, invocation)}: {cache.reason}"
        fix = f"{_target(invocation)}, or set `{tool.variable}={mount.path}`"
        notes = assumption(run, cache.assumed)
        edits = _moved(subject, mount, invocation, notes)
        severity = Severity.WARNING if notes else None
        yield Found(mount.span, message, fix, notes, severity, edits)
    yield from _of_root(subject)


def _of_root(subject: Subject) -> Iterator[Found]:
    """Find mounts in the home of root, where it is known only that it is another's."""
    for run in subject.model.runs:
        mount = in_roots_home(run)
        homeless = [each for each in run.installs if each.cache.is_in_unknown_home]
        if mount is None or not homeless:
            continue
        tool, user = homeless[0].line.tool, run.before.user.name or "another user"
        message = f"The cache mount is at `{mount.path}`, in the home of root, but {tool.name} runs"
        fix = f"Set `ENV {tool.variable}=/opt/{tool.name}-cache`, and mount that, with `uid=`"
        notes = assumption(run, homeless[0].cache.assumed)
        yield Found(mount.span, f"{message} as `{user}`", fix, notes, Severity.WARNING)


def _other_tool(subject: Subject) -> Iterator[Found]:
    for run, mount, invocation in missing(subject, "LAM106"):
        owner = FOLDERS[posixpath.basename(mount.path or "")]
        tool = invocation.line.tool.name
        message = f"The cache mount is for {owner}, but {tool} uses `{invocation.cache.path}`"
        notes = assumption(run, invocation.cache.assumed)
        # What has a name of its own is shared with the other tool on purpose, or by mistake.
        is_named = bool(mount.mount.get("id"))
        edits = () if is_named else _moved(subject, mount, invocation, notes)
        yield Found(mount.span, message, _target(invocation), notes, edits=edits)


def _unexpanded_setting(subject: Subject) -> Iterator[Found]:
    told = set()
    for run in subject.model.runs:
        for invocation in run.installs:
            cache = invocation.cache
            if not cache.written or cache.written.startswith("/") or cache.setting in told:
                continue
            if cache.setting.startswith("--") or cache.setting == "tool.uv.cache-dir":
                continue
            told.add(cache.setting)
            pair = _setting_pair(subject, cache.setting)
            place = pair.span if pair is not None else invocation.span
            what = f"`{cache.setting}` is `{cache.written}`, which {invocation.line.tool.name}"
            where = f"takes as `{cache.path}`" if cache.path else "takes below the folder it is in"
            fix = f"Write an absolute path, such as `{cache.setting}={_absolute(invocation)}`"
            edits = _of_home(subject, pair) if pair is not None else ()
            yield Found(place, f"{what} {where}", fix, edits=edits)


def _of_home(subject: Subject, pair: Pair) -> Edits:
    """Write the home instead of `~`, if all who use a setting have the same."""
    written = pair.value.text if pair.value is not None else ""
    users = [
        each
        for run in subject.model.runs
        for each in run.installs
        if each.cache.setting == pair.name and each.cache.written == written
    ]
    homes = {each.home if each.environment.base.is_known else None for each in users}
    if len(homes) != 1 or not written.startswith("~/") or not (home := homes.pop()):
        return ()
    return with_value(subject.dockerfile, pair, f"{home.rstrip('/')}{written[1:]}")


def _setting_pair(subject: Subject, name: str) -> Pair | None:
    for stage in subject.dockerfile.stages:
        for instruction in stage.instructions:
            for pair in instruction.pairs:
                if instruction.name == "ENV" and pair.name == name:
                    return pair
    return None


def _absolute(invocation: Invocation) -> str:
    home = invocation.home or "/root"
    below = ".cache" if invocation.cache.setting == "XDG_CACHE_HOME" else ""
    return posixpath.join(home, below or f".cache/{invocation.line.tool.folder}")


_REPORT = "astral-sh/uv#13727"
_CONVERT = "moby/buildkit: frontend/dockerfile/dockerfile2llb/convert_runmount.go"


RULES = (
    Rule(
        code="LAM101",
        title="`~` in the target of a mount",
        severity=Severity.ERROR,
        why=(
            "A builder puts variables into `target`, but no shell reads it: `~` is the name of a"
            " folder, below `WORKDIR`. The cache mount lies there, unused, while the tool keeps"
            " what it downloads in its own place, which is in the layer. So everything is"
            " downloaded at each build, and the image carries a copy of it."
        ),
        fix=(
            "Write the path from the root, of the user who runs the command: `/root/.cache/uv`."
            " Or set `UV_CACHE_DIR`, and mount that."
        ),
        sources=(_REPORT, "moby/buildkit#2406", "moby/buildkit#2951", _CONVERT),
        bad=mounted("type=cache,target=~/.cache/uv"),
        good=MOUNTED,
        find=_tilde,
        mends=(
            "the target becomes the path that the tool uses, or that is meant by `~`, where the"
            " home is known."
        ),
    ),
    Rule(
        code="LAM102",
        title="A variable that nothing sets in the target of a mount",
        severity=Severity.ERROR,
        why=(
            "A builder knows what `ENV` and `ARG` set, and what the base image's config sets."
            " `HOME` is not among them: it is found only when the command starts. So"
            " `$HOME/.cache/uv` is `/.cache/uv`, and the tool's cache is somewhere else, in the"
            " layer."
        ),
        fix="Write the path, or set the variable by `ENV` above.",
        sources=("moby/buildkit#2406", "moby/buildkit#2951", _CONVERT),
        bad=mounted("type=cache,target=$HOME/.cache/uv"),
        good=mounted("type=cache,target=$HOME/.cache/uv", before="ENV HOME=/root\n"),
        find=_unset_variable,
        mends=(
            "the target becomes the path that the tool uses, unless the base image may set the"
            " variable."
        ),
    ),
    Rule(
        code="LAM104",
        title="A relative target of a cache mount",
        severity=Severity.ERROR,
        why=(
            "A relative `target` is below `WORKDIR`, which is not where the tool keeps its cache."
            " Older releases of Buildah refuse it."
        ),
        fix="Write the path from the root.",
        sources=(_CONVERT, "containers/buildah: internal/volumes/volumes.go"),
        bad=mounted("type=cache,target=.cache/uv"),
        good=MOUNTED,
        find=_relative,
        mends="the target becomes the path that the tool uses.",
    ),
    Rule(
        code="LAM105",
        title="The cache mount is not where the tool keeps its cache",
        severity=Severity.ERROR,
        why=(
            "A tool's cache is where its setting says (`UV_CACHE_DIR`, `PIP_CACHE_DIR`), else below"
            " `XDG_CACHE_HOME`, else below the home of the user who runs it. A mount anywhere else"
            " stays empty, without an error: everything is downloaded at each build."
        ),
        fix="Make the two equal; best with one explicit setting.",
        sources=("TEAMSchools/teamster#5393", "astral-sh/uv#16180", "astral-sh/uv#12710"),
        bad=mounted("type=cache,target=/root/.cache/uv", before="ENV UV_CACHE_DIR=/opt/uv\n"),
        good=mounted("type=cache,target=/opt/uv", before="ENV UV_CACHE_DIR=/opt/uv\n"),
        find=_elsewhere,
        mends="the target becomes the path that the tool uses; settings stay as they are.",
    ),
    Rule(
        code="LAM106",
        title="The cache mount of another tool",
        severity=Severity.ERROR,
        why=(
            "uv, pip, Poetry and PDM share no cache. With pip's folder mounted, uv downloads"
            " everything at each build, and its own cache is left in the layer."
        ),
        fix="Mount the cache of the tool that runs.",
        sources=("LMCache/LMCache#4549",),
        bad=mounted("type=cache,target=/root/.cache/pip"),
        good=MOUNTED,
        find=_other_tool,
        mends=(
            "the target becomes the path that the tool uses, unless the mount has an `id`, and"
            " so is meant for several."
        ),
    ),
    Rule(
        code="LAM107",
        title="The cache's folder is set to a path that is not absolute",
        severity=Severity.ERROR,
        why=(
            "`ENV` expands no `~`, and neither does the tool: it takes the value as a path below"
            " the folder that it runs in. So the cache moves with `WORKDIR`."
        ),
        fix="Write the path from the root.",
        sources=("astral-sh/uv: crates/uv-cache/src/cli.rs",),
        bad=mounted("type=cache,target=~/.cache/uv", before="ENV UV_CACHE_DIR=~/.cache/uv\n"),
        good=mounted("type=cache,target=/opt/uv", before="ENV UV_CACHE_DIR=/opt/uv\n"),
        find=_unexpanded_setting,
        mends="`~` becomes the home, where all who use the setting have the same.",
    ),
)  # fmt: skip
