"""A wheel and a scheme to entries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from builders import Item, directory, link, write_wheel
from lamina.archive.entry import Entry, Kind
from lamina.archive.payload import DamagedPayload, Payload
from lamina.wheel.errors import WheelError
from lamina.wheel.file import WheelFile
from lamina.wheel.record import Row, record_hash
from lamina.wheel.scheme import Scheme
from lamina.wheel.unpack import Unpacked, layer_entries, unpack

NAME = "demo-1.0-py3-none-any.whl"
SCHEME = Scheme("/opt/venv", "3.12")
SITE = "opt/venv/lib/python3.12/site-packages"
INFO = "demo-1.0.dist-info"

Unpacker = Callable[..., Unpacked]


def data_of(entry: Entry) -> bytes:
    return b"".join(entry.content.chunks())


@pytest.fixture
def unpacked() -> Iterator[Unpacker]:
    """Unpack a wheel whose content can be read until the test ends."""
    with ExitStack() as stack:

        def unpack_it(path: Path, direct_url: bytes | None = None) -> Unpacked:
            wheel = stack.enter_context(WheelFile(path, path.name))
            return unpack(wheel, SCHEME, direct_url)

        yield unpack_it


def files(wheel: Unpacked) -> dict[str, tuple[bytes, int]]:
    """Content and mode by path, without what is in the wheel's own dist-info."""
    return {
        entry.path.removeprefix(f"{SITE}/"): (data_of(entry), entry.mode)
        for entry in wheel.entries
        if f"{INFO}/" not in entry.path and entry.kind is Kind.FILE
    }


def rows(wheel: Unpacked) -> dict[str, Row]:
    return {row.path: row for row in wheel.rows}


def refusal(folder: Path, *items: Item, without: Collection[str] = ()) -> str:
    path = write_wheel(folder, *items, without=without)
    with WheelFile(path, path.name) as wheel, pytest.raises(WheelError) as caught:
        unpack(wheel, SCHEME)
    return str(caught.value).removeprefix(f"Unable to unpack wheel `{NAME}`:").lstrip(" ")


def test_a_wheel_becomes_what_an_installer_writes(tmp_path: Path, unpacked: Unpacker) -> None:
    path = write_wheel(
        tmp_path,
        Item("demo/__init__.py", b"import sys\n"),
        Item("demo/tool", b"\x7fELF", mode=0o100755),
        Item("demo/empty.py"),
    )

    wheel = unpacked(path)

    assert (wheel.name, wheel.version) == ("demo", "1.0")
    assert [entry.path for entry in wheel.entries] == [
        f"{SITE}/demo/__init__.py",
        f"{SITE}/demo/tool",
        f"{SITE}/demo/empty.py",
        f"{SITE}/{INFO}/METADATA",
        f"{SITE}/{INFO}/WHEEL",
        f"{SITE}/{INFO}/INSTALLER",
        f"{SITE}/{INFO}/REQUESTED",
        f"{SITE}/{INFO}/RECORD",
    ]
    assert files(wheel) == {
        "demo/__init__.py": (b"import sys\n", 0o644),
        "demo/tool": (b"\x7fELF", 0o755),
        "demo/empty.py": (b"", 0o644),
    }


def test_record_lists_every_file_with_hash_and_size(tmp_path: Path, unpacked: Unpacker) -> None:
    wheel = unpacked(write_wheel(tmp_path, Item("demo.py", b"x = 1\n")))

    assert wheel.record == f"{SITE}/{INFO}/RECORD"
    record = next(data_of(entry) for entry in wheel.entries if entry.path == wheel.record)
    lines = record.decode().splitlines()
    assert [line.split(",")[0] for line in lines] == [
        f"{INFO}/INSTALLER",
        f"{INFO}/METADATA",
        f"{INFO}/RECORD",
        f"{INFO}/REQUESTED",
        f"{INFO}/WHEEL",
        "demo.py",
    ]
    assert lines[0] == f"{INFO}/INSTALLER,{record_hash(b'lamina')},6"
    assert lines[2] == f"{INFO}/RECORD,,"
    assert lines[3] == f"{INFO}/REQUESTED,{record_hash(b'')},0"
    assert lines[5] == f"demo.py,{record_hash(b'x = 1' + bytes([10]))},6"


