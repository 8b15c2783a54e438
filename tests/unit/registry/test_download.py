"""Pulls of blobs through all that can happen to them."""

from __future__ import annotations

import pytest

from fakes.registry import FakeRegistry, Fault, serve_registry
from lamina.oci.blob import DamagedBlob
from lamina.registry.errors import BadAnswer, NotFound, Refused, Unreachable
from lamina.registry.exchange import CHUNK
from unit.registry.setting import BLOB, DATA, ME, NAME, Clients

PATH = f"/v2/{NAME}/blobs/{BLOB.digest}"
ACTION = f"read blob {BLOB.digest} of"


@pytest.fixture(autouse=True)
def blob(server: FakeRegistry) -> None:
    server.add_blob(NAME, DATA)


def read(clients: Clients) -> bytes:
    return b"".join(clients.repository().read_blob(BLOB))


def test_faults_that_pass_are_waited_for(server: FakeRegistry, clients: Clients) -> None:
    busy = Fault(status=429, headers={"Retry-After": "3"})
    server.fail("GET", PATH, Fault(status=500), busy, Fault(takes=0))

    assert read(clients) == DATA
    assert clients.waits == [0.5, 3, 2]


def test_a_fault_that_stays_is_told(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", PATH, *[Fault(status=503)] * 5)

    with pytest.raises(Refused) as caught:
        read(clients)

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: registry answered 503"
    )
    assert caught.value.hint == "The registry has a fault; run the command again later"
    assert clients.waits == [0.5, 1, 2, 4]


