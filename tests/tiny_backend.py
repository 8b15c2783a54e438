"""A PEP 517 backend of one file that needs nothing but Python 3.11: it packs `src/` into a wheel.

Dependencies and version are the project's; where these are dynamic, the lines of `DEPENDENCIES` and
of `VERSION`. What it was told and what it found goes into the wheel (`built.json`), for a test to
see: the settings, and the version of a build requirement `tiny-tool`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

Project = dict[str, Any]


def prepare_metadata_for_build_wheel(
    metadata_directory: str, config_settings: Mapping[str, object] | None = None
) -> str:
    project = _project()
    folder = Path(metadata_directory, f"{_start(project)}.dist-info")
    folder.mkdir()
    for path, text in _info(project):
        (folder / path).write_text(text)
    return folder.name


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, object] | None = None,
    metadata_directory: str | None = None,
) -> str:
    project = _project()
    files = {
        path.relative_to("src").as_posix(): path.read_bytes()
        for path in sorted(Path("src").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    files[f"{_module(project)}/built.json"] = _told(config_settings).encode()
    return _write(Path(wheel_directory), project, files)


def build_editable(
    wheel_directory: str,
    config_settings: Mapping[str, object] | None = None,
    metadata_directory: str | None = None,
) -> str:
    project = _project()
    files = {f"_{_module(project)}.pth": f"{Path('src').resolve()}\n".encode()}
    return _write(Path(wheel_directory), project, files)


def _project() -> Project:
    project: Project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    dynamic = project.get("dynamic", ())
    if "version" in dynamic:
        project["version"] = Path("VERSION").read_text().strip()
    if "dependencies" in dynamic:
        project["dependencies"] = Path("DEPENDENCIES").read_text().splitlines()
    return project


def _module(project: Project) -> str:
    return str(project["name"]).replace("-", "_").replace(".", "_")


def _start(project: Project) -> str:
    return f"{_module(project)}-{project['version']}"


def _info(project: Project) -> Iterator[tuple[str, str]]:
    yield "METADATA", "".join(f"{line}\n" for line in _metadata(project))
    tags = "Root-Is-Purelib: true\nTag: py3-none-any\n"
    yield "WHEEL", f"Wheel-Version: 1.0\nGenerator: tiny\n{tags}"
    if "scripts" in project:
        lines = "".join(f"{name} = {value}\n" for name, value in project["scripts"].items())
        yield "entry_points.txt", f"[console_scripts]\n{lines}"


def _metadata(project: Project) -> Iterator[str]:
    yield "Metadata-Version: 2.1"
    yield f"Name: {project['name']}"
    yield f"Version: {project['version']}"
    if "requires-python" in project:
        yield f"Requires-Python: {project['requires-python']}"
    for each in project.get("dependencies", ()):
        yield f"Requires-Dist: {each}"
    for extra, requires in project.get("optional-dependencies", {}).items():
        yield f"Provides-Extra: {extra}"
        for each in requires:
            name, _, marker = (part.strip() for part in each.partition(";"))
            both = f"({marker}) and " if marker else ""
            yield f"Requires-Dist: {name} ; {both}extra == '{extra}'"


def _told(settings: Mapping[str, object] | None) -> str:
    try:
        tool: str | None = metadata.version("tiny-tool")
    except metadata.PackageNotFoundError:
        tool = None
    return json.dumps({"settings": settings or {}, "tool": tool}, sort_keys=True)


def _write(folder: Path, project: Project, files: dict[str, bytes]) -> str:
    start = _start(project)
    for path, text in _info(project):
        files[f"{start}.dist-info/{path}"] = text.encode()
    rows = ""
    for path, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows += f"{path},sha256={digest},{len(data)}\n"
    record = f"{start}.dist-info/RECORD"
    name = f"{start}-py3-none-any.whl"
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in {**files, record: f"{rows}{record},,\n".encode()}.items():
            archive.writestr(zipfile.ZipInfo(path), data)
    return name
