"""Family 1: the cache mount is not where the tool keeps its cache."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from lamina.doctor.dockerfile.instruction import Pair
from lamina.doctor.dockerfile.lines import Directive
from lamina.doctor.edit import Edit, Edits
from lamina.doctor.edits.mounts import with_mount, with_target, without_option
from lamina.doctor.edits.variables import with_value
from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.model.environment import Unknown
from lamina.doctor.model.run import CacheFolder, Invocation, PlacedMount, Run
from lamina.doctor.model.tools import TOOLS
from lamina.doctor.subject import Subject
from lamina.doctor.text import Span

_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_OLD_FRONTEND = re.compile(r"docker/dockerfile(?:-upstream)?:1\.([0-2])(?![0-9])")
_FRONTEND = re.compile(r"docker/dockerfile(?:-upstream)?:(1\.[0-9]+(?:\.[0-9]+)?)")
_FOLDERS = {tool.folder: tool.name for tool in TOOLS}
_TOOL_WORDS = frozenset(_FOLDERS) | {"poetry", "python", ".cache", "cache", "~"}
_OTHERS = frozenset(
    {"apt", "dpkg", "apk", "dnf", "yum", "npm", ".npm", "pnpm", "yarn", "cargo", ".cargo", "go",
     "go-build", "ccache", "sccache", "huggingface", "torch", "node_modules", ".gradle", ".m2"}
)  # fmt: skip


def covers(mount: PlacedMount, cache: CacheFolder) -> bool:
    """Say whether a tool's cache is on a mount."""
    return mount.path is not None and cache.path is not None and is_below(cache.path, mount.path)


def is_below(path: str, folder: str) -> bool:
    """Say whether a path is a folder, or in it."""
    return posixpath.commonpath([path, folder]) == folder


def is_covered(run: Run, invocation: Invocation) -> bool:
    """Say whether a command's cache is on one of its mounts."""
    return any(covers(mount, invocation.cache) for mount in run.caches)


def meant(run: Run) -> list[tuple[PlacedMount, Invocation]]:
    """Return the cache mounts that are meant for a tool's cache and miss it."""
    found = []
    for invocation in run.installs:
        cache = invocation.cache
        if cache.is_off or cache.path is None or is_covered(run, invocation):
            continue
        for mount in run.caches:
            if mount.path is not None and _is_meant(mount, invocation, run):
                found.append((mount, invocation))
    # Each mount once: the first command that it was meant for tells enough.
    firsts = {mount.span: (mount, invocation) for mount, invocation in reversed(found)}
    return [firsts[span] for span in sorted(firsts)]


def _is_meant(mount: PlacedMount, invocation: Invocation, run: Run) -> bool:
    if any(covers(mount, each.cache) for each in run.invocations):
        return False
    words = [word for word in (mount.path or "").lower().split("/") if word]
    if _OTHERS & set(words):
        return False
    parts = {part for word in words for part in re.split(r"[-_]", word)} | set(words)
    return bool(parts & _TOOL_WORDS) or len(run.caches) == 1


def _is_home(mount: PlacedMount) -> bool:
    return mount.written == "~" or mount.written.startswith("~/")


def _unset(mount: PlacedMount, run: Run) -> str | None:
    """Return a variable in a target that nothing sets."""
    for match in _VARIABLE.finditer(mount.written):
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
    owner = _FOLDERS.get(posixpath.basename(mount.path or ""))
    if owner not in (None, invocation.line.tool.name):
        return "LAM106"
    return "LAM105"


def missing(subject: Subject, code: str) -> Iterator[tuple[Run, PlacedMount, Invocation]]:
    """Give the mounts that miss a cache, and are for one rule."""
    for run in subject.model.runs:
        for mount, invocation in meant(run):
            if _kind(mount, run, invocation) == code:
                yield run, mount, invocation


def _assumption(run: Run, names: frozenset[str]) -> tuple[str, ...]:
    if not names or run.before.base.is_known:
        return ()
    *others, last = [f"`{name}`" for name in sorted(names)]
    listed = f"{', '.join(others)} or {last}" if others else last
    base = run.before.base.name
    image = f"`{base}`" if base else "the base image"
    return (f"Unless {image} sets {listed}: `--pull` asks it",)


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
                notes = _assumption(run, invocation.cache.assumed)
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
        notes = _assumption(run, mount.assumed | invocation.cache.assumed)
        edits = _moved(subject, mount, invocation, notes)
        yield Found(mount.span, message, _target(invocation), notes, edits=edits)


def _old_frontend(subject: Subject) -> Iterator[Found]:
    directive = subject.dockerfile.directive("syntax")
    version = _OLD_FRONTEND.search(directive.value) if directive is not None else None
    if directive is None or version is None:
        return
    for run in subject.model.runs:
        for mount in run.mounts:
            if _VARIABLE.search(mount.written):
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