def test_a_distribution_from_a_url_says_so(tmp_path: Path, unpacked: Unpacker) -> None:
    wheel = unpacked(write_wheel(tmp_path), b'{"url":"https://index.example/demo.whl"}')

    entry = next(e for e in wheel.entries if e.path == f"{SITE}/{INFO}/direct_url.json")
    assert data_of(entry) == b'{"url":"https://index.example/demo.whl"}'
    assert rows(wheel)[f"{INFO}/direct_url.json"].size == 40


def test_what_installers_write_is_not_taken_from_the_wheel(
    tmp_path: Path, unpacked: Unpacker
) -> None:
    names = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
    wheel = unpacked(
        write_wheel(tmp_path, *(Item(f"{INFO}/{name}", b"someone else") for name in names))
    )

    paths = {entry.path.rpartition("/")[2]: data_of(entry) for entry in wheel.entries}
    assert paths["INSTALLER"] == b"lamina"
    assert b"someone else" not in paths.values()
    assert "uv_cache.json" not in paths
    assert f"{INFO}/uv_cache.json" not in rows(wheel)


def test_payloads_are_taken_over_and_generated_files_are_not(
    tmp_path: Path, unpacked: Unpacker
) -> None:
    wheel = unpacked(write_wheel(tmp_path, Item("demo.py", b"x")))

    taken = {e.path.rpartition("/")[2] for e in wheel.entries if isinstance(e.content, Payload)}
    assert taken == {"demo.py", "METADATA", "WHEEL"}


# The kinds of `.data`, scripts


def test_data_goes_to_its_places(tmp_path: Path, unpacked: Unpacker) -> None:
    wheel = unpacked(
        write_wheel(
            tmp_path,
            Item("demo-1.0.data/purelib/a.py", b"1"),
            Item("demo-1.0.data/platlib/b.so", b"2", mode=0o100755),
            Item("demo-1.0.data/data/share/c", b"3"),
            Item("demo-1.0.data/headers/d.h", b"4"),
            Item("demo-1.0.data/scripts/e", b"echo\n"),
        )
    )

    assert files(wheel) == {
        "a.py": (b"1", 0o644),
        "b.so": (b"2", 0o755),
        "opt/venv/share/c": (b"3", 0o644),
        "opt/venv/include/site/python3.12/demo/d.h": (b"4", 0o644),
        "opt/venv/bin/e": (b"echo\n", 0o755),
    }
    assert "../../../share/c" in rows(wheel)
    assert "../../../bin/e" in rows(wheel)


def test_a_script_that_asks_for_python_gets_the_environments(
    tmp_path: Path, unpacked: Unpacker
) -> None:
    wheel = unpacked(
        write_wheel(
            tmp_path,
            Item("demo-1.0.data/scripts/run", b"#!python -u\nprint(1)\n"),
            Item("demo-1.0.data/scripts/none", b""),
        )
    )

    script = b"#!/opt/venv/bin/python\nprint(1)\n"
    assert files(wheel) == {
        "opt/venv/bin/run": (script, 0o755),
        "opt/venv/bin/none": (b"", 0o755),
    }
    assert rows(wheel)["../../../bin/run"] == Row(
        "../../../bin/run", record_hash(script), len(script)
    )


def test_a_script_to_rewrite_is_not_huge(tmp_path: Path) -> None:
    script = Item("demo-1.0.data/scripts/run", b"#!python\n" + bytes(1 << 24))

    assert refusal(tmp_path, script) == (
        "`demo-1.0.data/scripts/run` has 16777225 bytes, expected at most 16777216"
    )


