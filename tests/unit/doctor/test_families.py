"""What each family of rules makes of Dockerfiles that are near to its examples."""

from __future__ import annotations

import pytest

from dockerfiles import findings, told

PY = "FROM python:3.12-slim\nWORKDIR /app\n"
MANIFESTS = "COPY pyproject.toml uv.lock ./\n"
UV_MOUNT = "RUN --mount=type=cache,target=/root/.cache/uv "
USER = "RUN useradd -m -u 1000 app\nUSER app\n"
PACKAGE = '[project]\nname = "app"\nversion = "1"\n[build-system]\nrequires = ["hatchling"]\n'
LOCK = 'version = 1\n[[package]]\nname = "app"\nversion = "1"\nsource = { editable = "." }\n'


def codes(text: str, files: dict[str, str] | None = None) -> list[str]:
    """Return the codes of what is found, without the notes that nearly all have."""
    return [each.code for each in findings(text, files) if each.code not in ("LAM302", "LAM401")]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("RUN --mount=type=cache,target=/root/.cache pip install a && uv pip install b", []),
        ("RUN --mount=type=cache,target=/root/.cache/pip pip install a", []),
        ("RUN --mount=type=cache,target=~/.cache/pip pip install a", ["LAM101"]),
        ("RUN --mount=type=cache,target=~/.npm npm ci", ["LAM101"]),
        ("RUN --mount=type=secret,id=netrc,target=~/.netrc true", ["LAM101"]),
        ("RUN --mount=type=cache,target=/root/.cache/uv pip install a", ["LAM106"]),
        ("RUN --mount=type=cache,target=/root/.cache/pip poetry install", ["LAM106"]),
        ("RUN --mount=type=cache,target=/root/.cache/pypoetry/cache poetry install", ["LAM105"]),
        ("RUN --mount=type=cache,target=/var/cache/apt,sharing=locked uv sync", ["LAM601"]),
        ("RUN --mount=type=cache,target=/opt/x uv sync", ["LAM105"]),
        ("RUN --mount=type=cache,target=/root/.npm npm ci", []),
        ("ENV UV_CACHE_DIR=~/.cache/uv\nRUN --mount=type=cache,target=~/.cache/uv uv sync",
         ["LAM107"]),
        ("ARG HOME=/root\nRUN --mount=type=cache,target=$HOME/.cache/uv uv sync", []),
        ("ARG C\nRUN --mount=type=cache,target=$C uv sync", ["LAM601"]),
        ("ENV HOME=/root\nRUN --mount=type=cache,target=${HOME}/.cache/uv uv sync", []),
        ("WORKDIR /root\nRUN --mount=type=cache,target=.cache/uv uv sync", []),
        ("RUN --mount=type=cache,target=/root/.cache/uv --mount=type=tmpfs,target=/root uv sync",
         []),
        ("RUN --mount=type=cache,target=/root/.cache/uv uv sync\n"
         "RUN --mount=type=cache,target=/root/.cache/pip pip install a", []),
        (f"{USER}RUN --mount=type=cache,target=/root/.cache/uv uv sync", ["LAM105"]),
        ("USER other\nRUN --mount=type=cache,target=/root/.cache/uv uv sync", ["LAM105"]),
        ("USER other\nRUN --mount=type=cache,target=/c,uid=5 uv sync", []),
        ("ARG D\nENV UV_CACHE_DIR=$D\nUSER other\n"
         "RUN --mount=type=cache,target=/root/.cache/uv uv sync", []),
        ("USER root\nRUN --mount=type=cache,target=/root/.cache/uv uv sync", []),
        ("RUN --mount=type=cache,target=/root/.cache/uv <<EOF\nset -e\nuv sync\nEOF", []),
        ("RUN --mount=type=cache,target=~/.cache/uv <<EOF\nset -e\nuv sync\nEOF", ["LAM101"]),
        ('RUN --mount=type=cache,target=~/.cache/uv ["uv", "sync"]', ["LAM101"]),
        ("ONBUILD RUN --mount=type=cache,target=~/.cache/uv uv sync", ["LAM101"]),
        ("RUN --mount=type=cache,target=~/.cache/uv sh -c 'uv sync'", ["LAM101"]),
        ("RUN --mount=type=cache,target=/root/.cache/uv ./install.sh", []),
        ("RUN --mount=type=cache$NO,target=/root/.cache/uv uv sync", []),
    ],
)  # fmt: skip
def test_mounts(lines: str, expected: list[str]) -> None:
    assert codes(PY + lines) == expected


