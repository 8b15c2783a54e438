"""Manifests, tags, referrers and mounts as hostile or poor registries answer."""

from __future__ import annotations

import json

import pytest

from fakes.registry import FakeRegistry, Fault, serve_registry
from fakes.server import free_port
from fakes.transport import Reply, ScriptedTransport
from lamina.oci import mediatype
from lamina.oci.descriptor import Descriptor
from lamina.oci.digest import Digest
from lamina.oci.document import SIZE_LIMIT, MalformedDocument, encode
from lamina.registry.client import Registry
from lamina.registry.errors import BadAnswer, Denied, Refused, Unreachable
from unit.registry.setting import BLOB, DATA, ME, NAME, Clients

MANIFEST = encode({"schemaVersion": 2, "mediaType": mediatype.MANIFEST, "layers": []})
DIGEST = Digest.of(MANIFEST)
PATH = f"/v2/{NAME}/manifests/"


@pytest.fixture(autouse=True)
def image(server: FakeRegistry) -> None:
    contents = server.contents(NAME)
    contents.manifests[str(DIGEST)] = (mediatype.MANIFEST, MANIFEST)
    contents.tags["1.0"] = str(DIGEST)


def test_all_media_types_are_welcome(server: FakeRegistry, clients: Clients) -> None:
    clients.repository().manifest("1.0")

    assert server.asked[0].headers["accept"] == (
        "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
        "application/vnd.docker.distribution.manifest.list.v2+json, "
        "application/vnd.docker.distribution.manifest.v2+json"
    )


def test_a_manifest_of_another_digest_is_refused(server: FakeRegistry, clients: Clients) -> None:
    other = MANIFEST + b" "
    server.fail("GET", PATH, Fault(alters=lambda data: other))

    with pytest.raises(BadAnswer) as caught:
        clients.repository().manifest(DIGEST)

    assert str(caught.value) == (
        f"Failed to read manifest `{DIGEST}` of `{server.host}/{NAME}`: its bytes are others\n"
        f"  expected: {DIGEST}\n  got:      {Digest.of(other)}"
    )


def test_a_registry_that_lies_of_the_digest_is_refused(
    server: FakeRegistry, clients: Clients
) -> None:
    other = str(Digest.of(b"other"))
    server.fail("GET", PATH, Fault(headers={"Docker-Content-Digest": other}))

    with pytest.raises(BadAnswer) as caught:
        clients.repository().manifest("1.0")

    assert str(caught.value) == (
        f"Failed to read manifest `1.0` of `{server.host}/{NAME}`: registry speaks of another"
        f" digest\n  expected: {DIGEST}\n  got:      {other}"
    )


def test_a_page_is_not_a_manifest(server: FakeRegistry, clients: Clients) -> None:
    headers = {"Content-Type": "text/html; charset=utf-8"}
    server.fail("GET", PATH, Fault(status=200, body=b"<html>Log in</html>", headers=headers))

    with pytest.raises(BadAnswer) as caught:
        clients.repository().manifest("1.0")

    assert str(caught.value) == (
        f"Failed to read manifest `1.0` of `{server.host}/{NAME}`: expected a manifest or index,"
        " got: text/html"
    )
    assert caught.value.hint == f"Check that `{server.host}` is a registry"


@pytest.mark.parametrize("stated", ["application/json", "", mediatype.MANIFEST + "; charset=utf-8"])
def test_a_manifest_says_itself_what_it_is(
    server: FakeRegistry, clients: Clients, stated: str
) -> None:
    server.contents(NAME).manifests[str(DIGEST)] = (stated, MANIFEST)

    assert clients.repository().manifest("1.0").media_type == mediatype.MANIFEST