def test_entry_points_become_launchers(tmp_path: Path, unpacked: Unpacker) -> None:
    points = Item(f"{INFO}/entry_points.txt", b"[console_scripts]\nrun = demo:main\n")
    shadowed = Item("demo-1.0.data/scripts/run", b"never")

    wheel = unpacked(write_wheel(tmp_path, points, shadowed))

    launcher, mode = files(wheel)["opt/venv/bin/run"]
    assert launcher.startswith(b"#!/opt/venv/bin/python\n")
    assert b"from demo import main" in launcher
    assert mode == 0o755
    assert rows(wheel)["../../../bin/run"].size == len(launcher)


@pytest.mark.parametrize("name", ["python", "python3", "python3.12"])
@pytest.mark.parametrize("folder", ["scripts", "data/bin"])
def test_a_script_must_not_replace_python(tmp_path: Path, folder: str, name: str) -> None:
    text = refusal(tmp_path, Item(f"demo-1.0.data/{folder}/{name}", b"evil"))

    assert text == f"the script `{name}` would replace the environment's interpreter"


def test_an_entry_point_must_not_replace_python(tmp_path: Path) -> None:
    points = Item(f"{INFO}/entry_points.txt", b"[console_scripts]\npython = demo:main\n")

    assert (
        refusal(tmp_path, points)
        == "the script `python` would replace the environment's interpreter"
    )


# Directories and links


def test_empty_directories_are_made(tmp_path: Path, unpacked: Unpacker) -> None:
    wheel = unpacked(
        write_wheel(
            tmp_path,
            directory("demo"),
            directory("demo/cache"),
            directory("demo/cache"),
            directory("demo-1.0.data"),
            directory("demo-1.0.data/data/var/demo"),
        )
    )

    assert [
        (entry.path, entry.mode) for entry in wheel.entries if entry.kind is Kind.DIRECTORY
    ] == [
        (f"{SITE}/demo", 0o755),
        (f"{SITE}/demo/cache", 0o755),
        ("opt/venv/var/demo", 0o755),
    ]


def test_a_symlink_becomes_a_file_that_holds_its_target(tmp_path: Path, unpacked: Unpacker) -> None:
    wheel = unpacked(write_wheel(tmp_path, link("demo/lib.so", "lib.so.1")))

    assert files(wheel) == {"demo/lib.so": (b"lib.so.1", 0o755)}


# RECORD that lies or is not there, and other metadata


def test_rows_are_copied_and_never_believed(tmp_path: Path, unpacked: Unpacker) -> None:
    record = f"demo.py,md5=nonsense,99\n../x,,\n{INFO}/RECORD,sha256=old,7\n".encode()

    wheel = unpacked(write_wheel(tmp_path, Item("demo.py", b"x"), Item(f"{INFO}/RECORD", record)))

    assert rows(wheel)["demo.py"] == Row("demo.py", "md5=nonsense", 99)
    assert rows(wheel)[f"{INFO}/RECORD"] == Row(f"{INFO}/RECORD", "sha256=old", 7)
    assert "../x" not in rows(wheel)


def test_only_record_keeps_its_mode_among_the_files_that_we_write(
    tmp_path: Path, unpacked: Unpacker
) -> None:
    items = [Item(f"{INFO}/{name}", mode=0o100755) for name in ("INSTALLER", "RECORD", "METADATA")]
    items[2] = Item(f"{INFO}/METADATA", b"Name: demo\nVersion: 1.0\n", mode=0o100755)

    wheel = unpacked(write_wheel(tmp_path, *items))

    modes = {entry.path.rpartition("/")[2]: entry.mode for entry in wheel.entries}
    assert (modes["RECORD"], modes["METADATA"]) == (0o755, 0o755)
    assert (modes["INSTALLER"], modes["REQUESTED"]) == (0o644, 0o644)


