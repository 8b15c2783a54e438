"""Bytecode by real interpreters, used by a Python in a container that cannot write any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from builders import Item
from engines import Engine
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project
from integration.uv_oracle import find_python, full_version
from lamina.bytecode.compiler import Command, Compiler

pytestmark = [pytest.mark.integration]

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
STDLIB = Path(os.__file__).parent

HASHES = """
import hashlib, json, random, sys
from pathlib import Path
from lamina.bytecode.compiler import Command, Compilers

python, seed, *paths = sys.argv[1:]
random.Random(int(seed)).shuffle(paths)
sources = [(path, Path(path).read_bytes()) for path in paths]
with Compilers(Command((python,)), int(seed)) as compilers:
    given = dict(compilers.each(sources))
found = {path: hashlib.sha256(data or b"").hexdigest() for path, data in given.items()}
print(json.dumps(found, sort_keys=True))
"""

LOADS = """
import importlib.util, json, marshal, sys
header, code = sys.argv[1:3]
data = open(sys.argv[1], "rb").read()
source = open(sys.argv[2], "rb").read()
assert data[:4] == importlib.util.MAGIC_NUMBER
assert data[4:8] == bytes((1, 0, 0, 0))
assert data[8:16] == importlib.util.source_hash(source)
assert marshal.loads(data[16:]) == compile(source, "/opt/m.py", "exec", dont_inherit=True)
print(sys.implementation.cache_tag)
"""

USED = """
import importlib.util, json, sys
def cached(module):
    path = module.__spec__.cached
    with open(path, "rb") as file:
        head = file.read(8)
    return head[:4] == importlib.util.MAGIC_NUMBER and head[4] == 1
