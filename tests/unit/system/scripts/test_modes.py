"""Changes of modes, beside the real `chmod`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lamina.system.scripts.modes import change_of

CHANGES = (
    "755 0644 4755 u+s u-s g+s,o-rwx a=rx u=rwx,g=rx,o= go-w ug+x +x -r a+t o+t u=rws,g=s a-s "
    "u-x,a+x u=rx,u+s"
)


@pytest.mark.parametrize("before", [0o644, 0o6755, 0o1777, 0o0])
@pytest.mark.parametrize("change", CHANGES.split())
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_mode_becomes_what_chmod_makes_of_it(
    change: str, before: int, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "x"
    is_directory = kind == "folder"
    if is_directory:
        path.mkdir()
    else:
        path.touch()
    path.chmod(before)

    subprocess.run(["chmod", "--", change, str(path)], check=True, umask=0o022)

    real = path.stat().st_mode & 0o7777
    path.chmod(0o700)
    assert oct(change_of(change).of(before, is_directory=is_directory)) == oct(real)
