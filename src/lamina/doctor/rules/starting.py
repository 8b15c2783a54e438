"""Family 3: what a container starts."""

from __future__ import annotations

from collections.abc import Iterator

from lamina.dockerfile.model.starting import starts
from lamina.doctor.finding import Found, Rule, Severity
from lamina.doctor.project import has_dev_group
from lamina.doctor.rules.examples import CACHE, HEAD, WITH_DEV, plain
from lamina.doctor.subject import Subject

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


RULES = (
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
            'CMD ["uv", "run", "app"]', files=WITH_DEV,
        ),
        good=plain(
            f"{HEAD}COPY . .", "ENV UV_NO_DEV=1", f"RUN {CACHE} uv sync --frozen",
            'CMD ["uv", "run", "app"]', files=WITH_DEV,
        ),
        find=_synced_at_start,
        leaves="what is to start, only its author knows.",
    ),
)  # fmt: skip
