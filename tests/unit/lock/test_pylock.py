from __future__ import annotations

from typing import Any

import pytest

from lamina.errors import LaminaError
from lamina.lock.fitting import TargetMismatch
from lamina.lock.listed import NotInAList
from lamina.lock.model import Lock, Sdist, Wheel
from lamina.lock.pylock import parse_pylock
from lamina.lock.roots import UnknownRequest
from lamina.lock.select import Policy, Selection, Uninstallable, select
from lamina.lock.source import Directory, DirectUrl, Editable, Git, Path, Registry
from lamina.lock.target import Target
from lamina.lock.uvlock import InvalidLock, UnsupportedLockVersion
from lamina.lock.walk import InconsistentLock
from lamina.lock.wanted import Extras, Groups, Install, Wanted
from unit.lock.locks import COMMIT, chosen, target

AMD64 = target()
HEX = "ab" * 32
FILES = "https://files.example"


def wheel(name: str, tag: str = "py3-none-any", version: str = "1.0", more: str = "") -> str:
    url = f"{FILES}/{name}-{version}-{tag}.whl"
    return f'{{ url = "{url}", size = 7, hashes = {{ sha256 = "{HEX}" }}{more} }}'


def entry(name: str, more: str = "", *, wheels: str | None = None, version: str = "1.0") -> str:
    """Return an entry of the list, with one wheel that fits everywhere."""
    files = wheel(name, version=version) if wheels is None else wheels
    return f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}\nwheels = [{files}]\n'


def bare(name: str, rest: str) -> str:
    return f'\n[[packages]]\nname = "{name}"\n{rest}\n'


def text(*entries: str, head: str = "") -> str:
    return f'lock-version = "1.0"\ncreated-by = "hand"\n{head}\n' + "".join(entries)


def read(*entries: str, head: str = "") -> Lock:
    return parse_pylock(text(*entries, head=head), path="pylock.toml")


def failure(
    kind: type[LaminaError], locked: Lock, wanted: Wanted | None = None, for_: Target = AMD64
) -> tuple[str, str | None]:
    with pytest.raises(kind) as caught:
        select(locked, for_, wanted or Wanted())

    return str(caught.value), caught.value.hint


def unreadable(text: str, kind: type[LaminaError] = InvalidLock) -> tuple[str, str | None]:
    with pytest.raises(kind) as caught:
        parse_pylock(text, path="pylock.toml")

    return str(caught.value), caught.value.hint


def test_every_entry_is_installed_that_its_marker_does_not_exclude() -> None:
    locked = read(
        entry("a"),
        entry("b", "marker = \"sys_platform == 'win32'\""),
        entry("c", "marker = \"python_version >= '3.12' and 'x' not in extras\""),
    )

    selection = select(locked, AMD64)

    assert chosen(selection) == ["a 1.0", "c 1.0"]
    assert selection.project is None
    first = selection.distributions[0]
    assert first.artifact == Wheel(
        "a-1.0-py3-none-any.whl", f"{FILES}/a-1.0-py3-none-any.whl", None, f"sha256:{HEX}", 7
    )
    assert first.source == Registry(url=FILES)


HEAD = 'extras = ["x", "y"]\ndependency-groups = ["Dev", "docs"]\ndefault-groups = ["dev", "main"]'


def chooser() -> Lock:
    groups = ("dev", "docs", "main")
    return read(
        entry("always"),
        entry("ex", "marker = \"'X' in extras\""),
        *(entry(group, f"marker = \"'{group}' in dependency_groups\"") for group in groups),
        head=HEAD,
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), ["always"]),
        (Wanted(groups=Groups(defaults=frozenset({"dev", "main"}))), ["always", "dev", "main"]),
        (
            Wanted(groups=Groups(defaults=frozenset({"dev", "main"}), dev=False)),
            ["always", "main"],
        ),
        (
            Wanted(groups=Groups(defaults=frozenset({"dev"}), named=frozenset({"docs"}))),
            ["always", "docs"],
        ),
        (Wanted(groups=Groups(all=True)), ["always", "dev", "docs", "main"]),
        (Wanted(extras=Extras(named=frozenset({"x"}))), ["always", "ex"]),
        (Wanted(extras=Extras(all=True, without=frozenset({"x"}))), ["always"]),
        (Wanted(install=Install(no_packages=frozenset({"always"}))), []),
    ],
)
def test_extras_and_groups_are_those_of_the_list(wanted: Wanted, expected: list[str]) -> None:
    found = [each.name for each in select(chooser(), AMD64, wanted).distributions]

    assert found == expected


def test_of_two_entries_with_one_name_a_marker_may_choose() -> None:
    old = entry("a", "marker = \"python_full_version < '3.12'\"")
    new = entry("a", "marker = \"python_full_version >= '3.12'\"", version="2.0")

    assert chosen(select(read(old, new), AMD64)) == ["a 2.0"]
    assert failure(InconsistentLock, read(entry("a"), new)) == (
        "`pylock.toml` selects a project twice: a 1.0 and a 2.0",
        "It was written by hand; let that write it again",
    )


