from __future__ import annotations

import pytest
from packaging.version import Version

from lamina.lock.model import ConflictItem, Requirement
from lamina.lock.source import (
    Directory,
    DirectUrl,
    Editable,
    Git,
    Path,
    Registry,
    Source,
    Virtual,
)
from lamina.lock.uvlock import InvalidLock, UnsupportedLockVersion, parse
from unit.lock.locks import COMMIT, HASH, INDEX, lock, lock_text, package, project

HINT = "To write the lockfile again, run `uv lock`"


def failure(text: str) -> str:
    with pytest.raises(InvalidLock) as caught:
        parse(text)

    assert caught.value.hint == HINT
    return str(caught.value)


def test_every_part_that_an_installer_needs_is_read() -> None:
    locked = lock(
        project(
            '{ name = "idna", extra = ["x", "y"], marker = "sys_platform == \'linux\'" }',
            """
[package.optional-dependencies]
web = [{ name = "idna", version = "1.0", source = { registry = "https://index.example/simple" } }]
[package.dev-dependencies]
dev = [{ name = "idna" }]
[package.metadata]
requires-dist = [{ name = "idna", extras = ["x"], marker = "extra == 'web'", specifier = ">=1" }]
provides-extras = ["web"]
[package.metadata.requires-dev]
dev = [{ name = "idna", url = "https://files.example/idna.whl" }]
none = []
""",
        ),
        package("idna"),
        head="""
resolution-markers = ["sys_platform == 'linux'"]
supported-markers = ["sys_platform == 'linux'"]
conflicts = [[{ package = "app", extra = "a" }, { package = "app", group = "b" }]]
[manifest]
members = ["app"]
constraints = [{ name = "idna", specifier = "<4" }]
[manifest.dependency-groups]
lint = [{ name = "idna" }]
""",
    )
    app, idna = locked.packages

    assert (locked.version, locked.revision, str(locked.requires_python)) == (1, 3, ">=3.10")
    assert locked.resolution_markers == locked.supported_markers == ("sys_platform == 'linux'",)
    assert locked.conflicts == ((ConflictItem("app", extra="a"), ConflictItem("app", group="b")),)
    assert locked.manifest.members == ("app",)
    assert locked.manifest.constraints == (Requirement("idna", specifier="<4"),)
    assert locked.manifest.dependency_groups == {"lint": (Requirement("idna"),)}
    assert app.dependencies[0].extras == ("x", "y")
    assert app.dependencies[0].marker == "sys_platform == 'linux'"
    assert app.optional_dependencies["web"][0].version == Version("1.0")
    assert app.optional_dependencies["web"][0].source == Registry(url=INDEX)
    assert app.dependency_groups["dev"][0].name == "idna"
    assert app.metadata is not None
    assert app.metadata.requires_dist == (Requirement("idna", ("x",), "extra == 'web'", ">=1"),)
    assert app.metadata.provides_extras == ("web",)
    assert app.metadata.requires_dev == {
        "dev": (Requirement("idna", origin=(("url", "https://files.example/idna.whl"),)),),
        "none": (),
    }
    assert locked.project() is app
    assert (idna.wheels[0].hash, idna.wheels[0].size) == (HASH, 7)


@pytest.mark.parametrize("revision", range(6))
def test_every_revision_is_read_and_unknown_fields_are_passed_over(revision: int) -> None:
    locked = parse(
        f"version = 1\nrevision = {revision}\nfuture = true\n[options]\nfuture = 1\n"
        + package("a", more='future = { a = "b" }')
    )

    assert locked.revision == revision
    assert [p.name for p in locked.packages] == ["a"]


