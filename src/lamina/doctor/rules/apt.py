"""Family 7: Debian packages, as far as the report's Dockerfile shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamina.dockerfile.instruction import Instruction
from lamina.dockerfile.model.build import Step
from lamina.dockerfile.model.run import Run
from lamina.dockerfile.shell import Command
from lamina.dockerfile.text import Joined, Span
from lamina.doctor.edit import Edit, Edits
from lamina.doctor.edits.layout import at, gap_before, line_before, newline
from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.releases import ended, release_of, releases_of
from lamina.doctor.rules.covering import is_below
from lamina.doctor.rules.examples import plain
from lamina.doctor.subject import Subject

_APT = frozenset({"apt-get", "apt", "aptitude"})
_LISTS, _ARCHIVES = "/var/lib/apt/lists", "/var/cache/apt/archives"
_SOURCE = re.compile(r"\bdeb(?:-src)?\s+(?:\[[^\]\n]*\]\s*)?[a-z+]+:\S+\s+([A-Za-z][\w./-]*)")
_SUITES = re.compile(r"(?m)^\s*Suites:\s*(.+)$")
_KEEP = "rm -f /etc/apt/apt.conf.d/docker-clean"
_NOT_AND = re.compile(r"[;|#\n]|(?<!&)&(?!&)")
"""What else joins commands than `&&`, or ends them."""
_CLEAN = re.compile(r"docker-clean|Keep-Downloaded-Packages")


def _suites(step: Step) -> Iterator[tuple[str, Span]]:
    """Give the suites that an instruction writes into lists of sources, with their places."""
    texts: list[Joined] = []
    if step.run is not None and step.instruction.shell_text is not None:
        texts = [step.instruction.shell_text]
    elif step.name in ("COPY", "ADD"):
        texts = [heredoc.content for heredoc in step.instruction.heredocs]
    for text in texts:
        for match in _SOURCE.finditer(text.text):
            yield match[1], text.span(*match.span(1))
        for match in _SUITES.finditer(text.text):
            for word in re.finditer(r"\S+", match[1]):
                start = match.start(1)
                yield word[0], text.span(start + word.start(), start + word.end())


def _other_suite(subject: Subject) -> Iterator[Found]:
    for stage in subject.model.stages:
        possible = releases_of(stage.base)
        told: set[str] = set()
        for step in stage.steps if possible else ():
            for suite, span in _suites(step):
                release = release_of(suite)
                if release is None or release in possible or release in told:
                    continue
                told.add(release)
                is_one = len(possible) == 1
                what = f"`{possible[0]}`" if is_one else f"`{possible[0]}` or newer"
                message = (
                    f"`{stage.base.name}` is {what}, and here packages of `{release}` are added"
                )
                fix = f"Leave the base's own sources, or write `{possible[-1]}`"
                if not is_one:
                    fix = "Leave the base's own sources, or name its suite"
                yield Found(span, message, fix)


def _ended(subject: Subject) -> Iterator[Found]:
    if subject.today is None:
        return
    for stage in subject.model.stages:
        told: set[str] = set()
        of_base = releases_of(stage.base) if stage.parent is None else ()
        places = [(of_base[0], stage.stage.base.span())] if len(of_base) == 1 else []
        places += [
            (release, span)
            for step in stage.steps
            for suite, span in _suites(step)
            if (release := release_of(suite)) is not None
        ]
        for release, span in places:
            if ended(release) < subject.today and release not in told:
                told.add(release)
                message = (
                    f"`{release}` has had no security updates since {ended(release).isoformat()}"
                )
                yield Found(span, message, "Build upon a newer release, with its own sources")


def _apt(run: Run, *verbs: str) -> list[Command]:
    return [
        command
        for command in run.commands
        if command.name in _APT and any(word.literal in verbs for word in command.words[1:])
    ]


def _apart(subject: Subject) -> Iterator[Found]:
    for stage in subject.model.stages:
        for index, run in enumerate(stage.runs):
            updates, installs = _apt(run, "update"), _apt(run, "install", "upgrade")
            if not updates or installs:
                continue
            for later in stage.runs[index + 1 :]:
                if _apt(later, "update"):
                    break
                if _apt(later, "install"):
                    message = "`apt-get update` and `install` are in two `RUN`s: the lists grow old"
                    fix = "Write `RUN apt-get update && apt-get install ...`"
                    edits = _joined(subject, run, later)
                    yield Found(updates[0].span, message, fix, edits=edits)
                    break


def _joined(subject: Subject, update: Run, install: Run) -> Edits:
    """Make one RUN of two, if one is right below the other and nothing else is in them."""
    dockerfile, first, second = subject.dockerfile, update.instruction, install.instruction
    if len(update.commands) != 1 or not all(_is_chain(each) for each in (first, second)):
        return ()
    if first.flags or second.flags:
        return ()
    gap = Span(first.arguments.span().end, second.arguments.span().start)
    between = at(dockerfile.text, gap).split()
    if [word.upper() for word in between] != ["RUN"]:
        return ()
    return (Edit(gap, f" {dockerfile.escape}{newline(dockerfile.text)}    && "),)


def _is_chain(instruction: Instruction) -> bool:
    """Say whether a RUN is of commands each of which runs if the one before has done well."""
    text = instruction.shell_text
    return text is not None and not instruction.heredocs and not _NOT_AND.search(text.text)


def _lists_left(subject: Subject) -> Iterator[Found]:
    final = subject.model.final
    for step in final.all_steps if final is not None else ():
        run = step.run
        if run is None or not (updates := _apt(run, "update")):
            continue
        if any(mount.path and is_below(_LISTS, mount.path) for mount in run.mounts):
            continue
        if any(_removes_lists(command) for command in run.commands):
            continue
        message = f"The lists of `apt-get update` stay in the layer, in `{_LISTS}`"
        fix = f"Add `&& rm -rf {_LISTS}/*` to this `RUN`, or mount a cache there"
        edits = _lists_removed(subject, run)
        yield Found(updates[0].span, message, fix, edits=edits)


def _lists_removed(subject: Subject, run: Run) -> Edits:
    """Remove the lists where they were fetched, if no other RUN installs by them."""
    others = [each for each in subject.model.runs if _apt(each, "install", "upgrade")]
    if any(not _apt(each, "update") for each in others) or not _is_chain(run.instruction):
        return ()
    dockerfile, arguments = subject.dockerfile, run.instruction.arguments
    span = arguments.span()
    last = arguments.text.rfind("&&")
    gap = " "
    if last >= 0:
        # As the last command is set apart, so is this one.
        before = gap_before(dockerfile, arguments.origin(last))
        gap = at(dockerfile.text, before) if before is not None else gap
    return (Edit(Span(span.end, span.end), f"{gap or ' '}&& rm -rf {_LISTS}/*"),)


def _removes_lists(command: Command) -> bool:
    paths = [word.literal or word.beginning for word in command.words[1:]]
    is_rm = command.name == "rm" and any(path.startswith("/var/lib/apt") for path in paths)
    return is_rm or (command.name in _APT and "dist-clean" in paths)


def _cleaned(subject: Subject) -> Iterator[Found]:
    for stage in subject.model.stages:
        if not releases_of(stage.base):
            continue
        text = " ".join(step.instruction.text.text for step in stage.all_steps)
        contents = [each for step in stage.all_steps for each in step.instruction.heredocs]
        if _CLEAN.search(text + "".join(each.content.text for each in contents)):
            continue
        for run in stage.runs:
            above = line_before(subject.dockerfile, run.instruction, f"RUN {_KEEP}")
            for mount in run.caches:
                if mount.path and is_below(_ARCHIVES, mount.path) and _apt(run, "install"):
                    message = (
                        f"The mount keeps no package: `{stage.base.name}` tells apt to remove what"
                        " it has downloaded"
                    )
                    edits = above if run.before.user.is_root else ()
                    fix = f"Write `RUN {_KEEP}` above"
                    yield Found(mount.mount.span, message, fix, edits=edits)
                    return


_BASE = "FROM python:3.12-slim-trixie"
_INSTALL = "RUN apt-get update && apt-get install -y libgomp1"
_MOUNTS = (
    "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\",
    "    --mount=type=cache,target=/var/lib/apt,sharing=locked \\",
    "    apt-get update && apt-get install -y libgomp1",
)


def _sources(suite: str) -> Example:
    line = f'RUN echo "deb https://mirror.example/debian {suite} main" > /etc/apt/sources.list'
    return plain(_BASE, line, f"{_INSTALL} && rm -rf /var/lib/apt/lists/*")


RULES = (
    Rule(
        code="LAM701",
        title="Packages of another release than the base's",
        severity=Severity.ERROR,
        why=(
            "Packages of two releases of Debian do not go together: apt refuses for want of"
            " dependencies, or takes libraries that are older than what the base was built with."
        ),
        fix="Leave the sources that the base has; replace the server alone, if need be.",
        sources=("astral-sh/uv#13727", "wiki.debian.org/DontBreakDebian"),
        bad=_sources("bookworm"),
        good=_sources("trixie"),
        find=_other_suite,
        leaves="which sources are wanted is a decision.",
    ),
    Rule(
        code="LAM702",
        title="A release of Debian or Ubuntu that has ended",
        severity=Severity.ERROR,
        why=(
            "Its security updates have ended. Its packages are moved to the archive sooner or"
            " later, and from that day the build fails."
        ),
        fix="Build upon a newer release.",
        sources=("wiki.debian.org/LTS", "ubuntu.com/about/release-cycle"),
        bad=plain("FROM debian:buster", "RUN true"),
        good=plain("FROM debian:trixie", "RUN true"),
        find=_ended,
        leaves="which release to take is a decision.",
    ),
    Rule(
        code="LAM703",
        title="`apt-get update` and `apt-get install` apart",
        severity=Severity.WARNING,
        why=(
            "The builder keeps the layer of `update` and runs only a changed `install`: with lists"
            " of months ago, whose packages are not on the server any more."
        ),
        fix="Both in one `RUN`.",
        sources=("docs.docker.com/build/building/best-practices/#apt-get",),
        bad=plain(_BASE, "RUN apt-get update", "RUN apt-get install -y libgomp1"),
        good=plain(_BASE, _INSTALL),
        find=_apart,
        mends=(
            "the two become one, where one is right below the other and `&&` alone joins what"
            " is in them."
        ),
    ),
    Rule(
        code="LAM704",
        title="Lists of packages in the layer",
        severity=Severity.NOTE,
        why="They are some twenty megabytes, and of no use in the image.",
        fix="Remove them in the same `RUN`: in a later one, they stay in the layer below.",
        sources=("docs.docker.com/build/building/best-practices/#apt-get",),
        bad=plain(_BASE, _INSTALL),
        good=plain(_BASE, f"{_INSTALL} && rm -rf /var/lib/apt/lists/*"),
        find=_lists_left,
        mends=(
            "the lists are removed at the end of the `RUN`, where `&&` alone joins what is in"
            " it, and no other `RUN` installs by them."
        ),
    ),
    Rule(
        code="LAM705",
        title="A cache mount for apt that stays empty",
        severity=Severity.WARNING,
        why=(
            "Docker's images of Debian and Ubuntu have `/etc/apt/apt.conf.d/docker-clean`, by which"
            " apt removes each package when it is installed. The mount has nothing for the next"
            " build."
        ),
        fix="Remove that file in a `RUN` above.",
        sources=("docs.docker.com/reference/dockerfile/#example-cache-apt-packages",),
        bad=plain(_BASE, *_MOUNTS),
        good=plain(_BASE, "RUN rm -f /etc/apt/apt.conf.d/docker-clean", *_MOUNTS),
        find=_cleaned,
        mends="a `RUN` above removes the file.",
    ),
)