def test_a_transfer_that_breaks_goes_on(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", PATH, Fault(cut=700_000), Fault(cut=800_000))

    assert read(clients) == DATA
    assert [asked.headers.get("range") for asked in server.asked] == [
        None,
        "bytes=700000-1999999",
        "bytes=1500000-1999999",
    ]


def test_without_ranges_a_transfer_begins_anew(server: FakeRegistry, clients: Clients) -> None:
    server.ranges = False
    server.fail("GET", PATH, Fault(cut=700_000))

    assert read(clients) == DATA


def test_a_transfer_that_always_breaks_is_given_up(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", PATH, *[Fault(cut=0)] * 5)

    with pytest.raises(Unreachable) as caught:
        read(clients)

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: the transfer from `{server.address}{PATH}`"
        " broke off: 0 bytes came, 2000000 more were due"
    )


def test_other_bytes_are_refused(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", PATH, Fault(alters=lambda data: bytes(len(data))))

    with pytest.raises(DamagedBlob):
        read(clients)


@pytest.mark.parametrize(
    ("claims", "got"), [(1_500_000, "1500000 bytes"), (2_000_000, "1500000 bytes")]
)
def test_a_truncated_blob_is_refused(
    server: FakeRegistry, clients: Clients, claims: int, got: str
) -> None:
    """Whether the registry lies of its length, or truncates and takes that for all there is."""
    server.contents(NAME).blobs[str(BLOB.digest)] = DATA[:1_500_000]
    server.ranges = claims < len(DATA)
    server.fail("GET", PATH, Fault(claims=claims))

    with pytest.raises(DamagedBlob) as caught:
        read(clients)

    assert str(caught.value) == (
        f"Damaged blob {BLOB.digest} of `{clients.server.host}/team/app`\n"
        f"  expected: 2000000 bytes\n  got:      {got}"
    )


def test_a_length_that_is_too_great_does_no_harm(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", PATH, Fault(claims=3_000_000))

    assert read(clients) == DATA
    assert len(server.asked) == 1


def test_a_blob_that_is_too_long_is_given_up(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", PATH, Fault(alters=lambda data: data + b"x"))

    with pytest.raises(DamagedBlob, match="more"):
        read(clients)


def test_a_page_is_not_a_blob(server: FakeRegistry, clients: Clients) -> None:
    page = Fault(status=200, body=b"<html>Log in</html>", headers={"Content-Type": "text/html"})
    server.fail("GET", PATH, page)

    with pytest.raises(DamagedBlob):
        read(clients)


def test_a_blob_may_be_gone_that_was_there(server: FakeRegistry, clients: Clients) -> None:
    repository = clients.repository()
    assert repository.has_blob(BLOB.digest) == len(DATA)
    server.contents(NAME).blobs.clear()

    with pytest.raises(NotFound):
        list(repository.read_blob(BLOB))


def test_a_redirect_to_another_host_carries_no_credentials(
    server: FakeRegistry, clients: Clients
) -> None:
    server.users, clients.credentials = {"me": ME.secret}, ME
    with serve_registry() as storage:
        storage.add_blob(NAME, DATA)
        place = {"Location": f"{storage.address}{PATH}?signature=secret"}
        server.fail("GET", PATH, Fault(), Fault(status=307, headers=place))
        storage.fail("GET", PATH, Fault(cut=700_000))

        assert read(clients) == DATA

    assert "authorization" in server.asked[1].headers
    assert [asked.headers.get("authorization") for asked in storage.asked] == [None]
    assert server.asked[-1].headers["range"] == "bytes=700000-1999999"


def test_a_challenge_of_another_host_is_not_answered(
    server: FakeRegistry, clients: Clients
) -> None:
    """Whoever a redirect leads to could ask for the credentials."""
    server.users, clients.credentials = {"me": ME.secret}, ME
    with serve_registry() as storage:
        storage.users, storage.scheme = {"me": "x"}, "bearer"
        place = {"Location": f"{storage.address}{PATH}?signature=secret"}
        server.fail("GET", PATH, Fault(), Fault(status=307, headers=place))

        with pytest.raises(Refused) as caught:
            read(clients)

    assert storage.trace() == [f"GET {PATH}"]
    assert "secret" not in f"{caught.value}{caught.value.hint}"


def test_redirects_end(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", PATH, *[Fault(status=302, headers={"Location": PATH})] * 9)

    with pytest.raises(Refused) as caught:
        read(clients)

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: registry answered 302"
    )
    assert len(server.asked) == 6


@pytest.mark.parametrize("ranges", [True, False])
def test_a_part_is_just_that(server: FakeRegistry, clients: Clients, ranges: bool) -> None:
    server.ranges = ranges
    server.fail("GET", PATH, Fault(cut=1000 if ranges else 1_001_000))

    part = b"".join(clients.repository().read_part(BLOB, 1_000_000, 300_000))

    assert part == DATA[1_000_000:1_300_000]


def test_nothing_of_a_blob_needs_no_question(server: FakeRegistry, clients: Clients) -> None:
    assert list(clients.repository().read_part(BLOB, 5, 0)) == []
    assert server.asked == []


def test_another_part_than_asked_for_is_refused(server: FakeRegistry, clients: Clients) -> None:
    other = Fault(status=206, body=b"x", headers={"Content-Range": "bytes 0-0/2000000"})
    server.fail("GET", PATH, other)

    with pytest.raises(BadAnswer) as caught:
        list(clients.repository().read_part(BLOB, 10, 1))

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: registry gave another part than was asked for"
    )


def test_a_blob_is_a_file_that_may_be_left_unread(server: FakeRegistry, clients: Clients) -> None:
    repository = clients.repository()

    for _ in range(3):
        with repository.open_blob(BLOB) as file:
            assert file.read(5) == DATA[:5]
            assert not file.seekable()
    with repository.open_blob(BLOB) as file:
        assert file.read() == DATA


def test_little_is_held_in_memory(server: FakeRegistry, clients: Clients) -> None:
    assert max(len(piece) for piece in clients.repository().read_blob(BLOB)) <= CHUNK


def test_a_size_that_is_not_told_counts_as_missing(server: FakeRegistry, clients: Clients) -> None:
    server.fail("HEAD", PATH, Fault(claims=-1))

    assert clients.repository().has_blob(BLOB.digest) is None


def test_who_may_not_pull_a_public_image_is_nobody(server: FakeRegistry, clients: Clients) -> None:
    server.users, server.scheme, server.is_public = {"me": ME.secret}, "bearer", True

    assert b"".join(clients.repository(push=False).read_blob(BLOB)) == DATA
    assert server.trace() == [f"GET {PATH}", "GET /token", f"GET {PATH}"]
