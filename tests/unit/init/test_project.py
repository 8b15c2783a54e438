"""Settings for a project without a Dockerfile."""

from __future__ import annotations

import pytest

from lamina.init.project import Candidate, candidates, declared, draft_of_project
from lamina.init.settings import as_config, table_text
from lamina.init.surroundings import Surroundings
from unit.init.drafts import PACKAGED, PYPROJECT, Files, surroundings

FASTAPI = "from fastapi import FastAPI\n\napp: FastAPI = FastAPI()\n"
FLASK = "import flask\n\nweb = flask.Flask(__name__)\n"
TWO = PACKAGED + '[project.scripts]\nb = "b:b"\napp = "app:a"\n'
ONE = PACKAGED + '[project.scripts]\nb = "b:b"\n'


def around(files: dict[str, str], pyproject: str = PYPROJECT) -> Surroundings:
    return surroundings(pyproject=pyproject, **files)


def commands(files: dict[str, str], *distributions: str, pyproject: str = PYPROJECT) -> list[str]:
    found = candidates(around(files, pyproject), frozenset(distributions))
    return [" ".join(each.command) for each in found]


@pytest.mark.parametrize(
    ("files", "distributions", "pyproject", "expected"),
    [
        ({"main.py": ""}, [], PYPROJECT, ["python main.py"]),
        ({"main.py": "", "app.py": ""}, [], PYPROJECT, ["python main.py", "python app.py"]),
        (
            {"main.py": FASTAPI}, ["uvicorn"], PYPROJECT,
            ["uvicorn main:app --host 0.0.0.0 --port 8000", "python main.py"],
        ),
        ({"main.py": FASTAPI}, [], PYPROJECT, ["python main.py"]),
        (
            {"app/__init__.py": FLASK}, ["gunicorn"], PYPROJECT,
            ["gunicorn --bind 0.0.0.0:8000 app:web"],
        ),
        (
            {"src/app/main.py": FASTAPI, "main.py": FASTAPI}, ["uvicorn"], PACKAGED,
            ["uvicorn app.main:app --host 0.0.0.0 --port 8000"],
        ),
        ({"main.py": "def ("}, ["uvicorn"], PYPROJECT, ["python main.py"]),
        (
            {"manage.py": "", "site/wsgi.py": ""}, ["gunicorn"], PYPROJECT,
            ["gunicorn --bind 0.0.0.0:8000 site.wsgi"],
        ),
        ({"src/app/__main__.py": ""}, [], PACKAGED, ["python -m app"]),
        ({"src/app/__main__.py": ""}, [], ONE, []),
        ({"main.py": ""}, [], PACKAGED, []),
        ({}, [], TWO, ["app", "b"]),
        ({}, [], PYPROJECT, []),
    ],
)  # fmt: skip
def test_what_an_image_may_run(
    files: dict[str, str], distributions: list[str], pyproject: str, expected: list[str]
) -> None:
    assert commands(files, *distributions, pyproject=pyproject) == expected


def test_the_settings_say_what_is_certain() -> None:
    there = around({"main.py": FASTAPI, ".env": "A=1", ".dockerignore": "x"})
    [first, *_] = candidates(there, frozenset({"uvicorn"}))

    found = draft_of_project(there, base="python:3.12-slim", command=first)

    assert table_text(found.settings) == (
        "[tool.lamina]\n"
        "# What the image is built upon: `requires-python` admits its Python.\n"
        'base = "python:3.12-slim"\n'
        "# `main.py` makes a FastAPI application, `app`.\n"
        'cmd = ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]\n'
        "expose = [8000]\n"
        "# What the program prints is seen at once.\n"
        'env = { PYTHONUNBUFFERED = "1" }\n'
    )
    as_config(found.settings)
    assert found.notes == (
        "The image runs `uvicorn main:app --host 0.0.0.0 --port 8000`: `main.py` makes a FastAPI "
        "application, `app`",
        "All files of the project are copied, but for those that `.dockerignore` names",
        "`.env` is among them: name it in `.dockerignore` if there are secrets in it",
    )


@pytest.mark.parametrize(
    ("pyproject", "note"),
    [
        (ONE, "The image runs `b`, the only one of `[project.scripts]`"),
        (
            PACKAGED,
            "Nothing says what the image runs: write `cmd`, such as "
            '`cmd = ["python", "-m", "app"]`',
        ),
    ],
)
def test_what_an_image_runs_without_a_setting_is_told(pyproject: str, note: str) -> None:
    found = draft_of_project(around({}, pyproject), base=None, command=None)

    assert [each.key for each in found.settings] == ["env"]
    assert found.notes == (note,)


def test_a_script_of_several_is_the_one_of_the_projects_name() -> None:
    [first, second] = candidates(around({}, TWO), frozenset())

    assert first == Candidate(("app",), "The script that has the name of the project.")
    assert second == Candidate(("b",), "One of `[project.scripts]`.")


def test_without_a_lock_what_the_project_requires_counts() -> None:
    pyproject = {"project": {"dependencies": ["FastAPI[standard]>=1", "A.b; x", "not ok ==", 1]}}

    assert declared(pyproject) == {"fastapi", "uvicorn"}
    assert declared({}) == frozenset()


def test_files_of_the_tests_are_as_those_of_a_folder() -> None:
    files = Files({"a/b": "c"})

    assert (files.is_folder("a"), files.is_folder("a/b"), files.is_folder("x")) == (
        True, False, None,
    )  # fmt: skip
