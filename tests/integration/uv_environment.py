"""What `uv sync` makes at the prefix of an image, and every way in which ours may differ from it.

uv runs in a container of the image itself, so that it finds the very same interpreter, with an
empty folder mounted where the environment goes.
"""

from __future__ import annotations

import csv
import fnmatch
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engines import Engine
from integration import file_trees
from integration.uv_oracle import uv_program

Content = bytes | None
"""Of a file; None where there is none, or no file."""


@dataclass(frozen=True)
class Difference:
    """One way in which ours differs from uv's, and why (docs/explanation/environment.md)."""

    pattern: str
    """Of paths below the prefix, as a shell matches them."""
    because: str
    shown_by: frozenset[str]
    """The projects in which it must be met; in one where it is not, the entry is stale."""
    holds: Callable[[Content, Content], bool]
    """Say whether ours and theirs differ in this way and no other."""
    is_race: bool = False
    """Whether uv may by chance have the same as we."""


EXAMPLE, SEED = frozenset({"example"}), frozenset({"seed"})
SCENARIOS = frozenset({"scenarios"})
"""The small projects, all of them together."""


def _only_theirs(ours: Content, theirs: Content) -> bool:
    return ours is None and theirs is not None


def _both(ours: Content, theirs: Content) -> bool:
    return ours is not None and theirs is not None


def _installer(ours: Content, theirs: Content) -> bool:
    return (ours, theirs) == (b"lamina", b"uv")


def _record(ours: Content, theirs: Content) -> bool:
    """Say whether rows differ only in what the other entries of the list are about."""
    different = set(rows_of(ours)) ^ set(rows_of(theirs))
    return bool(different) and all(path.rpartition("/")[2] in _NOTES for path, _, _ in different)


def rows_of(record: Content) -> Iterator[tuple[str, str, str]]:
    """Give the rows of a RECORD."""
    for row in csv.reader((record or b"").decode().splitlines()):
        path, hash_, size = row
        yield path, hash_, size


def _settings(ours: Content, theirs: Content) -> bool:
    """Say whether `pyvenv.cfg` differs by uv's version and the prompt alone."""
    lines = (theirs or b"").decode().splitlines()
    kept = [line for line in lines if line.partition(" = ")[0] not in ("uv", "prompt")]
    return (ours or b"").decode().splitlines() == kept != lines


def _fragment(ours: Content, theirs: Content) -> bool:
    """Say whether theirs has the subdirectory twice: in its field, and behind the URL too."""
    return re.sub(rb'#subdirectory=[^"]*"', b'"', theirs or b"") == ours != theirs


def _origin(ours: Content, theirs: Content) -> bool:
    """Say whether the path of a local file or folder is all that differs."""
    if ours is None or theirs is None:
        return False
    one, other = json.loads(ours), json.loads(theirs)
    # Of a list, uv says what is so by default (PEP 610), and that a commit was asked for by name.
    for each in (one, other):
        if each.get("dir_info") == {"editable": False}:
            each["dir_info"] = {}
    asked = other.get("vcs_info", {})
    if asked.get("requested_revision", "") == asked.get("commit_id"):
        one["vcs_info"].setdefault("requested_revision", asked["commit_id"])
    urls = one.pop("url"), other.pop("url")
    return all(url.startswith("file:///") for url in urls) and one == other


_NOTES = frozenset({"INSTALLER", "uv_cache.json", "uv_build.json", "direct_url.json"})

CONTESTED = "lib/python3.10/site-packages/onnxruntime/capi"
"""The folder of the files of onnxruntime that onnxruntime-gpu has otherwise."""

