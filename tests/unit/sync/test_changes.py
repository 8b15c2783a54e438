"""What is installed and what is wanted, to steps."""

from __future__ import annotations

import pytest
from packaging.version import Version

from lamina.lock.model import Wheel
from lamina.lock.select import Distribution
from lamina.lock.source import Registry
from lamina.sync.changes import Action, Manner, Step, Wish, changes
from lamina.sync.installed import Installed, Kind

URL = b'{"url":"https://files.example/a.whl","archive_info":{}}'


def wish(version: str = "1.0", *, origin: bytes | None = None, note: bytes | None = None) -> Wish:
    wheel = Wheel(f"a-{version}-py3-none-any.whl")
    return Wish(Distribution("a", Version(version), wheel, Registry("")), origin, note)


def here(
    name: str = "a",
    version: str = "1.0",
    *,
    is_whole: bool = True,
    origin: bytes | None = None,
    note: bytes | None = None,
) -> Installed:
    return Installed(name, version, f"{name}-{version}.dist-info", is_whole, origin, note)


def egg() -> Installed:
    return Installed("a", "1.0", "a-1.0.egg-info", kind=Kind.EGG_INFO)


def step(wishes: list[Wish], installed: list[Installed], **manner: object) -> Step:
    (found,) = changes(wishes, installed, Manner(**manner))  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("wanted", "installed", "action", "why"),
    [
        (wish(), [], Action.INSTALL, "it is not installed"),
        (wish(), [here()], Action.KEEP, "it is installed already"),
        (wish(), [here(version="1.0+cpu")], Action.KEEP, "it is installed already"),
        (wish("1.1"), [here()], Action.REINSTALL, "its version was 1.0"),
        (wish(), [here(version="x")], Action.REINSTALL, "its version was x"),
        (wish(), [here(is_whole=False)], Action.REINSTALL, "it was not finished"),
        (wish(), [here(), here(version="2.0")], Action.REINSTALL, "it is installed 2 times"),
        (wish(), [here(origin=URL)], Action.REINSTALL, "it came from elsewhere"),
        (wish(origin=URL), [here()], Action.REINSTALL, "it came from elsewhere"),
        (wish(origin=URL), [here(origin=b"{")], Action.REINSTALL, "it came from elsewhere"),
        (wish(note=b"1"), [here(note=b"2")], Action.REINSTALL, "its sources have changed"),
        (wish(note=b"1"), [here()], Action.REINSTALL, "nobody noted its sources"),
        (wish(), [egg()], Action.REINSTALL, "it was not installed from a wheel"),
        (wish(note=b"1"), [here(note=b"1")], Action.KEEP, "it is installed already"),
    ],
)
def test_what_is_right_is_kept_and_all_else_is_installed(
    wanted: Wish, installed: list[Installed], action: Action, why: str
) -> None:
    found = step([wanted], installed)

    assert (found.action, found.why) == (action, why)


def test_a_hash_that_another_installer_has_noted_is_no_difference() -> None:
    noted = URL.replace(b"{}", b'{"hashes":{"sha256":"00"}}').replace(b":", b" : ", 1)

    assert step([wish(origin=URL)], [here(origin=noted)]).action is Action.KEEP


def test_what_is_not_selected_is_removed_unless_it_may_stay() -> None:
    assert step([], [here()]).why == "it is not selected"
    assert step([], [here()]).action is Action.REMOVE
    assert step([], [here()], is_exact=False).action is Action.LEAVE
    assert step([], [here("pip")], seeds={"pip"}).action is Action.LEAVE
    assert step([], [here(is_whole=False)], is_exact=False).action is Action.REMOVE


def test_what_is_asked_for_is_installed_again() -> None:
    assert step([wish()], [here()], reinstalls={"a"}).why == "it was asked for"
    assert step([wish()], [here()], reinstalls=None).action is Action.REINSTALL
    assert step([wish()], [here()], reinstalls={"b"}).action is Action.KEEP


def test_the_steps_are_sorted() -> None:
    found = changes([wish()], [here("z"), here("B")], Manner())

    assert [each.name for each in found] == ["B", "a", "z"]
