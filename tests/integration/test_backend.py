"""Real build backends make real wheels, and need the network only once."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tomllib
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.version import Version

from lamina.project.backend import (
    BackendFailed,
    UnexpectedWheel,
    make_wheel,
)
from lamina.project.facts import parse_facts
from lamina.project.program import Programs
from lamina.project.requirements import (
    BuildNeedsNetwork,
    PackageIndexes,
    UnmetBuildRequirements,
)
from lamina.project.source import source_hash
from lamina.project.subject import Subject
from lamina.project.workbench import BackendSettings, ProjectWheel, Workbench
from lamina.pythons.interpreter import Interpreter

pytestmark = [pytest.mark.integration, pytest.mark.network]

BACKENDS = {
    "hatchling": '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"',
    "setuptools": (
        '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"'
    ),
    "flit-core": (
        '[build-system]\nrequires = ["flit_core>=3.12"]\nbuild-backend = "flit_core.buildapi"'
    ),
    "uv_build": '[build-system]\nrequires = ["uv_build>=0.9"]\nbuild-backend = "uv_build"',
    "a legacy one": "[tool.uv]\npackage = true",
}

# An index that answers nobody: nothing listens at the discard port of the loopback.
UNROUTABLE = PackageIndexes(
    environ={
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://user:hidden@127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
    }
)


class ScratchStore:
    """A build store in a folder; counts what it fetches."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.documents: dict[str, Mapping[str, object]] = {}
        self.fetched: list[str] = []

    def find_resolution(self, key: str) -> Mapping[str, object] | None:
        return self.documents.get(key)

    def keep_resolution(self, key: str, document: Mapping[str, object]) -> None:
        self.documents[key] = document

    def wheel(self, url: str, sha256: str, filename: str) -> Path:
        path = self.folder / sha256
        if not path.exists():
            self.fetched.append(filename)
            with urllib.request.urlopen(url) as response:
                path.write_bytes(response.read())
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
        return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ScratchStore:
    return ScratchStore(tmp_path_factory.mktemp("store"))


def bench(store: ScratchStore, scratch: Path, indexes: PackageIndexes) -> Workbench:
    return Workbench(
        store=store,
        pip=Interpreter.running(),
        programs=Programs(),
        interpreter=Interpreter.running(),
        indexes=indexes,
        scratch=scratch,
        path=os.environ["PATH"],
    )


def online() -> PackageIndexes:
    return PackageIndexes(environ=dict(os.environ))


