"""Packages that bring the same paths, each case beside the real dpkg: whose they are in the end."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from debs import Item
from debs import folder as directory
from debs import link as symlink
from integration.dpkg_root import Deb, DpkgRoot, State, arrangements, lay
from lamina.make.image_workshop import ImageWorkshop
from lamina.system.placing import PackagesCollide, UnknownOwner
from lamina.system.telling import PATH
from unit.test_build import Ground

pytestmark = pytest.mark.integration

REPLACES = "Replaces: a\n"
CONF = "/etc/f\n"


def at(path: str, data: bytes = b"x", mode: int = 0o644) -> Item:
    return Item(f"./{path}", data, mode=mode)


def folder(path: str) -> Item:
    return directory(f"./{path}/")


def link(path: str, target: str) -> Item:
    return symlink(f"./{path}", target)


def hard(path: str, target: str) -> Item:
    return Item(f"./{path}", type=tarfile.LNKTYPE, link=f"./{target}")


def a(*items: Item, fields: str = "", version: str = "1", conffiles: str = "") -> Deb:
    """Return the package that is unpacked first, with a file that nobody else has."""
    return Deb("a", (*items, at("usr/a")), fields, version, conffiles)


def b(*items: Item, fields: str = "", version: str = "1", conffiles: str = "") -> Deb:
    """Return the package that is unpacked after it."""
    return Deb("b", (*items, at("usr/b")), fields, version, conffiles)


Prepare = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """Packages in the order in which dpkg unpacks them."""

    title: str
    debs: Sequence[Deb]
    prepare: Prepare = lambda root: None
    """Puts into a base what belongs to no package."""


def unowned(**paths: bytes | str | None) -> Prepare:
    """Return what makes a file, a symlink or a folder; ``__`` in names is a slash."""

    def prepare(root: Path) -> None:
        for name, what in paths.items():
            path = root / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(what, bytes):
                path.write_bytes(what)
            elif what is None:
                path.mkdir()
            else:
                path.symlink_to(what)

    return prepare


def noted(diversions: str = "", overrides: str = "") -> Prepare:
    """Return what tells dpkg what to heed; users and groups are as on every Debian."""

    def prepare(root: Path) -> None:
        (root / "etc").mkdir()
        (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nmail:x:8:8::/:/bin/sh\n")
        (root / "etc/group").write_text("root:x:0:\ngames:x:60:\n")
        (root / "var/lib/dpkg/diversions").write_text(diversions)
        (root / "var/lib/dpkg/statoverride").write_text(overrides)

    return prepare


LOCAL = noted("/usr/f\n/usr/f.moved\n:\n")
BY_A = noted("/usr/f\n/usr/f.moved\na\n")
F_OF_A, F_OF_B = at("usr/f", b"A"), at("usr/f", b"B")
CASES = [
    Case("directories are shared", [a(folder("usr/d")), b(folder("usr/d"))]),
    Case("the later replaces", [a(F_OF_A), b(F_OF_B, fields=REPLACES)]),
    Case("the earlier replaces", [a(F_OF_A, fields="Replaces: b\n"), b(F_OF_B)]),
    Case(
        "each replaces the other", [a(F_OF_A, fields="Replaces: b\n"), b(F_OF_B, fields=REPLACES)]
    ),
    Case(
        "each replaces the other, the first by name needs the last",
        [
            b(F_OF_B, fields=REPLACES),
            a(F_OF_A, fields="Replaces: b\nDepends: b\n"),
        ],
    ),
    Case("a version that is replaced", [a(F_OF_A), b(F_OF_B, fields="Replaces: a (<< 2)\n")]),
    Case("an architecture that is replaced", [a(F_OF_A), b(F_OF_B, fields="Replaces: a:amd64\n")]),
    Case("any architecture", [a(F_OF_A), b(F_OF_B, fields="Replaces: a:any\n")]),
    Case("a symlink replaces a file", [a(F_OF_A), b(link("usr/f", "b"), fields=REPLACES)]),
    Case("a file replaces a symlink", [a(link("usr/f", "a")), b(F_OF_B, fields=REPLACES)]),
    Case(
        "a hard link replaces", [a(F_OF_A), b(at("usr/g"), hard("usr/f", "usr/g"), fields=REPLACES)]
    ),
    Case("modes are the winner's", [a(F_OF_A), b(at("usr/f", b"B", 0o4755), fields=REPLACES)]),
    Case(
        "configuration files of both",
        [
            a(at("etc/f", b"A"), conffiles=CONF),
            b(at("etc/f", b"B"), fields=REPLACES, conffiles=CONF),
        ],
    ),
    Case(
        "a configuration file and none",
        [a(at("etc/f", b"A"), conffiles=CONF), b(at("etc/f", b"B"), fields=REPLACES)],
    ),
    Case(
        "three, each replaces those before",
        [
            a(F_OF_A),
            b(F_OF_B, fields=REPLACES),
            Deb("c", [at("usr/f", b"C"), at("usr/c")], "Replaces: a, b\n"),
        ],
    ),
    Case(
        "one link to a directory of both",
        [a(link("usr/f", "g"), at("usr/g/x")), b(link("usr/f", "g"))],
    ),
]
REFUSED = [
    Case("neither replaces", [a(F_OF_A), b(F_OF_B)]),
    Case("the same bytes", [a(F_OF_A), b(F_OF_A)]),
    Case("another version is replaced", [a(F_OF_A), b(F_OF_B, fields="Replaces: a (<< 1)\n")]),
    Case(
        "what is provided is replaced",
        [a(F_OF_A, fields="Provides: v\n"), b(F_OF_B, fields="Replaces: v\n")],
    ),
    Case("another architecture is replaced", [a(F_OF_A), b(F_OF_B, fields="Replaces: a:i386\n")]),
    Case("a directory and a file", [a(at("usr/f/x")), b(F_OF_B)]),
    Case("a file and a directory", [a(F_OF_A), b(at("usr/f/x"))]),
    Case("one link to nothing", [a(link("usr/f", "g")), b(link("usr/f", "g"))]),
    Case("two links", [a(link("usr/f", "g"), at("usr/g/x")), b(link("usr/f", "h"), at("usr/h/x"))]),
]
HEEDED = [
    Case("a diversion of nobody", [b(F_OF_B)], LOCAL),
    Case("a diverted hard link", [b(F_OF_B, hard("usr/h", "usr/f"))], LOCAL),
    Case("a diverted symlink", [b(link("usr/f", "b"))], LOCAL),
    Case("a diversion of another package", [a(F_OF_A), b(F_OF_B)], BY_A),
    Case("who diverts comes last", [b(F_OF_B), a(F_OF_A)], BY_A),
    Case(
        "a diverted configuration file",
        [b(at("etc/f"), conffiles=CONF)],
        noted("/etc/f\n/etc/f.moved\n:\n"),
    ),
    Case("mode and owner of a file", [b(F_OF_B)], noted(overrides="mail games 4750 /usr/f\n")),
    Case("numbered owners", [b(F_OF_B)], noted(overrides="#12 #13 640 /usr/f\n")),
    Case("a symlink's owner", [b(link("usr/f", "b"))], noted(overrides="mail games 640 /usr/f\n")),
    Case("a directory's", [b(folder("usr/f"))], noted(overrides="mail games 2770 /usr/f\n")),
    Case(
        "what is diverted has the mode of its own name",
        [b(F_OF_B)],
        noted("/usr/f\n/usr/f.moved\na\n", "mail games 640 /usr/f\nmail mail 600 /usr/f.moved\n"),
    ),
]
ABOVE = [
    *CASES,
    *HEEDED,
    Case("a directory replaces a file", [a(F_OF_A), b(at("usr/f/x"), fields=REPLACES)]),
    Case("a directory replaces a link", [a(link("usr/f", "a")), b(at("usr/f/x"), fields=REPLACES)]),
    Case(
        "a directory over a link to one", [a(link("usr/f", "g"), at("usr/g/x")), b(at("usr/f/y"))]
    ),
    Case("a link over a directory of the root", [a(at("opt/x")), b(link("opt", "usr"))]),
    Case("a file over an unowned file", [b(F_OF_B)], unowned(usr__f=b"old")),
    Case("a directory over an unowned file", [b(at("usr/f/x"))], unowned(usr__f=b"old")),
    Case("a directory over a link to a file", [b(at("usr/f/x"))], unowned(usr__f="g", usr__g=b"")),
    Case("a file over a link", [b(F_OF_B)], unowned(usr__f="g", usr__g__x=b"")),
]
REFUSED_ABOVE = [
    *REFUSED,
    Case("a directory over a link to a file", [a(link("usr/f", "a")), b(at("usr/f/x"))]),
]


def titles(cases: Sequence[Case]) -> list[str]:
    return [each.title for each in cases]


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[ImageWorkshop]:
    (tmp_path / "ground").mkdir()
    with Ground(tmp_path / "ground").workshop() as workshop:
        yield workshop


def installed(debs: Sequence[Deb], prepare: Prepare, folder: Path) -> DpkgRoot:
    """Return a root with packages that dpkg has no complaint about."""
    folder.mkdir()
    root = DpkgRoot.make(folder / "root")
    prepare(root.path)
    for deb in debs:
        assert root.install(deb) == ""
    return root


@pytest.mark.parametrize("case", [*CASES, *HEEDED], ids=titles([*CASES, *HEEDED]))
def test_packages_in_whatever_layers_are_as_dpkg_leaves_them(
    case: Case, workshop: ImageWorkshop, tmp_path: Path
) -> None:
    theirs = installed(case.debs, case.prepare, tmp_path / "dpkg").state
    base = installed([], case.prepare, tmp_path / "base")

    for number, groups in enumerate(arrangements(case.debs)):
        ours = base.copy(tmp_path / f"ours-{number}")
        lay(ours, groups, workshop, tmp_path)

        assert without_cache(ours.state) == theirs, groups


@pytest.mark.parametrize("case", ABOVE, ids=titles(ABOVE))
def test_packages_above_a_base_are_as_dpkg_leaves_them(
    case: Case, workshop: ImageWorkshop, tmp_path: Path
) -> None:
    *below, last = case.debs
    theirs = installed(case.debs, case.prepare, tmp_path / "dpkg").state
    ours = installed(below, case.prepare, tmp_path / "base")

    lay(ours, [[last]], workshop, tmp_path)

    assert without_cache(ours.state) == theirs


@pytest.mark.parametrize("case", REFUSED, ids=titles(REFUSED))
def test_what_dpkg_refuses_is_refused_in_whatever_layers(
    case: Case, workshop: ImageWorkshop, tmp_path: Path
) -> None:
    base = installed([], case.prepare, tmp_path / "base")
    first, last = case.debs
    root = installed([first], case.prepare, tmp_path / "dpkg")
    assert "trying to overwrite" in root.install(last)

    for groups in arrangements(case.debs):
        with pytest.raises(PackagesCollide, match="`/usr/f`"):
            lay(base, groups, workshop, tmp_path)


@pytest.mark.parametrize("case", REFUSED_ABOVE, ids=titles(REFUSED_ABOVE))
def test_what_dpkg_refuses_above_a_base_is_refused(
    case: Case, workshop: ImageWorkshop, tmp_path: Path
) -> None:
    first, last = case.debs
    base = installed([first], case.prepare, tmp_path / "base")
    root = base.copy(tmp_path / "dpkg")
    assert "trying to overwrite" in root.install(last)

    with pytest.raises(PackagesCollide, match="`/usr/f`"):
        lay(base, [[last]], workshop, tmp_path)


EDITED = [
    # What the base has at first, what becomes of it there, and what comes above.
    ([a(at("etc/f", b"1"), conffiles=CONF)], b"edited", "2"),
    ([a(at("etc/f", b"1"), conffiles=CONF)], b"2", "2"),
    ([a(at("etc/f", b"1"), conffiles=CONF)], None, "2"),
    ([a(at("etc/f", b"1"))], b"edited", "2"),
    ([], b"edited", "2"),
    ([], b"2", "2"),
]


@pytest.mark.parametrize(("debs", "edit", "new"), EDITED)
def test_configuration_that_was_edited_in_the_base_is_kept(
    debs: list[Deb], edit: bytes | None, new: str, workshop: ImageWorkshop, tmp_path: Path
) -> None:
    base = installed(debs, lambda root: None, tmp_path / "base")
    if edit is not None:
        (base.path / "etc").mkdir(exist_ok=True)
        (base.path / "etc/f").write_bytes(edit)
    theirs = base.copy(tmp_path / "dpkg")
    above = a(at("etc/f", new.encode()), version="2", conffiles=CONF)
    assert theirs.install(above, "--force-confold") == ""
    (theirs.path / "etc/f.dpkg-dist").unlink(missing_ok=True)

    lay(base, [[above]], workshop, tmp_path)

    assert without_cache(base.state) == theirs.state


def without_cache(state: State) -> State:
    """Return a state without what every image has of ours."""
    ours = {"etc/ld.so.cache", "var/lib/lamina", PATH}
    tree = {path: node for path, node in state.tree.items() if path not in ours}
    return replace(state, tree=tree)


def test_a_link_of_the_base_that_leads_nowhere_is_followed(
    workshop: ImageWorkshop, tmp_path: Path
) -> None:
    """dpkg would put a folder in its place; what is asked for by its name is found either way."""
    root = installed([], unowned(usr__f="g"), tmp_path / "base")

    lay(root, [[b(at("usr/f/x", b"X"))]], workshop, tmp_path)

    assert (root.path / "usr/f").is_symlink()
    assert (root.path / "usr/f/x").read_bytes() == b"X"


@pytest.mark.parametrize("item", [at("usr/d/f"), link("usr/d/f", "g")], ids=["file", "link"])
def test_nothing_hides_what_lies_in_a_directory_of_the_base(
    item: Item, workshop: ImageWorkshop, tmp_path: Path
) -> None:
    root = installed([], unowned(usr__d__f__x=b"old"), tmp_path / "base")

    with pytest.raises(PackagesCollide, match="in `b`, a directory of the base image"):
        lay(root, [[b(item)]], workshop, tmp_path)


def test_a_directory_that_a_script_makes_a_link_is_one(
    workshop: ImageWorkshop, tmp_path: Path
) -> None:
    root = installed([], unowned(usr__d__f__x=b"old"), tmp_path / "base")
    script = b'dpkg-maintscript-helper dir_to_symlink /usr/d/f g 2~ -- "$@"\n'
    deb = replace(b(link("usr/d/f", "g")), control_files={"preinst": script})

    lay(root, [[deb]], workshop, tmp_path)

    assert (root.path / "usr/d/f").readlink() == Path("g")


def test_what_lies_where_others_are_diverted_to_is_refused(
    workshop: ImageWorkshop, tmp_path: Path
) -> None:
    root = installed([], LOCAL, tmp_path / "base")
    deb = b(at("usr/f.moved"))
    theirs = root.copy(tmp_path / "dpkg").install(deb)
    assert "which is the diverted version of" in theirs

    with pytest.raises(PackagesCollide, match="`b` brings it, and `/usr/f` is diverted to it"):
        lay(root, [[deb]], workshop, tmp_path)


def test_an_owner_whom_the_base_does_not_have_is_refused(
    workshop: ImageWorkshop, tmp_path: Path
) -> None:
    root = installed([], noted(), tmp_path / "base")
    (root.path / "var/lib/dpkg/statoverride").write_text("nobody games 600 /usr/f\n")

    with pytest.raises(UnknownOwner, match="Unable to give `/usr/f` its owner"):
        lay(root, [[b(F_OF_B)]], workshop, tmp_path)
