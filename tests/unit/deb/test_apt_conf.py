"""Options of apt, read from its files."""

from __future__ import annotations

import pytest

from lamina.deb.apt_conf import is_read, option


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('APT::Default-Release "stable";', "stable"),
        ("apt::default-release stable;", "stable"),
        ('APT { Get { Assume-Yes "true"; }; Default-Release "stable"; };', "stable"),
        ('APT::Get { Default-Release "stable"; };', ""),
        ('// APT::Default-Release "a";\n# APT::Default-Release "b";\n', ""),
        ('/* APT::Default-Release "a";\n */ APT::Default-Release "b"; // "c";', "b"),
        ('APT::Default-Release "a"; APT { Default-Release "b"; }', "b"),
        ('APT::Default-Release "a"; #clear APT::Default-Release;', ""),
        ('APT::Default-Release "a"; #clear APT;', ""),
        ('DPkg::Post-Invoke { "rm -f /var/cache/apt/*.bin || true"; };', ""),
        ('APT::Default-Release "a//b";', "a//b"),
    ],
)
def test_an_option_is_found_by_its_full_name(text: str, value: str) -> None:
    assert option([text.encode()], "APT::Default-Release") == value


def test_the_last_file_counts() -> None:
    texts = [b'APT::Default-Release "a";', b'APT::Default-Release "b";', b"APT::Get::x 1;"]

    assert option(texts, "APT::Default-Release") == "b"


def test_of_a_folder_apt_reads_files_without_ending_and_such_as_it_knows() -> None:
    names = ("70debconf", "mine.conf", "mine.bak", "mine.conf~", ".conf", "docker-clean")

    assert [name for name in names if is_read(name)] == ["70debconf", "mine.conf", "docker-clean"]