def test_the_best_wheel_is_taken_and_the_sdist_else() -> None:
    native = f"{wheel('a')}, {wheel('a', 'cp312-cp312-manylinux_2_17_x86_64')}"
    sdist = f'sdist = {{ url = "{FILES}/a-1.0.tar.gz", hashes = {{ sha512 = "{HEX * 2}" }} }}'
    windows = entry("a", sdist, wheels=wheel("a", "cp312-cp312-win_amd64"))

    best, source = (
        select(locked, AMD64).distributions[0].artifact
        for locked in (read(entry("a", wheels=native)), read(windows))
    )

    assert isinstance(best, Wheel)
    assert best.filename == "a-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"
    assert source == Sdist("a-1.0.tar.gz", f"{FILES}/a-1.0.tar.gz", None, f"sha512:{HEX * 2}")
    with pytest.raises(Uninstallable):
        select(read(windows), AMD64, Wanted(), Policy(no_build=None))


def test_every_source_is_read() -> None:
    archive = f'archive = {{ url = "{FILES}/u-2.0.tar.gz", hashes = {{ sha256 = "{HEX}" }}'
    locked = read(
        bare("d", 'directory = { path = "../lib", subdirectory = "sub" }'),
        bare("e", 'directory = { path = "./lib", editable = true }'),
        bare(
            "g",
            f'vcs = {{ type = "git", url = "https://git.example/r", commit-id = "{COMMIT}", '
            'requested-revision = "v1", subdirectory = "a/b" }',
        ),
        bare(
            "p",
            f'archive = {{ path = "w/p-3.0-py3-none-any.whl", hashes = {{ md5 = "{HEX[:32]}" }} }}',
        ),
        bare("u", f'{archive}, subdirectory = "s" }}'),
    )

    found = {each.name: each for each in select(locked, AMD64).distributions}

    assert found["d"].source == Directory("../lib/sub")
    assert found["e"].artifact == Editable("lib")
    assert found["g"].artifact == Git("https://git.example/r", COMMIT, "v1", "a/b")
    assert found["p"].source == Path("w/p-3.0-py3-none-any.whl")
    assert found["p"].artifact == Wheel(
        "p-3.0-py3-none-any.whl", None, "w/p-3.0-py3-none-any.whl", f"md5:{HEX[:32]}"
    )
    assert str(found["p"].version) == "3.0"
    assert found["u"].source == DirectUrl(f"{FILES}/u-2.0.tar.gz", "s")
    assert str(found["u"].version) == "2.0"


def test_the_project_is_the_entry_of_the_folder_itself() -> None:
    locked = read(entry("a"), bare("app", 'directory = { path = ".", editable = true }'))

    def project(selection: Selection) -> Any:
        assert selection.project is not None
        return selection.project.name, selection.installs_project, chosen(selection)

    assert project(select(locked, AMD64)) == ("app", True, ["a 1.0"])
    left_out = Wanted(install=Install(no_project=True))
    assert project(select(locked, AMD64, left_out)) == ("app", False, ["a 1.0"])
    assert select(locked, AMD64, Wanted(project="")).project is None
    assert project(select(locked, AMD64, Wanted(project="app"))) == ("app", True, ["a 1.0"])


def test_files_of_this_machine_are_read_from_their_paths() -> None:
    here = (
        f'[[packages]]\nname = "a"\nwheels = [{{ url = "file:///w/a%2B-1.0-py3-none-any.whl", '
        f'name = "a-1.0-py3-none-any.whl", hashes = {{ SHA256 = "{HEX.upper()}" }} }}]\n'
    )
    found = select(read(here), AMD64).distributions[0]

    assert found.artifact == Wheel(
        "a-1.0-py3-none-any.whl", None, "/w/a+-1.0-py3-none-any.whl", f"sha256:{HEX}"
    )
    assert str(found.version) == "1.0"


def test_what_can_only_be_asked_of_a_graph_is_refused() -> None:
    wanted = Wanted(
        packages=("a",),
        all_packages=True,
        groups=Groups(only=frozenset({"dev"}), only_dev=True),
    )

    assert failure(NotInAList, read(entry("a")), wanted) == (
        "Unable to choose from `pylock.toml` by `--package`, `--all-packages`, `--only-group`, "
        "`--only-dev`: it is a list, and each entry says itself when it is installed",
        "To choose so, use `uv.lock`, or let the tool that writes the list choose",
    )


def test_extras_and_groups_that_are_not_in_the_list_are_named_at_once() -> None:
    wanted = Wanted(
        extras=Extras(named=frozenset({"z"})), groups=Groups(named=frozenset({"doc", "q"}))
    )

    assert failure(UnknownRequest, chooser(), wanted) == (
        "No extra `z` in `pylock.toml`; it has `x`, `y`\n"
        "No groups `doc`, `q` in `pylock.toml`; it has `dev`, `docs`, `main`",
        "Did you mean `docs`?",
    )
    nothing = Wanted(extras=Extras(named=frozenset({"zzz"})))
    assert failure(UnknownRequest, read(entry("a")), nothing) == (
        "No extra `zzz` in `pylock.toml`; it has none",
        "What hand left out when it wrote the file is not there",
    )


