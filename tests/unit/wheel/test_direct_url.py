"""direct_url.json: the origin, and nothing of the builder or its secrets."""

from __future__ import annotations

import pytest

from lamina.wheel.direct_url import local_archive, local_directory, public_url, url_archive

URL = "https://host.example/a-1-py3-none-any.whl"


def test_the_file_is_the_one_that_uv_writes() -> None:
    assert url_archive(URL) == (
        b'{"url":"https://host.example/a-1-py3-none-any.whl","archive_info":{}}'
    )


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://me:pw@host.example:8080/a.whl", "https://host.example:8080/a.whl"),
        ("https://token@host.example/a.whl", "https://host.example/a.whl"),
        ("https://me:p@ss@host.example/a.whl", "https://host.example/a.whl"),
        (f"{URL}#sha256=00&egg=a", URL),
        (f"{URL}?id=1", f"{URL}?id=1"),
        (f"{URL}?id=1&X-Amz-Signature=s&access_token=t&n", f"{URL}?id=1&n"),
        (f"{URL}?sig=s", URL),
        ("https://host.example/ü%20 b.whl", "https://host.example/%C3%BC%20%20b.whl"),
        ("https://host.example/a-1+cpu.whl", "https://host.example/a-1+cpu.whl"),
        ("https://me:pw@[::1]:80/a.whl?", "https://[::1]:80/a.whl"),
        ("https://[/a.whl", "https://[/a.whl"),
        ("file:///a.whl", "file:///a.whl"),
        ("", ""),
        ("https://host.example/a%2Bb.whl", "https://host.example/a%2Bb.whl"),
    ],
)
def test_nothing_secret_stays_in_a_url(url: str, public: str) -> None:
    assert public_url(url) == public


def test_a_local_archive_has_no_path_of_the_builder() -> None:
    assert local_archive("a-1+cpu-py3-none-any.whl") == (
        b'{"url":"file:///a-1+cpu-py3-none-any.whl","archive_info":{}}'
    )


def test_a_project_has_no_path_of_the_builder() -> None:
    assert local_directory("hello") == b'{"url":"file:///hello","dir_info":{"editable":false}}'
