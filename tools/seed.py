"""The project of the report that started Lamina, for slow proofs: 200 distributions, 4.2 GB.

    python tools/seed.py COMMAND...    runs it with SEED_PROJECT (locked) and SEED_BASE set

Its folder is ``../shared/seed/project``, or LAMINA_SEED_PROJECT. It is for CPython 3.10: uv needs
one that it or pyenv has, Lamina a base that has it, which is made here with a Docker engine (root),
or is named by LAMINA_SEED_BASE as ``DIR[:TAG]``, an OCI layout.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from engines import Program, ProgramFailed, Unavailable, docker_engine, find_program

PYTHON = "3.10"

SHARED = Path(__file__).resolve().parents[2] / "shared"


def seed_project() -> Path:
    """Return the folder of the project with 200 pins."""
    named = os.environ.get("LAMINA_SEED_PROJECT")
    folder = Path(named) if named else SHARED / "seed" / "project"
    if not (folder / "pyproject.toml").is_file():
        raise Unavailable(f"Unable to find the project at `{folder}`; name it: LAMINA_SEED_PROJECT")
    return folder


def find_python() -> str:
    """Return a CPython that the project admits."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for python in sorted(pyenv.glob(f"versions/{PYTHON}.*/bin/python3")):
        return str(python)
    uv = Program((find_program("uv"),), {"UV_PYTHON_DOWNLOADS": "never"})
    try:
        return uv("python", "find", "--no-project", "--system", PYTHON).strip()
    except ProgramFailed as error:
        raise Unavailable(f"Unable to find a CPython {PYTHON}, by uv or pyenv") from error


def seed_base(folder: Path, python: str) -> str:
    """Return an OCI layout, as ``DIR:TAG``, of an image with that CPython; made in ``folder``."""
    named = os.environ.get("LAMINA_SEED_BASE")
    if named:
        return named
    script = SHARED / "tools" / "python-base"
    if not script.is_file():
        raise Unavailable(f"Unable to find `{script}`; name a base: LAMINA_SEED_BASE")
    print(f"Making a base with CPython {PYTHON} (a minute) ...", flush=True)
    tag, archive, layout = "lamina-bench/base:1", folder / "base.tar", folder / "base"
    prefix = Path(python).resolve().parent.parent
    with docker_engine() as engine:
        path = f"/usr/bin:{os.environ.get('PATH', '')}"
        Program((str(script), str(prefix), tag), {"DOCKER_HOST": engine.host, "PATH": path})()
        engine("save", "--output", archive, tag)
    skopeo = Program((find_program("skopeo"), "--insecure-policy"))
    skopeo("copy", f"docker-archive:{archive}", f"oci:{layout}:1")
    archive.unlink()
    return f"{layout}:1"


def main(command: list[str]) -> int:
    """Run a command that wants the project and its base."""
    try:
        source, python = seed_project(), find_python()
        with tempfile.TemporaryDirectory(prefix="lamina-seed-") as folder:
            project = Path(folder, "project")
            shutil.copytree(source, project)
            Program((find_program("uv"),))("lock", "--project", project, "--python", python)
            given = {"SEED_PROJECT": str(project), "SEED_BASE": seed_base(Path(folder), python)}
            return subprocess.run(command, env={**os.environ, **given}, check=False).returncode
    except (Unavailable, ProgramFailed) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