def test_a_target_that_the_list_was_not_made_for_is_refused() -> None:
    pythons = read(
        entry("a", 'requires-python = ">=3.13"'),
        entry("b", 'requires-python = "<3.12"\nmarker = "sys_platform == \'linux\'"'),
        entry("c", 'requires-python = "<3"\nmarker = "sys_platform == \'win32\'"'),
    )

    assert failure(TargetMismatch, pythons) == (
        "Python 3.12.4 does not satisfy `requires-python` in `pylock.toml` of:\n"
        "  a 1.0: >=3.13\n"
        "  b 1.0: <3.12",
        "Choose another Python",
    )
    assert failure(TargetMismatch, read(head='requires-python = "<3.12"\npackages = []'))[0] == (
        "Python 3.12.4 does not satisfy `requires-python` of `pylock.toml`\n"
        "  expected: <3.12\n"
        "  got:      3.12.4"
    )
    mac = read(head="environments = [\"sys_platform == 'darwin'\"]\npackages = []")
    assert failure(TargetMismatch, mac) == (
        "`pylock.toml` is not made for linux/amd64, Python 3.12\n"
        '  supports: sys_platform == "darwin"',
        "It was written by hand; let that write it again",
    )


@pytest.mark.parametrize(
    ("text_", "error"),
    [
        ("[", "Unable to parse lockfile `pylock.toml`: "),
        ("x = " + "[" * 5000, "Unable to parse lockfile `pylock.toml`: it is nested too deeply"),
        ('created-by = "x"', "  lock-version: expected such as `1.0`, got: None"),
        ('lock-version = "1"\ncreated-by = "x"', "expected such as `1.0`, got: 1"),
        ('lock-version = "1.0"\npackages = []', "  created-by: Missing required value"),
        ('lock-version = "1.0"\ncreated-by = "x"', "  packages: Missing required value"),
        (text(head="packages = [1]"), "  packages[0]: Unexpected type int (expected Mapping)"),
        (text(head='requires-python = "x"\npackages = []'), "  requires-python: Invalid specifier"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_with_the_place(text_: str, error: str) -> None:
    message, hint = unreadable(text_)

    assert error in message
    assert hint == "Let the tool that wrote the file write it again"


def test_another_version_is_another_format() -> None:
    assert unreadable('lock-version = "2.0"', UnsupportedLockVersion) == (
        "Unsupported lockfile version in `pylock.toml`: 2.0",
        "This release reads version 1; upgrade lamina",
    )
    newer = parse_pylock(text(entry("a")).replace('"1.0"', '"1.3"', 1), path="pylock.toml")
    assert newer.revision == 3


def test_everything_that_is_wrong_with_the_entries_is_told_at_once() -> None:
    hashes = f'hashes = {{ sha256 = "{HEX}" }}'
    message, hint = unreadable(
        text(
            entry("a", wheels=wheel("b")),
            bare("nothing", ""),
            bare("svn", 'vcs = { type = "svn", url = "https://x.example", commit-id = "1" }'),
            bare("short", 'vcs = { type = "git", url = "https://x.example", commit-id = "12" }'),
            bare("here", f'vcs = {{ type = "git", path = "x", commit-id = "{COMMIT}" }}'),
            bare("weak", 'archive = { path = "weak-1.zip", hashes = { crc = "1" } }'),
            bare("wrong", 'archive = { path = "wrong-1.zip", hashes = { sha256 = "12" } }'),
            bare("ftp", f'archive = {{ url = "ftp://x.example/ftp-1.zip", {hashes} }}'),
            bare("dir", f'archive = {{ url = "https://x.example/", {hashes} }}'),
            bare(
                "out",
                f'archive = {{ url = "https://x.example/o.zip", subdirectory = "../", {hashes} }}',
            ),
            bare("sub", f'archive = {{ path = "o.zip", subdirectory = "x", {hashes} }}'),
            entry("m", 'marker = "what"'),
        )
    )

    assert message.splitlines() == [
        "Unable to read `pylock.toml`",
        "  packages[0].wheels[0]: Name in 'b-1.0-py3-none-any.whl' is not consistent with package "
        "name 'a'",
        "  packages[1]: Exactly one of vcs, directory, archive must be set if sdist and wheels are "
        "not set",
        "  packages[2] (svn): only Git is supported, not `svn`",
        "  packages[3] (short): `vcs.commit-id` is no full commit",
        "  packages[4] (here): a repository is only taken from a `url`",
        "  packages[5] (weak): no hash can be checked: crc",
        "  packages[6] (wrong): a hash is no sha256",
        "  packages[7] (ftp): a `url` is neither of `http`, `https` nor of `file`",
        "  packages[8] (dir): `archive` has no usable filename",
        "  packages[9] (out): `subdirectory` leads out of the source",
        "  packages[10] (sub): `archive.subdirectory` is only supported with a `url`",
        "  packages[11].marker: Expected a marker variable or quoted string",
    ]
    assert hint == "It was written by hand; let that write it again"
