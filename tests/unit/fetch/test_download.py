"""A file from a URL to the disk, whole and verified, or an error."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fakes.transport import Answer, Lost, Reply, ScriptedTransport, ranged
from lamina.fetch.download import (
    Hashes,
    HashMismatch,
    Refused,
    Remote,
    SizeMismatch,
    download,
    remote_size,
)
from lamina.transport.protocol import BrokenTransfer, TransportError

URL = "https://files.example/demo-1.0-py3-none-any.whl"
NAME = "demo-1.0-py3-none-any.whl"
# More than one piece of what is read at a time.
BODY = bytes(range(256)) * 3000
SHA256 = hashlib.sha256(BODY).hexdigest()
REMOTE = Remote(URL, f"sha256:{SHA256}", len(BODY))
LOCKED_ANEW = "The file is not the one that was locked; if it was published anew, run `uv lock`"
TAG = '"1"'


class Counter:
    """What a bar would show."""

    def __init__(self) -> None:
        self.total = 0
        self.least = 0

    def __call__(self, count: int) -> None:
        self.total += count
        self.least = min(self.least, count)


def fetch(
    tmp_path: Path, *answers: Answer, remote: Remote = REMOTE
) -> tuple[bytes, ScriptedTransport, Counter]:
    transport, counter = ScriptedTransport({URL: list(answers)}), Counter()
    fetched = download(remote, tmp_path / "file", transport, counter)
    assert fetched.size == fetched.path.stat().st_size == counter.total
    assert fetched.sha256 == hashlib.sha256(fetched.path.read_bytes()).hexdigest()
    return fetched.path.read_bytes(), transport, counter


def cut(after: int, **headers: str) -> Reply:
    return Reply(BODY, headers=headers, cut=after)


def part(start: int, end: int, *, place: str | None = None, after: int | None = None) -> Reply:
    place = place or f"bytes {start}-{end - 1}/{len(BODY)}"
    return Reply(BODY[start:end], 206, {"Content-Range": place}, after)


def ranges(transport: ScriptedTransport) -> list[tuple[str | None, str | None]]:
    return [(each.headers.get("Range"), each.headers.get("If-Range")) for each in transport.asked]


def test_a_file_is_fetched_and_its_bytes_are_told(tmp_path: Path) -> None:
    body, transport, _ = fetch(tmp_path, Reply(BODY))

    assert body == BODY
    assert ranges(transport) == [(None, None)]


def test_a_broken_transfer_goes_on_where_it_broke(tmp_path: Path) -> None:
    body, transport, counter = fetch(tmp_path, cut(300_000, ETag=TAG), ranged(BODY, etag=TAG))

    assert body == BODY
    assert ranges(transport) == [(None, None), ("bytes=300000-", TAG)]
    assert counter.least == 0


def test_it_goes_on_as_often_as_each_answer_brings_some(tmp_path: Path) -> None:
    steps = range(50_000, len(BODY), 50_000)
    answers = [part(start, len(BODY), after=50_000) for start in steps]

    body, transport, _ = fetch(tmp_path, cut(50_000), *answers, ranged(BODY))

    assert body == BODY
    assert len(transport.asked) == 1 + len(answers)


def test_a_file_that_changed_meanwhile_comes_anew(tmp_path: Path) -> None:
    body, _, counter = fetch(tmp_path, Reply(b"old" * 999, headers={"ETag": '"0"'}, cut=2000),
                             ranged(BODY, etag=TAG))  # fmt: skip

    assert body == BODY
    assert counter.least == -2000


def test_a_server_that_knows_no_ranges_gives_the_file_anew(tmp_path: Path) -> None:
    body, _, counter = fetch(tmp_path, cut(300_000), Reply(BODY))

    assert body == BODY
    assert counter.least == -300_000


def test_a_weak_etag_is_no_condition(tmp_path: Path) -> None:
    _, transport, _ = fetch(tmp_path, cut(300_000, ETag='W/"1"'), ranged(BODY))

    assert ranges(transport)[1] == ("bytes=300000-", None)


def test_without_hash_and_etag_nothing_is_pieced_together(tmp_path: Path) -> None:
    remote = Remote(URL)

    body, transport, _ = fetch(tmp_path, cut(300_000), Reply(BODY), remote=remote)

    assert body == BODY
    assert ranges(transport) == [(None, None), (None, None)]


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(f"bytes 0-{len(BODY) - 1}/{len(BODY)}", id="another start"),
        pytest.param("bytes */5", id="no start"),
        pytest.param("pages 300000-", id="another unit"),
        pytest.param("", id="none"),
    ],
)
def test_a_part_that_does_not_follow_is_not_taken(tmp_path: Path, place: str) -> None:
    wrong = Reply(BODY, 206, {"Content-Range": place} if place else {})

    body, transport, _ = fetch(tmp_path, cut(300_000), wrong, Reply(BODY))

    assert body == BODY
    assert [wanted for wanted, _ in ranges(transport)] == [None, "bytes=300000-", None]


def test_a_part_may_be_less_than_was_asked_for(tmp_path: Path) -> None:
    body, transport, _ = fetch(tmp_path, cut(300_000), part(300_000, 400_000), ranged(BODY))

    assert body == BODY
    assert ranges(transport)[2] == ("bytes=400000-", None)


def test_a_server_that_has_no_rest_is_asked_for_the_whole(tmp_path: Path) -> None:
    body, _, counter = fetch(tmp_path, cut(300_000), Reply(status=416), Reply(BODY))

    assert body == BODY
    assert counter.least == -300_000


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param([cut(0)], id="nothing comes"),
        pytest.param([cut(300_000), cut(0)], id="nothing more comes"),
        pytest.param([cut(300_000)], id="it breaks at the same place each time"),
        pytest.param([cut(300_000), Reply(status=416)], id="no rest, and nothing anew"),
        pytest.param([cut(300_000), Reply(status=416)] * 9, id="in turns"),
        pytest.param([cut(after) for after in (300_000, 9, 299_999, 5, 200_000)], id="here, there"),
    ],
)
def test_a_transfer_that_gets_no_further_ends(tmp_path: Path, answers: list[Answer]) -> None:
    transport = ScriptedTransport({URL: answers})

    with pytest.raises((BrokenTransfer, Refused)):
        download(REMOTE, tmp_path / "file", transport)

    assert len(transport.asked) <= 6


def test_a_server_that_is_gone_ends_it(tmp_path: Path) -> None:
    transport = ScriptedTransport({URL: [cut(300_000), Lost()]})

    with pytest.raises(TransportError, match="Connection refused"):
        download(REMOTE, tmp_path / "file", transport)


def test_a_server_that_never_has_the_rest_is_named(tmp_path: Path) -> None:
    """It breaks off a little later each time, and then denies all of it."""
    answers: list[Answer] = [cut(9), part(5, 9), cut(9), part(5, 9)]

    with pytest.raises(BrokenTransfer) as caught:
        fetch(tmp_path, *answers)

    assert str(caught.value) == (
        f"The transfer from `{URL}` broke off: the server has not the rest of it"
    )
    assert caught.value.hint == "Run the command again"


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = bytes(len(BODY))

    with pytest.raises(HashMismatch) as caught:
        fetch(tmp_path, Reply(other))

    assert str(caught.value) == (
        f"Hash mismatch for `{NAME}`\n"
        f"  expected: sha256:{SHA256}\n"
        f"  got:      sha256:{hashlib.sha256(other).hexdigest()}"
    )
    assert caught.value.hint == LOCKED_ANEW


def test_a_file_that_is_too_short_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SizeMismatch) as caught:
        fetch(tmp_path, Reply(BODY[:1000]))

    assert str(caught.value) == (
        f"Size mismatch for `{NAME}`\n  expected: 768000 bytes\n  got:      1000 bytes"
    )
    assert caught.value.hint == LOCKED_ANEW


def test_a_file_that_is_too_long_is_given_up_when_it_shows(tmp_path: Path) -> None:
    with pytest.raises(SizeMismatch) as caught:
        fetch(tmp_path, Reply(bytes(1 << 24)), remote=Remote(URL, f"sha256:{SHA256}", 1000))

    assert str(caught.value) == (
        f"Size mismatch for `{NAME}`\n  expected: 1000 bytes\n  got:      more"
    )
    assert (tmp_path / "file").stat().st_size < 1 << 20


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (401, "The server wants credentials"),
        (403, "The server wants credentials, or other ones"),
        (404, "The file is gone; to lock another one, run `uv lock --upgrade`"),
        (410, "The file is gone; to lock another one, run `uv lock --upgrade`"),
        (429, "The server is asked too often; run the command again later"),
        (500, None),
        (206, None),
        (416, None),
    ],
)
def test_a_server_that_does_not_give_the_file_is_named(
    tmp_path: Path, status: int, hint: str | None
) -> None:
    secret = URL.replace("://", "://me:secret@") + "?token=secret#secret"
    transport = ScriptedTransport({secret: [Reply(status=status)]})

    with pytest.raises(Refused) as caught:
        download(Remote(secret), tmp_path / "file", transport)

    assert str(caught.value) == f"Unable to download `{URL}`: the server answered {status}"
    assert caught.value.hint == hint


def test_nothing_secret_is_said_of_a_file(tmp_path: Path) -> None:
    secret = Remote(URL.replace("://", "://me:secret@") + "?token=secret", "sha256:00", 5)
    wrong = Reply(b"wrong")

    with pytest.raises(HashMismatch) as caught:
        download(secret, tmp_path / "file", ScriptedTransport({secret.url: [wrong]}))

    assert "secret" not in f"{caught.value} {secret!r} {secret.name}"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (URL, NAME),
        ("https://files.example/a%2Bb-1.0%2Bcpu.whl", "a+b-1.0+cpu.whl"),
        ("https://files.example/", "https://files.example/"),
        ("https://[files/a.whl", "(an unreadable URL)"),
    ],
)
def test_a_file_is_named_by_the_end_of_its_url(url: str, name: str) -> None:
    assert Remote(url).name == name


@pytest.mark.parametrize(
    "locked",
    [
        pytest.param("md5:" + hashlib.md5(BODY).hexdigest(), id="md5"),
        pytest.param("sha256:" + SHA256, id="sha256"),
        pytest.param("sha384:" + hashlib.sha384(BODY).hexdigest(), id="sha384"),
        pytest.param("sha512:" + hashlib.sha512(BODY).hexdigest(), id="sha512"),
        pytest.param(
            "blake2b:" + hashlib.blake2b(BODY, digest_size=32).hexdigest(), id="blake2b, 256 bits"
        ),
        pytest.param("blake2b:" + hashlib.blake2b(BODY).hexdigest(), id="blake2b, 512 bits"),
    ],
)
def test_every_hash_of_a_lockfile_is_checked(tmp_path: Path, locked: str) -> None:
    right, wrong = Remote(URL, locked), Remote(URL, locked[:-1] + "xy"[locked[-1] == "x"])

    assert fetch(tmp_path, Reply(BODY), remote=right)[0] == BODY
    with pytest.raises(HashMismatch) as caught:
        fetch(tmp_path, Reply(BODY), remote=wrong)

    assert f"got:      {locked}" in str(caught.value)


def test_a_file_without_a_hash_is_taken_as_it_comes(tmp_path: Path) -> None:
    assert fetch(tmp_path, Reply(b"any"), remote=Remote(URL))[0] == b"any"


def test_whoever_is_told_of_bytes_may_end_it(tmp_path: Path) -> None:
    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(REMOTE, tmp_path / "file", ScriptedTransport({URL: [Reply(BODY)]}), stop)


def test_hashes_know_the_size() -> None:
    hashes = Hashes(NAME, None)
    hashes.update(b"abc")

    assert hashes.size == 3
    assert hashes.check(3) == hashlib.sha256(b"abc").hexdigest()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"content-length": "1000"}, 1000),
        ({"Content-Length": "0"}, None),
        ({"Content-Length": "-5"}, None),
        ({"Content-Length": "much"}, None),
        ({}, None),
    ],
)
def test_a_size_is_asked_for(headers: dict[str, str], expected: int | None) -> None:
    transport = ScriptedTransport({URL: [Reply(headers=headers)]})

    assert remote_size(Remote(URL), transport) == expected
    assert [request.method for request in transport.asked] == ["HEAD"]


def test_a_size_may_be_refused() -> None:
    with pytest.raises(Refused, match="the server answered 405"):
        remote_size(Remote(URL), ScriptedTransport({URL: [Reply(status=405)]}))
