"""Pushes through all that can happen to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakes.registry import FakeRegistry, Fault, serve_registry
from lamina.oci.blob import DamagedBlob
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.registry import upload
from lamina.registry.errors import BadAnswer, Denied, NotFound, Refused, Unreachable
from unit.registry.setting import BLOB, DATA, ME, NAME, Clients, pieces

UPLOADS = f"/v2/{NAME}/blobs/uploads/"
ACTION = f"push blob {BLOB.digest} to"


def steps(server: FakeRegistry) -> list[str]:
    """Return the methods asked, in order."""
    return [asked.method for asked in server.asked]


def is_there(server: FakeRegistry) -> bool:
    return server.contents(NAME).blobs.get(str(BLOB.digest)) == DATA


def test_a_blob_goes_all_at_once(server: FakeRegistry, clients: Clients) -> None:
    clients.repository().upload(BLOB, pieces)

    assert server.trace() == [f"POST {UPLOADS}", f"PUT {UPLOADS}session1"]
    assert server.asked[1].headers["content-length"] == str(len(DATA))
    assert server.asked[1].target.endswith(f"?_state=opaque%3D&digest={BLOB.digest}")
    assert server.connections == 1


@pytest.mark.parametrize("relative", [True, False])
def test_a_session_may_lie_anywhere(server: FakeRegistry, clients: Clients, relative: bool) -> None:
    server.relative = relative

    clients.repository().upload(BLOB, pieces)

    assert is_there(server)


def test_chunks_follow_each_other(server: FakeRegistry, clients: Clients) -> None:
    clients.repository().upload(BLOB, pieces, chunk=900_000)

    ranges = [asked.headers.get("content-range") for asked in server.asked]
    assert steps(server) == ["POST", "PATCH", "PATCH", "PATCH", "PUT"]
    assert ranges[1:4] == ["0-899999", "900000-1799999", "1800000-1999999"]


def test_a_registry_names_its_least_chunk(server: FakeRegistry, clients: Clients) -> None:
    headers = {"Location": f"{UPLOADS}none", "OCI-Chunk-Min-Length": "1500000"}
    server.fail("POST", UPLOADS, Fault(status=202, headers=headers))

    clients.repository().upload(BLOB, pieces, chunk=1000)

    assert server.asked[1].headers["content-range"] == "0-1499999"


def test_without_chunks_all_goes_at_once(server: FakeRegistry, clients: Clients) -> None:
    server.chunks = False

    clients.repository().upload(BLOB, pieces, chunk=900_000)

    assert steps(server) == ["POST", "PATCH", "POST", "PUT"]
    assert is_there(server)


def test_a_registry_that_loses_chunks_gets_all_at_once(
    server: FakeRegistry, clients: Clients
) -> None:
    headers = {"Location": f"{UPLOADS}session1", "Range": "0-0"}
    server.fail("PATCH", UPLOADS, Fault(status=202, headers=headers))

    clients.repository().upload(BLOB, pieces, chunk=900_000)

    assert steps(server) == ["POST", "PATCH", "POST", "PUT"]


def test_what_is_too_large_goes_in_chunks(
    server: FakeRegistry, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "_CHUNK_OF_RELUCTANT", 1_000_000)
    server.largest_put = 1_500_000

    clients.repository().upload(BLOB, pieces)

    assert steps(server) == ["POST", "PUT", "POST", "PATCH", "PATCH", "PUT"]
    assert is_there(server)


def test_what_is_too_large_for_all_is_explained(server: FakeRegistry, clients: Clients) -> None:
    server.largest_put = 1_000_000

    with pytest.raises(Refused) as caught:
        clients.repository().upload(BLOB, pieces)

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: registry answered 413 (an HTML page)"
    )
    assert caught.value.hint == (
        "The registry, or a proxy before it, takes no uploads of this size"
    )


def test_a_broken_upload_goes_on_where_it_broke(server: FakeRegistry, clients: Clients) -> None:
    server.fail("PUT", UPLOADS, Fault(takes=700_000))

    clients.repository().upload(BLOB, pieces)

    assert steps(server) == ["POST", "PUT", "GET", "PATCH", "PUT"]
    assert server.asked[3].headers["content-range"] == "700000-1999999"
    assert is_there(server)


def test_a_broken_chunk_goes_on_where_it_broke(server: FakeRegistry, clients: Clients) -> None:
    server.fail("PATCH", UPLOADS, Fault(takes=700_000), Fault(takes=100_000))

    clients.repository().upload(BLOB, pieces, chunk=1_000_000)

    ranges = [asked.headers.get("content-range") for asked in server.asked]
    assert [each for each in ranges if each] == [
        "0-999999",
        "700000-1699999",
        "800000-1799999",
        "1800000-1999999",
    ]
    assert is_there(server)


def test_a_broken_upload_that_is_lost_begins_anew(server: FakeRegistry, clients: Clients) -> None:
    server.resumes = False
    server.fail("PUT", UPLOADS, Fault(takes=700_000))

    clients.repository().upload(BLOB, pieces)

    assert steps(server) == ["POST", "PUT", "GET", "HEAD", "POST", "PUT"]
    assert is_there(server)


def test_a_blob_that_came_though_no_answer_did_is_not_sent_again(
    server: FakeRegistry, clients: Clients
) -> None:
    server.fail("PUT", UPLOADS, Fault(is_mute=True))

    clients.repository().upload(BLOB, pieces)

    assert steps(server) == ["POST", "PUT", "GET", "HEAD"]
    assert is_there(server)


def test_an_upload_that_always_breaks_is_given_up(server: FakeRegistry, clients: Clients) -> None:
    server.fail("PUT", UPLOADS, *[Fault(takes=0, forgets=True)] * 5)

    with pytest.raises(Unreachable) as caught:
        clients.repository().upload(BLOB, pieces)

    assert str(caught.value).startswith(
        f"Failed to {ACTION} `{server.host}/{NAME}`: unable to reach `{server.address}{UPLOADS}"
    )
    assert clients.waits == [0.5, 1, 2, 4]


def test_a_fault_in_mid_upload_passes(server: FakeRegistry, clients: Clients) -> None:
    busy = Fault(status=429, headers={"Retry-After": "7"})
    server.fail("PUT", UPLOADS, Fault(status=500), busy)

    clients.repository().upload(BLOB, pieces)

    assert clients.waits == [0.5, 7]
    assert is_there(server)


def test_a_session_that_is_forgotten_begins_anew(server: FakeRegistry, clients: Clients) -> None:
    server.fail("PUT", UPLOADS, Fault(status=404))

    clients.repository().upload(BLOB, pieces)

    assert steps(server) == ["POST", "PUT", "POST", "PUT"]


def test_a_token_that_expires_in_mid_upload_is_renewed(
    server: FakeRegistry, clients: Clients
) -> None:
    server.users, server.scheme, clients.credentials = {"me": ME.secret}, "bearer", ME
    server.fail("PUT", UPLOADS, Fault(before=server.expire_tokens))

    clients.repository().upload(BLOB, pieces)

    assert server.trace() == [
        f"POST {UPLOADS}",
        "GET /token",
        f"POST {UPLOADS}",
        f"PUT {UPLOADS}session2",
        "GET /token",
        f"PUT {UPLOADS}session2",
    ]
    assert is_there(server)


def test_a_token_that_expires_between_chunks_is_renewed(
    server: FakeRegistry, clients: Clients
) -> None:
    server.users, server.scheme, clients.credentials = {"me": ME.secret}, "bearer", ME
    server.fail("PATCH", UPLOADS, Fault(), Fault(before=server.expire_tokens))

    clients.repository().upload(BLOB, pieces, chunk=1_000_000)

    assert is_there(server)


def test_who_may_not_push_is_told(server: FakeRegistry, clients: Clients) -> None:
    server.users, server.scheme = {"me": ME.secret}, "bearer"
    server.is_public = True

    with pytest.raises(Denied) as caught:
        clients.repository().upload(BLOB, pieces)

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: registry answered 401"
        " (UNAUTHORIZED: authentication required)"
    )
    assert caught.value.hint == f"To log in, run `docker login {server.host}`"


def test_a_repository_that_must_be_made_first_is_named(
    server: FakeRegistry, clients: Clients
) -> None:
    server.creates = False

    with pytest.raises(NotFound) as caught:
        clients.repository().upload(BLOB, pieces)

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: registry answered 404"
        " (NAME_UNKNOWN: repository name not known to registry)"
    )
    assert caught.value.hint == (
        "Check the name; some registries want a repository made before the first push"
    )


def test_other_bytes_than_described_are_refused(server: FakeRegistry, clients: Clients) -> None:
    with pytest.raises(Refused) as caught:
        clients.repository().upload(BLOB, lambda: iter([bytes(len(DATA))]))

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: registry answered 400"
        " (DIGEST_INVALID: provided digest did not match the content)"
    )


@pytest.mark.parametrize(
    ("data", "got"), [(DATA[:-1], "1999999 bytes"), (DATA + b"x", "more")], ids=["short", "long"]
)
def test_a_source_of_another_size_pushes_nothing(
    server: FakeRegistry, clients: Clients, data: bytes, got: str
) -> None:
    with pytest.raises(DamagedBlob) as caught:
        clients.repository().upload(BLOB, lambda: iter([data]))

    assert str(caught.value) == (
        f"Damaged blob {BLOB.digest}\n  expected: 2000000 bytes\n  got:      {got}"
    )
    assert not is_there(server)


def test_what_a_source_raises_is_told_as_it_is(clients: Clients) -> None:
    """An error of the disk is not the network's: it is not tried again."""

    def broken() -> Iterator[bytes]:
        yield DATA[:100]
        raise OSError(5, "Input/output error", "blob")

    with pytest.raises(OSError, match="Input/output error"):
        clients.repository().upload(BLOB, broken)

    assert clients.waits == []


