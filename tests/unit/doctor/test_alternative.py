"""What Lamina would do for a project: what is taken of its lock, and the layers of that."""

from __future__ import annotations

import pytest

from dockerfiles import modelled
from lamina.doctor.alternative import alternative, packages_of, wanted_by
from lamina.lock.uvlock import parse

NAMES = {"a": 40_000_000, "docs": 10, "gpu": 300_000, "pytest": 20}


def wheel(name: str, size: int) -> str:
    return (
        f'[[package]]\nname = "{name}"\nversion = "1"\n'
        'source = { registry = "https://index.example" }\n'
        f'wheels = [{{ url = "https://index.example/{name}-1-py3-none-any.whl",'
        f' hash = "sha256:{"0" * 64}"{f", size = {size}" if size else ""} }}]\n'
    )


OWN = """
[[package]]
name = "app"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "a" }]
[package.optional-dependencies]
gpu = [{ name = "gpu" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
docs = [{ name = "docs" }]
[package.metadata]
requires-dist = [{ name = "a" }, { name = "gpu", marker = "extra == 'gpu'" }]
provides-extras = ["gpu"]
[package.metadata.requires-dev]
dev = [{ name = "pytest" }]
docs = [{ name = "docs" }]
"""
HEAD = 'version = 1\nrequires-python = ">=3.11"\n'
LOCK = parse(HEAD + "\n".join(wheel(*each) for each in NAMES.items()) + OWN)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("uv sync --frozen", {"a", "pytest"}),
        ("uv sync --frozen --no-dev", {"a"}),
        ("UV_NO_DEV=1 uv sync", {"a"}),
        ("uv sync --no-dev --extra gpu --group docs", {"a", "gpu", "docs"}),
        ("uv sync --all-extras --all-groups --no-group docs", {"a", "gpu", "pytest"}),
        ("uv sync --no-default-groups", {"a"}),
        ("uv sync --only-group docs", {"docs"}),
        ("uv pip install -r requirements.txt", {"a"}),
    ],
)
def test_what_the_command_takes_is_counted(command: str, expected: set[str]) -> None:
    [run] = modelled(f"FROM python:3.12-slim\nRUN {command}\n").runs

    found = alternative(LOCK, "python:3.12-slim", wanted_by(run, frozenset({"dev"})))

    assert found.distributions == len(expected)
    assert found.bytes == sum(NAMES[name] for name in expected)


@pytest.mark.parametrize(
    ("base", "target"),
    [
        ("python:3.11.7-slim", "linux/amd64, Python 3.11"),
        ("docker.io/library/python:3.12@sha256:00", "linux/amd64, Python 3.12"),
        ("debian:bookworm", "linux/amd64, Python 3.15"),
    ],
)
def test_the_python_is_the_one_of_the_base(base: str, target: str) -> None:
    assert str(alternative(LOCK, base).target) == target


def test_sizes_that_the_lock_does_not_tell_are_counted() -> None:
    lock = parse(HEAD + wheel("a", 0) + OWN.partition("[package.optional")[0])

    found = alternative(lock, "python:3.12")

    assert (found.unsized, found.bytes, found.layers, found.largest) == (1, 0, 1, None)


def test_debian_packages_are_those_that_the_image_has_in_the_end() -> None:
    model = modelled(
        "FROM a AS b\nRUN apt-get install -y gcc\nFROM a AS c\nRUN apt-get install -y gcc git $X\n"
        "FROM c\nRUN apt-get update && apt install tini && apt-get purge -y gcc\n"
        "RUN apt-get install -d vim; if a; then apt-get install nano; fi\n"
    )

    assert packages_of(model.final) == ("git", "tini")
    assert packages_of(None) == ()
