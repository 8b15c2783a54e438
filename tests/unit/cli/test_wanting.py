"""The options of ``uv sync``: what they come to, and which contradict each other."""

from __future__ import annotations

import click
import pytest

from lamina.cli.options import PlanOptions, read_options
from lamina.cli.plan import command
from lamina.cli.wanted import as_configured, extras_of, groups_of, install_of, policy_of
from lamina.lock.select import Policy
from lamina.lock.wanted import Extras, Groups, Install
from lamina.project.config import Config, Names
from lamina.project.uv import BuildRules, Refusal
from projects import LockedProject
from unit.cli.program import Program

DEV = frozenset({"dev"})


def read(*flags: str) -> PlanOptions:
    return PlanOptions(**read_options(command.make_context("plan", [*flags])))


def groups(*flags: str, defaults: frozenset[str] | None = DEV) -> Groups:
    return groups_of(read(*flags), defaults, is_dev_default=False)


def test_names_are_compared_as_indexes_compare_them() -> None:
    assert extras_of(read("--extra", "A.b", "--no-extra", "C__d")) == Extras(
        named=frozenset({"a-b"}), without=frozenset({"c-d"})
    )
    assert groups("--group", "Lint", "--no-group", "X").mentioned == frozenset({"lint", "x"})


def test_an_image_leaves_dev_out_unless_it_is_asked_for() -> None:
    assert not groups().takes("dev")
    assert not groups("--no-dev", "--all-groups").takes("dev")
    for flags in (["--dev"], ["--group", "dev"], ["--all-groups"], ["--only-dev"]):
        assert groups(*flags).takes("dev"), flags
    assert groups_of(read(), DEV, is_dev_default=True).takes("dev")
    assert groups(defaults=None).takes("lint")
    assert not groups("--no-default-groups", defaults=None).takes("lint")


def test_of_a_pair_the_last_one_counts() -> None:
    assert groups("--dev", "--no-dev").dev is False
    assert groups("--no-dev", "--dev").dev is True


def test_a_variable_stands_behind_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_NO_DEV", "1")
    monkeypatch.setenv("UV_NO_GROUP", "lint docs")
    monkeypatch.setenv("UV_NO_INSTALL_PROJECT", "true")
    monkeypatch.setenv("UV_FROZEN", "1")

    assert groups().without == frozenset({"lint", "docs"})
    assert groups().dev is False
    assert groups("--dev", "--no-group", "x") == Groups(
        dev=True, without=frozenset({"x"}), defaults=DEV, not_by_default=DEV
    )
    assert install_of(read()) == Install(no_project=True)
    assert install_of(read("--only-install-project")) == Install(only_project=True)
    assert read().frozen
    assert not read("--locked").frozen


def test_an_empty_variable_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_NO_DEV", "")

    assert groups().dev is None


def test_a_variable_that_means_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch, program: Program
) -> None:
    monkeypatch.setenv("UV_NO_DEV", "maybe")

    ended = program("plan")

    assert ended.code == 2
    assert "error: Expected yes or no in `UV_NO_DEV`, got: maybe\n" in ended.err


def test_variables_alone_may_contradict_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_FROZEN", "1")
    monkeypatch.setenv("UV_LOCKED", "1")

    with pytest.raises(click.UsageError, match="Only one of --locked and --frozen can be meant"):
        read()


@pytest.mark.parametrize(
    "flags",
    [
        "--locked --frozen",
        "--all-packages --package=a",
        "--all-extras --extra=a",
        "--only-group=a --group=a",
        "--only-group=a --all-groups",
        "--only-group=a --extra=a",
        "--only-group=a --all-extras",
        "--only-dev --group=a",
        "--only-dev --all-groups",
        "--only-dev --no-dev",
        "--no-install-project --only-install-project",
        "--no-install-workspace --only-install-workspace",
        "--no-install-local --only-install-local",
        "--no-install-package=a --only-install-package=a",
    ],
)
def test_options_that_contradict_each_other_are_refused(program: Program, flags: str) -> None:
    one, other = (flag.partition("=")[0] for flag in flags.split())

    ended = program("plan", *flags.split())

    assert (ended.code, ended.out) == (2, "")
    assert f"error: Only one of {one} and {other} can be meant\n" in ended.err


def test_a_group_that_comes_alone_leaves_dev_out(program: Program) -> None:
    ended = program("plan", "--only-group", "a", "--dev")

    assert "error: Only one of --only-group and --dev can be meant\n" in ended.err


