"""What is refused in a lock, and how that is told."""

from __future__ import annotations

import re

import pytest

from lamina.pins.read import MalformedPins, read
from unit.pins.test_write import TEXT

_WAY_OUT = "Resolve what is wrong with it, or delete it; then run `lamina lock`"


def refusal(text: str) -> str:
    with pytest.raises(MalformedPins) as caught:
        read(text)
    assert caught.value.hint == _WAY_OUT
    return str(caught.value)


def changed(pattern: str, replacement: str, count: int = 1) -> str:
    text, found = re.subn(pattern, replacement, TEXT, count=count, flags=re.MULTILINE)
    assert found
    return text


def test_what_is_no_toml_is_named() -> None:
    text = TEXT.replace("[suites]", "suites]")

    assert refusal(text).startswith("Unable to parse `lamina.lock`: ")
    assert refusal("a = [" * 10_000).startswith("Unable to parse `lamina.lock`: ")


def test_a_conflict_that_a_merge_left_is_told_with_its_line() -> None:
    with pytest.raises(MalformedPins) as caught:
        read("version = 1\n\n<<<<<<< HEAD\n[asked]\n=======\n[asked]\n>>>>>>> branch\n")

    assert str(caught.value) == "Unable to read `lamina.lock`: a merge left a conflict in line 3"
    assert caught.value.hint == (
        "Take one side of it, as with `git checkout --theirs lamina.lock`; then run `lamina lock`"
    )


@pytest.mark.parametrize("version", ["2", "true", '"1"', "1.0"])
def test_another_version_is_refused_before_anything_else(version: str) -> None:
    with pytest.raises(MalformedPins) as caught:
        read(f"version = {version}\n[[else]]\n")

    assert str(caught.value).startswith("Unsupported version of `lamina.lock`: ")
    assert caught.value.hint == "This release reads version 1; upgrade lamina"


def test_without_a_version_it_is_none_of_ours() -> None:
    assert refusal("") == "Unable to read `lamina.lock`: it has no `version`"


def test_every_problem_is_told_at_once_with_its_place() -> None:
    text = changed("^size = 1234", "size = 0", 2).replace("shell =", "shel =")

    assert refusal(text) == (
        "Unable to read `lamina.lock`\n"
        "  asked.shel: unknown key (did you mean `shell`?)\n"
        "  platform[0].base-package[0].size: expected 1 to 1099511627776\n"
        "  platform[0].package[0].size: expected 1 to 1099511627776"
    )


@pytest.mark.parametrize(
    "path",
    [
        *("../evil.deb", "pool/../../evil.deb", "/etc/evil.deb", "pool//x.deb", "pool/./x.deb"),
        *("https://mirror.example/x.deb", "pool/x.deb?y", "pool/x.deb#.deb", "pool/%2E%2e/x.deb"),
        *("pool/x.tar", "", "pool/x y.deb", "pool/\u202ex.deb", "./../x.deb", "././x.deb"),
    ],
)
def test_a_path_leads_nowhere_but_into_its_archive(path: str) -> None:
    text = changed('^path = ".*"', f'path = "{path}"')

    assert refusal(text) == (
        "Unable to read `lamina.lock`\n  platform[0].base-package[0].path: "
        "expected the path of a package, relative to its archive"
    )


