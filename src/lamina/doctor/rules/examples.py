"""Dockerfiles that the rules' examples are made of."""

from __future__ import annotations

from lamina.doctor.finding import Example

UV = "COPY --from=ghcr.io/astral-sh/uv:0.12.5 /uv /bin/\n"
HEAD = f"FROM python:3.12-slim\n{UV}WORKDIR /app\nCOPY pyproject.toml uv.lock ./\n"
CACHE = "--mount=type=cache,target=/root/.cache/uv"
SYNC = "uv sync --frozen --no-install-project\n"
SYNCED = f"{HEAD}RUN {CACHE} {SYNC}"
PACKAGE = {
    "pyproject.toml": '[project]\nname = "app"\nversion = "1.0"\n\n'
    '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
    "uv.lock": 'version = 1\n\n[[package]]\nname = "app"\nversion = "1.0"\n'
    'source = { editable = "." }\n',
    ".dockerignore": ".venv\n",
}
"""A project that is built to a wheel."""
WITH_DEV = {
    **PACKAGE,
    "pyproject.toml": PACKAGE["pyproject.toml"] + '\n[dependency-groups]\ndev = ["pytest"]\n',
}
"""The same with a group that is installed unless it is left out."""


def example(
    *lines: str, head: str = HEAD, sync: str = SYNC, files: dict[str, str] | None = None
) -> Example:
    """Return a Dockerfile: the head, other lines, and a sync with the cache mounted."""
    return Example(
        dockerfile=f"{head}{''.join(f'{line}{chr(10)}' for line in lines)}RUN {CACHE} {sync}",
        files=files or {},
    )


def plain(*lines: str, files: dict[str, str] | None = None) -> Example:
    """Return a Dockerfile of these lines."""
    return Example(dockerfile="".join(f"{line}\n" for line in lines), files=files or {})


def mounted(mount: str, before: str = "", sync: str = f"    {SYNC}", first: str = "") -> Example:
    """Return a Dockerfile: a sync with a mount, after other lines."""
    return Example(dockerfile=f"{first}{HEAD}{before}RUN --mount={mount} \\\n{sync}")


MOUNTED = mounted("type=cache,target=/root/.cache/uv")
"""The mount as it should be."""
