"""Who is interested in which trigger, above a base."""

from __future__ import annotations

from lamina.system.made.triggers import triggers


def made(base: dict[str, bytes], packages: dict[str, bytes]) -> dict[str, str]:
    return {
        entry.path.rpartition("/")[2]: b"".join(entry.content.chunks()).decode()
        for entry in triggers(base, packages)
    }


FOLDER = "var/lib/dpkg/triggers"


def test_interests_stand_in_a_file_for_paths_and_one_for_each_name() -> None:
    packages = {
        "man-db": b"# by hand\ninterest-noawait /usr/share/man\n",
        "libglib2.0-0:amd64": b"interest /usr/share/glib-2.0/schemas\ninterest-await ldconfig\n",
        "other": b"activate-noawait ldconfig\n",
    }

    assert made({}, packages) == {
        "File": "/usr/share/glib-2.0/schemas libglib2.0-0:amd64\n/usr/share/man man-db/noawait\n",
        "ldconfig": "libglib2.0-0:amd64\n",
    }


def test_lines_of_the_base_stay() -> None:
    base = {f"{FOLDER}/File": b"/usr/share/fonts fontconfig/noawait\n", f"{FOLDER}/Lock": b""}

    assert made(base, {"man-db": b"interest /usr/man\n"}) == {
        "File": "/usr/share/fonts fontconfig/noawait\n/usr/man man-db\n"
    }


def test_an_upgraded_package_has_its_new_interests_alone() -> None:
    base = {
        f"{FOLDER}/File": b"/usr/man man-db/noawait\n/usr/share/fonts fontconfig\n",
        f"{FOLDER}/old": b"man-db\n",
    }

    assert made(base, {"man-db": b"interest /usr/share/man\n"}) == {
        "File": "/usr/share/fonts fontconfig\n/usr/share/man man-db\n",
        "old": "",
    }


def test_what_is_as_in_the_base_is_not_written_again() -> None:
    base = {f"{FOLDER}/File": b"/usr/man man-db\n/usr/share/fonts fontconfig\n"}

    assert made(base, {"man-db": b"interest /usr/man\n"}) == {}
