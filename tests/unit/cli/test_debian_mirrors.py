"""The base `debian:CODENAME` from a mirror that changes while it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from debs import Item, Mirror, folder, make_deb, stanza
from fakes.server import Answer, Server, serve
from lamina.bases.debian.plan import ROOTS
from projects import LockedProject
from unit.cli.program import Program

VERSIONS = {
    "python3.13": "3.13.5-1",
    "python3.13-minimal": "3.13.5-1",
    "libc6": "2.41-1",
    "tzdata": "2025a-1",
}
FIELDS = {"python3": "Depends: python3.13, python3.13-minimal\n", "libc-bin": "Depends: libc6\n"}
FILES = {
    "python3.13": [
        folder("./usr/"),
        folder("./usr/bin/"),
        Item("./usr/bin/python3.13", b"\x7fELF", mode=0o755),
    ]
}


@dataclass
class Archive:
    """A release at a server on loopback."""

    mirror: Mirror
    server: Server

    def publish(self, versions: Mapping[str, str], *, gone: str = "") -> None:
        """Put up packages of these versions; of one, the file is ``gone`` already."""
        names = sorted({*ROOTS, *versions})
        debs = {
            name: make_deb(FILES.get(name, ()), name=name, version=versions.get(name, "1.0-1"))
            for name in names
        }
        stanzas = [
            stanza(
                name,
                versions.get(name, "1.0-1"),
                deb=deb,
                fields=FIELDS.get(name, ""),
            )
            for name, deb in debs.items()
        ]
        self.mirror.publish("trixie", stanzas, date="Tue, 10 Sep 2024 07:55:41 UTC")
        for name, deb in debs.items():
            path = f"pool/main/{name}_{versions.get(name, '1.0-1')}_amd64.deb"
            self.mirror.documents[f"{self.mirror.url}/{path}"] = deb
        for url, data in self.mirror.documents.items():
            is_gone = bool(gone) and f"/{gone}_" in url
            self.server.answer(urlsplit(url).path, Answer(status=404) if is_gone else Answer(data))


@pytest.fixture
def archive(
    program: Program, locked: LockedProject, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Archive]:
    locked.write()
    with serve() as server:
        mirror = Mirror(program.root, url=f"{server.address}/debian")
        keyring = program.root / "keys.gpg"
        keyring.write_bytes(mirror.keyring)
        monkeypatch.setenv("LAMINA_DEBIAN_MIRROR", mirror.url)
        monkeypatch.setenv("LAMINA_DEBIAN_KEYRING", str(keyring))
        yield Archive(mirror, server)


def test_a_package_that_was_replaced_meanwhile_is_looked_up_anew(
    archive: Archive, program: Program
) -> None:
    archive.publish(VERSIONS, gone="tzdata")
    before = program.refused("--base", "debian:trixie")
    archive.publish({**VERSIONS, "tzdata": "2025b-1"})

    after = program.build("--base", "debian:trixie")

    assert "error: Unable to find `tzdata` 2025a-1 in `trixie` at 127.0.0.1\n" in before
    assert after.code == 0, after.err