def test_the_old_names_of_tables_are_read() -> None:
    locked = parse(
        lock_text(
            package(
                "a",
                more="[package.dependency-groups]\ndev = []\n[package.metadata]\n"
                "[package.metadata.dependency-groups]\ndev = []",
            )
        )
        .replace("[[package]]", "[[distribution]]")
        .replace("[package.", "[distribution.")
    )

    assert locked.packages[0].dependency_groups == {"dev": ()}
    assert locked.packages[0].metadata is not None
    assert locked.packages[0].metadata.requires_dev == {"dev": ()}


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (f'registry = "{INDEX}"', Registry(url=INDEX)),
        ('registry = "../links"', Registry(path="../links")),
        (f'git = "https://h.example/r#{COMMIT}"', Git("https://h.example/r", COMMIT)),
        (
            f'git = "https://h.example/r?subdirectory=a%2Fb&path=x.whl&lfs=true&tag=v1#{COMMIT}"',
            Git("https://h.example/r", COMMIT, "v1", "a/b", "x.whl", has_lfs=True),
        ),
        (
            'url = "https://h.example/a.zip", subdirectory = "b"',
            DirectUrl("https://h.example/a.zip", "b"),
        ),
        ('path = "a.whl"', Path("a.whl")),
        ('directory = "lib"', Directory("lib")),
        ('editable = "."', Editable(".")),
        ('virtual = "."', Virtual(".")),
    ],
)
def test_each_kind_of_source_is_read(text: str, source: Source) -> None:
    locked = parse(f'version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = {{ {text} }}\n')

    assert locked.packages[0].source == source


def test_no_credential_is_shown() -> None:
    url = "https://me:secret@h.example/r?token=secret#abc"
    sources: list[Source] = [Registry(url=url), Git(url, COMMIT), DirectUrl(url)]

    shown = [repr(source) for source in sources] + [str(source) for source in sources]

    assert not [text for text in shown if "secret" in text]
    assert str(Git(url, COMMIT)) == "git (https://h.example/r@0123456789ab)"
    assert str(Git("https://[broken", COMMIT)) == "git ((an unreadable URL)@0123456789ab)"


def test_a_wheel_is_found_where_its_source_says() -> None:
    text = """
version = 1
[[package]]
name = "a"
version = "1"
source = { registry = "../links" }
wheels = [{ path = "sub/a-1-py3-none-any.whl" }]
[[package]]
name = "b"
version = "1"
source = { path = "vendor/b-1-py3-none-any.whl" }
wheels = [{ filename = "b-1-py3-none-any.whl" }]
[[package]]
name = "c"
version = "1"
source = { registry = "file:///srv/simple" }
wheels = [{ url = "file:///srv/a%20b/c-1-py3-none-any.whl" }]
[[package]]
name = "d"
version = "1+cu"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://files.example/d-1%2Bcu-py3-none-any.whl?a=/b#c", hash = "HASH" }]
""".replace("HASH", "sha256:" + "AB" * 32)
    wheels = [p.wheels[0] for p in parse(text).packages]

    assert [w.path for w in wheels[:3]] == [
        "../links/sub/a-1-py3-none-any.whl",
        "vendor/b-1-py3-none-any.whl",
        "/srv/a b/c-1-py3-none-any.whl",
    ]
    assert wheels[3].filename == "d-1+cu-py3-none-any.whl"
    assert wheels[3].hash == HASH
    assert [w.url is None for w in wheels] == [True, True, True, False]


