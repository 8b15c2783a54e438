from __future__ import annotations

from collections.abc import Iterable

import pytest

from lamina.errors import LaminaError
from lamina.lock.choice import InvalidWheel
from lamina.lock.fitting import TargetMismatch
from lamina.lock.model import Lock, Sdist, Wheel
from lamina.lock.roots import UnknownRequest
from lamina.lock.select import FREELY, Policy, Uninstallable, select
from lamina.lock.source import DirectUrl, Editable, Git, Virtual
from lamina.lock.target import Libc, Target
from lamina.lock.walk import ConflictingRequest, InconsistentLock
from lamina.lock.wanted import Extras, Wanted
from unit.lock.locks import (
    COMMIT,
    HASH,
    INDEX,
    chosen,
    filenames,
    lock,
    package,
    project,
    target,
    wanted,
)

AMD64 = target()
SDIST = f'sdist = {{ url = "https://files.example/x.tar.gz", hash = "{HASH}" }}'


def failure(
    kind: type[LaminaError],
    locked: Lock,
    for_: Target = AMD64,
    *,
    extras: Iterable[str] = (),
    groups: Iterable[str] = (),
    member: str | None = None,
) -> tuple[str, str | None]:
    with pytest.raises(kind) as caught:
        select(locked, for_, wanted(extras=extras, groups=groups, project=member))

    return str(caught.value), caught.value.hint


def test_dependencies_are_taken_through_the_graph_and_sorted() -> None:
    locked = lock(
        project('{ name = "zulu" }'),
        package("alpha"),
        package("unused"),
        package("zulu", needs='{ name = "alpha" }, { name = "zulu" }'),
    )

    selection = select(locked, AMD64)

    assert chosen(selection) == ["alpha 1.0", "zulu 1.0"]
    assert selection.project is not None
    assert (selection.project.name, str(selection.project.version)) == ("app", "0.1.0")
    assert selection.project.source == Virtual(".")


def test_an_edge_is_followed_only_where_its_marker_holds() -> None:
    locked = lock(
        project(
            """
            { name = "a", marker = "sys_platform == 'linux'" },
            { name = "b", marker = "sys_platform == 'win32'" },
            { name = "c", marker = "platform_machine == 'aarch64'" },
            """
        ),
        package("a"),
        package("b"),
        package("c"),
    )

    assert chosen(select(locked, AMD64)) == ["a 1.0"]
    assert chosen(select(locked, target(platform="linux/arm64"))) == ["a 1.0", "c 1.0"]


def test_forks_are_told_apart_by_the_edges_that_name_them() -> None:
    def edge(version: str, marker: str) -> str:
        return (
            f'{{ name = "np", version = "{version}", source = {{ registry = "{INDEX}" }}, '
            f'marker = "{marker}" }}'
        )

    locked = lock(
        project(
            edge("1.0", "python_full_version < '3.12'")
            + ", "
            + edge("2.0", "python_full_version >= '3.12'")
        ),
        package("np", "1.0"),
        package("np", "2.0"),
    )

    assert chosen(select(locked, target("3.11.9"))) == ["np 1.0"]
    assert chosen(select(locked, target("3.12.0"))) == ["np 2.0"]


EXTRAS_AND_GROUPS = """
[package.optional-dependencies]
web = [{ name = "flask", extra = ["async"] }]
cli = [{ name = "click" }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
docs = [{ name = "app", extra = ["cli"] }]
[package.metadata]
provides-extras = ["web", "cli", "empty"]
[package.metadata.requires-dev]
none = []
"""


def extras_and_groups() -> Lock:
    flask = '[package.optional-dependencies]\nasync = [{ name = "asgiref" }]'
    return lock(
        project('{ name = "idna" }', EXTRAS_AND_GROUPS),
        package("asgiref"),
        package("click"),
        package("flask", more=flask),
        package("idna"),
        package("pytest"),
    )


@pytest.mark.parametrize(
    ("extras", "groups", "expected"),
    [
        ([], [], ["idna"]),
        (["web"], [], ["asgiref", "flask", "idna"]),
        (["empty"], ["none"], ["idna"]),
        ([], ["dev"], ["idna", "pytest"]),
        ([], ["docs"], ["click", "idna"]),
    ],
)
def test_extras_and_groups_are_taken_only_when_asked_for(
    extras: list[str], groups: list[str], expected: list[str]
) -> None:
    selection = select(extras_and_groups(), AMD64, wanted(extras=extras, groups=groups))

    assert [d.name for d in selection.distributions] == expected


