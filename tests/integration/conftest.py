"""Fixtures of real programs; the tests run them as a person would, on data of their own.

``engine("run", "--rm", "--network=host", image, "python", "-V")`` returns standard output and fails
with all that was said; ``engine.command(...)`` is the command line, for pipes. What is missing on
the machine fails the test, and says how to install it: a skipped test would show nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engines import (
    Engine,
    Program,
    Registry,
    docker_engine,
    docker_registry,
    find_program,
    podman_storage,
)
from integration.debian_root import DebianRoot, unpack_root
from integration.docker_builds import Builder, add_images
from integration.example_image import NAME, Example, build_example
from integration.file_trees import layer_blobs
from integration.lamina_program import Lamina
from integration.slim_python import slim_python


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker client whose engine is our own, empty at first and shared by all tests."""
    with docker_engine() as engine:
        yield engine


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """A registry on loopback, empty at first; use a repository of your own."""
    with docker_registry() as registry:
        yield registry


@pytest.fixture(scope="session")
def podman() -> Iterator[Program]:
    """A Podman with a storage of its own."""
    with podman_storage() as podman:
        yield podman


@pytest.fixture(scope="session")
def skopeo() -> Program:
    """Skopeo, which trusts what we give it; a `Registry` of ours wants ``--tls-verify=false``."""
    return Program((find_program("skopeo"), "--insecure-policy"))


@pytest.fixture(scope="session")
def umoci() -> Program:
    """Umoci, which unpacks OCI layouts."""
    return Program((find_program("umoci"),))


@pytest.fixture(scope="session")
def lamina(tmp_path_factory: pytest.TempPathFactory) -> Lamina:
    """Our own program, with a store that all tests share.

    Use one of your own to count what is made.
    """
    return Lamina(tmp_path_factory.mktemp("lamina") / "store")


@pytest.fixture(scope="session")
def example(lamina: Lamina, tmp_path_factory: pytest.TempPathFactory) -> Example:
    """The image of `examples/hello`; needs the network."""
    return build_example(lamina, tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def loaded(engine: Engine, example: Example) -> str:
    """The name of the example's image in the engine."""
    assert NAME in engine("load", "--input", example.archive)
    return NAME


@pytest.fixture(scope="session")
def docker_builds(
    engine: Engine, example: Example, tmp_path_factory: pytest.TempPathFactory
) -> Builder:
    """Docker's own builds, with a Python and a uv that Dockerfiles can begin with."""
    return add_images(engine, example, tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def slim() -> Path:
    """The layout of a base like the official slim Python image."""
    return slim_python()


@pytest.fixture(scope="session")
def slim_root(slim: Path, tmp_path_factory: pytest.TempPathFactory) -> DebianRoot:
    """That very base on disk, where its own apt has read the mirror's lists. Install nothing."""
    root = unpack_root(layer_blobs(slim), tmp_path_factory.mktemp("slim") / "root")
    root.apt_get("update")
    return root
