"""Pages of package indexes, in both forms that there are."""

from __future__ import annotations

import json

import pytest

from lamina.pins.releases import PinnedWheel
from lamina.project.index_page import wheels_of

ONE, TWO = "a" * 64, "b" * 64
HTML = f"""<!DOCTYPE html><html><body>
<a href="../../files/demo_app-1.0-py3-none-any.whl#sha256={ONE}">anything</a>
<a href="https://files.example/x/demo_app-1.0-cp312-cp312-linux_x86_64.whl#sha256={TWO}"
   data-requires-python="&gt;=3.8">x</a>
<a href="demo_app-1.0.0%2Blocal-py3-none-any.whl#sha256={TWO}">another version</a>
<a href="demo_app-1.0.tar.gz#sha256={TWO}">an sdist</a>
<a href="other-1.0-py3-none-any.whl#sha256={TWO}">another project</a>
<a href="demo_app-1.0-py2-none-any.whl#md5=abc">without a good hash</a>
<a href="demo_app-1.0-py4-none-any.whl#sha256=ABC">without a hash</a>
<a href="http://[bad/demo_app-1.0-py5-none-any.whl#sha256={TWO}">no address</a>
<a>nothing</a>
</body></html>"""
FOUND = (
    PinnedWheel("demo_app-1.0-cp312-cp312-linux_x86_64.whl", TWO),
    PinnedWheel("demo_app-1.0-py3-none-any.whl", ONE),
)


def as_json(*files: object) -> bytes:
    return json.dumps({"meta": {"api-version": "1.0"}, "files": files}).encode()


def test_the_wheels_of_a_release_with_their_hashes() -> None:
    assert wheels_of(HTML.encode(), "demo-app", "1.0.0") == FOUND


def test_likewise_as_json() -> None:
    data = as_json(
        {"filename": FOUND[0].file, "hashes": {"sha256": TWO}, "url": "x"},
        {"filename": FOUND[1].file, "hashes": {"sha256": ONE, "md5": "c"}, "url": "y"},
        {"filename": "demo_app-1.0-py2-none-any.whl", "hashes": {"md5": "c"}},
        {"filename": "demo_app-1.0-py3-none-win32.whl", "hashes": {"sha256": "../x"}},
        {"filename": "demo_app-2.0-py3-none-any.whl", "hashes": {"sha256": ONE}},
        {"filename": 3, "hashes": {"sha256": ONE}},
        "nonsense",
    )

    assert wheels_of(data, "demo_app", "1.0") == FOUND


def test_of_two_files_of_one_name_the_first_counts() -> None:
    file = FOUND[1].file
    data = as_json(
        {"filename": file, "hashes": {"sha256": ONE}}, {"filename": file, "hashes": {"sha256": TWO}}
    )

    assert wheels_of(data, "demo-app", "1.0") == (FOUND[1],)


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b'{"files": 3}', b"\xff\xfe", b"{" * 99_999])
def test_what_is_no_page_lists_nothing(data: bytes) -> None:
    assert wheels_of(data, "demo-app", "1.0") == ()


def test_a_name_that_a_terminal_would_obey_is_no_file() -> None:
    data = as_json({"filename": "demo_app-1.0-py3-none-a\x1bny.whl", "hashes": {"sha256": ONE}})

    assert wheels_of(data, "demo-app", "1.0") == ()
