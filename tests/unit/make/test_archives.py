"""What the lock does not say of an archive, and where its bytes come from."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders import Item, make_wheel
from fakes.transport import Reply
from lamina.fetch.download import HashMismatch, SizeMismatch
from lamina.lock.model import Wheel
from lamina.make.archives import MissingArchive
from lamina.make.ready import ReadyWheel
from lamina.oci.digest import Digest
from lamina.plan.wheel import PlannedWheel
from unit.make.site import Site, open_site

DATA = make_wheel(name="demo")
SHA256 = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
NAME = "demo-1.0-py3-none-any.whl"
URL = f"https://index.example/{NAME}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as site:
        yield site


def methods(site: Site) -> list[str]:
    return [request.method for request in site.transport.asked]


def locked(wheel: PlannedWheel) -> Wheel:
    return Wheel(NAME, path=NAME, hash=wheel.hash)


def test_what_the_lock_says_is_not_asked_for(site: Site) -> None:
    assert site.archives.measure(Wheel(NAME, URL, hash=SHA256, size=5)) == (SHA256, 5)
    assert methods(site) == []


def test_a_size_is_asked_for_once(site: Site) -> None:
    site.transport.answer(URL, Reply(headers={"Content-Length": "1234"}))
    wheel = Wheel(NAME, URL, hash=SHA256)

    assert site.archives.measure(wheel) == site.archives.measure(wheel) == (SHA256, 1234)
    assert methods(site) == ["HEAD"]


@pytest.mark.parametrize("head", [Reply(status=405), Reply()], ids=["refused", "not said"])
def test_a_size_that_nobody_tells_is_found_by_downloading(site: Site, head: Reply) -> None:
    site.transport.answer(URL, head, Reply(DATA))
    wheel = Wheel(NAME, URL, hash=SHA256)

    assert site.archives.measure(wheel) == site.archives.measure(wheel) == (SHA256, len(DATA))
    assert methods(site) == ["HEAD", "GET"]
    assert site.store.blobs.path(Digest.parse(SHA256)) is not None


def test_a_hash_that_nobody_tells_is_found_by_downloading(site: Site) -> None:
    site.transport.answer(URL, Reply(DATA))

    assert site.archives.measure(Wheel(NAME, URL)) == (SHA256, len(DATA))
    assert methods(site) == ["GET"]
    assert site.observer.downloads == [NAME]


def test_a_download_that_is_measured_is_checked(site: Site) -> None:
    site.transport.answer(URL, Reply(DATA))

    with pytest.raises(SizeMismatch):
        site.archives.measure(Wheel(NAME, URL, size=5))


def test_a_local_wheel_is_measured(site: Site) -> None:
    (site.folder / NAME).write_bytes(DATA)

    assert site.archives.measure(Wheel(NAME, path=NAME)) == (SHA256, len(DATA))
    assert site.archives.measure(Wheel(NAME, path=str(site.folder / NAME))) == (SHA256, len(DATA))


def test_a_local_wheel_that_is_gone_is_named(site: Site) -> None:
    with pytest.raises(MissingArchive) as caught:
        site.archives.measure(Wheel(NAME, path=f"wheels/{NAME}"))

    assert str(caught.value) == (
        f"Unable to read `{site.folder}/wheels/{NAME}`: No such file or directory"
    )
    assert caught.value.hint == (
        "The lockfile names it by its path; put it there, or run `uv lock`"
    )


def test_a_local_wheel_is_checked_when_it_is_used(site: Site) -> None:
    wheel = site.local_wheel("demo")
    (site.folder / NAME).write_bytes(b"another")

    with pytest.raises(HashMismatch):
        site.archives.kept(locked(wheel), wheel.hash)


def test_a_local_wheel_is_used_where_it_lies(site: Site) -> None:
    wheel = site.local_wheel("demo")

    assert site.wheels.kept(wheel) == ReadyWheel(site.folder / NAME, NAME)
    assert site.wheels.has(wheel)


def test_a_size_is_remembered_only_where_the_lock_says_the_hash_alone(site: Site) -> None:
    wheel = site.local_wheel("demo")
    archive = locked(wheel)

    site.archives.kept(replace(archive, hash=None), wheel.hash)
    site.archives.kept(replace(archive, size=wheel.size), wheel.hash)
    assert list(site.store.facts) == []

    site.archives.kept(archive, wheel.hash)
    (site.folder / NAME).unlink()
    assert site.archives.measure(archive) == (wheel.hash, wheel.size)


@pytest.mark.parametrize(
    "hash_",
    [
        f"md5:{hashlib.md5(DATA).hexdigest()}",
        f"sha512:{hashlib.sha512(DATA).hexdigest()}",
        f"blake2b:{hashlib.blake2b(DATA, digest_size=32).hexdigest()}",
    ],
    ids=["md5", "sha512", "blake2b"],
)
def test_a_wheel_of_another_hash_is_fetched_and_verified(site: Site, hash_: str) -> None:
    site.transport.answer(URL, Reply(DATA))
    wheel = replace(site.local_wheel("demo"), artifact=Wheel(NAME, URL), hash=hash_)

    assert site.wheels.kept(wheel) is None
    assert site.wheels.fetch(wheel, lambda count: None).path.read_bytes() == DATA
    with pytest.raises(HashMismatch):
        site.wheels.fetch(replace(wheel, hash=hash_[:-9] + "0" * 9), lambda count: None)


def test_a_fetched_small_wheel_is_kept_and_a_large_one_is_not(site: Site) -> None:
    small, large = site.wheel("small", Item("a.py")), site.wheel("large", large=True)

    site.wheels.fetch(small, lambda count: None)
    fetched = site.wheels.fetch(large, lambda count: None)

    assert site.wheels.has(small)
    kept = site.wheels.kept(small)
    assert kept is not None
    assert kept.path == site.store.blobs.path(Digest.parse(small.hash))
    assert not site.wheels.has(large)
    assert site.wheels.kept(large) is None
    assert site.store.scratch_root in fetched.path.parents


def test_a_large_wheel_that_is_to_be_kept_is_written_once(site: Site) -> None:
    large = site.wheel("large", large=True)

    fetched = site.wheels.fetch(large, lambda count: None, is_kept=True).path

    kept = site.store.blobs.path(Digest.parse(large.hash))
    assert kept is not None
    assert kept.samefile(fetched)
    assert site.wheels.has(large)


def test_who_uses_a_kept_wheel_still_has_it_when_it_is_released(site: Site) -> None:
    large = site.wheel("large", large=True)
    fetched = site.wheels.fetch(large, lambda count: None, is_kept=True).path
    ready = site.wheels.kept(large)
    assert ready is not None

    site.wheels.release(large)

    assert not site.wheels.has(large)
    assert site.wheels.kept(large) is None
    assert ready.path != fetched
    assert ready.path.read_bytes() == fetched.read_bytes()


def test_what_is_small_or_lies_in_a_folder_is_not_released(site: Site) -> None:
    small, local = site.wheel("small"), site.local_wheel("local", Item("a.bin", bytes(300_000)))
    site.wheels.fetch(small, lambda count: None)

    for wheel in (small, local):
        site.wheels.release(wheel)

    assert site.wheels.has(small)
    assert site.wheels.kept(local) is not None


def test_where_files_have_one_name_a_kept_wheel_is_used_in_its_place(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "hardlink_to", refused)
    large = site.wheel("large", large=True)

    fetched = site.wheels.fetch(large, lambda count: None, is_kept=True).path

    assert fetched == site.store.blobs.path(Digest.parse(large.hash))
    assert site.wheels.kept(large) == ReadyWheel(fetched, "large-1.0-py3-none-any.whl")
    assert site.leftovers() == []


def test_a_kept_large_wheel_that_is_damaged_is_none(site: Site) -> None:
    large = site.wheel("large", large=True)
    site.wheels.fetch(large, lambda count: None, is_kept=True)
    kept = site.store.blobs.path(Digest.parse(large.hash))
    assert kept is not None
    kept.chmod(0o644)
    kept.write_bytes(bytes(large.size))

    assert site.wheels.kept(large) is None
    assert not site.wheels.has(large)