print(json.dumps([cached(importlib.import_module(each)) for each in sys.argv[1:]]))
"""

VERBOSE = """
import subprocess, sys
command = [sys.executable, "-v", "-c", "import wise.inner, decimal"]
print(subprocess.run(command, capture_output=True, text=True, check=True).stderr)
"""


@pytest.fixture(params=VERSIONS)
def python(request: pytest.FixtureRequest) -> str:
    return find_python(request.param)


def sources() -> list[Path]:
    """Return modules of many kinds, those of the standard library that runs the tests."""
    found = [path for path in STDLIB.rglob("*.py") if "site-packages" not in path.parts]
    # Beside plain ones: what breaks off, what nests deeply, what is encoded otherwise.
    odd = ("bad_coding", "badsyntax", "test_string_literals", "test_grammar", "test_fstring")
    few = [path for path in sorted(found) if path.name.startswith(odd)]
    return list(dict.fromkeys([*few, *sorted(found)[::40]]))


def test_three_processes_give_the_same_bytes_in_whatever_order(python: str) -> None:
    paths = [str(path) for path in sources()]

    answers = {
        subprocess.run(
            [sys.executable, "-c", HASHES, python, seed, *paths],
            env={**os.environ, "PYTHONHASHSEED": f"{int(seed) * 7}"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }

    [answer] = answers
    assert len(json.loads(answer)) == len(paths) > 50


def test_python_loads_what_the_compiler_gave(python: str, tmp_path: Path) -> None:
    source = tmp_path / "m.py"
    source.write_text(
        "def f(x, *, k=(1, 2.5, 'a b', b'c', 1j, ...)):\n    return x in {'p', None}\n"
    )

    with closing(Compiler(Command((python,)))) as compiler:
        data = compiler.compile(source.read_bytes(), "/opt/m.py")
        about = compiler.about
    assert data is not None
    (tmp_path / "m.pyc").write_bytes(data)

    said = subprocess.run(
        [python, "-c", LOADS, tmp_path / "m.pyc", source],
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == about.tag
    assert about.version == full_version(python)


def test_two_interpreters_of_one_version_give_the_same_bytes(
    lamina: Lamina, tmp_path: Path
) -> None:
    """That of Debian 12, taken out of a base, and one of this machine, if it has that version.

    What stands for the base's own in a key must be as good as that.
    """
    project = write_project(
        tmp_path / "project", wheels(), '[tool.lamina]\nbase = "debian:bookworm"'
    )
    digests = set()
    for name, path in (("own", str(tmp_path)), ("host", os.environ["PATH"])):
        machine = lamina.within(PATH=path, HOME=str(tmp_path), PYENV_ROOT=str(tmp_path))
        output = f"oci:{tmp_path / name}"
        options = ("--compile-bytecode", "--no-install-project", "--no-cache", "-o", output)
        digests.add(machine.build(project, *options)["digest"])

    assert len(digests) == 1


def wheels(version: str = "1.0") -> list[LocalWheel]:
    """Return wheels of which one has a layer of its own."""
    return [
        LocalWheel(
            "wise",
            [
                module("wise", f"VERSION = {version!r}\n"),
                Item("wise/inner.py", b"VALUE = {1, None, 'a'}\n"),
                Item("wise/broken.py", b"print 'two'\n"),
                # What the compiler needs more than itself for.
                Item("wise/encoded.py", b"# coding: shift_jis\nX = '\\N{EM DASH}'\n"),
                noise("wise"),
            ],
        ),
        LocalWheel("little"),
        LocalWheel("large", [module("large", "X = 1\n"), noise("large")]),
    ]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(
        tmp_path_factory.mktemp("bytecode") / "project",
        wheels(),
        '[tool.lamina]\nbase = "debian:bookworm"\nbytecode = true\ncopy = []\n',
    )


def layers(report: Any) -> list[Any]:
    [platform] = report["platforms"]
    found = platform["layers"]
    assert isinstance(found, list)
    return found


def test_a_container_that_cannot_write_uses_it(
    engine: Engine, lamina: Lamina, project: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    report = lamina.build(project, "-o", f"docker-archive:{archive}", "-t", "bytecode:1")
    engine("load", "--input", archive)

    modules = "wise", "wise.inner", "wise.encoded", "json.decoder"
    said = engine("run", "--rm", "--read-only", "bytecode:1", "python", "-c", USED, *modules)
    verbose = engine("run", "--rm", "--read-only", "bytecode:1", "python", "-c", VERBOSE)

    assert json.loads(said) == [True, True, True, True]
    assert "code object from '/opt/venv/lib/python3.11/site-packages/wise/__pycache__" in verbose
    assert "code object from /opt/venv" not in verbose  # Compiled, and not read.
    assert "code object from '/usr/lib/python3.11/__pycache__/decimal" in verbose
    assert [each["kind"] for each in layers(report)].count("system") == 1


def test_without_it_there_is_one_layer_less_that_of_the_standard_library(
    lamina: Lamina, project: Path, tmp_path: Path
) -> None:
    compiled = lamina.build(project, "-o", f"oci:{tmp_path / 'one'}")
    plain = lamina.build(project, "--no-compile-bytecode", "-o", f"oci:{tmp_path / 'two'}")

    one = [each["kind"] for each in layers(compiled)]
    other = [each["kind"] for each in layers(plain)]
    one.remove("system")
    assert one == other


def test_a_bump_makes_one_layer(lamina: Lamina, tmp_path: Path) -> None:
    settings = '[tool.lamina]\nbase = "debian:bookworm"\nbytecode = true\ncopy = []\n'
    first = write_project(tmp_path / "first", wheels(), settings)
    second = write_project(tmp_path / "second", wheels("1.1"), settings)
    before = lamina.build(first, "-o", f"oci:{tmp_path / 'one'}")

    after = lamina.build(second, "-o", f"oci:{tmp_path / 'two'}")

    made = [each for each in layers(after) if each["origin"] == "made"]
    assert [each["distributions"][0]["name"] for each in made] == ["wise"]
    assert len(layers(after)) == len(layers(before))


def test_another_platform_is_compiled_for_by_what_has_the_magic_number(
    lamina: Lamina, project: Path, tmp_path: Path
) -> None:
    report = lamina.build(
        project, "--platform", "linux/arm64", "--base", "scratch", "--python", "3.12",
        "-o", f"oci:{tmp_path / 'out'}",
    )  # fmt: skip

    assert [each["kind"] for each in layers(report)].count("wheels") == 3