DIFFERENCES = (
    Difference(
        "*.dist-info/INSTALLER", "it exists to say who installed", EXAMPLE | SEED, _installer
    ),
    Difference("*.dist-info/RECORD", "it has a row of INSTALLER", EXAMPLE | SEED, _record),
    Difference("*.dist-info/uv_cache.json", "a note of uv's", EXAMPLE, _only_theirs),
    Difference("*.dist-info/uv_build.json", "a note of uv's", EXAMPLE, _only_theirs),
    Difference("*.dist-info/direct_url.json", "no builder's path in it", EXAMPLE, _origin),
    Difference("*.dist-info/direct_url.json", "no fragment in it", SCENARIOS, _fragment),
    Difference("pyvenv.cfg", "no tool's version, no project's name", EXAMPLE | SEED, _settings),
    Difference("bin/activate", "a text of our own", EXAMPLE | SEED, _both),
    Difference("bin/activate.csh", "a text of our own", EXAMPLE | SEED, _both),
    Difference("bin/activate.fish", "a text of our own", EXAMPLE | SEED, _both),
    Difference("bin/activate_this.py", "a text of our own", EXAMPLE | SEED, _both),
    Difference("bin/activate.nu", "a shell no image has", EXAMPLE | SEED, _only_theirs),
    Difference("bin/activate.ps1", "a shell no image has", EXAMPLE | SEED, _only_theirs),
    Difference("bin/activate.xsh", "a shell no image has", EXAMPLE | SEED, _only_theirs),
    Difference("bin/*.bat", "for Windows", EXAMPLE | SEED, _only_theirs),
    Difference(".lock", "for uv processes that run at once", EXAMPLE | SEED, _only_theirs),
    Difference(
        f"{CONTESTED}/*",
        "two distributions own it: uv has the one that was written last, which is a race; "
        "we have the one whose name sorts last",
        SEED,
        _both,
        is_race=True,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """How two environments differ."""

    met: frozenset[str]
    """The patterns of the list that were met, without races."""
    unexplained: tuple[str, ...]
    """Differences that the list does not have."""


def compare(ours: Path, theirs: Path) -> Comparison:
    """Compare two environments on disk file by file: kinds, modes, owners, contents."""
    met: set[str] = set()
    unexplained: list[str] = []
    a, b = (_without_caches(file_trees.of_folder(path)) for path in (ours, theirs))
    for path, our_node, their_node in file_trees.differences(a, b):
        same_node = our_node is None or their_node is None or (
            (our_node.kind, our_node.mode, our_node.owner)
            == (their_node.kind, their_node.mode, their_node.owner)
        )  # fmt: skip
        fitting = [
            each
            for each in DIFFERENCES
            if fnmatch.fnmatchcase(path, each.pattern)
            and each.holds(_content(ours / path), _content(theirs / path))
        ]
        met.update(each.pattern for each in fitting if not each.is_race)
        if not fitting or not (same_node or any(each.is_race for each in fitting)):
            unexplained.append(f"{path}: {our_node} instead of {their_node}")
    return Comparison(frozenset(met), tuple(unexplained))


def expected(project: str) -> frozenset[str]:
    """Return the patterns that must be met in a project."""
    return frozenset(
        each.pattern for each in DIFFERENCES if project in each.shown_by and not each.is_race
    )


def _without_caches(tree: file_trees.Tree) -> file_trees.Tree:
    return {path: node for path, node in tree.items() if "__pycache__" not in path.split("/")}


def _content(path: Path) -> Content:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def sync(engine: Engine, image: str, python: str, project: Path, at: Path, *arguments: str) -> Path:
    """Let uv make the environment of an image in a folder ``at``, and return its path.

    The interpreter is named, since `bin/python` leads to whatever name uv has found it by.
    """
    (opt := at / "opt").mkdir(parents=True)
    cache = Path(os.environ.get("UV_CACHE_DIR", at / "cache"))
    cache.mkdir(parents=True, exist_ok=True)
    mounts = {opt: "/opt", project: "/project", uv_program().resolve(): "/uv", cache: "/cache"}
    environment = {
        "UV_PROJECT_ENVIRONMENT": "/opt/venv",
        "UV_CACHE_DIR": "/cache",
        "UV_LINK_MODE": "copy",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON": python,
        "HOME": "/tmp",
        **_of_the_machine(),
    }
    certificates = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    if certificates.exists():
        mounts[certificates.resolve()] = "/certificates"
        environment["SSL_CERT_FILE"] = "/certificates"
    options = ["--rm", "--network=host", "--user=0:0", "--workdir=/project", "--entrypoint=/uv"]
    options += [f"--volume={outside}:{inside}" for outside, inside in mounts.items()]
    options += [f"--env={key}={value}" for key, value in environment.items()]
    engine("run", *options, image, "sync", "--frozen", "--no-dev", *arguments)
    return opt / "venv"


def _of_the_machine() -> dict[str, str]:
    """Return what leads to the package index."""
    return {
        key: value
        for key, value in os.environ.items()
        if key.lower() in ("http_proxy", "https_proxy", "no_proxy")
        or (key.startswith("UV_") and "INDEX" in key)
    }


def unpack(layout: Path, at: Path, prefix: str = "opt/venv") -> Path:
    """Unpack the environment of an image from its layers with GNU tar, and return its path."""
    at.mkdir(parents=True)
    for blob in file_trees.layer_blobs(layout):
        listed = ["tar", "--numeric-owner", "-xpzf", str(blob), "-C", str(at)]
        subprocess.run(listed, check=True, umask=0)
    return at / prefix