def test_all_extras_can_be_asked_for() -> None:
    selection = select(extras_and_groups(), AMD64, Wanted(extras=Extras(all=True)))

    assert [d.name for d in selection.distributions] == ["asgiref", "click", "flask", "idna"]


def test_an_unknown_extra_or_group_is_answered_with_what_there_is() -> None:
    assert failure(UnknownRequest, extras_and_groups(), extras=["webb"]) == (
        "No extra `webb` in `uv.lock`; it has `cli`, `empty`, `web`",
        "Did you mean `web`?",
    )
    assert failure(UnknownRequest, extras_and_groups(), groups=["x", "y"]) == (
        "No groups `x`, `y` in `uv.lock`; it has `dev`, `docs`, `none`",
        None,
    )
    assert failure(UnknownRequest, lock(project()), groups=["dev"]) == (
        "No group `dev` in `uv.lock`; it has none",
        None,
    )
    assert failure(UnknownRequest, extras_and_groups(), member="ap") == (
        "No project `ap` in `uv.lock`; it has `app`",
        "Did you mean `app`?",
    )


CONFLICTS = """
conflicts = [[{ package = "app", extra = "cpu" }, { package = "app", extra = "gpu" }]]
"""


def conflicting() -> Lock:
    def edge(version: str, extra: str) -> str:
        return (
            f'{extra} = [{{ name = "torch", version = "{version}", '
            f'source = {{ registry = "{INDEX}" }} }}]'
        )

    helper = """{ name = "helper", marker = "extra == 'extra-3-app-gpu'" }"""
    return lock(
        project(
            '{ name = "base" }',
            f"[package.optional-dependencies]\n{edge('1.0', 'cpu')}\n{edge('2.0', 'gpu')}",
        ),
        package("base", needs=helper),
        package("helper"),
        package("torch", "1.0"),
        package("torch", "2.0"),
        head=CONFLICTS,
    )


def test_what_a_conflicting_extra_brings_is_known_along_the_whole_graph() -> None:
    assert chosen(select(conflicting(), AMD64)) == ["base 1.0"]
    assert chosen(select(conflicting(), AMD64, wanted(extras=["cpu"]))) == ["base 1.0", "torch 1.0"]
    assert chosen(select(conflicting(), AMD64, wanted(extras=["gpu"]))) == [
        "base 1.0",
        "helper 1.0",
        "torch 2.0",
    ]


def test_conflicting_extras_cannot_be_asked_for_together() -> None:
    assert failure(ConflictingRequest, conflicting(), extras=["cpu", "gpu"]) == (
        "`uv.lock` does not allow together: extra `cpu` of `app` and extra `gpu` of `app`",
        "Choose one of them: see `--extra`, `--no-extra`, `--group`, `--no-group` and `--package`",
    )


def test_an_extra_that_a_dependency_activates_is_seen_before_the_packages_are_taken() -> None:
    """The extra is found late, and decides an edge that was met early."""
    locked = lock(
        project('{ name = "early" }, { name = "late" }'),
        package("deep"),
        package("early", needs="""{ name = "deep", marker = "extra == 'extra-4-lib1-x'" }"""),
        package("late", needs='{ name = "lib1", extra = ["x"] }'),
        package("lib1", more='[package.optional-dependencies]\nx = [{ name = "six" }]'),
        package("six"),
        head='conflicts = [[{ package = "lib1", extra = "x" }, { package = "lib1", extra = "y" }]]',
    )

    assert chosen(select(locked, AMD64)) == [
        "deep 1.0",
        "early 1.0",
        "late 1.0",
        "lib1 1.0",
        "six 1.0",
    ]


def test_extras_that_only_dependencies_bring_together_are_refused() -> None:
    def lib(extra: str) -> str:
        return package(extra, needs=f'{{ name = "lib1", extra = ["{extra}"] }}')

    locked = lock(
        project('{ name = "x" }, { name = "y" }'),
        package(
            "lib1",
            more='[package.optional-dependencies]\nx = [{ name = "x" }]\ny = [{ name = "y" }]',
        ),
        lib("x"),
        lib("y"),
        head='conflicts = [[{ package = "lib1", extra = "x" }, { package = "lib1", extra = "y" }]]',
    )

    message, _ = failure(ConflictingRequest, locked)

    assert message == (
        "`uv.lock` does not allow together: extra `x` of `lib1` and extra `y` of `lib1`"
    )


