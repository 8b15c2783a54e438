"""What no Dockerfile shows, and the log of a build does; the verdict on the log tells where."""

from __future__ import annotations

from lamina.doctor.finding import Example, Found, Rule, Severity
from lamina.doctor.subject import Subject

_DOCKERFILE = """\
FROM python:3.12-slim
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --no-install-project
"""
_INSTALL = _DOCKERFILE.splitlines()[-1]
_COPIED = "#1 [3/4] COPY pyproject.toml uv.lock ./\n#1 DONE 0.1s\n"
_WARM = f"{_COPIED}#2 [4/4] {_INSTALL}\n#2 0.9 Installed 9 packages in 155ms\n#2 DONE 1.0s\n"
_COLD = _WARM.replace("#2 0.9", "#2 0.8 Prepared 9 packages in 6.12s\n#2 0.9")
_PULLED = (
    "#0 [1/4] FROM docker.io/library/python:3.12-slim\n"
    "#0 sha256:0123456789abcdef 29.13MB / 29.13MB 0.9s done\n#0 DONE 1.2s\n"
)
LOG = "build.log"
"""What the log is called in the examples."""


def _nothing(subject: Subject) -> tuple[Found, ...]:
    return ()


def _seen(log: str) -> Example:
    return Example(dockerfile=_DOCKERFILE, files={LOG: log})


_GOOD = _seen(_WARM)

RULES = (
    Rule(
        code="LAM312",
        title="A download takes longer than uv waits",
        severity=Severity.ERROR,
        why=(
            "uv gives up where a server sends nothing for 30 seconds, and keeps nothing of a file"
            " that it has only a part of. Wheels of gigabytes meet that first."
        ),
        fix=(
            "Set `UV_HTTP_TIMEOUT` higher. With a cache mount, what was finished is not fetched"
            " again, even though the step failed."
        ),
        sources=("astral-sh/uv#15728",),
        bad=_seen(
            f"#2 [4/4] {_INSTALL}\n#2 31.2 Failed to download distribution due to network timeout."
            " Try increasing UV_HTTP_TIMEOUT (current value: 30s).\n#2 ERROR: exit code: 1\n"
        ),
        good=_GOOD,
        find=_nothing,
        leaves="how long to wait is a decision.",
    ),
    Rule(
        code="LAM501",
        title="The builder knows no `--mount`",
        severity=Severity.ERROR,
        why=(
            "Mounts are BuildKit's. Docker's classic builder refuses them, and before 20.10.6 it"
            " passed over them without a word."
        ),
        fix="Set `DOCKER_BUILDKIT=1`, or build with `docker buildx build`.",
        sources=("docker/cli#4319", "docs.docker.com/go/buildkit"),
        bad=_seen(
            "Step 4/4 : RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen\n"
            "the --mount option requires BuildKit.\n"
        ),
        good=_GOOD,
        find=_nothing,
        leaves="it is about how the builder is called.",
    ),
    Rule(
        code="LAM503",
        title="kaniko keeps no cache mount",
        severity=Severity.WARNING,
        why=(
            "kaniko passes over `--mount`. Forks of it make a folder, which lies in the container"
            " of the executor and goes with it."
        ),
        fix=(
            "Rely on kaniko's cache of layers (`--cache=true`, `--cache-copy-layers`), or build"
            " with BuildKit or Buildah on a builder that lasts."
        ),
        sources=("GoogleContainerTools/kaniko#969", "GoogleContainerTools/kaniko#1568"),
        bad=_seen(
            "INFO[0000] Retrieving image manifest python:3.12-slim\n"
            f"INFO[0001] COPY pyproject.toml uv.lock ./\nINFO[0002] {_INSTALL}\n"
            "INFO[0002] Cmd: /bin/sh\nPrepared 9 packages in 6.12s\nInstalled 9 packages in 155ms\n"
            "INFO[0009] Taking snapshot of full filesystem...\n"
        ),
        good=_GOOD,
        find=_nothing,
        leaves="it is about the builder.",
    ),
    Rule(
        code="LAM504",
        title="Buildah refuses how a cache is shared",
        severity=Severity.ERROR,
        why="Buildah and Podman know `sharing=shared` and `sharing=locked`, and no `private`.",
        fix="Leave `sharing` away: uv's cache and pip's can be shared.",
        sources=("containers/buildah: internal/volumes/volumes.go",),
        bad=_seen(
            f"STEP 4/4: {_INSTALL}\n"
            'Error: building at STEP "RUN": unrecognized value for "sharing" option: private\n'
        ),
        good=_GOOD,
        find=_nothing,
        leaves=(
            "only a log tells which builder it is. Where the mount is of uv or pip,"
            " [LAM512](LAM512.md) is fixed."
        ),
    ),
    Rule(
        code="LAM505",
        title="The builder keeps no cache mounts",
        severity=Severity.WARNING,
        why=(
            "What is in a cache mount stays with its builder: no `--cache-to` exports it. A runner"
            " that starts empty (those that GitHub hosts, a pod, Docker in Docker) has a mount at"
            " the right place with nothing in it. The log shows that the base image was pulled and"
            " no step was cached; or two logs, one after the other, that both builds downloaded"
            " all."
        ),
        fix=(
            "Build on a builder that lasts, or carry the mount from run to run by"
            " `buildkit-cache-dance`; or build with `lamina build`, which finds its layers in the"
            " registry."
        ),
        sources=("moby/buildkit#1474", "moby/buildkit#3011", "astral-sh/uv-docker-example#52"),
        bad=_seen(
            f"{_PULLED}#1 [2/4] WORKDIR /app\n#1 DONE 0.1s\n"
            f"#2 [3/4] COPY pyproject.toml uv.lock ./\n#2 DONE 0.1s\n#3 [4/4] {_INSTALL}\n"
            "#3 0.8 Prepared 9 packages in 6.12s\n#3 0.9 Installed 9 packages in 155ms\n"
            "#3 DONE 7.0s\n"
        ),
        good=_GOOD,
        find=_nothing,
        leaves="it is about the builder.",
    ),
    Rule(
        code="LAM509",
        title="The build is told to forget",
        severity=Severity.WARNING,
        why=(
            "`--no-cache` runs each step again, and deletes the cache mounts that those steps name:"
            " not only the layers are lost, but all downloads."
        ),
        fix="Leave `--no-cache` away, or name the stages that it is about by `--no-cache-filter`.",
        sources=("moby/buildkit: solver/llbsolver/vertex.go",),
        bad=_seen(f"$ docker build --no-cache .\n{_COLD}"),
        good=_GOOD,
        find=_nothing,
        leaves="it is about how the builder is called.",
    ),
    Rule(
        code="LAM510",
        title="The platform wants an id for each cache",
        severity=Severity.ERROR,
        why=(
            "Some platforms share one builder among many, and tell their caches apart by an `id` of"
            " a form of their own. They refuse a mount without one."
        ),
        fix="Write `id=` into the mount, as the platform's documentation says, without variables.",
        sources=("docs.railway.com/builds/dockerfiles",),
        bad=_seen(
            "dockerfile invalid: flag '--mount=type=cache,target=/root/.cache/uv' is missing an id"
            " argument\n"
        ),
        good=_GOOD,
        find=_nothing,
        leaves="the form of the `id` is the platform's.",
    ),
)