def _relative(subject: Subject) -> Iterator[Found]:
    for run, mount, invocation in missing(subject, "LAM104"):
        message = f"{_where(mount, invocation)}: a relative target is below `WORKDIR`"
        notes = _assumption(run, invocation.cache.assumed)
        edits = _moved(subject, mount, invocation, notes)
        yield Found(mount.span, message, _target(invocation), notes, edits=edits)


def _elsewhere(subject: Subject) -> Iterator[Found]:
    for run, mount, invocation in missing(subject, "LAM105"):
        cache, tool = invocation.cache, invocation.line.tool
        message = f"{_where(mount, invocation)}: {cache.reason}"
        fix = f"{_target(invocation)}, or set `{tool.variable}={mount.path}`"
        notes = _assumption(run, cache.assumed)
        edits = _moved(subject, mount, invocation, notes)
        severity = Severity.WARNING if notes else None
        yield Found(mount.span, message, fix, notes, severity, edits)


def _other_tool(subject: Subject) -> Iterator[Found]:
    for run, mount, invocation in missing(subject, "LAM106"):
        owner = _FOLDERS[posixpath.basename(mount.path or "")]
        tool = invocation.line.tool.name
        message = f"The cache mount is for {owner}, but {tool} uses `{invocation.cache.path}`"
        notes = _assumption(run, invocation.cache.assumed)
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


def unmounted(run: Run) -> list[Invocation]:
    """Return the first command of each tool whose cache is in the layer, with no mount for it."""
    told = {invocation.line.tool.name for _, invocation in meant(run)}
    found = []
    for invocation in run.installs:
        tool = invocation.line.tool.name
        is_kept = not invocation.cache.is_off and invocation.cache.path is not None
        if invocation.line.shown == "uv run":
            # Mostly, what it would install is installed already.
            continue
        if is_kept and tool not in told and not is_covered(run, invocation):
            told.add(tool)
            found.append(invocation)
    return found


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
            notes = _assumption(run, invocation.cache.assumed)
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


_UV = "COPY --from=ghcr.io/astral-sh/uv:0.12.5 /uv /bin/\n"
_HEAD = f"FROM python:3.12-slim\n{_UV}WORKDIR /app\nCOPY pyproject.toml uv.lock ./\n"
_SYNC = "    uv sync --frozen --no-install-project\n"


def _example(mount: str, before: str = "", sync: str = _SYNC, first: str = "") -> Example:
    return Example(dockerfile=f"{first}{_HEAD}{before}RUN --mount={mount} \\\n{sync}")


_GOOD = _example("type=cache,target=/root/.cache/uv")
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
        bad=_example("type=cache,target=~/.cache/uv"),
        good=_GOOD,
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
        bad=_example("type=cache,target=$HOME/.cache/uv"),
        good=_example("type=cache,target=$HOME/.cache/uv", before="ENV HOME=/root\n"),
        find=_unset_variable,
        mends=(
            "the target becomes the path that the tool uses, unless the base image may set the"
            " variable."
        ),
    ),
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
        bad=_example(
            "type=cache,target=$CACHE",
            before="ENV CACHE=/root/.cache/uv\n",
            first="# syntax=docker/dockerfile:1.2\n",
        ),
        good=_example(
            "type=cache,target=$CACHE",
            before="ENV CACHE=/root/.cache/uv\n",
            first="# syntax=docker/dockerfile:1\n",
        ),
        find=_old_frontend,
        mends="the newest frontend of the series is named, unless a digest is.",
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
        bad=_example("type=cache,target=.cache/uv"),
        good=_GOOD,
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
        bad=_example("type=cache,target=/root/.cache/uv", before="ENV UV_CACHE_DIR=/opt/uv\n"),
        good=_example("type=cache,target=/opt/uv", before="ENV UV_CACHE_DIR=/opt/uv\n"),
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
        bad=_example("type=cache,target=/root/.cache/pip"),
        good=_GOOD,
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
        bad=_example("type=cache,target=~/.cache/uv", before="ENV UV_CACHE_DIR=~/.cache/uv\n"),
        good=_example("type=cache,target=/opt/uv", before="ENV UV_CACHE_DIR=/opt/uv\n"),
        find=_unexpanded_setting,
        mends="`~` becomes the home, where all who use the setting have the same.",
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
            dockerfile=_GOOD.dockerfile + "COPY . .\nRUN uv sync --frozen\n",
        ),
        good=Example(
            dockerfile=_GOOD.dockerfile
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
        bad=_example("type=cache,target=/root/.cache --mount=type=tmpfs,target=/root/.cache/uv"),
        good=_example("type=cache,target=/root/.cache --mount=type=tmpfs,target=/tmp"),
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
        bad=_example("type=cache,targt=/root/.cache/uv"),
        good=_GOOD,
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
        bad=_example("type=cache,target=/root/.cache/uv,ro"),
        good=_GOOD,
        find=_readonly,
        mends="the option is left out.",
    ),
)