WORKSPACE = """
[[package]]
name = "{name}"
version = "0.3"
source = {{ editable = "packages/{name}" }}
dependencies = [{needs}]
"""


def workspace() -> Lock:
    return lock(
        WORKSPACE.format(name="one", needs='{ name = "six" }'),
        WORKSPACE.format(name="two", needs='{ name = "one" }').replace("editable", "virtual"),
        package("six"),
        package("pytest"),
        head=(
            '[manifest]\nmembers = ["one", "two"]\n'
            '[manifest.dependency-groups]\ndev = [{ name = "pytest" }]'
        ),
    )


def test_a_member_of_a_workspace_can_be_the_project() -> None:
    selection = select(workspace(), AMD64, wanted(project="one"))

    assert selection.project is not None
    assert selection.project.name == "one"
    assert chosen(selection) == ["six 1.0"]


def test_a_member_that_another_needs_is_built() -> None:
    one, _ = select(workspace(), AMD64, wanted(project="two")).distributions

    assert (one.name, one.artifact, one.is_local) == ("one", Editable("packages/one"), True)


def test_a_workspace_without_a_root_project_means_all_members_and_its_own_groups() -> None:
    locked = lock(
        WORKSPACE.format(name="one", needs='{ name = "six" }').replace("editable", "virtual"),
        package("six"),
        package("pytest"),
        head=(
            '[manifest]\nmembers = ["one"]\n'
            '[manifest.dependency-groups]\ndev = [{ name = "pytest" }]'
        ),
    )

    selection = select(locked, AMD64, wanted(groups=["dev"]))

    assert selection.project is None
    assert chosen(selection) == ["pytest 1.0", "six 1.0"]


def test_a_python_outside_requires_python_is_refused() -> None:
    assert failure(TargetMismatch, lock(project()), target("3.9.1")) == (
        "Python 3.9.1 does not satisfy `requires-python` of `uv.lock`\n"
        "  expected: >=3.10\n"
        "  got:      3.9.1",
        "Choose another Python",
    )


def test_a_prerelease_of_a_python_that_is_required_is_taken() -> None:
    assert chosen(select(lock(project(), head=""), target("3.10.0rc1"))) == []


@pytest.mark.parametrize("key", ["supported-markers", "resolution-markers"])
def test_a_platform_that_the_lock_was_not_made_for_is_refused(key: str) -> None:
    locked = lock(project(), head=f"{key} = [\"sys_platform == 'darwin'\", \"os_name == 'nt'\"]")

    assert failure(TargetMismatch, locked) == (
        "`uv.lock` is not made for linux/amd64, Python 3.12\n"
        "  supports: sys_platform == 'darwin'\n"
        "  supports: os_name == 'nt'",
        "To support it, add it to `environments` of `[tool.uv]` and run `uv lock`",
    )


def test_the_best_wheel_is_the_most_specific_that_fits() -> None:
    locked = lock(
        project('{ name = "x" }'),
        package(
            "x",
            wheels=[
                "x-1.0-py3-none-any.whl",
                "x-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
                "x-1.0-cp38-abi3-manylinux_2_28_x86_64.whl",
                "x-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                "x-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
                "x-1.0-cp312-cp312-manylinux_2_99_x86_64.whl",
                "x-1.0-cp312-cp312-musllinux_1_1_x86_64.whl",
                "x-1.0-cp312-cp312-musllinux_1_2_x86_64.whl",
                "x-1.0-cp313-cp313t-manylinux_2_28_x86_64.whl",
            ],
        ),
    )

    def best(made: Target) -> str:
        return filenames(locked, made)[0].removeprefix("x-1.0-").removesuffix(".whl")

    assert best(AMD64) == "cp312-cp312-manylinux_2_28_x86_64"
    assert best(target(libc=Libc("glibc", (2, 17)))) == (
        "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"
    )
    assert best(target("3.13.1")) == "cp38-abi3-manylinux_2_28_x86_64"
    assert best(target("3.13.1", free_threaded=True)) == "cp313-cp313t-manylinux_2_28_x86_64"
    assert best(target(libc=Libc("musl", (1, 2)))) == "cp312-cp312-musllinux_1_2_x86_64"
    assert best(target(platform="linux/arm64")) == "py3-none-any"


