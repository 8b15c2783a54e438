"""What dpkg is told to put elsewhere, and whose it is to be."""

from __future__ import annotations

from lamina.archive.rearranged import Diversion, Override, Rearranged


def test_lines_are_read_and_owners_are_looked_up() -> None:
    found = Rearranged.read(
        ["/bin/sh", "/bin/sh.distrib", "dash", "/torn"],
        ["root mail 2755 /usr/bin/a b", "#7 nobody 640 /x", "", "root root rwx /y"],
        {"root": 0},
        {"mail": 8},
    )

    assert found.diversions == {"/bin/sh": Diversion("/bin/sh.distrib", "dash")}
    assert found.overrides == {
        "/usr/bin/a b": Override(0o2755, 0, 8),
        "/x": Override(0o640, 7, None),
    }


def test_a_file_lies_elsewhere_unless_its_package_is_the_one_that_diverts() -> None:
    found = Rearranged({"/bin/sh": Diversion("/bin/sh.distrib", "dash")})

    assert found.place_of("/bin/sh", "bash") == "/bin/sh.distrib"
    assert found.place_of("/bin/sh", "dash") == "/bin/sh"
    assert found.place_of("/bin/ls", "bash") == "/bin/ls"