@pytest.mark.parametrize("rest", ["", "package = 7", "requires-python = 1"])
def test_the_version_is_looked_at_before_anything_else(rest: str) -> None:
    with pytest.raises(UnsupportedLockVersion) as caught:
        parse(f"version = 2\n{rest}")

    assert str(caught.value) == "Unsupported lockfile version in `uv.lock`: 2"
    assert caught.value.hint == "This release reads version 1; upgrade lamina"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Missing `version` in `uv.lock`"),
        ("version = true", "Unexpected type bool (expected int) in `uv.lock`, `version`"),
        ("version = '1'", "Unexpected type str (expected int) in `uv.lock`, `version`"),
        (
            "version = 1\nrequires-python = 'x'",
            "Not a specifier of PEP 440 in `uv.lock`, `requires-python`",
        ),
        (
            "version = 1\npackage = {}",
            "Unexpected type dict (expected list) in `uv.lock`, `package`",
        ),
        (
            "version = 1\n[[package]]\nname = 'a'\nversion = 'x'\nsource = { virtual = '.' }",
            "Not a version of PEP 440 in `uv.lock`, `package[0].version`",
        ),
        (
            "version = 1\n[[package]]\nname = 'a'\nsource = { registry = 'links' }",
            "Missing `version` in `uv.lock`, `package[0]`",
        ),
        (
            "version = 1\npackage = [1]",
            "Unexpected type int (expected dict) in `uv.lock`, `package[0]`",
        ),
        ("version = 1\n[[package]]", "Missing `source` in `uv.lock`, `package[0]`"),
        (
            "version = 1\n[[package]]\nsource = { moon = 'x' }",
            "Unknown kind of source in `uv.lock`, `package[0].source`",
        ),
        (
            "version = 1\nconflicts = [[{ package = 'a' }, 1]]",
            "Unexpected type int (expected dict) in `uv.lock`, `conflicts[0][1]`",
        ),
        (
            "version = 1\n[manifest.dependency-groups]\ndev = [{}]",
            "Missing `name` in `uv.lock`, `manifest.dependency-groups.dev[0]`",
        ),
        (
            "version = 1\n[[package]]\nname = 'a/b'\nsource = { virtual = '.' }",
            "Not a name: 'a/b' in `uv.lock`, `package[0]`",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(text: str, message: str) -> None:
    assert failure(text) == message


@pytest.mark.parametrize(
    ("wheel", "message"),
    [
        (
            "{ url = 1 }",
            "Unexpected type int (expected str) in `uv.lock`, `package[1].wheels[0].url`",
        ),
        ("{}", "Missing `url` in `uv.lock`, `package[1].wheels[0]`"),
        (
            '{ url = "files/a-1.0-py3-none-any.whl" }',
            "Not an absolute URL in `uv.lock`, `package[1].wheels[0].url`",
        ),
        (
            '{ url = "https://files.example/..%2Fa-1.0-py3-none-any.whl" }',
            "No usable filename in `uv.lock`, `package[1].wheels[0].url`",
        ),
        (
            '{ url = "https://[files%20/a.whl" }',
            "Not a URL in `uv.lock`, `package[1].wheels[0].url`",
        ),
        (
            '{ url = "https://files.example/a.whl", hash = "sha1:00" }',
            "Not a hash of a supported algorithm in `uv.lock`, `package[1].wheels[0].hash`",
        ),
        (
            '{ url = "https://files.example/a.whl", size = -1 }',
            "Not a size in `uv.lock`, `package[1].wheels[0].size`",
        ),
    ],
)
def test_a_wheel_that_does_not_fit_is_named_with_its_place(wheel: str, message: str) -> None:
    text = lock_text(
        project(), package("a", wheels=()).replace("wheels = []", f"wheels = [{wheel}]")
    )

    assert failure(text) == message


def test_text_that_is_no_toml_is_an_error() -> None:
    assert failure("version = ") == (
        "Unable to parse lockfile `uv.lock`: Invalid value (at end of document)"
    )
    assert failure(f"version = {'9' * 5000}").startswith("Unable to parse lockfile `uv.lock`: ")
    assert failure("a = " + "[" * 100_000) == (
        "Unable to parse lockfile `uv.lock`: it is nested too deeply"
    )


def test_the_lockfile_has_the_name_that_it_was_given() -> None:
    with pytest.raises(InvalidLock) as caught:
        parse("", path="sub/uv.lock")

    assert str(caught.value) == "Missing `version` in `sub/uv.lock`"


def test_names_are_normalized() -> None:
    text = 'version = 1\n[[package]]\nname = "A_b.C"\nsource = { virtual = "." }'

    assert parse(text).packages[0].name == "a-b-c"


def test_sources_and_conflict_items_are_shown_as_people_write_them() -> None:
    shown = [Registry(path="links"), Path("a.whl"), Directory("a"), Editable("b"), Virtual(".")]
    items = [ConflictItem("a", extra="x"), ConflictItem("a", group="g"), ConflictItem("a")]

    assert [str(source) for source in shown] == [
        "index (links)",
        "path (a.whl)",
        "directory (a)",
        "editable (b)",
        "virtual (.)",
    ]
    assert [str(item) for item in items] == [
        "extra `x` of `a`",
        "group `g` of `a`",
        "project `a`",
    ]
