"""Docker's own builds and pushes of the 200 pins, by the script that measured the report's case."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from engines import (
    Engine,
    Program,
    ProgramFailed,
    Registry,
    Unavailable,
    docker_engine,
    docker_registry,
    find_program,
)
from registry_log import Log
from seed import SHARED

_REAL = re.compile(r"^real\s+([0-9]+)m([0-9.]+)s$", re.MULTILINE)


@dataclass(frozen=True)
class DockerFigures:
    """Seconds and bytes; all 0 where they were not measured."""

    first: float = 0
    push: float = 0
    push_bytes: int = 0
    bump: float = 0
    bump_push: float = 0
    bump_bytes: int = 0


def measure_docker(folder: Path, base: str, python: str) -> DockerFigures:
    """Build, push, bump, build, push; nothing of it is left. About 35 GB of disk."""
    script = SHARED / "tools" / "seed-baseline"
    if not script.is_file():
        raise Unavailable(f"Unable to find `{script}`; leave Docker's builds out: `quick`")
    with docker_engine() as engine, docker_registry() as registry:
        log, tag = Log(registry), f"{registry.host}/docker/seed"
        load_base(engine, registry, base)

        def step(name: str, tag: str) -> float:
            print(f"Docker: {name} ...", file=sys.stderr, flush=True)
            return seconds(script, folder, name, tag, engine, python)

        first = step("first", f"{tag}:1")
        log.take()
        push = step("push", f"{tag}:1")
        pushed = log.take().sent
        drop_environment(engine)
        bump = step("bump", f"{tag}:2")
        log.take()
        bump_push = step("push", f"{tag}:2")
        return DockerFigures(first, push, pushed, bump, bump_push, log.take().sent)


def load_base(engine: Engine, registry: Registry, base: str) -> None:
    """Give the engine the base, under the name that the Dockerfile has."""
    name = f"{registry.host}/base/python:3.10-slim"
    skopeo = Program((find_program("skopeo"), "--insecure-policy"))
    skopeo("copy", "--dest-tls-verify=false", f"oci:{base}", f"docker://{name}")
    engine("pull", "--quiet", name)
    engine("tag", name, "python:3.10.14-slim")


def drop_environment(engine: Engine) -> None:
    """Free what the next build cannot use: the step that installs, which a new lock invalidates."""
    cache = json.loads(engine("system", "df", "--verbose", "--format", "{{json .BuildCache}}"))
    for each in cache:
        if "uv sync" in each["Description"]:
            engine("builder", "prune", "--force", "--all", "--filter", f"id={each['ID']}")


def seconds(script: Path, folder: Path, step: str, tag: str, engine: Engine, python: str) -> float:
    """Run one step of the script, and return the seconds of Docker's part of it."""
    command = [str(script), str(folder), step, tag]
    environment = {
        **os.environ,
        **engine.environment,
        "DOCKER_HOST": engine.host,
        "UV_PYTHON": python,
        "PATH": f"{Path(find_program('uv')).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    found = _REAL.findall(done.stderr.decode(errors="replace"))
    if done.returncode or not found:
        raise ProgramFailed(command, done.returncode, done.stdout, done.stderr)
    minutes, rest = found[-1]
    return int(minutes) * 60 + float(rest)