def test_a_tie_goes_to_the_higher_build_and_then_to_the_first_in_the_lock() -> None:
    def pick(*wheels: str) -> str:
        return filenames(lock(project('{ name = "x" }'), package("x", wheels=wheels)), AMD64)[0]

    assert pick("x-1.0-2-py3-none-any.whl", "x-1.0-10a-py3-none-any.whl").startswith("x-1.0-10a-")
    assert pick("x-1.0-py3-none-any.whl", "x-1.0-1-py3-none-any.whl").startswith("x-1.0-1-")
    assert pick("X-1.0-py3-none-any.whl", "x-1.0-py3-none-any.whl").startswith("X-")


def test_all_that_cannot_be_installed_is_reported_at_once() -> None:
    git = f'{{ git = "https://me:secret@h.example/r?rev=1#{COMMIT}" }}'
    orjson = ["cp312-manylinux_2_17_x86_64", "cp312-macosx_11_0_arm64", "none-win_amd64"]
    locked = lock(
        project('{ name = "foo" }, { name = "orjson" }, { name = "xmlsec" }, { name = "zip" }'),
        f'[[package]]\nname = "foo"\nversion = "1.0"\nsource = {git}\n',
        package("orjson", "3.10.1", wheels=[f"orjson-3.10.1-cp312-{tags}.whl" for tags in orjson]),
        package("xmlsec", "1.3.14", wheels=[], more=SDIST),
        package("zip", "2", wheels=["zip-2-cp312-cp312-win_amd64.whl"], more=SDIST),
    )

    with pytest.raises(Uninstallable) as caught:
        select(locked, target(platform="linux/arm64"), policy=Policy(no_build=None))

    assert str(caught.value) == (
        "No wheel of 4 projects fits linux/arm64, Python 3.12\n"
        "  foo 1.0         has only sources, which may not be built\n"
        "  orjson 3.10.1   has macosx arm64, manylinux_2_17 x86_64, win amd64\n"
        "  xmlsec 1.3.14   has only an sdist, which may not be built\n"
        "  zip 2           has win amd64, and an sdist, which may not be built"
    )
    assert caught.value.hint == (
        "To build wheels, drop `--no-build`, or `no-build` of `[tool.uv]`\n"
        "Choose another platform or Python, or lock versions that have such wheels"
    )


def refusal(of: Lock, platform: str, libc: Libc, policy: Policy = FREELY) -> tuple[str, str]:
    with pytest.raises(Uninstallable) as caught:
        select(of, target(platform=platform, libc=libc), policy=policy)

    assert caught.value.hint is not None
    return str(caught.value), caught.value.hint


def test_wheels_that_cannot_load_on_an_older_glibc_are_refused_with_both_versions() -> None:
    one = ["cp312-cp312-manylinux_2_34_x86_64", "cp312-cp312-manylinux_2_39_x86_64"]
    two = ["cp37-abi3-manylinux_2_39_x86_64", "cp312-cp312-musllinux_1_2_x86_64"]
    three = ["cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64"]
    old = ["cp312-cp312-manylinux_2_32_x86_64", "cp311-cp311-manylinux_2_17_x86_64"]
    locked = lock(
        project('{ name = "one" }, { name = "two" }, { name = "three" }, { name = "old" }'),
        package("one", wheels=[f"one-1.0-{tags}.whl" for tags in one]),
        package("two", wheels=[f"two-1.0-{tags}.whl" for tags in two]),
        package("three", wheels=[f"three-1.0-{tags}.whl" for tags in three]),
        package("old", wheels=[f"old-1.0-{tags}.whl" for tags in old], more=SDIST),
    )

    assert refusal(locked, "linux/amd64", Libc("glibc", (2, 31)), Policy(no_build=None)) == (
        "No wheel of 3 projects fits linux/amd64, Python 3.12\n"
        "  old 1.0   needs glibc 2.32, the base has 2.31, and an sdist, which may not be built\n"
        "  one 1.0   needs glibc 2.34, the base has 2.31\n"
        "  two 1.0   needs glibc 2.39, the base has 2.31",
        "Choose a `--base` with glibc 2.39 or newer, or lock versions that have wheels for "
        "glibc 2.31\n"
        "To build wheels, drop `--no-build`, or `no-build` of `[tool.uv]`",
    )


