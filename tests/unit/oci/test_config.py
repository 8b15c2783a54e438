from __future__ import annotations

import json

import pytest

from lamina.oci.config import History, ImageConfig, fit_history
from lamina.oci.descriptor import Platform
from lamina.oci.digest import DiffID, Digest
from lamina.oci.document import MalformedDocument
from lamina.oci.healthcheck import Healthcheck

DIFF_ID = DiffID(Digest.of(b"layer"))

# What Docker writes, with fields of its own in both places.
DOCKER = {
    "architecture": "arm64",
    "variant": "v8",
    "os": "linux",
    "os.version": "1",
    "created": "2026-01-02T03:04:05.678Z",
    "author": "somebody",
    "docker_version": "20.10",
    "config": {
        "Env": ["PATH=/bin:/usr/bin", "EMPTY=", "A=b=c"],
        "Entrypoint": ["/entry"],
        "Cmd": None,
        "User": "1000:1000",
        "WorkingDir": "/app",
        "Labels": {"a": "b"},
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "Volumes": {"/data": {}},
        "StopSignal": "SIGINT",
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1, "Timeout": 2, "StartPeriod": 3,
                        "StartInterval": 4, "Retries": 5},
        "OnBuild": ["RUN x"],
        "Shell": ["/bin/bash", "-c"],
        "ArgsEscaped": True,
    },
    "rootfs": {"type": "layers", "diff_ids": [str(DIFF_ID)]},
    "history": [
        {"created": "2026-01-01T00:00:00Z", "created_by": "ADD", "author": "x"},
        {"created_by": "CMD", "comment": "y", "empty_layer": True},
    ],
}  # fmt: skip


def parse(document: object) -> ImageConfig:
    return ImageConfig.parse(json.dumps(document).encode())


def test_a_config_is_read() -> None:
    config = parse(DOCKER)

    assert config.platform == Platform("linux", "arm64", "v8")
    assert list(config.env.items()) == [("PATH", "/bin:/usr/bin"), ("EMPTY", ""), ("A", "b=c")]
    assert (config.entrypoint, config.cmd) == (("/entry",), None)
    assert config.exposed_ports == ("53/udp", "80/tcp")
    assert config.healthcheck == Healthcheck(("CMD", "true"), 1, 2, 3, 4, 5)
    assert config.diff_ids == (DIFF_ID,)
    assert config.history[1] == History("CMD", comment="y", empty_layer=True)


def test_nothing_of_a_config_is_lost() -> None:
    written = json.loads(parse(DOCKER).encode())

    del DOCKER["config"]["Cmd"]  # type: ignore[attr-defined]
    assert written == DOCKER


def test_what_was_written_is_read_again() -> None:
    config = ImageConfig("amd64", env={"B": "1", "A": "2"}, cmd=(), diff_ids=(DIFF_ID,))

    assert ImageConfig.parse(config.encode()) == config
    assert list(ImageConfig.parse(config.encode()).env) == ["B", "A"]


def test_an_empty_config_says_what_the_spec_requires() -> None:
    assert ImageConfig("amd64").encode() == (
        b'{"architecture":"amd64","config":{},"os":"linux",'
        b'"rootfs":{"diff_ids":[],"type":"layers"}}'
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"architecture": ""}, "expected text at `architecture`, got: text"),
        ({"config": {"Env": ["=x"]}}, "expected only `NAME=value` at `config.Env`, got: a list"),
        ({"config": {"Env": "x"}}, "expected a list at `config.Env`, got: text"),
        ({"config": 1}, "expected an object at `config`, got: a number"),
        ({"rootfs": {"type": "tar"}}, "expected `layers` at `rootfs.type`, got: 'tar'"),
        (
            {"rootfs": {"type": "layers", "diff_ids": ["md5:x"]}},
            "expected a digest at `rootfs.diff_ids`, got: 'md5:x'",
        ),
        ({"history": [1]}, "expected an object at `history[0]`, got: a number"),
    ],
)
def test_a_config_of_other_types_is_refused(change: dict[str, object], text: str) -> None:
    data = json.dumps({**DOCKER, **change}).encode()

    with pytest.raises(MalformedDocument) as caught:
        ImageConfig.parse(data)

    assert str(caught.value) == f"Malformed image config {Digest.of(data)}: {text}"


def test_a_history_that_fits_stays() -> None:
    history = (History("a"), History("b", empty_layer=True), History("c"))

    assert fit_history(history, 2) == history


def test_of_too_many_entries_the_oldest_have_no_layer() -> None:
    assert fit_history((History("a"), History("b"), History("c")), 1) == (
        History("a", empty_layer=True),
        History("b", empty_layer=True),
        History("c"),
    )


def test_missing_entries_are_filled_up() -> None:
    missing = History(comment="the base image does not say how this layer came to be")

    assert fit_history((History("a"),), 3) == (History("a"), missing, missing)
