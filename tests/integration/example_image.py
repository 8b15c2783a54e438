"""The image of `examples/hello`, built once for all tests that look at it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integration.lamina_program import Lamina
from integration.uv_oracle import lock_project

HELLO = Path(__file__).parents[2] / "examples" / "hello"
NAME = "lamina-hello:1"


@dataclass(frozen=True)
class Example:
    """The project, and its image in two forms."""

    project: Path
    layout: Path
    """Its tag is ``1``."""
    archive: Path
    """Its image is called `NAME`."""
    report: dict[str, Any]

    @property
    def distributions(self) -> set[str]:
        """The names of all distributions in the image."""
        (platform,) = self.report["platforms"]
        return {each["name"] for layer in platform["layers"] for each in layer["distributions"]}


def build_example(lamina: Lamina, folder: Path) -> Example:
    """Lock a copy of the example and build it."""
    project, layout, archive = folder / "hello", folder / "layout", folder / "image.tar"
    shutil.copytree(HELLO, project, ignore=shutil.ignore_patterns(".venv", "uv.lock"))
    lock_project(project)
    report = lamina.build(project, "-o", f"oci:{layout}:1")
    again = lamina.build(project, "-o", f"docker-archive:{archive}", "-t", NAME)
    assert again["digest"] == report["digest"]
    return Example(project, layout, archive, report)
