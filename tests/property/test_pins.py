"""Laws of `lamina.lock`: what is written is read again, and nothing upsets the reader."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lamina.deb.package import DebianPackage
from lamina.pins.changes import changes
from lamina.pins.model import Pins
from lamina.pins.read import MalformedPins, read
from lamina.pins.write import write
from unit.pins.values import WHOLE

_TEXT = write(WHOLE)
_WORDS = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,12}", fullmatch=True)
_PACKAGES = st.builds(
    DebianPackage,
    name=_WORDS,
    version=st.from_regex(r"([0-9]:)?[0-9][A-Za-z0-9.+~]{0,9}(-[0-9.]{1,5})?", fullmatch=True),
    architecture=st.sampled_from(["amd64", "all"]),
    suite=st.sampled_from(["bookworm", "bookworm-security", "buster/updates", "./"]),
    path=_WORDS.map(lambda word: f"pool/main/{word}/{word}_1%3a2~3_amd64.deb"),
    size=st.integers(1, 1 << 40),
    sha256=st.integers(0, (1 << 256) - 1).map(lambda number: f"{number:064x}"),
)
_LISTS = st.lists(_PACKAGES, unique_by=lambda each: each.name, max_size=4).map(
    lambda found: tuple(sorted(found, key=lambda each: each.name))
)


@st.composite
def locks(draw: st.DrawFn) -> Pins:
    """Give locks of any packages, and of a base of any name."""
    first, second = WHOLE.platforms
    platforms = (
        replace(first, base_packages=draw(_LISTS), packages=draw(_LISTS)),
        replace(second, packages=draw(_LISTS)),
    )
    base = draw(st.text(min_size=1).filter(lambda each: each.strip() and "\0" not in each))
    return replace(WHOLE, asked=replace(WHOLE.asked, base=base), platforms=platforms)


@given(locks())
def test_what_is_written_is_read_again(pins: Pins) -> None:
    assert read(write(pins)) == pins


@given(locks(), locks())
def test_what_was_added_is_removed_on_the_way_back(one: Pins, other: Pins) -> None:
    there, back = changes(one, other), changes(other, one)

    assert {(each.kind, each.name, each.platforms, each.before, each.after) for each in there} == {
        (each.kind, each.name, each.platforms, each.after, each.before) for each in back
    }


@given(st.data())
def test_a_lock_that_somebody_tampered_with_is_read_or_refused(data: st.DataObject) -> None:
    lines = _TEXT.split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    key = lines[at].partition(" = ")[0]
    value = data.draw(st.sampled_from(['""', "[]", "{}", "-1", "1e9", "true", '"../x"']))
    lines[at] = data.draw(st.sampled_from(["", f"{key} = {value}", lines[at][:-1], lines[at] * 2]))
    with suppress(MalformedPins):
        pins = read("\n".join(lines))
        assert read(write(pins)) == pins
