"""What could not be started is told before anything is built."""

from __future__ import annotations

import pytest

from lamina.archive.rootfs import Rootfs
from lamina.oci.healthcheck import Healthcheck
from lamina.plan.base import NO_BASE, BaseFacts
from lamina.project.config import Config, Copy
from lamina.project.launch import CannotLaunch, Launch, NoShellToAdd

BARE = BaseFacts(
    None, None, Rootfs(), users=("nonroot", "root"), groups=("root", "staff"), has_shell=False
)
SLIM = BaseFacts(None, None, Rootfs(), users=("root",), groups=("root",), has_shell=True)
BY_SHELL = ("/bin/sh", "-c", "exec app")


def refusal(config: Config, base: BaseFacts = BARE, name: str = "debian:bookworm") -> CannotLaunch:
    with pytest.raises(CannotLaunch) as caught:
        Launch(config, name, base).check()
    return caught.value


def test_everything_amiss_is_told_at_once() -> None:
    error = refusal(Config(user="nonrot:stuff", cmd=BY_SHELL, entrypoint=BY_SHELL))

    assert str(error) == (
        "Unable to run what `[tool.lamina]` says on the base `debian:bookworm`\n"
        "  `user`: there is no user `nonrot`\n"
        "  `user`: there is no group `stuff`\n"
        "  `entrypoint`: there is no `/bin/sh`\n"
        "  `cmd`: there is no `/bin/sh`"
    )
    assert error.hint == (
        "Did you mean the user `nonroot`? Did you mean the group `staff`? "
        "Set `shell = true`, or write commands as arrays of words"
    )


def test_a_name_that_is_like_no_other_may_be_a_number() -> None:
    error = refusal(Config(user="app"), SLIM, "python:3.12-slim")

    assert str(error).endswith("`python:3.12-slim`\n  `user`: there is no user `app`")
    assert error.hint == "Give a number, which no base need know, as in `1000:1000`."


def test_another_base_without_a_shell_wants_words() -> None:
    check = Healthcheck(("CMD-SHELL", "true"))

    error = refusal(Config(healthcheck=check), NO_BASE, "scratch")

    assert str(error).endswith("`scratch`\n  `healthcheck`: there is no `/bin/sh`")
    assert error.hint == "Write commands as arrays of words"


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(user="nonroot"),
        Config(user="1000:staff"),
        Config(user="12:34"),
        Config(cmd=("python", "-m", "app"), healthcheck=Healthcheck(("CMD", "true"))),
        Config(user="app", copy=(Copy("passwd", "/etc/"),)),
        Config(user="app:app", copy=(Copy("etc/group", "/etc/group"),)),
        Config(user="app", copy=(Copy("root", "."),), workdir="/"),
        Config(cmd=BY_SHELL, copy=(Copy("busybox", "/bin/sh"),)),
        Config(shell=True),
    ],
    ids=str,
)
def test_what_can_be_started_is_not_spoken_of(config: Config) -> None:
    assert Launch(config, "debian:bookworm", BARE).check() is None


def test_of_what_nobody_looked_at_nothing_is_said() -> None:
    unknown = BaseFacts(None, None, Rootfs())

    assert Launch(Config(user="app", cmd=BY_SHELL), "x", unknown).check() is None


def test_packages_may_bring_a_user_and_one_of_them_a_shell() -> None:
    config = Config(user="postgres", cmd=BY_SHELL)

    warning = Launch(config, "debian:bookworm", BARE, ["dash", "postgresql"]).check()

    assert warning == (
        "`user`: there is no user `postgres` in the base; a Debian package must bring it"
    )
    with pytest.raises(CannotLaunch):
        Launch(config, "debian:bookworm", BARE, ["postgresql"]).check()


def test_a_shell_is_added_to_no_other_base() -> None:
    with pytest.raises(NoShellToAdd) as caught:
        Launch(Config(shell=True), "python:3.12-slim", SLIM).check()

    assert str(caught.value) == (
        "Unable to add a shell to the base `python:3.12-slim`: `shell` is for `debian:CODENAME`"
    )
    assert caught.value.hint == (
        "Other bases have a shell or have none; to one of Debian that has none, add it with "
        '`apt = ["dash", "coreutils"]`'
    )
