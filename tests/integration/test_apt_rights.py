"""Capabilities and folders of Debian's packages, as engines have them once they have the image."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engines import Engine, Program
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, write_project

pytestmark = [pytest.mark.integration, pytest.mark.network, pytest.mark.apt]

NAME = "lamina-apt-rights:1"
ASKED = (
    "getcap /usr/bin/ping /usr/bin/mtr-packet; "
    "stat -c '%a %U:%G %n' /usr/bin/ping /etc/redis /var/lib/redis"
)
EXPECTED = """\
/usr/bin/ping cap_net_raw=ep
/usr/bin/mtr-packet cap_net_raw=ep
755 root:root /usr/bin/ping
2770 redis:redis /etc/redis
750 redis:redis /var/lib/redis
"""
"""What their scripts leave behind where apt installs them."""

NET_RAW = bytes.fromhex("0100000200200000000000000000000000000000")


@pytest.fixture(scope="module")
def archive(lamina: Lamina, slim: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rights")
    project = write_project(folder / "project", [LocalWheel("demo")])
    apt = [
        part for name in ("iputils-ping", "mtr-tiny", "redis-server") for part in ("--apt", name)
    ]
    base, target = f"oci:{slim}", f"docker-archive:{folder / 'image.tar'}"
    lamina("build", project, "--base", base, *apt, "-o", target, "-t", NAME)
    return folder / "image.tar"


def test_docker_gives_programs_their_capabilities(engine: Engine, archive: Path) -> None:
    engine("load", "--input", archive)

    assert engine("run", "--rm", "--entrypoint=sh", NAME, "-euc", ASKED) == EXPECTED


def test_podman_gives_programs_their_capabilities(podman: Program, archive: Path) -> None:
    podman("load", "--input", archive)

    root = Path(podman("image", "mount", NAME).strip())
    assert os.getxattr(root / "usr/bin/ping", "security.capability") == NET_RAW
    podman("image", "unmount", NAME)
