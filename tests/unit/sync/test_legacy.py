"""What was installed without a wheel: which distributions there are, and which files they have."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamina.sync.installed import Installed, Kind
from lamina.sync.legacy import is_removable, read_legacy, rows_of_legacy
from lamina.sync.records import Place
from lamina.sync.remove import remove
from lamina.wheel.scheme import Scheme


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(Scheme(str(tmp_path / "venv"), "3.12"))
    place.site.mkdir(parents=True)
    (tmp_path / "venv" / "bin").mkdir()
    return place


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def files(place: Place) -> list[str]:
    return sorted(
        path.relative_to(place.prefix).as_posix()
        for path in place.prefix.rglob("*")
        if path.is_file() or path.is_symlink()
    )


@pytest.mark.parametrize(
    ("name", "metadata", "title", "kind"),
    [
        ("A_b.c-1.0-py3.12.egg-info/PKG-INFO", "", "a-b-c==1.0", Kind.EGG_INFO),
        ("a-1.0.egg-info/PKG-INFO", "Name: other\nVersion: 2\n", "a==1.0", Kind.EGG_INFO),
        ("a.egg-info/PKG-INFO", "Name: A\nVersion: 2\n\nName: b\n", "a==2", Kind.EGG_INFO),
        ("a-1.0-py3.12-linux-x86_64.egg-info", "", "a==1.0", Kind.EGG_FILE),
        ("a.egg-info", "Name: a\nVersion: 2\n", "a==2", Kind.EGG_FILE),
        ("a.egg-info", "Name: a\n", None, None),
        ("a.egg-link", "/nowhere\n", None, None),
        ("a.egg-link", "", None, None),
        ("a-1.0.egg", "", None, None),
    ],
)
def test_what_is_there_is_known_by_its_name_or_by_what_it_says(
    name: str, metadata: str, title: str | None, kind: Kind | None, place: Place
) -> None:
    write(place.site / name, metadata)

    found = list(read_legacy(place.site))

    assert [(str(each), each.kind) for each in found] == ([(title, kind)] if title else [])


def test_nothing_is_there_without_a_site_packages(tmp_path: Path) -> None:
    assert list(read_legacy(tmp_path / "none")) == []


def egg(place: Place, **notes: str) -> Installed:
    write(place.site / "a-1.egg-info" / "PKG-INFO")
    for name, text in notes.items():
        write(place.site / "a-1.egg-info" / f"{name}.txt".replace("installed_", "installed-"), text)
    (found,) = read_legacy(place.site)
    return found


def test_all_that_is_noted_goes_and_nothing_else(place: Place) -> None:
    points = "[console_scripts]\nrun = a:main\n"
    found = egg(
        place,
        top_level="a\n_fast\nspace\n",
        namespace_packages="space\n",
        installed_files="../old.py\n../../../../bin/noted\n",
        entry_points=points,
    )
    gone = ["a/__init__.py", "a/__pycache__/__init__.cpython-312.pyc", "a/deep/data.txt",
            "_fast.cpython-312-x86_64-linux-gnu.so", "old.py"]  # fmt: skip
    for name in (*gone, "a/of_another.py", "space/mine.py", "a_b.py"):
        write(place.site / name)
    (place.site / "a" / "link").symlink_to("/")
    for name in ("run", "noted", "python"):
        write(place.prefix / "bin" / name)

    remove(place, found, {str(place.site / "a/of_another.py")})

    site = "lib/python3.12/site-packages"
    assert files(place) == [
        "bin/python",
        f"{site}/a/of_another.py",
        f"{site}/a_b.py",
        f"{site}/space/mine.py",
    ]


@pytest.mark.parametrize("top", ["..", ".", "../..", "/etc", "../outside"])
def test_notes_that_lead_elsewhere_are_not_followed(top: str, place: Place) -> None:
    found = egg(place, top_level=f"{top}\n", installed_files="../../../../../outside.py\n/etc/x\n")
    write(place.prefix.parent / "outside.py")
    write(place.site / "kept.py")

    remove(place, found, set())

    assert files(place) == ["lib/python3.12/site-packages/kept.py"]
    assert (place.prefix.parent / "outside.py").exists()


def test_a_link_to_a_folder_goes_and_the_folder_stays(place: Place, tmp_path: Path) -> None:
    write(tmp_path / "src" / "a_b.egg-info" / "PKG-INFO", "Name: a-b\nVersion: 1\n")
    write(place.site / "a-b.egg-link", f"{tmp_path}/src\n../\n")
    write(place.site / "easy-install.pth", f"/first\n{tmp_path}/src\n/last\n")
    (found,) = read_legacy(place.site)

    remove(place, found, set())

    assert files(place) == ["lib/python3.12/site-packages/easy-install.pth"]
    assert (place.site / "easy-install.pth").read_text() == "/first\n/last\n"
    assert (tmp_path / "src" / "a_b.egg-info" / "PKG-INFO").exists()


def test_what_has_no_notes_cannot_be_removed(place: Place) -> None:
    assert not is_removable(place.site, egg(place))
    assert is_removable(place.site, egg(place, top_level=""))
    write(place.site / "b-1.egg-info")
    *_, file = read_legacy(place.site)
    assert not is_removable(place.site, file)
    assert list(rows_of_legacy(place.site, file)) == ["b-1.egg-info"]
