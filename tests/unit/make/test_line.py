"""The line on which missing layers are made."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders import Item, make_wheel
from fakes.observer import RecordingObserver
from fakes.transport import Lost, Reply
from lamina.fetch.download import HashMismatch, Refused
from lamina.make.blobs import Cancelled
from lamina.make.line import _Room
from lamina.oci.digest import Digest
from lamina.plan.plan import LayerPlan
from lamina.plan.wheel import PlannedWheel
from lamina.store.layers import StoredLayer
from lamina.store.scratch import StoreUnusable
from lamina.transport.protocol import Request, TransportError
from lamina.wheel.errors import WheelError
from unit.make.site import SITE_PACKAGES, Site, open_site, plans

SOON = 10
"""More seconds than any of this takes."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    before = set(threading.enumerate())
    with open_site(tmp_path) as site:
        yield site
    assert set(threading.enumerate()) <= before


def names(layer: StoredLayer) -> set[str]:
    with layer.open() as blob, tarfile.open(fileobj=io.BytesIO(blob.read())) as tar:
        return {member.name for member in tar if member.isfile()}


def test_every_layer_is_made_and_put_into_the_store(site: Site) -> None:
    small = [site.wheel(name, Item(f"{name}.py", b"x = 1\n")) for name in ("a", "b")]
    large = site.wheel("large", large=True)
    wanted = plans(large, *small)

    with site.line(*wanted) as line:
        made = [line.take(plan) for plan in wanted]

    assert [site.store.layers.get(plan.key) for plan in wanted] == made
    assert f"{SITE_PACKAGES}/large/weight.bin" in names(made[0])
    assert {f"{SITE_PACKAGES}/a.py", f"{SITE_PACKAGES}/b.py"} <= names(made[1])
    assert [each.name for each in made[1].contents.distributions] == ["a", "b"]
    assert site.leftovers() == []


def test_a_large_wheel_does_not_stay_and_small_ones_do(site: Site) -> None:
    """A group may change, and then its other wheels are wanted again; a large one is its layer."""
    small, large = site.wheel("small"), site.wheel("large", large=True)
    wanted = plans(large, small)

    with site.line(*wanted) as line:
        blobs = {line.take(plan).written.digest for plan in wanted}

    kept = {digest for digest, _ in site.store.blobs} - blobs
    assert kept == {Digest.parse(small.hash)}


def test_a_small_wheel_of_before_is_not_downloaded(site: Site) -> None:
    first, second = site.wheel("first"), site.wheel("second")
    with site.line(*plans(first)) as line:
        line.take(*plans(first))

    with site.line(*plans(first, second)) as line:
        line.take(*plans(first, second))

    assert site.asked() == ["first-1.0-py3-none-any.whl", "second-1.0-py3-none-any.whl"]


def test_a_kept_wheel_that_is_damaged_is_downloaded_again(site: Site) -> None:
    first, second = site.wheel("first"), site.wheel("second")
    with site.line(*plans(first)) as line:
        line.take(*plans(first))
    kept = site.store.blobs.path(Digest.parse(first.hash))
    assert kept is not None
    kept.chmod(0o644)
    kept.write_bytes(b"PK")

    with site.line(*plans(first, second)) as line:
        line.take(*plans(first, second))

    assert site.asked().count("first-1.0-py3-none-any.whl") == 2


def test_layers_are_had_in_any_order(site: Site) -> None:
    wanted = plans(*(site.wheel(f"large{number}", large=True) for number in range(5)))

    with site.line(*wanted) as line:
        made = [line.take(plan) for plan in reversed(wanted)]

    assert [each.contents.distributions[0].name for each in made] == [
        plan.wheels[0].name for plan in reversed(wanted)
    ]


def test_a_layer_is_made_while_the_next_ones_wheel_comes(site: Site) -> None:
    first_is_made = threading.Event()
    first = site.wheel("first", large=True)
    data = make_wheel(name="second")
    waits = site.wheel("second", answers=[lambda request: after(first_is_made, Reply(data))])
    one, other = plans(first, waits)

    with site.line(one, other) as line:
        line.take(one)
        first_is_made.set()
        line.take(other)

    assert site.observer.made_layers == ["first==1.0", "second==1.0"]


def after(event: threading.Event, reply: Reply) -> Reply:
    assert event.wait(SOON)
    return reply


def test_wheels_come_several_at_a_time(site: Site) -> None:
    both = threading.Barrier(2, timeout=SOON)

    def answer_together(name: str) -> PlannedWheel:
        data = make_wheel(name=name)

        def answer(request: Request) -> Reply:
            both.wait()
            return Reply(data)

        return site.wheel(name, answers=[answer])

    (plan,) = plans(answer_together("a"), answer_together("b"))

    with site.line(plan) as line:
        assert len(line.take(plan).contents.distributions) == 2


def test_a_layer_that_is_found_damaged_is_made_again(site: Site) -> None:
    (plan,) = plans(site.wheel("large", large=True))

    with site.line(plan) as line:
        first = line.take(plan)
        site.store.layers.forget(first)
        second = line.take(plan)

    assert second.written == first.written
    assert second.path.exists()


def test_a_layer_that_was_not_on_the_line_is_made_when_it_is_asked_for(site: Site) -> None:
    one, other = plans(site.wheel("large", large=True), site.wheel("small"))

    with site.line(one) as line:
        assert line.take(other).contents.distributions[0].name == "small"
        line.take(one)


def test_no_layers_are_no_work(site: Site) -> None:
    with site.line():
        pass

    assert site.asked() == []


def test_local_wheels_stay_where_they_are(site: Site) -> None:
    local = site.local_wheel("local", Item("local/weight.bin", bytes(300_000)))
    (plan,) = plans(local)

    with site.line(plan) as line:
        line.take(plan)

    assert [path.name for path in site.folder.iterdir()] == ["local-1.0-py3-none-any.whl"]
    assert site.asked() == []