@pytest.mark.parametrize(
    ("tag", "libc", "why"),
    [
        ("manylinux_2_28_x86_64", Libc("musl", (1, 2)), "glibc 2.28, the base has musl 1.2"),
        ("manylinux2014_x86_64", Libc("musl", (1, 2)), "glibc 2.17, the base has musl 1.2"),
        ("manylinux1_x86_64", Libc("musl", (1, 2)), "glibc 2.5, the base has musl 1.2"),
        ("musllinux_1_2_x86_64", Libc("glibc", (2, 36)), "musl 1.2, the base has glibc 2.36"),
        ("musllinux_1_3_x86_64", Libc("musl", (1, 2)), "musl 1.3, the base has 1.2"),
    ],
)
def test_a_wheel_for_another_c_library_is_refused_with_both(tag: str, libc: Libc, why: str) -> None:
    wheels = [f"x-1.0-cp312-cp312-{tag}.whl", "x-1.0-cp312-cp312-win_amd64.whl"]
    locked = lock(project('{ name = "x" }'), package("x", wheels=wheels))

    assert refusal(locked, "linux/amd64", libc) == (
        f"No wheel of 1 project fits linux/amd64, Python 3.12\n  x 1.0   needs {why}",
        f"Choose a `--base` with {why.partition(',')[0]} or newer, or lock versions that have "
        f"wheels for {libc}",
    )


def test_a_c_library_is_only_blamed_where_all_else_fits() -> None:
    tags = ["cp311-cp311-manylinux_2_39_x86_64", "cp312-cp312-manylinux_2_39_aarch64"]
    locked = lock(
        project('{ name = "x" }'), package("x", wheels=[f"x-1.0-{each}.whl" for each in tags])
    )

    assert refusal(locked, "linux/amd64", Libc("glibc", (2, 31))) == (
        "No wheel of 1 project fits linux/amd64, Python 3.12\n"
        "  x 1.0   has manylinux_2_39 aarch64, manylinux_2_39 x86_64",
        "Choose another platform or Python, or lock versions that have such wheels",
    )


def test_what_has_no_fitting_wheel_is_built_from_its_sources() -> None:
    locked = lock(
        project('{ name = "both" }, { name = "foreign" }, { name = "foo" }'),
        package("both", more=SDIST),
        package("foreign", wheels=["foreign-1.0-cp312-cp312-win_amd64.whl"], more=SDIST),
        f'[[package]]\nname = "foo"\nversion = "1.0"\n'
        f'source = {{ git = "https://h.example/r?rev=1#{COMMIT}" }}\n',
    )

    taken = {d.name: type(d.artifact) for d in select(locked, AMD64).distributions}

    assert taken == {"both": Wheel, "foreign": Sdist, "foo": Git}


def test_wheels_are_left_alone_where_none_may_be_taken() -> None:
    locked = lock(project('{ name = "a" }, { name = "b" }'), package("a", more=SDIST), package("b"))

    built = select(locked, AMD64, policy=Policy(no_binary=frozenset({"a"}))).distributions
    with pytest.raises(Uninstallable) as caught:
        select(locked, AMD64, policy=Policy(no_binary=None))

    assert [type(d.artifact) for d in built] == [Sdist, Wheel]
    assert str(caught.value) == (
        "No wheel of 1 project fits linux/amd64, Python 3.12\n"
        "  b 1.0   has only wheels, which may not be taken"
    )
    assert caught.value.hint == "To take wheels, drop `--no-binary`, or `no-binary` of `[tool.uv]`"


def test_a_wheel_for_another_python_is_reported_with_the_pythons_that_there_are() -> None:
    locked = lock(
        project('{ name = "x" }'),
        package(
            "x",
            wheels=[
                f"x-1.0-cp3{minor}-cp3{minor}{t}-manylinux_2_17_x86_64.whl"
                for minor, t in [
                    (10, ""),
                    (9, ""),
                    (8, ""),
                    (7, "m"),
                    (6, "m"),
                    (13, "t"),
                    (13, ""),
                ]
            ],
        ),
    )

    message, _ = failure(Uninstallable, locked)

    assert message == (
        "No wheel of 1 project fits linux/amd64, Python 3.12\n"
        "  x 1.0   has cp36m, cp37m, cp38, cp39, cp310, cp313 and 1 more for this platform"
    )


