"""What uv's guide recommends (docs.astral.sh/uv/guides/integration/docker) has no fault."""

from __future__ import annotations

import pytest

from dockerfiles import findings

UV = "COPY --from=ghcr.io/astral-sh/uv:0.12.5 /uv /uvx /bin/"
BOUND = """\
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=type=bind,source=uv.lock,target=uv.lock \\
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \\
    uv sync """
CACHED = "RUN --mount=type=cache,target=/root/.cache/uv \\\n    uv sync "

INTERMEDIATE_LAYERS = f"""\
FROM python:3.12-slim
{UV}
WORKDIR /app
{BOUND}--locked --no-install-project
COPY . /app
{CACHED}--locked
ENV PATH="/app/.venv/bin:$PATH"
CMD ["uv", "run", "my_app"]
"""
WORKSPACE = f"""\
FROM python:3.12-slim
{UV}
WORKDIR /app
{BOUND}--frozen --no-install-workspace
COPY . /app
{CACHED}--locked
"""
NON_EDITABLE = f"""\
FROM python:3.12-slim AS builder
{UV}
WORKDIR /app
{BOUND}--locked --no-install-project --no-editable
COPY . /app
{CACHED}--locked --no-editable
FROM python:3.12-slim
COPY --from=builder --chown=app:app /app/.venv /app/.venv
CMD ["/app/.venv/bin/hello"]
"""
TEMPORARY = """\
FROM python:3.12-slim
WORKDIR /app
RUN --mount=type=cache,target=/root/.cache/uv \\
    --mount=from=ghcr.io/astral-sh/uv:0.12.5,source=/uv,target=/bin/uv \\
    --mount=type=bind,source=uv.lock,target=uv.lock \\
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \\
    uv sync --locked --no-install-project
"""
NO_CACHE = f"""\
FROM python:3.12-slim
{UV}
ENV UV_NO_CACHE=1 UV_SYSTEM_PYTHON=1
COPY requirements.txt .
RUN uv pip install -r requirements.txt
"""
CONSTANT_CACHE = f"""\
FROM python:3.12-slim
{UV}
ENV UV_CACHE_DIR=/opt/uv-cache/ UV_LINK_MODE=copy
WORKDIR /app
{BOUND.replace("/root/.cache/uv", "/opt/uv-cache/")}--locked --no-install-project
"""
MULTISTAGE = f"""\
FROM ghcr.io/astral-sh/uv:0.12.5-python3.12-trixie-slim AS builder
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
ENV UV_NO_DEV=1
ENV UV_PYTHON_DOWNLOADS=0
WORKDIR /app
{BOUND}--locked --no-install-project
COPY . /app
{CACHED}--locked
FROM python:3.12-slim-trixie
RUN groupadd --system --gid 999 nonroot \\
 && useradd --system --gid 999 --uid 999 --create-home nonroot
COPY --from=builder --chown=nonroot:nonroot /app /app
ENV PATH="/app/.venv/bin:$PATH"
USER nonroot
WORKDIR /app
CMD ["fastapi", "run", "--host", "0.0.0.0", "src/uv_docker_example"]
"""
STANDALONE = f"""\
FROM ghcr.io/astral-sh/uv:0.12.5-trixie-slim AS builder
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
ENV UV_NO_DEV=1
ENV UV_PYTHON_INSTALL_DIR=/python
ENV UV_PYTHON_PREFERENCE=only-managed
RUN uv python install 3.12
WORKDIR /app
{BOUND}--locked --no-install-project
COPY . /app
{CACHED}--locked
FROM debian:trixie-slim
RUN groupadd --system --gid 999 nonroot \\
 && useradd --system --gid 999 --uid 999 --create-home nonroot
COPY --from=builder /python /python
COPY --from=builder --chown=nonroot:nonroot /app /app
ENV PATH="/app/.venv/bin:$PATH"
USER nonroot
WORKDIR /app
CMD ["fastapi", "run", "--host", "0.0.0.0", "src/uv_docker_example"]
"""
RECOMMENDED = {
    "intermediate layers": INTERMEDIATE_LAYERS,
    "workspace": WORKSPACE,
    "non-editable": NON_EDITABLE,
    "uv mounted": TEMPORARY,
    "no cache": NO_CACHE,
    "constant cache": CONSTANT_CACHE,
    "multi-stage": MULTISTAGE,
    "standalone Python": STANDALONE,
}
PROJECT = {
    "pyproject.toml": '[project]\nname = "my-app"\nversion = "0.1.0"\n\n[build-system]\n'
    'requires = ["uv_build"]\nbuild-backend = "uv_build"\n',
    "uv.lock": 'version = 1\n\n[[package]]\nname = "my-app"\nversion = "0.1.0"\n'
    'source = { editable = "." }\n',
    ".dockerignore": ".venv\n",
}


def codes(text: str, files: dict[str, str] | None = None) -> list[str]:
    return [each.code for each in findings(text, files)]


recommended = pytest.mark.parametrize("text", RECOMMENDED.values(), ids=RECOMMENDED)


@recommended
def test_nothing_is_found(text: str) -> None:
    assert codes(text) == []


@recommended
def test_nothing_is_found_beside_a_project(text: str) -> None:
    assert codes(text, PROJECT) == []