def test_one_wheel_may_be_in_two_layers(site: Site) -> None:
    wheel = site.wheel("shared", large=True)
    small = site.wheel("small")
    (alone,) = plans(wheel)
    moved = replace(wheel, direct_url=b"{}")
    wanted = (alone, *plans(moved, small))

    with site.line(*wanted) as line:
        made = [line.take(plan) for plan in wanted]

    assert len({layer.written.digest for layer in made}) == len(wanted)
    assert site.leftovers() == []


def test_what_goes_wrong_is_raised_where_the_layer_is_taken(site: Site) -> None:
    (plan,) = plans(site.wheel("gone", answers=[Reply(status=404)]))

    with pytest.raises(Refused) as caught, site.line(plan) as line:
        line.take(plan)

    assert str(caught.value) == (
        "Unable to download `https://index.example/gone-1.0-py3-none-any.whl`: "
        "the server answered 404"
    )


def test_an_error_ends_all_other_work(site: Site) -> None:
    """The first error is everyone's, and whoever waits for a layer hears of it at once."""
    ended = threading.Event()
    gone = site.wheel("gone", answers=[Reply(status=404)], large=True)
    never = site.wheel("never", answers=[lambda request: after(ended, Reply())])
    one, other = plans(gone, never)

    def take_the_other() -> None:
        with site.line(one, other) as line:
            try:
                line.take(other)
            finally:
                ended.set()

    with pytest.raises(Refused, match="answered 404"):
        take_the_other()

    assert site.transport.is_interrupted


def test_one_wheel_of_a_group_that_fails_does_not_wait_for_the_others(site: Site) -> None:
    ended = threading.Event()
    never = site.wheel("never", answers=[lambda request: after(ended, Reply())])
    (plan,) = plans(site.wheel("gone", answers=[Lost()]), never)

    def take() -> None:
        with site.line(plan) as line:
            try:
                line.take(plan)
            finally:
                ended.set()

    with pytest.raises(TransportError, match="Connection refused"):
        take()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(Reply(b"PK\3\4 but no zip"), HashMismatch, id="another file"),
        pytest.param(Reply(status=403), Refused, id="refused"),
        pytest.param(Lost(), TransportError, id="lost"),
    ],
)
def test_nothing_half_made_is_left_behind(
    tmp_path: Path, reply: Reply | Lost, error: type[Exception]
) -> None:
    with open_site(tmp_path) as site:
        good = site.wheel("good", large=True)
        wanted = plans(good, site.wheel("bad", answers=[reply]))

        with pytest.raises(error), site.line(*wanted) as line:
            line.take(wanted[1])

    assert site.leftovers() == []
    assert site.store.layers.get(wanted[1].key) is None


def test_a_wheel_that_is_no_zip_leaves_nothing(site: Site) -> None:
    data = b"PK, but no zip"
    broken = replace(
        site.wheel("broken", answers=[Reply(data)]),
        hash=f"sha256:{hashlib.sha256(data).hexdigest()}",
    )
    (plan,) = plans(broken)

    with pytest.raises(WheelError, match="zip"), site.line(plan) as line:
        line.take(plan)

    assert list(site.store.layers) == []


def test_ctrl_c_ends_downloads(site: Site) -> None:
    comes, ended = threading.Event(), threading.Event()

    def answer(request: Request) -> Reply:
        comes.set()
        return after(ended, Reply(bytes(1 << 20)))

    (plan,) = plans(site.wheel("slow", answers=[answer]))

    def interrupt() -> None:
        with site.line(plan):
            assert comes.wait(SOON)
            ended.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()

    assert list(site.store.layers) == []
    assert site.transport.is_interrupted


def test_a_layer_that_nobody_waits_for_is_not_finished(site: Site) -> None:
    (plan,) = plans(site.wheel("a"))
    (wheel,) = plan.wheels
    path = site.wheels.fetch(wheel, lambda count: None)

    def check() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        site.bench.wheels(plan, {wheel.hash: path}, check)

    assert site.leftovers() == []
    assert site.store.layers.get(plan.key) is None


def test_a_store_that_cannot_be_written_is_named(site: Site) -> None:
    (plan,) = plans(site.wheel("a"))
    (site.store.root / "blobs").write_bytes(b"in the way")

    with pytest.raises(StoreUnusable, match="Not a directory"), site.line(plan) as line:
        line.take(plan)


def test_room_is_given_and_given_back() -> None:
    room = _Room(10)
    entered = threading.Event()

    assert room.enter(6)

    def enter() -> None:
        room.enter(6)
        entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.is_set()
    room.leave(6)
    thread.join(SOON)

    assert entered.is_set()


def test_who_is_larger_than_the_room_comes_in_alone() -> None:
    room = _Room(10)

    assert room.enter(25)
    room.leave(25)
    assert room.enter(10)


def test_who_waits_for_room_hears_that_there_will_be_none() -> None:
    room = _Room(10)
    room.enter(10)
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(room.enter(1)))
    thread.start()

    room.close()
    thread.join(SOON)

    assert answers == [False]
    with pytest.raises(Cancelled):
        room.check()


def test_wheels_larger_than_the_room_come_one_after_the_other(site: Site) -> None:
    wanted = plans(*(site.wheel(f"large{number}", large=True) for number in range(4)))
    seen: list[int] = []

    class Looking(RecordingObserver):
        def making(self, plan: LayerPlan) -> None:
            seen.append(len(site.leftovers()))

    site.observer = Looking()

    with site.line(*wanted, room=1) as line:
        for plan in wanted:
            line.take(plan)

    assert seen == [1, 1, 1, 1]