def test_direct_wheels_are_taken_with_where_they_come_from() -> None:
    locked = lock(
        project('{ name = "a" }, { name = "b" }'),
        f"""
[[package]]
name = "a"
version = "1.0"
source = {{ url = "https://files.example/a-1.0-py3-none-any.whl" }}
wheels = [{{ url = "https://files.example/a-1.0-py3-none-any.whl", hash = "{HASH}" }}]
[[package]]
name = "b"
version = "1.0"
source = {{ path = "vendor/b-1.0-py3-none-any.whl" }}
wheels = [{{ filename = "b-1.0-py3-none-any.whl", hash = "{HASH}" }}]
""",
    )

    a, b = select(locked, AMD64).distributions

    assert a.source == DirectUrl("https://files.example/a-1.0-py3-none-any.whl")
    assert isinstance(a.artifact, Wheel)
    assert a.artifact.url == "https://files.example/a-1.0-py3-none-any.whl"
    assert isinstance(b.artifact, Wheel)
    assert b.artifact.path == "vendor/b-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("filename", "message"),
    [
        (
            "y-1.0-py3-none-any.whl",
            "Wheel `y-1.0-py3-none-any.whl` is locked for another distribution\n"
            "  expected: x 1.0\n"
            "  got:      y 1.0",
        ),
        (
            "x-1.1-py3-none-any.whl",
            "Wheel `x-1.1-py3-none-any.whl` is locked for another distribution\n"
            "  expected: x 1.0\n"
            "  got:      x 1.1",
        ),
        ("x-any.whl", "Unable to read the filename of a wheel of `x 1.0`: "),
    ],
)
def test_a_wheel_of_something_else_is_an_error(filename: str, message: str) -> None:
    locked = lock(project('{ name = "x" }'), package("x", wheels=[filename]))

    assert failure(InvalidWheel, locked)[0].startswith(message)


def test_a_wheel_may_have_a_local_version_that_the_lock_leaves_out() -> None:
    locked = lock(project('{ name = "x" }'), package("x", wheels=["x-1.0%2Bcpu-py3-none-any.whl"]))

    assert filenames(locked, AMD64) == ["x-1.0+cpu-py3-none-any.whl"]


def test_a_dependency_that_is_not_in_the_lock_is_an_error() -> None:
    assert failure(InconsistentLock, lock(project('{ name = "x" }'))) == (
        "Unable to follow `uv.lock`: 0 packages fit the dependency `x`",
        "To write the lockfile again, run `uv lock`",
    )
    twice = lock(project('{ name = "x" }'), package("x", "1.0"), package("x", "2.0"))
    assert failure(InconsistentLock, twice)[0] == (
        "Unable to follow `uv.lock`: 0 packages fit the dependency `x`"
    )


def test_a_project_that_is_selected_twice_is_an_error() -> None:
    locked = lock(
        project('{ name = "x", version = "1.0" }, { name = "x", version = "2.0" }'),
        package("x", "1.0"),
        package("x", "2.0"),
    )

    assert failure(InconsistentLock, locked)[0] == (
        "`uv.lock` selects a project twice: x 1.0 and x 2.0"
    )


def test_the_requirements_of_a_script_are_roots() -> None:
    locked = lock(
        package("a", more="resolution-markers = [\"sys_platform == 'linux'\"]"),
        package("a", "2.0", more="resolution-markers = [\"sys_platform == 'win32'\"]"),
        package("b", more='[package.optional-dependencies]\nx = [{ name = "c" }]'),
        package("c"),
        head="""
[manifest]
requirements = [
  { name = "a" },
  { name = "b", extras = ["x"] },
  { name = "c", marker = "os_name == 'nt'" },
]
""",
    )

    selection = select(locked, AMD64)

    assert chosen(selection) == ["a 1.0", "b 1.0", "c 1.0"]
    assert selection.project is None


def test_a_requirement_of_a_script_that_the_lock_lacks_is_an_error() -> None:
    locked = lock(head='[manifest]\nrequirements = [{ name = "a" }]')

    assert failure(InconsistentLock, locked)[0] == (
        "Unable to follow `uv.lock`: 0 packages fit `a`"
    )
