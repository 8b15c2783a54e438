from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from lamina.project.isolation import (
    BackendEnvironment,
    UnusableBuildWheel,
    create_environment,
)
from lamina.project.program import Programs
from pythons import interpreter

PYTHON = interpreter()


def wheel(folder: Path, files: dict[str, str]) -> Path:
    info = "tool-1.dist-info"
    files = {
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tool\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **files,
    }
    rows = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
        rows.append(f"{name},sha256={digest.rstrip(b'=').decode()},{len(text)}\n")
    path = folder / "tool-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "".join([*rows, f"{info}/RECORD,,\n"]))
    return path


def environment(
    folder: Path, *wheels: Path, variables: Mapping[str, str] | None = None
) -> BackendEnvironment:
    return create_environment(
        folder,
        wheels,
        interpreter=PYTHON,
        variables=variables or {},
        path="/usr/bin",
        programs=Programs(),
    )


def test_an_environment_holds_the_wheels_and_the_base_interpreter(tmp_path: Path) -> None:
    path = wheel(
        tmp_path,
        {
            "tool.py": "x = 1\n",
            "tool-1.data/scripts/run": "#!python\n",
            "tool-1.dist-info/entry_points.txt": "[console_scripts]\ntool = tool:main\n",
        },
    )

    made = environment(tmp_path / "venv", path, variables={"CC": "gcc"})

    venv = tmp_path / "venv"
    assert (venv / "bin" / "python").readlink() == Path("/base/bin/python3.12")
    assert "home = /base/bin\n" in (venv / "pyvenv.cfg").read_text()
    assert (venv / "lib" / "site" / "tool.py").read_text() == "x = 1\n"
    for script in ("run", "tool"):
        assert (venv / "bin" / script).read_text().startswith(f"#!{venv}/bin/python\n")
    assert made.python_executable == f"{venv}/bin/python"
    assert made.make_extra_environ() == {
        "CC": "gcc",
        "HOME": f"{venv}/home",
        "LC_ALL": "C.UTF-8",
        "PATH": f"{venv}/bin:/usr/bin",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "TMPDIR": f"{venv}/tmp",
        "TZ": "UTC",
        "VIRTUAL_ENV": f"{venv}",
    }


@pytest.mark.parametrize("name", ["../../../outside.py", "/outside.py"])
def test_a_wheel_cannot_write_beside_the_environment(tmp_path: Path, name: str) -> None:
    path = wheel(tmp_path, {name: "x"})

    with pytest.raises(UnusableBuildWheel, match=r"Unable to unpack `tool-1-py3-none-any.whl`: "):
        environment(tmp_path / "venv", path)


def test_a_damaged_wheel_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tool-1-py3-none-any.whl"
    path.write_bytes(b"no zip")

    with pytest.raises(UnusableBuildWheel) as caught:
        environment(tmp_path / "v", path)

    assert str(caught.value) == (
        "Unable to unpack `tool-1-py3-none-any.whl`: File is not a zip file"
    )
