"""What is asked of an engine over its socket, and what is told when it does not do it."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fakes.engine import LOAD, PING, Answer, FakeEngine, serve_engine
from images import make_image, make_layer
from lamina.engine.client import Engine, Held, Kind, Listed
from lamina.engine.errors import START, EngineRefused, EngineUnreachable, NotAnEngine
from lamina.oci.document import MalformedDocument
from lamina.oci.reference import Reference
from lamina.transport.http import HttpTransport, Network
from lamina.transport.protocol import TransportError

BROKEN = "Its log may say why; is it still running?"
LAYER = make_layer()
IMAGE = make_image(LAYER)


@contextmanager
def transport_to(path: Path, timeout: float = 5) -> Iterator[HttpTransport]:
    with closing(HttpTransport(Network(timeout=timeout, backoff=0, socket=path))) as transport:
        yield transport


@contextmanager
def connected(fake: FakeEngine) -> Iterator[Engine]:
    with transport_to(fake.socket) as transport:
        yield Engine.connect(fake.socket, transport)


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with serve_engine() as fake:
        yield fake


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="lamina-") as folder:
        yield Path(folder)


def unreachable(path: Path, timeout: float = 5) -> tuple[str, str | None]:
    with transport_to(path, timeout) as transport, pytest.raises(EngineUnreachable) as caught:
        Engine.connect(path, transport)
    assert caught.value.path == path
    return str(caught.value), caught.value.hint


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("docker", Kind.DOCKER), ("containerd", Kind.DOCKER), ("podman", Kind.PODMAN)],
)
def test_an_engine_says_who_it_is(kind: str, expected: Kind) -> None:
    with serve_engine(kind) as fake, connected(fake) as engine:
        assert (engine.kind, engine.version) == (expected, "1.41")


def test_a_socket_that_is_not_there_is_told(folder: Path) -> None:
    path = folder / "gone.sock"

    assert unreachable(path) == (f"Unable to reach `{path}`: No such file or directory", START)


def test_a_socket_where_nobody_listens_is_told(folder: Path) -> None:
    path = folder / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))

    message, hint = unreachable(path)

    assert message == f"Unable to reach `{path}`: Connection refused"
    assert hint == f"Nobody listens there. {START}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_socket_that_is_not_ours_is_told(fake: FakeEngine) -> None:
    fake.socket.parent.chmod(0o700)
    os.seteuid(65534)
    try:
        message, hint = unreachable(fake.socket)
    finally:
        os.seteuid(0)

    assert message == f"Unable to reach `{fake.socket}`: Permission denied"
    assert hint == (
        "Its user and its group may use it: join the group (often `docker`), "
        "or set `DOCKER_HOST` to an engine of your own"
    )


def test_a_path_that_no_socket_can_have_is_told(folder: Path) -> None:
    path = folder / ("x" * 200)

    assert unreachable(path) == (f"Unable to reach `{path}`: AF_UNIX path too long", START)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(Answer(raw=b""), "it hung up without an answer", id="nothing"),
        pytest.param(Answer(raw=b"220 ready\r\n"), "what it answers is not HTTP", id="no HTTP"),
    ],
)
def test_what_does_not_answer_is_told(fake: FakeEngine, answer: Answer, why: str) -> None:
    fake.answers[PING] = answer

    assert unreachable(fake.socket) == (f"Unable to reach `{fake.socket}`: {why}", BROKEN)


def test_silence_at_the_first_question_is_told(fake: FakeEngine) -> None:
    fake.answers[PING] = Answer(hangs=True)

    message, hint = unreachable(fake.socket, timeout=0.05)

    assert (message, hint) == (f"Unable to reach `{fake.socket}`: no answer in time", BROKEN)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(200, b"hello"), id="a web server"),
        pytest.param(Answer(404, b"", {"Api-Version": "1.41"}), id="not found"),
        pytest.param(Answer(200, b"OK", {"Api-Version": "../.."}), id="odd version"),
    ],
)
def test_what_is_not_an_engine_is_told(fake: FakeEngine, answer: Answer) -> None:
    fake.answers[PING] = answer

    with transport_to(fake.socket) as transport, pytest.raises(NotAnEngine) as caught:
        Engine.connect(fake.socket, transport)

    assert str(caught.value) == f"What answers at `{fake.socket}` is neither Docker nor Podman"
    assert caught.value.hint == START


def test_images_are_listed_and_looked_at(fake: FakeEngine) -> None:
    for number in range(2):
        fake.keep(b"%d" % number, (LAYER,) * number, [f"docker.io/library/app:{number}"])
    old, new = fake.images

    with connected(fake) as engine:
        assert engine.images() == [Listed(new, ("app:1",)), Listed(old, ("app:0",))]
        assert engine.image(new) == Held(new, (str(LAYER.diff_id),))
        assert engine.image("docker.io/library/app:0") == Held(old, ())
        assert engine.image("app:2") is None

    assert "GET /v1.41/images/docker.io/library/app:0/json" in fake.asked


def test_an_image_is_tagged(fake: FakeEngine) -> None:
    fake.keep(b"{}", (), [])
    (id_,) = fake.images

    with connected(fake) as engine:
        engine.tag(id_, Reference.parse("registry.example:5000/a/b"))

    assert fake.tags() == {"registry.example:5000/a/b:latest"}


def refused(fake: FakeEngine, ask: Callable[[Engine], object]) -> str:
    with connected(fake) as engine, pytest.raises(EngineRefused) as caught:
        ask(engine)
    return str(caught.value)


def load(engine: Engine) -> list[str]:
    return engine.load(iter([b"x" * 1000] * 3))


def test_a_refusal_is_told_in_the_words_of_the_engine(fake: FakeEngine) -> None:
    name = Reference.parse("a:1")
    fake.answers["/images/json"] = Answer(500, b'{"message":"no database"}\n')
    fake.answers["/images/x/json"] = Answer(500, b"a plain word")

    assert refused(fake, Engine.images) == "Docker failed to list its images: no database"
    assert refused(fake, lambda engine: engine.image("x")) == (
        "Docker failed to look for the image x: a plain word"
    )
    assert refused(fake, lambda engine: engine.tag("x", name)) == (
        "Docker failed to tag the image docker.io/library/a:1: no such image"
    )


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/images/json", b"[", "Malformed answer of Docker: not JSON"),
        ("/images/x/json", b"[]", "Malformed answer of Docker: expected an object"),
        ("/images/x/json", b'{"Id": 1}', "Malformed answer of Docker: expected text at `Id`, "
                                         "got: a number"),
    ],
)  # fmt: skip
def test_an_answer_that_makes_no_sense_is_told(
    fake: FakeEngine, path: str, body: bytes, message: str
) -> None:
    fake.answers[path] = Answer(body=body)

    with connected(fake) as engine, pytest.raises(MalformedDocument) as caught:
        engine.images() if path == "/images/json" else engine.image("x")

    assert str(caught.value) == message


def test_the_stream_of_a_load_is_read_to_its_end(fake: FakeEngine) -> None:
    lines = [
        {"status": "Loading layer", "id": "x"},
        {"stream": "Loaded image: a:1\n"},
        {"stream": "Loaded image ID: sha256:ab\n"},
    ]
    body = b"\r\n".join(json.dumps(line).encode() for line in lines)
    fake.answers[LOAD] = Answer(body=body + b"\r\nnot JSON\r\n[]")

    with connected(fake) as engine:
        assert load(engine) == ["a:1", "sha256:ab"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(
            Answer(body=b'{"stream":"x"}\r\n{"errorDetail":{},"error":"no space left"}\r\n{}'),
            "no space left",
            id="line",
        ),
        pytest.param(
            Answer(body=b'{"stream":"Error unpacking image a:1: no space left\\n"}'),
            "Error unpacking image a:1: no space left",
            id="unusable",
        ),
        pytest.param(Answer(500, b'{"message":"bad tar\\n"}'), "bad tar", id="status"),
        pytest.param(
            Answer(500, json.dumps({"message": "x:\n * oci: a\n * docker-archive: b\n"}).encode()),
            "b",
            id="Podman's list",
        ),
    ],
)
def test_an_error_of_a_load_is_told(fake: FakeEngine, answer: Answer, message: str) -> None:
    fake.answers[LOAD] = answer

    assert refused(fake, load) == f"Docker failed to load the image: {message}"


def test_an_answer_that_comes_before_the_end_of_the_archive_is_heard(fake: FakeEngine) -> None:
    fake.answers[LOAD] = Answer(500, b'{"message":"bad tar"}', reads=False)

    said = refused(fake, lambda engine: engine.load(iter([b"x" * 65536] * 100)))

    assert said == "Docker failed to load the image: bad tar"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(
            Answer(body=b'{"stream":"Lo', cut=True),
            "The transfer from `{}` broke off: 13 bytes came, 10 more were due",
            id="within the answer",
        ),
        pytest.param(
            Answer(raw=b""),
            "Unable to reach `{}`: it hung up without an answer",
            id="before the answer",
        ),
    ],
)
def test_an_engine_that_breaks_off_is_told(fake: FakeEngine, answer: Answer, message: str) -> None:
    fake.answers[LOAD] = answer

    with connected(fake) as engine, pytest.raises(EngineUnreachable) as caught:
        load(engine)

    assert str(caught.value) == message.format(fake.socket)
    assert caught.value.hint == BROKEN


def test_what_the_archive_raises_is_passed_on_as_it_is(fake: FakeEngine) -> None:
    def archive() -> Iterator[bytes]:
        yield b"x" * 1000
        raise TransportError("Unable to reach `https://registry.example`")

    with connected(fake) as engine, pytest.raises(TransportError) as caught:
        engine.load(archive())

    assert str(caught.value) == "Unable to reach `https://registry.example`"


def test_no_silence_is_too_long_while_an_image_is_loaded(fake: FakeEngine) -> None:
    fake.patience = 0.3

    with ExitStack() as stack:
        transport = stack.enter_context(transport_to(fake.socket, timeout=0.1))
        engine = Engine.connect(fake.socket, transport)
        with pytest.raises(EngineRefused):  # What was sent is no archive, and that is heard.
            load(engine)


def test_an_interruption_ends_the_waiting(fake: FakeEngine) -> None:
    fake.answers[LOAD] = Answer(hangs=True)
    errors: list[Exception] = []

    with transport_to(fake.socket) as transport:
        engine = Engine.connect(fake.socket, transport)

        def ask() -> None:
            try:
                load(engine)
            except EngineUnreachable as error:
                errors.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        fake.is_silent.wait()
        transport.interrupt()
        thread.join()

    (error,) = errors
    assert str(error) == f"Unable to reach `{fake.socket}`: interrupted"
