"""The small layer above packages."""

from __future__ import annotations

from lamina.archive.entry import Entry, Kind
from lamina.archive.rootfs import Rootfs
from lamina.archive.tree import Permissions
from lamina.deb.status import STATUS
from lamina.system.configuration import Below, Configuration, configure
from lamina.system.notes import PackageNotes
from lamina.system.small_files import SmallFiles
from lamina.system.unpacking import everything, without_documentation

ALTERNATIVE = (
    b'#!/bin/sh\nif [ "$1" = configure ]; then\n'
    b"  update-alternatives --install /usr/bin/x x /usr/bin/x-demo 10 \\\n"
    b"    --slave /usr/share/man/man1/x.1.gz x.1.gz /usr/share/man/man1/x-demo.1.gz\nfi\n"
)
DEBIAN = SmallFiles(
    {
        STATUS: b"Package: base\nArchitecture: all\nVersion: 1\n",
        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
        "etc/group": b"root:x:0:\nnogroup:x:65534:\n",
    }
)


def notes(name: str, *paths: str, **control: bytes) -> PackageNotes:
    text = f"Package: {name}\nVersion: 1\nArchitecture: amd64\n"
    return PackageNotes(control={"control": text.encode(), **control}, listed=("/.", *paths))


def configured(
    *packages: PackageNotes, base: SmallFiles = DEBIAN, with_docs: bool = False
) -> Configuration:
    below = Below(files=base, rootfs=Rootfs(links={"bin": "usr/bin"}), architecture="amd64")
    return configure(packages, below, everything if with_docs else without_documentation)


def files(made: Configuration) -> dict[str, bytes]:
    return {
        each.path: b"".join(each.content.chunks())
        for each in made.entries
        if each.kind is Kind.FILE
    }


def links(made: Configuration) -> dict[str, str]:
    return {each.path: each.target for each in made.entries if each.kind is Kind.SYMLINK}


PATHS = ("/usr/bin/x-demo", "/usr/share/man/man1/x-demo.1.gz")


def test_an_alternative_leads_to_the_program_and_not_to_a_manual_that_is_left_out() -> None:
    made = configured(notes("demo", *PATHS, postinst=ALTERNATIVE))

    assert links(made) == {
        "etc/alternatives/x": "/usr/bin/x-demo",
        "usr/bin/x": "/etc/alternatives/x",
    }
    assert "var/lib/dpkg/alternatives/x" in files(made)
    assert made.warnings == []


def test_with_documentation_the_manual_follows() -> None:
    made = configured(notes("demo", *PATHS, postinst=ALTERNATIVE), with_docs=True)

    assert links(made)["etc/alternatives/x.1.gz"] == "/usr/share/man/man1/x-demo.1.gz"


def test_without_dpkg_only_the_links_are_made() -> None:
    base = SmallFiles({"var/lib/dpkg/status.d/base": b"Package: base\n"})
    package = notes("demo", *PATHS, postinst=ALTERNATIVE, triggers=b"interest /usr/x\n")

    made = configured(package, base=base)

    assert links(made)["usr/bin/x"] == "/etc/alternatives/x"
    assert sorted(files(made)) == ["var/lib/dpkg/status.d/demo"]


def test_accounts_and_triggers_are_noted() -> None:
    script = b"#!/bin/sh\nadduser --system --group --home /var/lib/demo --no-create-home demo\n"

    made = files(configured(notes("demo", postinst=script, triggers=b"interest-noawait /usr/x\n")))

    assert b"\ndemo:x:100:" in made["etc/passwd"]
    assert made["var/lib/dpkg/triggers/File"] == b"/usr/x demo/noawait\n"


def test_what_is_left_undone_is_told() -> None:
    made = configured(notes("demo", postinst=b"#!/bin/sh\nsetcap cap_net_raw+ep /usr/bin/demo\n"))

    (warning,) = made.warnings
    assert "a program lacks capabilities" in warning


def test_a_folder_that_the_base_has_is_not_made_again() -> None:
    script = b"#!/bin/sh\nmkdir -p /srv/demo\nln -s /srv/demo /usr/demo\n"
    made = configured(notes("demo", "/usr/demo", postinst=script))

    folders: list[Entry] = [each for each in made.entries if each.path == "srv/demo"]
    assert [each.kind for each in folders] == [Kind.DIRECTORY]
    assert "usr/demo" not in links(made)


SETUP = b"#!/bin/sh\nmkdir -p /etc/demo\nchown root:staff /etc/demo\nchmod 2770 /etc/demo\n"


def rights(made: Configuration, path: str) -> list[tuple[int, int, int]]:
    return [(each.mode, each.uid, each.gid) for each in made.entries if each.path == path]


def test_a_folder_of_another_package_gets_the_rights_that_a_script_gives_it() -> None:
    base = SmallFiles({**DEBIAN.files, "etc/group": b"staff:x:50:\n"})
    other = notes("other", "/etc/demo", "/etc/demo/x")

    made = configured(notes("demo", postinst=SETUP), other, base=base)

    assert rights(made, "etc/demo") == [(0o2770, 0, 50)]
    assert made.warnings == []


def test_a_folder_of_the_base_gets_the_rights_that_a_script_gives_it() -> None:
    files = SmallFiles({**DEBIAN.files, "etc/group": b"staff:x:50:\n"})
    rootfs = Rootfs(directories={"etc": Permissions(), "etc/demo": Permissions(0o700)})
    below = Below(files=files, rootfs=rootfs, architecture="amd64")

    made = configure([notes("demo", postinst=SETUP)], below, everything)

    assert rights(made, "etc/demo") == [(0o2770, 0, 50)]


def test_what_is_too_large_to_be_copied_is_told() -> None:
    """Bytes are noted of small files alone."""
    script = b"#!/bin/sh\nucf /usr/share/x /etc/x\n"

    made = configured(notes("demo", "/usr/share/x", postinst=script))

    (warning,) = made.warnings
    assert "files are not copied to their place: cp /usr/share/x /etc/x\n" in warning


def test_what_the_base_has_is_not_written_over() -> None:
    script = b"#!/bin/sh\necho a > /etc/passwd\necho a > /etc/x\n"

    made = configured(notes("demo", postinst=script))

    assert files(made)["etc/x"] == b"a\n"
    assert "etc/passwd" not in files(made)
    (warning,) = made.warnings
    assert "files are not written: ... > /etc/passwd\n" in warning


def test_a_shell_is_added_once() -> None:
    base = SmallFiles({**DEBIAN.files, "etc/shells": b"/bin/sh\n/usr/bin/x\n"})
    script = b"#!/bin/sh\nadd-shell /usr/bin/x\nadd-shell /usr/bin/y\nadd-shell /usr/bin/y\n"

    assert files(configured(notes("demo", postinst=script), base=base))["etc/shells"] == (
        b"/bin/sh\n/usr/bin/x\n/usr/bin/y\n"
    )