def test_files_without_a_row_are_added_with_their_size(tmp_path: Path, unpacked: Unpacker) -> None:
    wheel = unpacked(write_wheel(tmp_path, Item("demo.py", b"x"), Item(f"{INFO}/RECORD", b"")))

    assert rows(wheel)["demo.py"] == Row("demo.py", "", 1)
    assert rows(wheel)[f"{INFO}/RECORD"] == Row(f"{INFO}/RECORD", "", 0)


def test_a_record_that_does_not_list_itself_has_its_old_size(
    tmp_path: Path, unpacked: Unpacker
) -> None:
    wheel = unpacked(write_wheel(tmp_path, Item(f"{INFO}/RECORD", b"demo.py,,\n")))

    assert rows(wheel)[f"{INFO}/RECORD"] == Row(f"{INFO}/RECORD", "", 10)
    assert "demo.py" not in rows(wheel)


@pytest.mark.parametrize("missing", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_needs_its_metadata(tmp_path: Path, missing: str) -> None:
    assert refusal(tmp_path, without=[missing]) == f"there is no `{INFO}/{missing}`"


@pytest.mark.parametrize("missing", ["METADATA", "WHEEL", "RECORD"])
def test_a_directory_of_that_name_is_no_metadata(tmp_path: Path, missing: str) -> None:
    assert refusal(tmp_path, directory(f"{INFO}/{missing}"), without=[missing]) == (
        f"there is no `{INFO}/{missing}`"
    )


def test_a_wheel_has_a_dist_info_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path, Item("demo.py"), without=["METADATA", "WHEEL", "RECORD"]) == (
        "there is no `.dist-info` folder"
    )


@pytest.mark.parametrize("other", [Item("other-1.0.dist-info/x"), directory("other-1.0.dist-info")])
def test_a_wheel_has_one_dist_info_folder(tmp_path: Path, other: Item) -> None:
    assert refusal(tmp_path, other) == (
        "there is more than one `.dist-info` folder: `demo-1.0.dist-info`, `other-1.0.dist-info`"
    )


def test_a_damaged_member_is_noticed_when_it_is_read(tmp_path: Path, unpacked: Unpacker) -> None:
    wheel = unpacked(write_wheel(tmp_path, Item("demo.py", b"x", crc=0)))

    with pytest.raises(DamagedPayload) as caught:
        data_of(wheel.entries[0])

    assert str(caught.value) == (
        f"Unable to unpack `demo.py` of wheel `{NAME}`: its CRC-32 differs\n"
        "  expected: 00000000\n"
        "  got:      8cdc1683"
    )


# Two things at one place, which the archive alone does not show


@pytest.mark.parametrize(
    ("items", "path"),
    [
        pytest.param(
            [Item("a.py"), Item("demo-1.0.data/purelib/a.py")], f"{SITE}/a.py", id="purelib"
        ),
        pytest.param(
            [Item("demo-1.0.data/platlib/a"), Item("demo-1.0.data/purelib/a")],
            f"{SITE}/a",
            id="platlib",
        ),
        pytest.param(
            [Item("a"), Item("demo-1.0.data/data/lib/python3.12/site-packages/a")],
            f"{SITE}/a",
            id="data",
        ),
        pytest.param(
            [Item("demo-1.0.data/data/lib64/a"), Item("demo-1.0.data/data/lib/a")],
            "opt/venv/lib/a",
            id="lib64",
        ),
        pytest.param(
            [Item("demo-1.0.data/data/bin/a"), Item("demo-1.0.data/scripts/a")],
            "opt/venv/bin/a",
            id="script",
        ),
        pytest.param(
            [
                Item("demo-1.0.data/data/bin/a"),
                Item(f"{INFO}/entry_points.txt", b"[console_scripts]\na=demo:main\n"),
            ],
            "opt/venv/bin/a",
            id="entry-point",
        ),
        pytest.param(
            [Item(f"demo-1.0.data/purelib/{INFO}/RECORD", b"hidden")],
            f"{SITE}/{INFO}/RECORD",
            id="record",
        ),
        pytest.param(
            [Item(f"demo-1.0.data/purelib/{INFO}/INSTALLER", b"hidden")],
            f"{SITE}/{INFO}/INSTALLER",
            id="installer",
        ),
        pytest.param(
            [Item("a"), directory("demo-1.0.data/purelib/a")], f"{SITE}/a", id="file-and-directory"
        ),
        pytest.param(
            [directory("a"), Item("demo-1.0.data/purelib/a")], f"{SITE}/a", id="directory-and-file"
        ),
    ],
)
def test_two_files_for_one_place_are_refused(tmp_path: Path, items: list[Item], path: str) -> None:
    assert refusal(tmp_path, *items) == f"two of its files go to `/{path}`"


