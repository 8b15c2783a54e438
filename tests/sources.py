"""Source trees whose backend lies in them, so that nothing is fetched to build their wheels."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping

BACKEND = """
import json, os, pathlib, sys, zipfile

NAME, VERSION, TAG = "{name}", "{version}", {tag}


def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = f"{{NAME}}-{{VERSION}}.dist-info"
    told = {{
        "config": config_settings,
        "python": "%d.%d" % sys.version_info[:2],
        "variable": os.environ.get("TOLD"),
    }}
    files = {{
        f"{{NAME}}/__init__.py": pathlib.Path("code.py").read_text(),
        f"{{NAME}}/told.json": json.dumps(told),
        f"{{info}}/METADATA": f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\n",
        f"{{info}}/WHEEL": f"Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: {{TAG}}\\n",
    }}
    for path in sorted(pathlib.Path().glob("*.so")):
        files[f"{{NAME}}/{{path.name}}"] = path.read_bytes()
    record = f"{{info}}/RECORD"
    files[record] = "".join(f"{{path}},,\\n" for path in [*files, record])
    name = f"{{NAME}}-{{VERSION}}-{{TAG}}.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path, data in files.items():
            wheel.writestr(zipfile.ZipInfo(path), data)
    return name
"""
PYPROJECT = """
[project]
name = "{name}"
{stated}
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
PURE = '"py3-none-any"'
HERE = '"cp%d%d-cp%d%d-linux_x86_64" % (sys.version_info[:2] * 2)'
"""A tag of the interpreter that builds, for 64-bit Intel."""


def source(
    name: str, version: str = "1.0", *, tag: str = PURE, code: str = "x = 1\n", stated: str = ""
) -> dict[str, bytes]:
    """Return the files of a source tree; its wheel tells how it was built."""
    stated = stated or f'version = "{version}"'
    return {
        "pyproject.toml": PYPROJECT.format(name=name, stated=stated).encode(),
        "backend.py": BACKEND.format(name=name, version=version, tag=tag).encode(),
        "code.py": code.encode(),
    }


def tar(files: Mapping[str, bytes], top: str = "demo-1.0") -> bytes:
    """Return files as an sdist."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(f"{top}/{path}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def zipped(files: Mapping[str, bytes], top: str = "demo-1.0") -> bytes:
    """Return files as an sdist of the other format."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(f"{top}/{path}", content)
    return data.getvalue()
