"""Family 3: releases of uv and of Python that change under the cache."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lamina.dockerfile.model.bases import UV_IMAGE, split_reference
from lamina.dockerfile.model.build import Model, StageModel, Step, copies
from lamina.dockerfile.model.installs import installs, uv_reference
from lamina.dockerfile.model.run import Invocation, Run
from lamina.doctor.finding import Found, Rule, Severity
from lamina.doctor.rules.covering import covers, is_below
from lamina.doctor.rules.examples import CACHE, HEAD, SYNC, UV, example, plain
from lamina.doctor.subject import Subject

_VERSION = re.compile(r"([0-9]+\.[0-9]+\.[0-9]+)(?:-.*)?")


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


_TWO_UVS = (
    f"{HEAD}RUN {CACHE} {SYNC}".rstrip("\n"),
    "FROM python:3.12-slim",
)
_LATER = ("WORKDIR /app", f"RUN {CACHE} uv sync --frozen")
_DEBIAN = f"FROM debian:trixie-slim\n{UV}WORKDIR /app\nCOPY pyproject.toml uv.lock ./\n"


RULES = (
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
)  # fmt: skip
