"""A base like the official slim Python image: Debian with apt and dpkg's database, CPython above.

It is made of Debian's packages and of a CPython of this machine, once: `build/` keeps it for the
tests of tomorrow. So it may be older than the mirror, as such images are.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isal import igzip

from engines import find_program
from images import MemoryLayer, write_layout
from integration.machine_mirror import machine_suites, sources_text
from integration.uv_oracle import find_python, full_version
from lamina.oci import mediatype
from lamina.oci.config import History, ImageConfig
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import DiffID, Digest
from lamina.oci.image import assemble

FORMAT = 2
"""Goes up when the same Python would give another base."""
CODENAME = "bookworm"
KEPT = Path(__file__).parents[2] / "build" / "bases"

_PYTHON = "3.11"
_LIBRARIES = (
    "libbz2-1.0 libexpat1 libffi8 liblzma5 libncursesw6 libreadline8 libsqlite3-0 libssl3 libuuid1"
    " zlib1g"
)
"""What a CPython that was built on Debian is linked with."""
_PACKAGES = f"ca-certificates netbase tzdata {_LIBRARIES}"
_SLIM = (
    "path-exclude /usr/share/doc/*",
    "path-include /usr/share/doc/*/copyright",
    *(
        f"path-exclude /usr/share/{name}/*"
        for name in ("groff", "info", "linda", "lintian", "locale", "man")
    ),
)
"""What Debian's slim images tell dpkg to leave out, now and ever after."""
_NO_DEVICES = ("--exclude=./dev/*",)


def slim_python() -> Path:
    """Return the layout of the base, made if it is not here yet."""
    python = Path(find_python(_PYTHON)).resolve()
    version = full_version(str(python))
    recipe = hashlib.sha256(f"{FORMAT} {CODENAME} {python} {_PACKAGES} {_SLIM}".encode())
    layout = KEPT / f"python-{version}-{recipe.hexdigest()[:12]}"
    with _alone(KEPT):
        if not layout.exists():
            with tempfile.TemporaryDirectory(dir=KEPT) as name:
                _make(Path(name), python, version)
                (Path(name) / "layout").rename(layout)
    return layout


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one worker make it, and the others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(folder: Path, python: Path, version: str) -> None:
    sources, debian, root = folder / "debian.sources", folder / "debian.tar", folder / "root"
    sources.write_text(sources_text(machine_suites(CODENAME)))
    command = [
        find_program("mmdebstrap"),
        "--quiet",
        "--variant=minbase",
        f"--include={_PACKAGES.replace(' ', ',')}",
        *(f"--dpkgopt={line}" for line in _SLIM),
        # They tell of the machine that made it.
        "--customize-hook=rm -f $1/etc/hostname $1/etc/resolv.conf",
        CODENAME,
        str(debian),
        str(sources),
    ]
    subprocess.run(command, check=True)
    root.mkdir()
    subprocess.run(["tar", "-xpf", str(debian), "-C", str(root), *_NO_DEVICES], check=True)
    _add_python(root, python)
    # As the steps of a Dockerfile: what the second changes lies above what the first made.
    layers = [
        _layer(root, "--exclude=./usr/local/*", "."),
        _layer(root, "usr/local", "etc/ld.so.cache", "etc/ld.so.conf.d"),
    ]
    path = "/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    config = ImageConfig(
        "amd64",
        env={"PATH": path, "LANG": "C.UTF-8", "PYTHON_VERSION": version},
        cmd=("python3",),
        history=(History(created_by="debian"), History(created_by="python")),
    )
    write_layout(folder / "layout", [("", assemble(config, layers))])


def _add_python(root: Path, python: Path) -> None:
    prefix, local = python.parents[1], root / "usr" / "local"
    left_out = shutil.ignore_patterns(
        "test", "tests", "__pycache__", "site-packages", "*.a", "idlelib", "config-*"
    )
    shutil.copytree(
        prefix / "lib", local / "lib", ignore=left_out, symlinks=True, dirs_exist_ok=True
    )
    (local / "lib" / f"python{_PYTHON}" / "site-packages").mkdir()
    (local / "include").mkdir(exist_ok=True)
    shutil.copytree(prefix / "include", local / "include", symlinks=True, dirs_exist_ok=True)
    (local / "bin").mkdir(exist_ok=True)
    shutil.copy2(python, local / "bin" / f"python{_PYTHON}")
    (local / "bin" / "python3").symlink_to(f"python{_PYTHON}")
    (local / "bin" / "python").symlink_to("python3")
    (root / "etc" / "ld.so.conf.d" / "00-local.conf").write_text("/usr/local/lib\n")
    subprocess.run(["chroot", str(root), "ldconfig"], check=True)


def _layer(root: Path, *arguments: str) -> MemoryLayer:
    command = ["tar", "-c", "--sort=name", "--numeric-owner", "-C", str(root), *arguments]
    tar = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    blob = igzip.compress(tar, 1)
    descriptor = Descriptor(mediatype.LAYER_GZIP, Digest.of(blob), len(blob))
    return MemoryLayer(descriptor, DiffID(Digest.of(tar)), blob)
