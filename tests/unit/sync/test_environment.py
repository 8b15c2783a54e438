"""Environments on the disk, and what their interpreters take."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lamina.lock.target import Libc, UnsupportedTarget
from lamina.pythons.interpreter import Interpreter
from lamina.sync import environment
from lamina.sync.environment import Environment, locked, target_of

PYTHON = Interpreter(
    executable="/venv/bin/python",
    base="/usr/bin/python3.12",
    version="3.12.4",
    free_threaded=False,
    platform="linux-aarch64",
    site="lib/python3.12/site-packages",
    magic="cb0d0d0a",
    cache_tag="cpython-312",
    libc="glibc 2.36",
)
SYSTEM = os.uname_result(("Linux", "host", "6.1.0-17", "#1 SMP", "aarch64"))


def test_the_target_is_this_machine() -> None:
    target = target_of(PYTHON, SYSTEM)

    assert str(target.platform) == "linux/arm64"
    assert target.libc == Libc("glibc", (2, 36))
    markers = target.marker_environment
    assert (markers["platform_release"], markers["platform_version"]) == ("6.1.0-17", "#1 SMP")
    assert markers["python_full_version"] == "3.12.4"


def test_a_free_threaded_python_of_a_pre_release_is_one() -> None:
    target = target_of(replace(PYTHON, version="3.15.0b1", free_threaded=True), SYSTEM)

    assert (target.python_tag, target.free_threaded) == ("3.15t", True)


def test_of_musl_the_loader_tells_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_musl", lambda: "musl 1.2")

    assert target_of(replace(PYTHON, libc=""), SYSTEM).libc == Libc("musl", (1, 2))


def test_another_libc_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_musl", lambda: None)

    with pytest.raises(UnsupportedTarget) as caught:
        target_of(replace(PYTHON, libc=""), SYSTEM)

    assert str(caught.value) == "Unable to tell the C library of `/venv/bin/python`: none"


def test_another_system_is_refused() -> None:
    with pytest.raises(UnsupportedTarget) as caught:
        target_of(replace(PYTHON, platform="macosx-14.0-arm64"), SYSTEM)

    assert str(caught.value) == "No wheels can be chosen for platform: macosx-14.0-arm64"
    assert caught.value.hint == "Supported is Linux; for an image, any system will do"


@pytest.mark.parametrize(
    ("settings", "version", "seeds"),
    [
        ({"uv": "0.13.9"}, "3.12.4", set()),
        ({"lamina": "0.1.0"}, "3.12.4", set()),
        ({"uv": "0.13.9", "seed": "true"}, "3.12.4", {"pip", "uv"}),
        ({}, "3.12.4", {"pip", "uv"}),
        ({}, "3.11.9", {"pip", "uv", "setuptools", "wheel"}),
    ],
)
def test_what_came_with_an_environment_stays(
    settings: dict[str, str], version: str, seeds: set[str]
) -> None:
    found = Environment(Path("/venv"), replace(PYTHON, version=version), settings)

    assert found.seeds == seeds


def test_a_relocatable_environment_has_such_scripts() -> None:
    assert Environment(Path("/venv"), PYTHON, {"relocatable": "true"}).scheme.is_movable
    assert not Environment(Path("/venv"), PYTHON, {}).scheme.is_movable


def test_everybody_may_lock_an_environment(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with locked(tmp_path, pytest.fail):
            pass
    finally:
        os.umask(before)

    assert (tmp_path / ".lock").stat().st_mode & 0o777 == 0o666
