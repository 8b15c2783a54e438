"""What is new in a lock."""

from __future__ import annotations

from dataclasses import replace

from lamina.deb.package import DebianPackage
from lamina.pins.changes import Change, Kind, changes
from lamina.pins.model import PinnedBase, Pins, PlatformPins
from unit.pins.values import AMD64, ARM64, SMALL, WHOLE, asked, digest, package, release


def lock(*packages: DebianPackage, arm64: tuple[DebianPackage, ...] | None = None) -> Pins:
    """Return a lock of packages, of another list for arm64 if there is one."""
    platforms = [PlatformPins(platform=AMD64, packages=packages)]
    if arm64 is not None:
        platforms.append(PlatformPins(platform=ARM64, packages=arm64))
    return Pins(asked=asked("x", AMD64, ARM64), platforms=tuple(platforms))


def test_nothing_changes_between_a_lock_and_itself() -> None:
    assert changes(WHOLE, WHOLE) == ()


def test_of_a_first_lock_all_is_new() -> None:
    kinds = [each.kind for each in changes(None, WHOLE)]

    assert kinds == [
        Kind.BASE,
        Kind.BASE_PACKAGE,
        Kind.PACKAGE,
        Kind.PACKAGE,
        Kind.BUILD,
        Kind.BUILD,
        Kind.LAYER,
    ]
    assert not any(each.is_security for each in changes(None, WHOLE))


def test_what_is_added_updated_and_removed() -> None:
    before = lock(package("a"), package("b", "1"), package("c", "2"))
    after = lock(
        package("b", "2", suite="bookworm-security", sha256="b"),
        package("c", "3", sha256="c"),
        package("d", suite="bookworm-security"),
    )

    assert changes(before, after) == (
        Change(Kind.PACKAGE, "a", "1.0-1", None, ("linux/amd64",)),
        Change(Kind.PACKAGE, "b", "1", "2", ("linux/amd64",), is_security=True),
        Change(Kind.PACKAGE, "c", "2", "3", ("linux/amd64",)),
        Change(Kind.PACKAGE, "d", None, "1.0-1", ("linux/amd64",)),
    )


def test_what_goes_back_is_told_and_is_no_security_update() -> None:
    before = lock(package("a", "1:1"), package("b", "1.0"), package("c", "1.0"))
    after = lock(
        package("a", "2", sha256="d"),
        package("b", "1.0~rc1", suite="bookworm-security", sha256="b"),
        package("c", "1.0+deb12u1", sha256="c"),
    )
    first = replace(before, releases=(release("x", "1.10"),))
    second = replace(after, releases=(release("x", "1.9"),))

    found = {each.name: (each.is_older, each.is_security) for each in changes(first, second)}

    assert found == {
        "a": (True, False),
        "b": (True, False),
        "c": (False, False),
        "x": (True, False),
    }


def test_what_changes_alike_on_several_platforms_is_one_change() -> None:
    one, two = package("a", "1"), package("a", "2", sha256="b")
    three = package("a", "3", sha256="c")

    assert changes(lock(one, arm64=(one,)), lock(two, arm64=(two,))) == (
        Change(Kind.PACKAGE, "a", "1", "2", ("linux/amd64", "linux/arm64")),
    )
    assert changes(lock(one, arm64=(one,)), lock(two, arm64=(three,))) == (
        Change(Kind.PACKAGE, "a", "1", "2", ("linux/amd64",)),
        Change(Kind.PACKAGE, "a", "1", "3", ("linux/arm64",)),
    )


def test_a_platform_that_goes_takes_all_with_it() -> None:
    one = package("a")

    assert changes(lock(one, arm64=(one,)), lock(one)) == (
        Change(Kind.PACKAGE, "a", "1.0-1", None, ("linux/arm64",)),
    )


def test_another_file_of_the_same_version_shows() -> None:
    assert changes(lock(package("a")), lock(package("a", sha256="b"))) == (
        Change(
            Kind.PACKAGE,
            "a",
            "1.0-1 (aaaaaaaaaaaa)",
            "1.0-1 (bbbbbbbbbbbb)",
            ("linux/amd64",),
        ),
    )


def test_a_base_changes_with_its_own_manifest_and_not_with_the_index() -> None:
    def with_base(base: PinnedBase) -> Pins:
        return replace(SMALL, platforms=(replace(SMALL.platforms[0], base=base),))

    assert changes(SMALL, with_base(PinnedBase(digest("1"), digest("9")))) == ()
    assert changes(SMALL, with_base(PinnedBase(digest("9")))) == (
        Change(Kind.BASE, "base", str(digest("1")), str(digest("9")), ("linux/amd64",)),
    )


def test_a_release_changes_with_its_version_or_its_wheels() -> None:
    before = replace(SMALL, releases=(release("flit-core", "3.1"),))

    (newer,) = changes(before, replace(SMALL, releases=(release("flit-core", "3.2"),)))
    (more,) = changes(
        before, replace(SMALL, releases=(release("flit-core", "3.1", "any", "win32"),))
    )

    assert newer == Change(Kind.BUILD, "flit-core", "3.1", "3.2")
    assert more.before is not None
    assert more.before.startswith("3.1 (")
    assert more.before != more.after
