"""Interpreters that are not here, as uv sees them: it asks a program, and believes the answer."""

from __future__ import annotations

import sys
from pathlib import Path

from lamina.lock.target import Target

_PROGRAM = """\
#!{python} -I
import json, subprocess, sys

done = subprocess.run([{python!r}, *sys.argv[1:]], capture_output=True, text=True)
sys.stderr.write(done.stderr)
try:
    told = json.loads(done.stdout)
except ValueError:
    sys.stdout.write(done.stdout)
    sys.exit(done.returncode)
told["markers"] |= {markers!r}
told["os"] = {os!r}
told["arch"] = {arch!r}
told["gil_disabled"] = {free_threaded!r}
told["sys_executable"] = told["sys_base_executable"] = {path!r}
told["virtualenv"] |= {virtualenv!r}
print(json.dumps(told))
"""


def pretend(target: Target, path: Path) -> Path:
    """Write a program that says it is the interpreter of a target, and return its path."""
    major, minor = target.libc.version
    family = "musllinux" if target.libc.kind == "musl" else "manylinux"
    markers = dict(target.marker_environment)
    library = f"lib/python{target.python_tag}/site-packages"
    path.write_text(
        _PROGRAM.format(
            python=sys.executable,
            markers=markers,
            os={"name": family, "major": major, "minor": minor},
            arch=markers["platform_machine"],
            free_threaded=target.free_threaded,
            virtualenv={"purelib": library, "platlib": library},
            path=str(path),
        )
    )
    path.chmod(0o755)
    return path