@pytest.mark.parametrize(
    ("pattern", "replacement", "problem"),
    [
        (
            "^sha256 = .*",
            'sha256 = "A"',
            "platform[0].base-package[0].sha256: expected 64 lowercase hex digits",
        ),
        (
            "^suite = .*",
            'suite = "../x"',
            "platform[0].base-package[0].suite: expected the name of a suite",
        ),
        (
            '^name = "libc6"',
            'name = "Lib C"',
            "platform[0].base-package[0].name: expected the name of a Debian package",
        ),
        (
            '^version = "2.36-9"',
            'version = "a b"',
            "platform[0].base-package[0].version: expected a version as Debian writes it",
        ),
        (
            '^architecture = "amd64"',
            "",
            "platform[0].base-package[0].architecture: is missing",
        ),
        (
            '^name = "linux/arm64"',
            'name = "linux/amd64"',
            "platform: linux/arm64 is missing\n  platform[1]: is there twice",
        ),
        ('^name = "linux/arm64"', 'name = "arm64"', "PLATFORM"),
        (
            "^base-digest = .*",
            'base-digest = "md5:1"',
            "platform[1].base-digest: "
            "expected a digest, as in `sha256:` with 64 lowercase hex digits",
        ),
        ("^base-digest", "base-index", "platform[1].base-digest: is missing"),
        ("^bookworm = .*", "bookworm = 2026-01-02", "DATE a date or time"),
        ("^bookworm = .*", "bookworm = 2026-01-02T03:04:05", "DATE one without"),
        (
            "^bookworm = .*",
            "bookworm = 9999-12-31T23:59:59-23:00",
            "suites.bookworm: is out of all times",
        ),
        ("^bookworm = ", '"a/../b" = ', "suites.'a/../b': is no name of a suite"),
        (
            '^name = "ziglang"',
            'name = "hatchling"',
            "build-requires[1]: is there twice\n"
            "  build-requires[1].wheels: "
            "`ziglang-2.0-py3-none-macosx_11_0_arm64.whl` is no wheel of hatchling 2.0\n"
            "  build-requires[1].wheels: "
            "`ziglang-2.0-py3-none-manylinux_2_17_x86_64.whl` is no wheel of hatchling 2.0",
        ),
        (
            '^name = "hatchling"',
            'name = "Hatch_ling"',
            "build-requires[0].name: expected `hatch-ling`",
        ),
        ('^version = "2.0"', 'version = "x"', "build-requires[1].version: is no valid version"),
        (
            'file = "hatchling-1.27.0-py3-none-any.whl"',
            'file = "../x.whl"',
            "build-requires[0].wheels: has none that can be checked\n"
            "  build-requires[0].wheels[0].file: is no name of a wheel",
        ),
        (
            'hash = "sha256:',
            'hash = "sha512:',
            "build-requires[0].wheels: has none that can be checked\n"
            "  build-requires[0].wheels[0].hash: "
            "expected a digest, as in `sha256:` with 64 lowercase hex digits",
        ),
        ("^key = .*", 'key = "x"', "layer[0].key: expected the key of a layer"),
        ("^size = 99", "size = true", "layer[0].size: expected an integer, got a boolean"),
        ("^base = .*", 'base = ""', "asked.base: is empty"),
        ("^shell = true", "shell = 1", "asked.shell: expected `true` or `false`, got an integer"),
    ],
)
def test_what_cannot_be_meant_is_refused(pattern: str, replacement: str, problem: str) -> None:
    expected = {
        "PLATFORM": "platform: linux/arm64 is missing\n"
        "  platform[1].name: expected `os/architecture`, such as `linux/amd64`",
        "DATE a date or time": "suites.bookworm: "
        "expected a date with time and zone, got a date or time",
        "DATE one without": "suites.bookworm: expected a date with time and zone, got one without",
    }.get(problem, problem)

    assert refusal(changed(pattern, replacement)) == f"Unable to read `lamina.lock`\n  {expected}"


def test_what_is_asked_and_what_is_answered_are_of_the_same_platforms() -> None:
    text = changed('^    "linux/arm64",\n', "")

    assert refusal(text) == "Unable to read `lamina.lock`\n  asked.platform: linux/arm64 is missing"


def test_a_lock_asks_for_something() -> None:
    assert refusal("version = 1\n") == (
        "Unable to read `lamina.lock`\n  asked.base: is missing\n  asked.platform: is missing"
    )


def test_a_package_stands_there_once() -> None:
    block = TEXT.partition("[[platform.package]]")[2].partition("[[platform]]")[0]
    text = TEXT.replace(block, f"{block}[[platform.package]]{block}")

    assert refusal(text) == (
        "Unable to read `lamina.lock`\n  platform[0].package[1]: is there twice"
    )


def test_packages_come_by_name_however_they_stand() -> None:
    block = TEXT.partition("[[platform.package]]")[2].partition("[[platform]]")[0]
    other = block.replace("libgomp1", "aaa")

    pins = read(TEXT.replace(block, f"{block}[[platform.package]]{other}"))

    assert [each.name for each in pins.platforms[0].packages] == ["aaa", "libgomp1"]


@pytest.mark.parametrize("suite", ["./", "/", "stable/", "./amd64/", "jammy-security"])
@pytest.mark.parametrize("path", ["./x_1.0_all.deb", "x.deb", "pool/Other's (1)/x@2.deb"])
def test_flat_repositories_and_strange_names_are_read(suite: str, path: str) -> None:
    text = changed("^suite = .*", f'suite = "{suite}"').replace(
        "pool/main/l/libc6/libc6_2.36-9_amd64.deb", path.replace(" ", "")
    )

    package = read(text).platforms[0].base_packages[0]

    assert (package.suite, package.path) == (suite, path.replace(" ", ""))


@pytest.mark.parametrize("suite", ["../", "..", "a/../b", "x y", "", "a//b", "a/%2e%2e"])
def test_a_suite_leads_nowhere_else(suite: str) -> None:
    refusal(changed("^suite = .*", f'suite = "{suite}"'))