def project(folder: Path, build_system: str, version: str = 'version = "1.2"') -> Path:
    root = folder / "project"
    package = root / "src" / "demo_app"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""A demo."""\n\n\ndef main(): ...\n')
    (package / "data.txt").write_text("data")
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "demo-app"\n{version}\ndescription = "x"\n'
        f'scripts = {{ demo = "demo_app:main" }}\n{build_system}\n'
    )
    return root


def make(
    root: Path,
    store: ScratchStore,
    scratch: Path,
    indexes: PackageIndexes | None = None,
    settings: BackendSettings | None = None,
) -> ProjectWheel:
    facts = parse_facts(tomllib.loads((root / "pyproject.toml").read_text()))
    subject, where = Subject.of_project(facts), bench(store, scratch, indexes or online())
    return make_wheel(root, subject, scratch / "out", where, settings or BackendSettings())


def listing(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_constraints_hold_for_what_backends_need(tmp_path: Path, store: ScratchStore) -> None:
    root = project(tmp_path, BACKENDS["hatchling"])
    settings = BackendSettings(constraints=("hatchling==1.27.0 ; python_version >= '3'",))

    wheel = make(root, store, tmp_path, settings=settings)

    written = zipfile.ZipFile(wheel.path).read("demo_app-1.2.dist-info/WHEEL").decode()
    assert "Generator: hatchling 1.27.0\n" in written


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_makes_the_wheel_and_later_without_network(
    tmp_path: Path, store: ScratchStore, name: str
) -> None:
    root = project(tmp_path, BACKENDS[name])
    before = listing(root)

    first = make(root, store, tmp_path)
    first_bytes = first.path.read_bytes()
    fetched = len(store.fetched)
    for path in root.rglob("*"):
        os.utime(path, (2_000_000_000, 2_000_000_000))
    second = make(root, store, tmp_path, UNROUTABLE)

    assert (first.name, first.version) == ("demo-app", Version("1.2"))
    assert "demo_app/__init__.py" in zipfile.ZipFile(first.path).namelist()
    assert "py3-none-any" in {str(tag) for tag in first.tags}
    assert second.path.read_bytes() == first_bytes
    assert len(store.fetched) == fetched
    assert listing(root) == before


def test_an_index_that_does_not_answer_is_explained_without_its_password(tmp_path: Path) -> None:
    root = project(tmp_path, BACKENDS["hatchling"])

    with pytest.raises(UnmetBuildRequirements) as caught:
        make(root, ScratchStore(tmp_path), tmp_path, UNROUTABLE)

    text = str(caught.value)
    assert text.startswith(
        "Unable to find what the build backend needs: hatchling\n  pip: exit status 1\n"
    )
    assert "Looking in indexes: http://****@127.0.0.1:9/simple" in text
    assert "hidden" not in text


def test_offline_and_nothing_kept_is_explained(tmp_path: Path) -> None:
    root = project(tmp_path, BACKENDS["hatchling"])

    with pytest.raises(BuildNeedsNetwork) as caught:
        make(root, ScratchStore(tmp_path), tmp_path, PackageIndexes(offline=True))

    assert str(caught.value) == (
        "Unable to find what the build backend needs while offline: hatchling"
    )


OWN = """[build-system]
requires = []
build-backend = "own"
backend-path = ["."]
"""


@pytest.mark.parametrize(
    ("hook", "error", "message"),
    [
        (
            "print('step one'); raise SystemExit('https://me:hidden@host.example/ fails')",
            BackendFailed,
            "Unable to build the wheel of the project: the build backend ended with exit status 1\n"
            "  step one\n"
            "  https://****@host.example/ fails",
        ),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            BackendFailed,
            "Unable to build the wheel of the project:"
            " the build backend ended with killed by SIGKILL",
        ),
        (
            "return 'other-1.2-py3-none-any.whl'",
            UnexpectedWheel,
            "Unable to find what the build backend made: `other-1.2-py3-none-any.whl`",
        ),
        (
            "return '../../x'",
            UnexpectedWheel,
            "Unable to use what the build backend made: `x` is no name of a wheel",
        ),
        (
            "open(d + '/other-1.2-py3-none-any.whl', 'w'); return 'other-1.2-py3-none-any.whl'",
            UnexpectedWheel,
            "The build backend made another wheel than expected\n"
            "  expected: demo-app 1.2\n"
            "  got:      other 1.2",
        ),
    ],
    ids=["fails", "is killed", "makes nothing", "names nonsense", "makes another"],
)
def test_a_backend_that_does_not_deliver_is_explained(
    tmp_path: Path, hook: str, error: type[Exception], message: str
) -> None:
    root = project(tmp_path, OWN)
    (root / "own.py").write_text(f"def build_wheel(d, config_settings=None, m=None):\n    {hook}\n")

    with pytest.raises(error) as caught:
        make(root, ScratchStore(tmp_path), tmp_path)

    assert str(caught.value) == message


def test_a_backend_that_answers_nonsense_is_explained(tmp_path: Path) -> None:
    root = project(tmp_path, OWN)
    (root / "own.py").write_text("def build_wheel(d, config_settings=None, m=None): return 7\n")

    with pytest.raises(BackendFailed, match="Unable to build the wheel of the project: "):
        make(root, ScratchStore(tmp_path), tmp_path)


def test_a_backend_that_is_not_there_is_named(tmp_path: Path) -> None:
    root = project(tmp_path, OWN)

    with pytest.raises(BackendFailed) as caught:
        make(root, ScratchStore(tmp_path), tmp_path)

    assert str(caught.value).split("\n")[0] == (
        "Unable to build the wheel of the project: Backend 'own' is not available."
    )


def test_a_backend_sees_its_own_environment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_BUILDER", "1")
    root = project(tmp_path, OWN)
    (root / "own.py").write_text(
        "import json, os, subprocess, sys\n"
        "def build_wheel(d, config_settings=None, m=None):\n"
        "    code = 'import json, sys; print(json.dumps(sys.path))'\n"
        "    path = json.loads(subprocess.check_output([sys.executable, '-c', code]))\n"
        "    print(json.dumps([dict(os.environ), path, sys.prefix, os.getcwd()]))\n"
        "    raise SystemExit(1)\n"
    )

    with pytest.raises(BackendFailed) as caught:
        make(root, ScratchStore(tmp_path), tmp_path)

    seen = json.loads(str(caught.value).split("\n")[1])
    environ, path, prefix, folder = seen
    assert sorted(name for name in environ if not name.startswith("_PYPROJECT_HOOKS")) == [
        "HOME",
        "LC_ALL",
        "PATH",
        "PYTHONHASHSEED",
        "PYTHONNOUSERSITE",
        "SOURCE_DATE_EPOCH",
        "TMPDIR",
        "TZ",
        "VIRTUAL_ENV",
    ]
    assert [p for p in path if "site-packages" in p and not p.startswith(prefix)] == []
    assert environ["VIRTUAL_ENV"] == prefix
    assert not folder.startswith(str(root))


def test_what_a_backend_asks_for_in_addition_is_given(tmp_path: Path, store: ScratchStore) -> None:
    root = project(tmp_path, OWN)
    (root / "own.py").write_text(
        "def get_requires_for_build_wheel(c=None): return ['packaging>=20', 'flit_core']\n"
        "def build_wheel(d, c=None, m=None):\n"
        "    import packaging\n"
        "    from flit_core import buildapi\n"
        "    return buildapi.build_wheel(d)\n"
    )

    assert make(root, store, tmp_path).version == Version("1.2")


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.invalid"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.mark.parametrize("below", ["", "packages/demo"], ids=["top", "below the top"])
def test_a_version_that_git_tells_is_found(tmp_path: Path, store: ScratchStore, below: str) -> None:
    top = tmp_path / "checkout"
    root = project(
        top / below,
        '[build-system]\nrequires = ["setuptools>=77", "setuptools-scm>=8"]\n'
        f'[tool.setuptools_scm]\nroot = "{"/".join([".."] * (len(Path(below).parts) + 1))}"\n',
        'dynamic = ["version"]',
    )
    git(top, "init", "--quiet")
    git(top, "add", ".")
    git(top, "commit", "--quiet", "-m", "one")
    git(top, "tag", "v3.4")
    before = source_hash(root, reads_history=True)
    index = (top / ".git" / "index").read_bytes()

    wheel = make(root, store, tmp_path)

    assert wheel.version == Version("3.4")
    assert (top / ".git" / "index").read_bytes() == index
    assert source_hash(root, reads_history=True) == before
    git(top, "tag", "v3.5")
    assert source_hash(root, reads_history=True) != before
