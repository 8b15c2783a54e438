"""All modules of an environment compiled, by its own Python, as uv does it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lamina.project.program import ProgramFailed, Programs
from lamina.sync.environment import Environment

_MODE = "PYC_INVALIDATION_MODE"


def compile_all(
    environment: Environment, programs: Programs, environ: Mapping[str, str], log: Path
) -> None:
    """Compile what lies in site-packages and is not compiled yet.

    As with uv, `PYC_INVALIDATION_MODE` says how bytecode is checked, and a module that does not
    compile is passed over: many distributions have examples for other Pythons.
    """
    mode = environ.get(_MODE)
    chosen = [f"--invalidation-mode={mode.lower().replace('_', '-')}"] if mode else []
    site = Path("/", environment.scheme.site_packages)
    command = [str(environment.prefix / "bin" / "python"), "-I", "-m", "compileall"]
    clean = {key: value for key, value in environ.items() if not key.startswith("PYTHON")}
    with suppress(ProgramFailed):
        programs.run(
            [*command, "-q", "-j", "0", *chosen, str(site)],
            cwd=environment.prefix,
            environ=clean,
            log=log,
        )
