"""``lamina build --push`` where something goes wrong: a retry or a clear error, and no half tag."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.registry import FakeRegistry, Fault, serve_registry
from images import Member, make_image, make_layer
from lamina.transport.http import HttpTransport
from unit.cli.pushing import BASE_NAME, Pushing, base_image, digests, origins, put

NOW = {"Retry-After": "0"}
SECRET = "open sesame"


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpTransport, "pause", lambda self, seconds: None)


@pytest.fixture
def log_in(
    server: FakeRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Let the registry know one user, and give the program a password."""
    server.users = {"me": SECRET}
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.delenv("REGISTRY_AUTH_FILE", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def log_in(password: str) -> None:
        auth = base64.b64encode(f"me:{password}".encode()).decode()
        (tmp_path / "docker").mkdir()
        config = json.dumps({"auths": {server.host: {"auth": auth}}})
        (tmp_path / "docker" / "config.json").write_text(config)

    return log_in


def refused(app: Pushing, tag: str = "1", *args: str) -> str:
    """Push, which must end in an explained error that leaves no tag; return the error."""
    before = dict(app.server.contents(app.name).tags)
    ended = app.run(tag, *args)
    assert (ended.code, ended.out) == (1, ""), ended
    assert "Traceback" not in ended.err
    assert app.server.contents(app.name).tags == before
    return ended.err.partition("error: ")[2].replace(app.server.host, "HOST")


# What passes.


@pytest.mark.parametrize(
    ("method", "path", "fault"),
    [
        ("GET", "/manifests/lamina-cache", Fault(status=503, headers=NOW)),
        ("HEAD", "/blobs/", Fault(status=429, headers=NOW)),
        ("POST", "/blobs/uploads/", Fault(status=500, headers=NOW)),
        ("PUT", "/blobs/uploads/", Fault(takes=100)),
        ("PUT", "/blobs/uploads/", Fault(status=502, headers=NOW)),
        ("PUT", "/blobs/uploads/", Fault(is_mute=True)),
        ("PUT", "/manifests/1", Fault(status=503, headers=NOW)),
        ("PUT", "/manifests/1", Fault(is_mute=True)),
    ],
)
def test_what_may_pass_is_tried_again(app: Pushing, method: str, path: str, fault: Fault) -> None:
    app.server.fail(method, path, fault)

    report = app.push("1")

    assert app.server.contents(app.name).tags["1"] == report["digest"]
    assert set(digests(report)) <= app.server.contents(app.name).blobs.keys()


def test_a_manifest_that_is_cut_off_is_read_again(app: Pushing) -> None:
    app.push("1")
    app.bump()
    app.server.fail("GET", "/manifests/lamina-cache", Fault(cut=100))

    assert origins(app.push("2"))[:4] == ["registry"] * 4


@pytest.mark.parametrize("switch", ["chunks", "resumes", "ranges", "mounts", "referrers"])
def test_registries_that_know_less_are_served(app: Pushing, switch: str) -> None:
    setattr(app.server, switch, False)
    app.server.fail("PUT", "/blobs/uploads/", Fault(takes=1000))

    report = app.push("1")

    assert set(digests(report)) <= app.server.contents(app.name).blobs.keys()


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_who_has_logged_in_may_push(
    app: Pushing, log_in: Callable[[str], None], scheme: str
) -> None:
    log_in(SECRET)
    app.server.scheme = scheme

    app.push("1")
    app.bump()

    assert origins(app.push("2"))[:4] == ["registry"] * 4


def test_a_token_that_ends_in_an_upload_is_had_anew(
    app: Pushing, log_in: Callable[[str], None]
) -> None:
    log_in(SECRET)
    app.server.scheme = "bearer"
    app.server.fail("PUT", "/blobs/uploads/", Fault(before=app.server.expire_tokens))

    assert app.push("1")["digest"] == app.server.contents(app.name).tags["1"]


def test_a_mount_shows_a_token_for_both_repositories(
    app: Pushing, log_in: Callable[[str], None]
) -> None:
    log_in(SECRET)
    app.server.scheme = "bearer"
    put(app.server, BASE_NAME, "1", base_image())
    app.base = f"{app.server.host}/{BASE_NAME}:1"

    report = app.push("1")

    assert report["transfer"]["base_bytes_in"] > 0
    mounts = [each for each in app.server.asked if "mount=" in each.target]
    assert mounts
    assert set(digests(report)) <= app.server.contents(app.name).blobs.keys()


def test_a_redirect_sees_no_credentials(app: Pushing, log_in: Callable[[str], None]) -> None:
    log_in(SECRET)
    app.push("1")
    app.bump()
    config = app.manifest("1")["config"]["digest"]
    with serve_registry() as store:
        store.add_blob(app.name, app.server.contents(app.name).blobs[config])
        elsewhere = f"{store.address}/v2/{app.name}/blobs/{config}"
        app.server.fail("GET", config, Fault(status=307, headers={"Location": elsewhere}))

        report = app.push("2")

        assert origins(report)[:4] == ["registry"] * 4
        assert [each for each in store.asked if "authorization" in each.headers] == []
        assert len(store.asked) == 1


def test_a_tag_that_somebody_moves_meanwhile_is_ours_at_the_end(app: Pushing) -> None:
    app.push("1")
    app.bump()

    def move() -> None:
        put(app.server, app.name, "2", make_image(make_layer(Member("x"))))

    app.server.fail("PUT", "/blobs/uploads/", Fault(before=move))

    assert app.push("2")["digest"] == app.server.contents(app.name).tags["2"]


# What does not.


def test_a_wrong_password_is_told_once_and_not_shown(
    app: Pushing, log_in: Callable[[str], None]
) -> None:
    log_in("wrong password")

    ended = app.run("1")

    said = ended.err.replace(app.server.host, "HOST")
    assert said.count("warning: ") == 1
    first, _, rest = said.partition("error: ")[2].partition(": ")
    assert first.startswith("Failed to look for blob sha256:")
    assert rest == (
        "registry answered 401\n\n"
        "hint: The credentials found do not allow it; to log in with others, run "
        "`docker login HOST`\n"
    )
    assert "wrong password" not in said
    assert base64.b64encode(b"me:wrong password").decode() not in said
    assert app.server.contents(app.name).tags == {}


@pytest.mark.parametrize("content", ["", " \n", "{}"])
def test_a_file_without_credentials_has_none(
    app: Pushing, log_in: Callable[[str], None], tmp_path: Path, content: str
) -> None:
    log_in(SECRET)
    app.server.users = {}
    (tmp_path / "docker" / "config.json").write_text(content)

    app.push("1")


def test_malformed_credentials_matter_only_where_some_are_wanted(
    app: Pushing, log_in: Callable[[str], None], tmp_path: Path
) -> None:
    log_in(SECRET)
    (tmp_path / "docker" / "config.json").write_text("{")

    assert app.program.build("-q").code == 0
    assert "Malformed credentials in " in refused(app)


def test_nobody_who_may_not_push_waits_for_the_layers(app: Pushing) -> None:
    denied = json.dumps({"errors": [{"code": "DENIED", "message": "no push for you"}]}).encode()
    app.server.fail("POST", "/blobs/uploads/", *[Fault(status=403, body=denied)] * 9)

    said = refused(app)

    assert said.startswith("Failed to push blob sha256:")
    assert said.partition(" to `")[2] == (
        f"HOST/{app.name}`: registry answered 403 (DENIED: no push for you)\n\n"
        "hint: To log in, run `docker login HOST`\n"
    )


def test_a_repository_that_must_be_made_first_is_explained(app: Pushing) -> None:
    app.server.creates = False
    ended = app.run("1")

    assert ended.code == 1
    assert ended.err.endswith(
        "hint: Check the name; some registries want a repository made before the first push\n"
    )


def test_a_tag_that_may_not_be_moved_is_explained(app: Pushing) -> None:
    app.push("1")
    app.server.immutable = True
    app.bump()

    assert refused(app) == (
        f"Failed to push manifest `1` to `HOST/{app.name}`: registry answered 400 "
        "(TAG_INVALID: tag 1 is immutable)\n\n"
        "hint: If tags of this repository cannot be moved, push another tag\n"
    )


def test_a_registry_that_tells_of_another_digest_is_not_believed(app: Pushing) -> None:
    other = f"sha256:{'0' * 64}"
    app.server.fail("PUT", "/manifests/1", Fault(headers={"Docker-Content-Digest": other}))

    ended = app.run("1")

    assert ended.code == 1
    digest = app.server.contents(app.name).tags["1"]
    assert ended.err.replace(app.server.host, "HOST").endswith(
        f"error: Failed to push manifest `1` to `HOST/{app.name}`: registry speaks of another "
        f"digest\n  expected: {digest}\n  got:      {other}\n"
    )


def test_a_page_instead_of_a_registry_is_explained(app: Pushing) -> None:
    page = Fault(status=200, body=b"<html>", headers={"Content-Type": "text/html"})
    for method in ("GET", "HEAD", "POST"):
        app.server.fail(method, "/v2/", *[page] * 20)

    said = refused(app)

    assert said.startswith("Failed to push blob sha256:")
    assert said.endswith(f" to `HOST/{app.name}`: registry answered 200 (an HTML page)\n")


def test_a_base_whose_blob_is_gone_is_named(app: Pushing) -> None:
    put(app.server, BASE_NAME, "1", base_image())
    gone = str(base_image().layers[1].descriptor.digest)
    del app.server.contents(BASE_NAME).blobs[gone]
    app.base = f"{app.server.host}/{BASE_NAME}:1"

    assert refused(app) == (
        f"Failed to read blob {gone} of `HOST/{BASE_NAME}`: registry answered 404 "
        "(BLOB_UNKNOWN: blob unknown to registry)\n"
    )


def test_a_layer_that_goes_while_it_is_streamed_is_made(app: Pushing) -> None:
    """The registry had it when it was asked for; then it answers 404."""
    with serve_registry() as other:
        source = Pushing(app.locked, app.program, other, stores=app.stores)
        first = source.push("1")
        app.bump()
        large = digests(first)[1]
        other.fail("GET", f"/blobs/{large}", *[Fault(status=404)] * 3)

        ended = app.run("2", "--cache-from", f"{other.host}/{app.name}:1")

    assert ended.code == 0, ended.err
    assert "; made again: large==1.0\n" in ended.err
    assert large in app.server.contents(app.name).blobs
