"""An image pushed to a real registry, and what other programs say of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines import Engine, Program, Registry, docker_registry, find_program
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, module, noise, write_project

pytestmark = [pytest.mark.integration, pytest.mark.network]

WHEELS = [LocalWheel("large", [module("large", "WORD = 'pushed'\n"), noise("large")])]
SETTINGS = """
[tool.lamina]
base = "debian:bookworm"
copy = [{ from = "word.txt", to = "." }]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("push") / "project"
    found = write_project(folder, WHEELS, SETTINGS)
    (found / "word.txt").write_text("old\n")
    return found


def test_what_is_pushed_can_be_pulled_and_run(
    lamina: Lamina, registry: Registry, engine: Engine, project: Path
) -> None:
    name = f"{registry.host}/pushed:1"

    report = lamina.build(project, "-t", name, "--push")
    engine("pull", "--quiet", name)

    said = engine(
        "run", "--rm", "--network=host", name, "python", "-c", "import large; print(large.WORD)"
    )
    assert said.strip() == "pushed"
    (document,) = json.loads(engine("image", "inspect", name))
    assert document["RepoDigests"] == [f"{registry.host}/pushed@{report['digest']}"]


def test_a_second_push_sends_what_changed_alone(
    lamina: Lamina, registry: Registry, skopeo: Program, project: Path
) -> None:
    first = lamina.build(project, "-t", f"{registry.host}/twice:1", "--push")
    (project / "word.txt").write_text("new\n")

    second = lamina.build(project, "-t", f"{registry.host}/twice:2", "--push")

    assert first["transfer"]["bytes_out"] > 256 << 10
    assert 0 < second["transfer"]["bytes_out"] < 100_000
    inspected = json.loads(
        skopeo("inspect", "--tls-verify=false", f"docker://{registry.host}/twice:2")
    )
    assert inspected["Digest"] == second["digest"]


def test_a_registry_that_is_not_there_is_named(lamina: Lamina, project: Path) -> None:
    said = lamina.refused("build", project, "-t", "127.0.0.1:1/gone:1", "--push")

    assert "error: Failed to look for blob sha256:" in said
    assert "Connection refused" in said


def test_a_registry_that_speaks_tls_is_believed_by_a_bundle_of_certificates(
    lamina: Lamina, project: Path, tmp_path: Path
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    Program((find_program("openssl"),))(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=registry",
        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
    )  # fmt: skip

    with docker_registry(tls=(certificate, key)) as secure:
        name = f"{secure.host}/secure:1"
        trusting = lamina.within(LAMINA_CA_BUNDLE=str(certificate))
        first = trusting.build(project, "--base", "scratch", "-t", name, "--push")
        again = trusting.build(
            project, "--base", "scratch", "-t", f"{name}1", "--push", "--store", tmp_path / "empty"
        )
        said = lamina.refused(
            "build", project, "--base", "scratch", "-t", name, "--push", "--no-cache"
        )

    assert again["digest"] == first["digest"]
    assert {layer["origin"] for layer in again["platforms"][0]["layers"]} == {"registry"}
    assert "its certificate is not trusted" in said