def test_an_error_of_the_registry_that_a_blob_comes_from_is_its_own(
    server: FakeRegistry, clients: Clients
) -> None:
    source = clients.repository("team/base")

    with pytest.raises(NotFound) as caught:
        clients.repository().upload(BLOB, lambda: source.read_blob(BLOB))

    assert str(caught.value) == (
        f"Failed to read blob {BLOB.digest} of `{server.host}/team/base`: registry answered 404"
        " (BLOB_UNKNOWN: blob unknown to registry)"
    )
    assert clients.waits == []


def test_a_registry_that_took_another_digest_is_not_believed(
    server: FakeRegistry, clients: Clients
) -> None:
    other = str(Digest.of(b"other"))
    server.fail("PUT", UPLOADS, Fault(status=201, headers={"Docker-Content-Digest": other}))

    with pytest.raises(BadAnswer) as caught:
        clients.repository().upload(BLOB, pieces)

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: registry speaks of another digest\n"
        f"  expected: {BLOB.digest}\n  got:      {other}"
    )


def test_a_registry_must_say_where_an_upload_goes_on(
    server: FakeRegistry, clients: Clients
) -> None:
    server.fail("POST", UPLOADS, Fault(status=202))

    with pytest.raises(BadAnswer) as caught:
        clients.repository().upload(BLOB, pieces)

    assert str(caught.value) == (
        f"Failed to {ACTION} `{server.host}/{NAME}`: registry does not say where to go on"
    )