def test_what_is_no_name_is_refused(program: Program) -> None:
    ended = program("plan", "--extra", "good", "--extra", "bad/name", "--extra", "-")

    assert ended.code == 2
    assert "expected a name, got: bad/name, -" in ended.err


@pytest.mark.parametrize(
    ("flags", "configured", "expected"),
    [
        ([], [], frozenset()),
        ([], [Refusal(all=True)], None),
        ([], [Refusal(all=False, names=frozenset({"x"})), Refusal(all=True)], frozenset()),
        (["--no-build"], [Refusal(all=False)], None),
        (["--build"], [Refusal(all=True)], frozenset()),
        (["--no-build", "--build"], [], frozenset()),
        (["--no-build-package", "A"], [Refusal(names=frozenset({"b"}))], frozenset({"a", "b"})),
        (["--no-build-package", "a"], [Refusal(all=True)], None),
    ],
)
def test_what_may_be_built_is_said_here_or_by_uv(
    flags: list[str], configured: list[Refusal], expected: frozenset[str] | None
) -> None:
    other = [flag.replace("build", "binary") for flag in flags]
    rules = [BuildRules(no_build=each) for each in configured]
    other_rules = [BuildRules(no_binary=each) for each in configured]

    assert policy_of(read(*flags), rules) == Policy(no_build=expected)
    assert policy_of(read(*other), other_rules) == Policy(no_binary=expected)


def test_a_setting_for_backends_has_a_key(program: Program) -> None:
    ended = program("build", "-C", "good=1", "-C", "=bad")

    assert ended.code == 2
    assert "expected `KEY=VALUE`, got: =bad" in ended.err


def configured(config: Config, *flags: str) -> PlanOptions:
    return as_configured(read(*flags), config)


def test_the_file_says_what_the_command_line_does_not() -> None:
    config = Config(
        extras=Names(("web",)), groups=Names(all=True), default_groups=False, install_project=False
    )

    asked = configured(config)

    assert extras_of(asked) == Extras(named=frozenset({"web"}))
    assert install_of(asked) == Install(no_project=True)
    assert (asked.all_groups, asked.no_default_groups) == (True, True)
    assert configured(Config(), "--extra", "x") == read("--extra", "x")


def test_names_on_the_command_line_stand_instead_of_the_files() -> None:
    config = Config(extras=Names(("web",)), groups=Names(("lint",)))

    assert configured(config, "--extra", "x").extras == ("x",)
    assert configured(config, "--extra", "x").groups == ("lint",)
    assert configured(config, "--group", "x").groups == ("x",)
    every = configured(config, "--all-extras", "--all-groups")
    assert (every.extras, every.all_extras, every.groups, every.all_groups) == ((), True, (), True)


def test_what_the_command_line_leaves_out_is_left_out_of_the_files_names() -> None:
    config = Config(extras=Names(all=True), groups=Names(("dev", "lint")))

    assert not extras_of(configured(config, "--no-extra", "gpu")).takes("gpu")
    asked = groups_of(configured(config, "--no-dev"), None, is_dev_default=False)
    assert [asked.takes(name) for name in ("dev", "lint")] == [False, True]


@pytest.mark.parametrize("flags", [["--only-group", "x"], ["--only-dev"]])
def test_a_group_alone_is_taken_alone(flags: list[str]) -> None:
    config = Config(extras=Names(("web",)), groups=Names(("lint",)))

    assert configured(config, *flags) == read(*flags)


def test_the_project_alone_is_installed_whatever_the_file_says() -> None:
    asked = configured(Config(install_project=False), "--only-install-project")

    assert install_of(asked) == Install(only_project=True)


@pytest.mark.parametrize("order", [("plan",), ("build", "-o", "oci:out")], ids=lambda it: it[0])
def test_what_the_file_names_must_be_there(
    order: tuple[str, ...], program: Program, locked: LockedProject
) -> None:
    locked.config = 'base = "scratch"\nextras = ["web"]\ngroups = ["lint"]\n'
    locked.wheel("numbers")
    locked.write()

    ended = program(*order, "project")

    assert ended.code == 1
    assert ended.err.endswith(
        "error: No extra `web` in `uv.lock`; it has none\n"
        "No group `lint` in `uv.lock`; it has none\n"
    )
