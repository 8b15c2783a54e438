"""Packages that people add to Python images, beside a base where the real apt installed them.

What differs is of no matter in an image, by the one list here, or a warning of the build names it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from integration import file_trees
from integration.debian_root import DebianRoot, unpack_root
from integration.file_trees import Node, Tree
from integration.lamina_program import Lamina
from integration.local_projects import LocalWheel, write_project
from lamina.deb.status import STATUS

pytestmark = [pytest.mark.integration, pytest.mark.network, pytest.mark.apt]

BATCHES = {
    "network": "iputils-ping procps net-tools iproute2 dnsutils mtr-tiny libnss-mdns",
    "servers": "cron supervisor nginx-light redis-server memcached",
    "keys": "krb5-user libldap-2.5-0 libsasl2-modules libxmlsec1-openssl xmlsec1 ssl-cert",
}
NO_MATTER = re.compile(
    # Of this run of apt and dpkg, or of the build.
    r"dev(/.*)?|etc/resolv\.conf|(app|opt/venv|var/lib/lamina)(/.*)?"
    r"|var/(cache/(apt|debconf|ldconfig|fontconfig|man)|lib/apt|log)/.*"
    r"|var/lib/dpkg/((status|diversions|statoverride)-old|lock.*|available|updates.*|triggers/.*)"
    # Compared by meaning, here or elsewhere: orders, numbers and days are not apt's.
    r"|var/lib/dpkg/(status|diversions)|etc/ld\.so\.cache|etc/(passwd|group|shadow|gshadow|shells)-?"
    # Services, and what a machine makes as it starts.
    r"|run/.*|etc/rc.\.d(/.*)?|etc/systemd/.*|var/lib/systemd/.*|etc/machine-id|root/\.ssh"
    r"|etc/runit/.*|tmp/.*"
    # Bytecode, documentation, caches that programs do without, and what ucf remembers.
    r"|.*/__pycache__(/.*)?|usr/share/(doc|man)/.*|etc/alternatives/.*\.gz|var/lib/shells\.state"
    r"|.*/icon-theme\.cache|.*/giomodule\.cache|var/lib/ucf/.*"
)
TOLD = (
    ("chmod 1730 /var/spool/cron/crontabs", r"var/spool/cron/crontabs"),
    ("ln -s /etc/nginx/sites-available/default", r"etc/nginx/sites-enabled/default"),
    ("/etc/nginx/modules-enabled/", r"etc/nginx/modules-enabled/.*"),
    ("make-ssl-cert", r"etc/ssl/(certs/(\w{8}\.0|ssl-cert-snakeoil\.pem)|private/.*)"),
    ("/etc/nsswitch.conf", r"etc/nsswitch\.conf"),
)
"""What a warning says, and the paths that are missing or older then."""


@dataclass(frozen=True)
class Both:
    """The packages above the same base, by a build and by apt."""

    layout: Path
    said: str
    root: DebianRoot


@pytest.fixture(scope="module", params=BATCHES)
def both(
    request: pytest.FixtureRequest,
    lamina: Lamina,
    slim: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Both:
    names = BATCHES[request.param].split()
    folder = tmp_path_factory.mktemp(request.param)
    root = unpack_root(file_trees.layer_blobs(slim), folder / "root")
    root.apt_get("update")
    # As Debian's images have it: nothing is started.
    policy = root.path / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    install = shlex.join(["apt-get", "install", "-y", "--no-install-recommends", *names])
    root.run("sh", "-euc", f"mount -t proc proc /proc; trap 'umount /proc' EXIT; {install}")
    policy.unlink()
    project = write_project(folder / "project", [LocalWheel("demo")])
    apt = [part for name in names for part in ("--apt", name)]
    target = f"oci:{folder / 'image'}"
    done = lamina.run("build", project, "--base", f"oci:{slim}", "-o", target, *apt)
    assert done.returncode == 0, done.stderr
    return Both(folder / "image", done.stderr, root)


def test_what_differs_from_apt_is_told(both: Both) -> None:
    (both.root.path / "dev" / "null").unlink(missing_ok=True)
    ours = file_trees.of_layers(file_trees.layer_blobs(both.layout))
    theirs = file_trees.of_folder(both.root.path)

    # Numbers of accounts are given by the names of packages, and by apt in its own order.
    found = list(unexplained(named(ours), named(theirs), both.said))

    assert found == []


def unexplained(
    ours: Tree, theirs: Tree, said: str
) -> Iterator[tuple[str, Node | None, Node | None]]:
    told = [re.compile(paths) for words, paths in TOLD if words in said]
    for path, mine, real in file_trees.differences(ours, theirs):
        if not NO_MATTER.fullmatch(path) and not any(each.fullmatch(path) for each in told):
            yield path, mine, real


def named(tree: Tree) -> Tree:
    """Return a tree where owners that packages make are all the same."""

    def owner(number: int) -> int:
        return -1 if 100 <= number < 1000 else number

    return {
        path: replace(node, owner=(owner(node.owner[0]), owner(node.owner[1])))
        for path, node in tree.items()
    }


def test_dpkg_and_apt_have_nothing_to_say(both: Both, tmp_path: Path) -> None:
    root = unpack_root(file_trees.layer_blobs(both.layout), tmp_path / "image")

    assert root.run("dpkg", "--audit") == ""
    assert root.run("dpkg", "--configure", "--pending") == ""
    root.apt_get("check")
    query = ("dpkg-query", "-W", "-f", "${binary:Package} ${Version} ${db:Status-Abbrev}\\n")
    assert root.run(*query) == both.root.run(*query)
    assert (root.path / STATUS).exists()
