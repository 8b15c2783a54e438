"""Credential helpers as programs: what they are given, and what they answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.registry.credentials import HelperFailed
from lamina.registry.helper import HelperPrograms

pytestmark = pytest.mark.integration


def helpers(folder: Path, script: str, *, timeout: float = 30) -> HelperPrograms:
    """Make ``docker-credential-test``, a shell script, the only one to be found."""
    program = folder / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return HelperPrograms({"PATH": f"{folder}:/usr/bin:/bin", "SECRET": "s"}, timeout)


def test_a_helper_reads_the_server_and_writes_what_it_knows(tmp_path: Path) -> None:
    found = helpers(tmp_path, 'echo "$1 $(cat) $SECRET"')("test", "ghcr.io")

    assert found == b"get ghcr.io s\n"


def test_a_helper_that_knows_nothing_is_no_failure(tmp_path: Path) -> None:
    script = "echo credentials not found in native keychain; exit 1"

    assert helpers(tmp_path, script)("test", "ghcr.io") is None


def test_a_helper_that_fails_is_named_but_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(HelperFailed) as caught:
        helpers(tmp_path, "echo secret; echo secret >&2; exit 3")("test", "ghcr.io")

    assert str(caught.value) == (
        "Unable to ask the credential helper `docker-credential-test`: exit status 3"
    )
    assert caught.value.hint == (
        "The configuration of Docker or Podman names it; install it, or log in anew"
    )


def test_a_helper_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(HelperFailed) as caught:
        helpers(tmp_path, "")("other", "ghcr.io")

    assert str(caught.value) == (
        "Unable to ask the credential helper `docker-credential-other`: No such file or directory"
    )


def test_a_helper_that_hangs_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(HelperFailed) as caught:
        helpers(tmp_path, "exec sleep 60", timeout=0.1)("test", "ghcr.io")

    assert str(caught.value) == (
        "Unable to ask the credential helper `docker-credential-test`: no answer in 0.1 seconds"
    )
