from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lamina.pins.releases import PinnedRelease, PinnedWheel
from lamina.project.program import Programs
from lamina.project.requirements import (
    BuildNeedsNetwork,
    BuildWheel,
    PackageIndexes,
    UnmetBuildRequirements,
    pin,
    read_report,
)
from lamina.pythons.interpreter import Interpreter
from pythons import interpreter

PYTHON = interpreter()
WHEEL = BuildWheel(
    "demo",
    "1",
    "https://index.example/demo-1-py3-none-any.whl",
    "a" * 64,
    "demo-1-py3-none-any.whl",
)
ROW = {
    "name": "demo",
    "version": "1",
    "url": WHEEL.url,
    "sha256": WHEEL.sha256,
    "filename": WHEEL.filename,
}


class KeptStore:
    """A store that answers every key alike, and notes which were asked for."""

    def __init__(self, document: Mapping[str, object] | None) -> None:
        self.document = document
        self.asked: list[str] = []

    def find_resolution(self, key: str) -> Mapping[str, object] | None:
        self.asked.append(key)
        return self.document

    def keep_resolution(self, key: str, document: Mapping[str, object]) -> None:
        raise AssertionError(key)

    def wheel(self, url: str, sha256: str, filename: str) -> Path:
        raise AssertionError(url)


def pinned(
    store: KeptStore,
    *requires: str,
    python: Interpreter = PYTHON,
    indexes: PackageIndexes | None = None,
) -> tuple[BuildWheel, ...]:
    return pin(
        requires,
        pip=PYTHON,
        programs=Programs(),
        interpreter=python,
        indexes=indexes or PackageIndexes(offline=True),
        store=store,
        scratch=Path("/nowhere"),
    )


def test_what_was_found_once_is_not_looked_for_again() -> None:
    assert pinned(KeptStore({"format": 2, "wheels": [ROW]}), "demo") == (WHEEL,)


def test_nothing_required_asks_nobody() -> None:
    store = KeptStore(None)

    assert pinned(store) == ()
    assert store.asked == []


def test_the_key_goes_by_requirements_interpreter_and_indexes_but_not_by_order() -> None:
    store = KeptStore({"format": 2, "wheels": [ROW]})
    other = interpreter("3.13.0")
    pinned(store, "a", "b")
    pinned(store, "b", "a", "a")
    pinned(store, "a")
    pinned(store, "a", "b", python=other)
    pinned(store, "a", "b", indexes=PackageIndexes(index_url="https://index.example/simple"))
    pinned(store, "a", "b", indexes=PackageIndexes(index_url="https://u:p@index.example/simple"))

    same, *others = store.asked
    assert others[0] == same
    assert len({same, *others}) == 5


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        {"format": 1, "wheels": [ROW]},
        {"format": 2, "wheels": 3},
        {"format": 2, "wheels": [3]},
        {"format": 2, "wheels": [{}]},
        {"format": 2, "wheels": [ROW | {"sha256": "b"}]},
        {"format": 2, "wheels": [ROW | {"sha256": 1}]},
        {"format": 2, "wheels": [ROW | {"filename": "../x.whl"}]},
    ],
)
def test_a_document_that_cannot_be_used_is_as_good_as_none(
    document: Mapping[str, object] | None,
) -> None:
    with pytest.raises(BuildNeedsNetwork) as caught:
        pinned(KeptStore(document), "demo", "x @ https://me:secret@host.example/x.whl")

    assert str(caught.value) == (
        "Unable to find what the build backend needs while offline:"
        " demo, x @ https://****@host.example/x.whl"
    )
    assert caught.value.hint == "To keep it for later, build once with the network"


def report(url: str, archive: str = f'{{"hashes": {{"sha256": "{"a" * 64}"}}}}') -> bytes:
    return (
        '{"install": [{"metadata": {"name": "demo", "version": "1"},'
        f' "download_info": {{"url": "{url}", "archive_info": {archive}}}}}]}}'
    ).encode()


def test_the_report_of_pip_is_read_without_credentials() -> None:
    data = report("https://u:p@index.example/demo-1-py3-none-any.whl")

    assert read_report(data) == (WHEEL,)


@pytest.mark.parametrize(
    "data",
    [
        report("https://index.example/demo-1.tar.gz"),
        report("https://index.example/demo-1-py3-none-any.whl", "{}"),
        report("https://index.example/demo-1-py3-none-any.whl", '{"hashes": {"sha256": "x"}}'),
    ],
    ids=["an sdist", "no hash", "no SHA-256"],
)
def test_what_cannot_be_checked_is_not_pinned(data: bytes) -> None:
    with pytest.raises(UnmetBuildRequirements) as caught:
        read_report(data)

    assert str(caught.value) == (
        "Unable to pin what the build backend needs\n  demo 1: no wheel with a SHA-256"
    )


def test_a_report_in_another_form_is_explained() -> None:
    with pytest.raises(UnmetBuildRequirements) as caught:
        read_report(b'{"install": [{}]}')

    assert str(caught.value) == "Unable to read the report of pip: it has an unexpected form"


def test_addresses_are_not_shown() -> None:
    indexes = PackageIndexes(environ={"A": "secret"}, index_url="https://u:secret@index.example")

    assert "secret" not in repr(indexes)


def test_what_is_pinned_is_known_by_that_too() -> None:
    store, pins = KeptStore({"format": 2, "wheels": [ROW]}), (PINS,)
    pinned(store, "demo")

    for each in ((), pins):
        pin(
            ["demo"],
            pip=PYTHON,
            programs=Programs(),
            interpreter=PYTHON,
            indexes=PackageIndexes(offline=True),
            store=store,
            scratch=Path("/nowhere"),
            pins=each,
        )

    assert len(set(store.asked)) == 3


PINS = PinnedRelease("demo", "1", (PinnedWheel(WHEEL.filename, WHEEL.sha256),))
