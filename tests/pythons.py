"""Interpreters that are only described, for tests that run none."""

from __future__ import annotations

from lamina.pythons.interpreter import Interpreter


def interpreter(version: str = "3.12.1", platform: str = "linux-x86_64") -> Interpreter:
    """Return a CPython of which only what matters to a test is given."""
    major, minor = version.split(".")[:2]
    return Interpreter(
        executable="/lamina/bin/python",
        base=f"/base/bin/python{major}.{minor}",
        version=version,
        free_threaded=False,
        platform=platform,
        site="lib/site",
        magic="cb0d0d0a",
        cache_tag=f"cpython-{major}{minor}",
        libc="glibc 2.36",
    )