@pytest.mark.parametrize(
    ("items", "file", "below"),
    [
        pytest.param(
            [Item("a/b.py"), Item("demo-1.0.data/data/lib/python3.12/site-packages/a")],
            f"{SITE}/a",
            f"{SITE}/a/b.py",
            id="data",
        ),
        pytest.param(
            [Item("a/b/c/d.py"), Item("demo-1.0.data/purelib/a")],
            f"{SITE}/a",
            f"{SITE}/a/b/c/d.py",
            id="purelib",
        ),
        pytest.param(
            [
                Item("demo-1.0.data/data/bin/a/b"),
                Item(f"{INFO}/entry_points.txt", b"[console_scripts]\na=demo:main\n"),
            ],
            "opt/venv/bin/a",
            "opt/venv/bin/a/b",
            id="entry-point",
        ),
        pytest.param(
            [Item("a"), directory("demo-1.0.data/purelib/a/b")],
            f"{SITE}/a",
            f"{SITE}/a/b",
            id="directory",
        ),
    ],
)
def test_a_file_below_a_file_is_refused_across_kinds(
    tmp_path: Path, items: list[Item], file: str, below: str
) -> None:
    assert refusal(tmp_path, *items) == f"`/{file}` is a file, and `/{below}` lies below it"


def test_all_clashes_are_told_at_once(tmp_path: Path) -> None:
    items = [
        Item("b.py"),
        Item("demo-1.0.data/purelib/b.py"),
        Item("a/c.py"),
        Item("demo-1.0.data/platlib/a"),
    ]

    assert refusal(tmp_path, *items) == (
        "\n"
        f"  `/{SITE}/a` is a file, and `/{SITE}/a/c.py` lies below it\n"
        f"  two of its files go to `/{SITE}/b.py`"
    )


# Wheels that share a layer


def test_wheels_that_share_a_layer_share_their_parents(tmp_path: Path, unpacked: Unpacker) -> None:
    first = unpacked(write_wheel(tmp_path, Item("demo/a.py"), directory("demo")))
    second = unpacked(write_wheel(tmp_path, Item("other/b.py"), name="other"))

    paths = [entry.path for entry in layer_entries([first, second])]

    assert paths[:7] == [
        "opt",
        "opt/venv",
        "opt/venv/lib",
        "opt/venv/lib/python3.12",
        SITE,
        f"{SITE}/demo",
        f"{SITE}/demo/a.py",
    ]
    assert len(paths) == len(set(paths))
    assert f"{SITE}/other/b.py" in paths


def test_of_two_wheels_with_one_path_the_last_one_has_its_way(
    tmp_path: Path, unpacked: Unpacker
) -> None:
    first = unpacked(write_wheel(tmp_path, Item("a.py", b"first")))
    second = unpacked(write_wheel(tmp_path, Item("a.py", b"second"), name="other"))

    found = [entry for entry in layer_entries([first, second]) if entry.path == f"{SITE}/a.py"]

    assert [data_of(entry) for entry in found] == [b"second"]
