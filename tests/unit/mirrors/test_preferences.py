"""What the files of a base's apt say of versions."""

from __future__ import annotations

import pytest

from lamina.deb.packages import PackagesFile
from lamina.deb.preferences import Preferences, Provenance
from lamina.mirrors.preferences import UnknownDefaultRelease, preferences_of
from lamina.system.small_files import SmallFiles, is_wanted

STABLE = PackagesFile(b"", "bookworm", provenance=Provenance(archive="stable", codename="bookworm"))


def pin(priority: int) -> bytes:
    return f"Package: aa\nPin: version 1\nPin-Priority: {priority}\n".encode()


def read(files: dict[str, bytes]) -> Preferences:
    assert all(is_wanted(path) for path in files)
    return preferences_of(SmallFiles(files), [STABLE], "amd64")


def priority(files: dict[str, bytes], version: str = "1") -> int:
    ranked = [(STABLE.provenance, STABLE.priority)]
    return read(files).of_version("aa", version, ranked, source="aa")


def test_the_file_of_preferences_goes_before_its_folder_which_is_read_in_order() -> None:
    folder = {"etc/apt/preferences.d/a": pin(1), "etc/apt/preferences.d/B.pref": pin(2)}

    assert priority({}) == 500
    assert priority(folder) == 2
    assert priority({**folder, "etc/apt/preferences": pin(3)}) == 3
    assert priority({"etc/apt/preferences.d/a.bak": pin(4)}) == 500


def test_of_options_the_folder_goes_first_and_the_last_counts() -> None:
    folder = {
        "etc/apt/apt.conf.d/10a": b'APT::Default-Release "nothing";',
        "etc/apt/apt.conf.d/20b": b'APT::Default-Release "stable";',
    }

    assert priority(folder) == 990
    assert priority({**folder, "etc/apt/apt.conf": b'APT::Default-Release "";'}) == 500
    assert priority({"etc/apt/apt.conf.d/x.off": b'APT::Default-Release "stable";'}) == 500


def test_a_default_release_that_no_source_has_is_refused() -> None:
    with pytest.raises(UnknownDefaultRelease) as caught:
        read({"etc/apt/apt.conf": b'APT::Default-Release "trixie";'})

    assert str(caught.value) == (
        "Unable to find the default release of the base, `trixie`: no source has it"
    )
    assert caught.value.hint == (
        "The base names it as `APT::Default-Release` in `/etc/apt/apt.conf` or "
        "`/etc/apt/apt.conf.d`; name sources that have it as `apt-sources` in `[tool.lamina]`"
    )