def test_a_user_whose_home_is_not_known_has_another_one_than_root() -> None:
    text = "FROM example/base:1\nUSER app\nRUN --mount=type=cache,target=/root/.cache/uv uv sync"

    (found,) = findings(text)

    assert told(text) == [
        "3:24 warning LAM105 The cache mount is at `/root/.cache/uv`, in the home of root, but uv "
        "runs as `app`"
    ]
    assert found.fix == "Set `ENV UV_CACHE_DIR=/opt/uv-cache`, and mount that, with `uid=`"
    assert found.notes == (
        "Unless `example/base:1` sets `HOME`, `UV_CACHE_DIR` or `XDG_CACHE_HOME`: `--pull` asks it",
    )


def test_a_base_that_may_say_otherwise_makes_a_warning() -> None:
    text = "FROM example/base:1\nRUN --mount=type=cache,target=/opt/uv uv sync"

    assert told(text) == [
        "2:24 warning LAM105 The cache mount is at `/opt/uv`, but uv uses `/root/.cache/uv`: the "
        "home of `root` is `/root`"
    ]
    assert findings(text)[0].notes == (
        "Unless `example/base:1` sets `HOME`, `UV_CACHE_DIR` or `XDG_CACHE_HOME`: `--pull` asks it",
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (f"{USER}RUN --mount=type=cache,target=/home/app/.cache/uv uv sync", ["LAM201"]),
        (f"{USER}RUN --mount=type=cache,target=/home/app/.cache/uv,uid=1000 uv sync", []),
        (f"{USER}RUN --mount=type=cache,target=/home/app/.cache/uv,uid=1001 uv sync", ["LAM201"]),
        (f"{USER}RUN --mount=type=cache,target=/home/app/.cache/uv,mode=0777 uv sync", []),
        (f"RUN --mount=type=cache,target=/home/app/.cache/uv chown 1000 /home/app/.cache/uv\n{USER}"
         "RUN --mount=type=cache,target=/home/app/.cache/uv uv sync", []),
        ("USER other\nENV UV_CACHE_DIR=/c\nRUN --mount=type=cache,target=/c uv sync", ["LAM201"]),
        ("USER 1000\nRUN uv sync", ["LAM203", "LAM601"]),
        ("RUN useradd app\nUSER app\nRUN uv sync", ["LAM203", "LAM601"]),
        ("RUN useradd app && mkdir /home/app && chown app /home/app\nUSER app\nRUN uv sync",
         ["LAM601"]),
        ("USER 1000\nENV UV_CACHE_DIR=/tmp/uv\nRUN uv sync", ["LAM601"]),
        ("USER 1000\nENV UV_NO_CACHE=1\nRUN uv sync", []),
        (f"{UV_MOUNT}uv sync\nRUN chown app /app", []),
        (f"{UV_MOUNT}uv sync\nRUN chown -R app /srv", []),
        (f"{UV_MOUNT}uv sync\nRUN chown -R app:app .", ["LAM205"]),
        (f"{UV_MOUNT}uv sync\nRUN chmod --recursive a+r /app/.venv", ["LAM205"]),
        (f"{UV_MOUNT}uv sync && chown -R app /app", []),
    ],
)  # fmt: skip
def test_ownership(lines: str, expected: list[str]) -> None:
    assert codes(PY + lines) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (f"{UV_MOUNT}uv sync --no-cache", ["LAM301"]),
        (f"{UV_MOUNT}uv sync -n", ["LAM301"]),
        ("RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir a", ["LAM301"]),
        ("ENV PIP_NO_CACHE_DIR=1\nRUN --mount=type=cache,target=/root/.cache/pip pip install a",
         ["LAM301"]),
        (f"ENV PIP_NO_CACHE_DIR=1\n{UV_MOUNT}uv sync", []),
        (f"{UV_MOUNT}uv sync --link-mode=symlink", ["LAM303"]),
        ("RUN --mount=type=cache,target=/root/.cache/pypoetry poetry install", ["LAM303"]),
        ("RUN --mount=type=cache,target=/root/.cache/pypoetry poetry config virtualenvs.create"
         " false && poetry install", []),
        ("ENV POETRY_VIRTUALENVS_IN_PROJECT=1\n"
         "RUN --mount=type=cache,target=/root/.cache/pypoetry poetry install", []),
        (f"{UV_MOUNT}uv sync && rm -rf ~/.cache", ["LAM304"]),
        (f"{UV_MOUNT}uv sync && rm -rf /root/.cache/uv/*", ["LAM304"]),
        (f"{UV_MOUNT}uv sync && rm -rf /tmp/x", []),
        (f"{UV_MOUNT}uv sync && uv cache clean numpy", []),
        ("RUN --mount=type=cache,target=/root/.cache/pip pip install a && pip cache purge",
         ["LAM304"]),
        ("RUN uv sync && uv cache clean", []),
        ("RUN uv sync && rm -rf /root/.cache", []),
        ("RUN pip install --no-cache-dir uv", []),
        ("RUN pip install uv", ["LAM601"]),
        (f"{UV_MOUNT}uv sync\nRUN uv run python manage.py collectstatic", []),
        ("RUN --mount=type=cache,target=~/.cache/uv uv run a", ["LAM101"]),
        (f"{UV_MOUNT}uv lock && uv sync", ["LAM306"]),
        (f"{UV_MOUNT}uv lock --check && uv sync", []),
        ("RUN --mount=type=cache,target=/root/.cache/pip pip install --upgrade pip", []),
        (f"ENV UV_SYSTEM_PYTHON=1\n{UV_MOUNT}uv sync", ["LAM311"]),
        (f"ENV UV_SYSTEM_PYTHON=1\n{UV_MOUNT}uv pip install a", []),
    ],
)  # fmt: skip
def test_settings(lines: str, expected: list[str]) -> None:
    assert codes(PY + lines) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian:trixie\nRUN apt-get update && apt-get install -y python3"
         " && rm -rf /var/lib/apt/lists/*\n" + UV_MOUNT + "uv sync", []),
        ("FROM debian:trixie\nENV UV_PYTHON_DOWNLOADS=never\n" + UV_MOUNT + "uv sync", []),
        ("FROM debian:trixie\nENV UV_PYTHON_CACHE_DIR=/root/.cache/uv/python\n" + UV_MOUNT
         + "uv sync", []),
        ("FROM example/base:1\n" + UV_MOUNT + "uv sync", []),
        ("FROM ghcr.io/astral-sh/uv:debian\n" + UV_MOUNT + "uv sync", ["LAM308"]),
    ],
)  # fmt: skip
def test_pythons_that_are_downloaded(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        (f"COPY . .\n{UV_MOUNT}uv sync", {}, ["LAM402"]),
        (f"COPY .. .\n{UV_MOUNT}uv sync", {}, ["LAM402"]),
        (f"COPY src src\n{UV_MOUNT}uv sync", {}, ["LAM402"]),
        (f"COPY --from=build . .\n{UV_MOUNT}uv sync", {}, []),
        (f"{MANIFESTS}{UV_MOUNT}uv sync\nCOPY . .\n{UV_MOUNT}uv sync", {}, []),
        (f"{MANIFESTS}{UV_MOUNT}uv sync", {"pyproject.toml": PACKAGE, "uv.lock": LOCK}, ["LAM403"]),
        (f"{MANIFESTS}{UV_MOUNT}uv sync",
         {"pyproject.toml": f"{PACKAGE}[tool.uv]\npackage = false\n", "uv.lock": LOCK}, []),
        (f"{MANIFESTS}ENV UV_NO_INSTALL_PROJECT=1\n{UV_MOUNT}uv sync",
         {"pyproject.toml": PACKAGE, "uv.lock": LOCK}, []),
        (f"{MANIFESTS}COPY app app\n{UV_MOUNT}uv sync",
         {"pyproject.toml": PACKAGE, "uv.lock": LOCK}, []),
        (f"COPY pyproject.toml ./\n{UV_MOUNT}uv sync", {}, ["LAM412"]),
        (f"COPY pyproject.toml uv.lock* ./\n{UV_MOUNT}uv sync", {}, []),
        (f"COPY --from=lock /app/ ./\nCOPY pyproject.toml ./\n{UV_MOUNT}uv sync", {}, []),
        (f"{MANIFESTS}{UV_MOUNT}uv sync --no-install-project", {".dockerignore": "*.lock\n"},
         ["LAM412"]),
        (f"{MANIFESTS}ARG VERSION\n{UV_MOUNT}uv sync", {}, ["LAM408"]),
        (f"{MANIFESTS}ARG PYTHON_VERSION\n{UV_MOUNT}uv sync", {}, []),
        (f"{MANIFESTS}ARG UV_VERSION\n{UV_MOUNT}uv sync", {}, []),
        (f"{MANIFESTS}ARG BUILD_DATE\n{UV_MOUNT}uv sync", {}, ["LAM408"]),
        (f"{MANIFESTS}LABEL version=1\n{UV_MOUNT}uv sync", {}, []),
        (f"{MANIFESTS}ARG TARGETARCH\n{UV_MOUNT}uv sync", {}, []),
        ("COPY . .", {"pyproject.toml": PACKAGE}, ["LAM409"]),
        ("COPY . .", {"pyproject.toml": PACKAGE, ".dockerignore": "*\n!src\n"}, []),
        ("COPY . .", {"pyproject.toml": PACKAGE, ".dockerignore": "**/.venv\n"}, []),
        ("COPY . .", {"package.json": "{}"}, []),
        ("COPY requirements.txt .\nRUN --mount=type=cache,target=/root/.cache/pip"
         " pip install -r requirements.txt\nCOPY . .", {}, []),
        ("COPY . .\nRUN --mount=type=cache,target=/root/.cache/pip"
         " pip install -r requirements.txt", {}, ["LAM402"]),
        ("COPY . .\nRUN pip install --no-cache-dir uv", {}, []),
    ],
)  # fmt: skip
def test_layers(lines: str, files: dict[str, str], expected: list[str]) -> None:
    assert codes(PY + lines, files) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM python", ["LAM410"]),
        ("FROM python@sha256:" + "0" * 64, []),
        ("FROM scratch", []),
        ("ARG T\nFROM python:$T", []),
        ("FROM python:3.12 AS a\nFROM a", []),
        ("FROM ghcr.io/astral-sh/uv AS uv\nFROM python:3.12\nCOPY --from=uv /uv /bin/", ["LAM407"]),
        ("FROM docker.io/astral/uv:latest AS uv\nFROM python:3.12\nCOPY --from=uv /uv /bin/",
         ["LAM407"]),
        ("FROM python:3.12\nRUN --mount=from=ghcr.io/astral-sh/uv,target=/uv true", ["LAM407"]),
        ("FROM ghcr.io/astral-sh/uv:0.8.0-python3.12-bookworm-slim", []),
        ("FROM ghcr.io/astral-sh/uv:0.10.2-python3.12-bookworm-slim", ["LAM609"]),
        ("FROM ghcr.io/astral-sh/uv:python3.13-trixie", []),
        ("FROM python:3.12\nARG PIP_INDEX_URL", []),
        ("FROM python:3.12\nENV PIP_INDEX_URL=https://me:pw@host.example/", ["LAM608"]),
        ("FROM python:3.12\nENV PIP_INDEX_URL=https://$USER:$PW@host.example/", []),
        ("FROM python:3.12\nENV TOKEN_FILE=/run/secrets/token TOKENIZERS_PARALLELISM=", []),
    ],
)  # fmt: skip
def test_images(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


REST = f"WORKDIR /app\n{MANIFESTS}{UV_MOUNT}uv sync"
BUILD = f"FROM python:3.12-slim AS build\n{REST}"
FINAL = "FROM python:3.12-slim\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{BUILD}\n{FINAL}COPY --from=build /app /srv", ["LAM602"]),
        (f"{BUILD}\n{FINAL}COPY --from=build /app /app", []),
        (f"{BUILD}\n{FINAL}COPY --from=build /app/.venv .venv", ["LAM602"]),
        (f"{BUILD}\n{FINAL}WORKDIR /app\nCOPY --from=build /app/.venv .venv", []),
        (f"FROM python:3.12-slim AS build\nENV UV_VENV_RELOCATABLE=1\n{REST}\n{FINAL}"
         "COPY --from=build /app /srv", []),
        (f"FROM python:3.12-slim AS build\nENV UV_PROJECT_ENVIRONMENT=/v\n{REST}\n{FINAL}"
         "COPY --from=build /v /v", []),
        (f"FROM python:3.12-slim AS build\nENV UV_MANAGED_PYTHON=1\n{REST}\n{FINAL}"
         "COPY --from=build /app /app", ["LAM603"]),
        (f"FROM python:3.12-slim AS build\nENV UV_MANAGED_PYTHON=1\n{REST}\n{FINAL}"
         "COPY --from=build /root/.local /root/.local\nCOPY --from=build /app /app", []),
    ],
)  # fmt: skip
def test_environments_that_are_copied(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM debian:buster", ["LAM702"]),
        ("FROM debian:10.13-slim", ["LAM702"]),
        ("FROM debian:12", []),
        ("FROM ubuntu:20.04", ["LAM702"]),
        ("FROM ubuntu:22.04", []),
        ("FROM python:3.7-slim-buster", ["LAM702"]),
        ("FROM python:3.7.4-slim\nRUN echo 'deb https://h.example/debian buster main' > /a",
         ["LAM702"]),
        ("FROM debian:bookworm\nRUN echo 'deb [signed-by=/k] https://h.example/pg bookworm-pgdg"
         " main' > /etc/apt/sources.list.d/pg.list", []),
        ("FROM debian:bookworm\nRUN echo 'deb https://h.example/pg trixie-pgdg main' > /a",
         ["LAM701"]),
        ("FROM debian:bookworm\nCOPY <<EOF /etc/apt/sources.list.d/a.sources\nTypes: deb\n"
         "URIs: https://h.example\nSuites: trixie trixie-updates\nComponents: main\nEOF",
         ["LAM701"]),
        ("FROM debian:bookworm\nRUN apt-get update\nRUN apt-get update && apt-get install -y a"
         " && rm -rf /var/lib/apt/lists/*", ["LAM704"]),
        ("FROM debian:bookworm\nRUN rm -f /etc/apt/apt.conf.d/docker-clean\n"
         "RUN --mount=type=cache,target=/var/lib/apt --mount=type=cache,target=/var/cache/apt"
         " apt-get update && apt-get install -y a", []),
        ("FROM debian:bookworm AS a\nRUN apt-get update && apt-get install -y b\nFROM scratch", []),
    ],
)  # fmt: skip
def test_debian_packages(text: str, expected: list[str]) -> None:
    assert codes(text) == expected