def test_a_manifest_without_end_is_given_up(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", PATH, Fault(alters=lambda data: bytes(SIZE_LIMIT + 1)))

    with pytest.raises(BadAnswer) as caught:
        clients.repository().manifest("1.0")

    assert str(caught.value) == (
        f"Failed to read manifest `1.0` of `{server.host}/{NAME}`: over 4194304 bytes"
    )


def test_a_manifest_whose_transfer_breaks_is_asked_for_again(
    server: FakeRegistry, clients: Clients
) -> None:
    server.fail("GET", PATH, Fault(cut=10), Fault(takes=0), Fault(status=502))

    assert clients.repository().manifest("1.0").data == MANIFEST


def test_a_tag_that_cannot_be_moved_is_explained(server: FakeRegistry, clients: Clients) -> None:
    server.immutable = True

    with pytest.raises(Refused) as caught:
        clients.repository().put_manifest("1.0", MANIFEST + b" ", mediatype.MANIFEST)

    assert str(caught.value) == (
        f"Failed to push manifest `1.0` to `{server.host}/{NAME}`: registry answered 400"
        " (TAG_INVALID: tag 1.0 is immutable)"
    )
    assert caught.value.hint == "If tags of this repository cannot be moved, push another tag"


def test_a_push_whose_answer_is_lost_is_repeated(server: FakeRegistry, clients: Clients) -> None:
    server.fail("PUT", PATH, Fault(is_mute=True))

    assert clients.repository().put_manifest("2.0", MANIFEST, mediatype.MANIFEST) == DIGEST
    assert server.contents(NAME).tags["2.0"] == str(DIGEST)


def test_tags_come_in_pages(server: FakeRegistry, clients: Clients) -> None:
    server.contents(NAME).tags = {f"v{number}": str(DIGEST) for number in range(7)}
    server.page = 3

    assert clients.repository().tags() == tuple(f"v{number}" for number in range(7))
    assert len(server.asked) == 3
    assert len(clients.repository().tags(4)) == 4


def test_pages_that_go_in_circles_end(server: FakeRegistry, clients: Clients) -> None:
    path = f"/v2/{NAME}/tags/list"
    body = b'{"tags": ["a", "../b", "c d"]}'
    link = {"Link": f'<{path}?n=1000>; rel="next"'}
    server.fail("GET", path, *[Fault(status=200, body=body, headers=link)] * 5)

    assert clients.repository().tags() == ("a",)
    assert len(server.asked) == 1


def test_tags_that_are_none_are_refused(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", "/tags/", Fault(status=200, body=b"<html>"))

    with pytest.raises(BadAnswer) as caught:
        clients.repository().tags()

    assert str(caught.value) == (
        f"Failed to list the tags of `{server.host}/{NAME}`: Malformed list of tags: not JSON"
    )


@pytest.mark.parametrize("knows", [True, False])
def test_referrers_are_found(server: FakeRegistry, clients: Clients, knows: bool) -> None:
    """By the question for them, or by the tag that stands in for it."""
    server.referrers = knows
    subject = Descriptor(mediatype.MANIFEST, DIGEST, len(MANIFEST)).to_json()
    data = encode({"schemaVersion": 2, "mediaType": mediatype.MANIFEST, "subject": subject})
    repository = clients.repository()
    digest = repository.put_manifest("signature", data, mediatype.MANIFEST)
    if not knows:
        entry = Descriptor(mediatype.MANIFEST, digest, len(data)).to_json()
        index = encode({"schemaVersion": 2, "manifests": [entry]})
        repository.put_manifest(f"sha256-{DIGEST.hex}", index, mediatype.INDEX)

    assert [each.digest for each in repository.referrers(DIGEST)] == [digest]


def test_referrers_that_are_none_are_refused(server: FakeRegistry, clients: Clients) -> None:
    server.fail("GET", "/referrers/", Fault(status=200, body=b"<html>"))

    with pytest.raises(MalformedDocument):
        clients.repository().referrers(DIGEST)


def test_a_mount_needs_both_scopes_at_once(server: FakeRegistry, clients: Clients) -> None:
    server.users, server.scheme, clients.credentials = {"me": ME.secret}, "bearer", ME
    server.add_blob("team/base", DATA)

    assert clients.repository().mount(BLOB.digest, "team/base")

    assert [asked.method for asked in server.asked] == ["POST", "GET", "POST"]
    assert server.asked[1].target == (
        f"/token?service={server.host.replace(':', '%3A')}"
        "&scope=repository%3Ateam%2Fapp%3Apull%2Cpush"
        "&scope=repository%3Ateam%2Fbase%3Apull&account=me"
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
def test_a_mount_that_is_refused_is_none(
    server: FakeRegistry, clients: Clients, status: int
) -> None:
    server.fail("POST", "/uploads/", Fault(status=status))

    assert not clients.repository().mount(BLOB.digest, "team/base")


def test_a_registry_that_is_down_is_named(clients: Clients) -> None:
    waits: list[float] = []
    with free_port() as port:
        host = f"127.0.0.1:{port}"
        registry = Registry(host, clients.transport, sleep=waits.append)
        with pytest.raises(Unreachable) as caught:
            registry.repository(NAME).manifest("1.0")

    assert str(caught.value) == (
        f"Failed to read manifest `1.0` of `{host}/{NAME}`: unable to reach"
        f" `http://{host}{PATH}1.0`: Connection refused"
    )
    assert waits == [0.5, 1, 2, 4]


def test_the_transport_waits_so_that_an_interruption_ends_it() -> None:
    url = f"https://r.example{PATH}1.0"
    late = Reply(status=429, headers={"Retry-After": "25"})
    transport = ScriptedTransport({url: [late, Reply(MANIFEST)]})

    assert Registry("r.example", transport).repository(NAME).manifest("1.0").digest == DIGEST
    assert transport.pauses == [25]


def test_what_a_registry_says_is_shown_in_short_and_without_secrets(
    server: FakeRegistry, clients: Clients
) -> None:
    server.users, clients.credentials = {"me": ME.secret}, ME
    message = f"no, {ME.secret} and\n{ME.basic} \x1b[31m are {'x' * 999}"
    body = json.dumps({"errors": [{"code": "DENIED", "message": message}]}).encode()
    server.fail("GET", PATH, Fault(), Fault(status=403, body=body))

    with pytest.raises(Denied) as caught:
        clients.repository().manifest("1.0")

    text = f"no, **** and Basic **** [31m are {'x' * 999}"[:300]
    assert str(caught.value) == (
        f"Failed to read manifest `1.0` of `{server.host}/{NAME}`: registry answered 403"
        f" (DENIED: {text}...)"
    )
    assert caught.value.hint == (
        "The credentials found do not allow it; to log in with others, run"
        f" `docker login {server.host}`"
    )


def test_a_tag_that_someone_else_moves_meanwhile_is_read_as_one(
    server: FakeRegistry, clients: Clients
) -> None:
    """Bytes and digest are of one answer, whatever the next would be."""
    later = encode({"schemaVersion": 2, "mediaType": mediatype.MANIFEST, "layers": [1]})
    contents = server.contents(NAME)
    contents.manifests[str(Digest.of(later))] = (mediatype.MANIFEST, later)

    def move() -> None:
        contents.tags["1.0"] = str(Digest.of(later))

    server.fail("GET", PATH, Fault(), Fault(before=move))
    repository = clients.repository()

    assert repository.manifest("1.0").digest == DIGEST
    assert repository.manifest("1.0").data == later


def test_nothing_leads_a_push_to_another_method(server: FakeRegistry, clients: Clients) -> None:
    with serve_registry() as other:
        place = {"Location": f"{other.address}{PATH}1.0"}
        server.fail("PUT", PATH, Fault(status=302, headers=place))

        with pytest.raises(BadAnswer) as caught:
            clients.repository().put_manifest("1.0", MANIFEST, mediatype.MANIFEST)

    assert str(caught.value) == (
        f"Failed to push manifest `1.0` to `{server.host}/{NAME}`: registry answered 302"
    )
