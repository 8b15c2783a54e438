"""What ``lamina venv --seed`` puts into an environment: where it is looked for, and by whom."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from lamina.cli.asking import Surroundings
from lamina.cli.indexes import find_credentials, package_indexes
from lamina.make.seeds import Seeding, Seeds, seeds
from lamina.observer import Observer
from lamina.project.program import Programs
from lamina.project.requirements import PackageIndexes
from lamina.pythons.interpreter import Interpreter
from lamina.wheel.scheme import Scheme


def find_seeds(
    scheme: Scheme,
    interpreter: Interpreter,
    around: Surroundings | None,
    observer: Observer,
    opened: ExitStack,
    *,
    is_offline: bool,
) -> Seeds:
    """Return what is put into an environment; it can be read until ``opened`` is closed."""
    scratch = opened.enter_context(tempfile.TemporaryDirectory(prefix="lamina-"))
    seeding = Seeding(
        pip=Interpreter.running(),
        indexes=_indexes(around, observer, is_offline=is_offline),
        programs=Programs(),
        scratch=Path(scratch),
    )
    found = seeds(scheme, interpreter, seeding, opened)
    for name in found.missing:
        observer.warn(f"The environment is without {name}: this Python brings none along")
    return found


def _indexes(
    around: Surroundings | None, observer: Observer, *, is_offline: bool
) -> PackageIndexes:
    folder, document = (around.root, around.document) if around else (Path.cwd(), {})
    finder, indexes = find_credentials(os.environ, Path.home(), folder, document, observer.warn)
    bundle = os.environ.get("LAMINA_CA_BUNDLE")
    environ = {"PIP_CERT": bundle, **os.environ} if bundle else os.environ
    return replace(package_indexes(environ, indexes, finder.address), offline=is_offline)
