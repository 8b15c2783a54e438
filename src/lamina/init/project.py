"""A project without a Dockerfile to settings: what is certain of how it runs, and little else."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from lamina.init.draft import Draft
from lamina.init.settings import Setting
from lamina.init.surroundings import Surroundings
from lamina.project.facts import ProjectFacts, default_entrypoint

_PORT = 8000
_ASGI = frozenset({"FastAPI", "Litestar", "Quart", "Starlette"})
_WSGI = frozenset({"Flask"})
_MODULES = ("main", "app", "api", "server", "asgi", "wsgi")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A command that the image may run."""

    command: tuple[str, ...]
    why: str
    """A sentence that says what speaks for it."""
    port: int | None = None
    """That it listens on."""


def candidates(around: Surroundings, distributions: Set[str]) -> list[Candidate]:
    """Return what an image may run, best first; ``distributions`` are those that are locked."""
    return [
        *_scripts(around.facts),
        *_django(around, distributions),
        *_applications(around, distributions),
        *_programs(around),
    ]


def draft_of_project(around: Surroundings, *, base: str | None, command: Candidate | None) -> Draft:
    """Return settings for a project; ``base`` is None where what names the Python is obeyed."""
    settings = []
    if base is not None:
        settings.append(
            Setting(
                "base", base, "What the image is built upon: `requires-python` admits its Python."
            )
        )
    if command is not None:
        settings.append(Setting("cmd", command.command, command.why))
        if command.port is not None:
            settings.append(Setting("expose", [command.port]))
    settings.append(
        Setting("env", {"PYTHONUNBUFFERED": "1"}, "What the program prints is seen at once.")
    )
    return Draft(settings=tuple(settings), notes=tuple(_notes(around, command)))


def _notes(around: Surroundings, command: Candidate | None) -> Iterator[str]:
    script = default_entrypoint(around.facts, "")
    if command is not None:
        why = f"{command.why[:1].lower()}{command.why[1:]}".rstrip(".")
        yield f"The image runs `{' '.join(command.command)}`: {why}"
    elif script is not None:
        name = next(iter(around.facts.scripts))
        yield f"The image runs `{name}`, the only one of `[project.scripts]`"
    else:
        example = 'cmd = ["python", "-m", "app"]'
        yield f"Nothing says what the image runs: write `cmd`, such as `{example}`"
    if around.facts.build_system is None and around.facts.name:
        yield "All files of the project are copied, but for those that `.dockerignore` names"
        ignored = around.context.text(".dockerignore") or ""
        if around.context.is_folder(".env") is False and ".env" not in ignored:
            yield "`.env` is among them: name it in `.dockerignore` if there are secrets in it"


def _scripts(facts: ProjectFacts) -> Iterator[Candidate]:
    """Give the scripts of an installed project, that of its own name first."""
    if facts.build_system is None or len(facts.scripts) < 2:
        return
    for name in sorted(facts.scripts, key=lambda name: (name != facts.name, name)):
        if name == facts.name:
            yield Candidate((name,), "The script that has the name of the project.")
        else:
            yield Candidate((name,), "One of `[project.scripts]`.")


def _django(around: Surroundings, distributions: Set[str]) -> Iterator[Candidate]:
    if around.context.is_folder("manage.py") is not False or "gunicorn" not in distributions:
        return
    for path in around.context.matches("*/wsgi.py"):
        module = path.removesuffix(".py").replace("/", ".")
        yield Candidate(
            _gunicorn(module), f"`manage.py` is Django's, and `{path}` its server.", _PORT
        )


def _applications(around: Surroundings, distributions: Set[str]) -> Iterator[Candidate]:
    """Give the applications of frameworks for the web whose server is locked."""
    for path, module in _modules(around):
        for name, kind in _made(around.context.text(path) or ""):
            why = f"`{path}` makes a {kind} application, `{name}`."
            if kind in _ASGI and "uvicorn" in distributions:
                words = ("uvicorn", f"{module}:{name}", "--host", "0.0.0.0", "--port", str(_PORT))  # noqa: S104
                yield Candidate(words, why, _PORT)
            elif kind in _WSGI and "gunicorn" in distributions:
                yield Candidate(_gunicorn(f"{module}:{name}"), why, _PORT)


def _gunicorn(application: str) -> tuple[str, ...]:
    return ("gunicorn", "--bind", f"0.0.0.0:{_PORT}", application)


def _modules(around: Surroundings) -> Iterator[tuple[str, str]]:
    """Give paths that may hold an application, each with its name to an import."""
    package = f"{around.facts.name.replace('-', '_')}/"
    is_installed = around.facts.build_system is not None
    # Of a project that is installed, what is not in its package is not in the image.
    folders = [package] if is_installed else dict.fromkeys(["", "app/", package])
    for root in ["src/", ""] if is_installed else [""]:
        for folder in folders:
            for name in (*_MODULES, "__init__"):
                path = f"{folder}{name}.py"
                if around.context.is_folder(f"{root}{path}") is False:
                    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                    yield f"{root}{path}", module


def _made(text: str) -> Iterator[tuple[str, str]]:
    """Give the names at the top of a module to which an application is assigned, with its class."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=ast.Call(func=function)):
                pass
            case ast.AnnAssign(target=ast.Name(name), value=ast.Call(func=function)):
                pass
            case _:
                continue
        kind = function.attr if isinstance(function, ast.Attribute) else ""
        kind = function.id if isinstance(function, ast.Name) else kind
        if kind in _ASGI | _WSGI:
            yield name, kind


def _programs(around: Surroundings) -> Iterator[Candidate]:
    """Give what Python runs by itself: a package's `__main__`, or `main.py` that is copied."""
    package = around.facts.name.replace("-", "_")
    is_installed = around.facts.build_system is not None
    if is_installed and default_entrypoint(around.facts, "") is not None:
        return
    for folder in ("src/", "") if is_installed else ("",):
        path = f"{folder}{package}/__main__.py"
        if package and around.context.is_folder(path) is False:
            yield Candidate(("python", "-m", package), f"There is `{path}`.")
    if not is_installed:
        for path in ("main.py", "app.py", "__main__.py"):
            if around.context.is_folder(path) is False:
                yield Candidate(("python", path), f"There is `{path}`.")


def declared(pyproject: Mapping[str, object]) -> Set[str]:
    """Return the names that a project itself requires, where there is no lock to be asked."""
    project = pyproject.get("project")
    stated = project.get("dependencies") if isinstance(project, dict) else None
    found: set[str] = set()
    for text in stated if isinstance(stated, list) else []:
        try:
            requirement = Requirement(text if isinstance(text, str) else "")
        except InvalidRequirement:
            continue  # Whoever locks the project says so.
        found.add(canonicalize_name(requirement.name))
        # FastAPI brings its server with this extra alone.
        if "standard" in requirement.extras and requirement.name.lower() == "fastapi":
            found.add("uvicorn")
    return found