def test_an_upload_may_lie_on_another_host_which_sees_no_credentials(
    server: FakeRegistry, clients: Clients
) -> None:
    server.users, clients.credentials = {"me": ME.secret}, ME
    with serve_registry() as other:
        place = {"Location": f"{other.address}{UPLOADS}session1?key=1"}
        other.fail("PUT", UPLOADS, Fault(status=201))
        server.fail("POST", UPLOADS, Fault(), Fault(status=202, headers=place))

        clients.repository().upload(BLOB, pieces)

    assert other.asked[0].size == len(DATA)
    assert "authorization" in server.asked[-1].headers
    assert "authorization" not in other.asked[0].headers


def test_an_answer_of_mount_that_begins_an_upload_is_used(
    server: FakeRegistry, clients: Clients
) -> None:
    server.mounts = False
    server.add_blob("team/base", DATA)
    repository = clients.repository()

    assert not repository.mount(BLOB.digest, "team/base")
    repository.upload(BLOB, pieces)

    assert server.trace() == [f"POST {UPLOADS}", f"PUT {UPLOADS}session1"]
    assert is_there(server)


def test_an_interrupted_upload_leaves_no_blob(server: FakeRegistry, clients: Clients) -> None:
    def interrupted() -> Iterator[bytes]:
        yield DATA[:1_000_000]
        clients.transport.interrupt()
        yield DATA[1_000_000:]

    with pytest.raises(Unreachable, match="interrupted"):
        clients.repository().upload(BLOB, interrupted)

    assert not is_there(server)
    assert clients.waits == []


def test_a_source_is_closed_in_the_end(clients: Clients) -> None:
    ends = []

    def source() -> Iterator[bytes]:
        try:
            yield from pieces()
            yield b"too much"
        finally:
            ends.append(True)

    with pytest.raises(DamagedBlob):
        clients.repository().upload(BLOB, source)

    assert ends == [True]


def test_two_who_push_the_same_at_once_both_succeed(server: FakeRegistry, clients: Clients) -> None:
    repository = clients.repository()
    other = clients.repository()

    def meanwhile() -> Iterator[bytes]:
        other.upload(BLOB, pieces)
        yield from pieces()

    repository.upload(BLOB, meanwhile)

    assert is_there(server)


def test_an_empty_blob_is_pushed(server: FakeRegistry, clients: Clients) -> None:
    empty = Descriptor("application/x", Digest.of(b""), 0)

    clients.repository().upload(empty, lambda: iter([]))

    assert server.contents(NAME).blobs == {str(empty.digest): b""}
