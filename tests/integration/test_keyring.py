"""The program `keyring`: what it is asked, and what it answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.fetch.credentials import IndexCredentials
from lamina.fetch.keyring import SOURCE, KeyringFailed, KeyringProgram

pytestmark = pytest.mark.integration

SERVICE = "https://index.example/simple"


def keyring(folder: Path, script: str, *, timeout: float = 30) -> KeyringProgram:
    """Make the program, a shell script, the only one to be found."""
    program = folder / "keyring"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return KeyringProgram({"PATH": f"{folder}:/usr/bin:/bin", "WHERE": "here"}, timeout)


def test_a_password_of_a_user_is_a_line(tmp_path: Path) -> None:
    found = keyring(tmp_path, 'echo "$* $WHERE"; cat').get(SERVICE, "me")

    assert found == IndexCredentials("me", f"get {SERVICE} me here", source=SOURCE)


def test_user_and_password_are_two_lines(tmp_path: Path) -> None:
    found = keyring(tmp_path, 'echo me; echo "$*"').get(SERVICE, "")

    assert found == IndexCredentials("me", f"get {SERVICE} --mode creds", source=SOURCE)


@pytest.mark.parametrize("user", ["me", ""])
def test_a_password_that_is_not_there_is_no_failure(tmp_path: Path, user: str) -> None:
    assert keyring(tmp_path, "exit 1").get(SERVICE, user) is None


def test_a_user_without_a_password_is_nobody(tmp_path: Path) -> None:
    assert keyring(tmp_path, "echo me").get(SERVICE, "") is None


def test_what_tells_how_to_log_in_is_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asks = keyring(tmp_path, "echo 'open a browser' >&2; exit 1")

    asks.get(SERVICE, "me")
    assert capfd.readouterr().err == "open a browser\n"
    asks.get(SERVICE, "")
    assert capfd.readouterr().err == ""


def test_a_program_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyringFailed, match=r"^No such file or directory$"):
        KeyringProgram({"PATH": str(tmp_path)}).get(SERVICE, "me")


def test_a_program_that_hangs_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(KeyringFailed, match=r"^no answer in 0\.1 seconds$"):
        keyring(tmp_path, "exec sleep 60", timeout=0.1).get(SERVICE, "me")


def test_an_answer_that_is_no_text_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(KeyringFailed, match=r"^what it answers is not UTF-8$"):
        keyring(tmp_path, r"printf 's3cret\377'").get(SERVICE, "me")
