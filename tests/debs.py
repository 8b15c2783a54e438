"""Debian packages, indices and signed release files, small and made in the test."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pysequoia
import zstandard

from lamina.mirrors.fetching import Gone

COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    # A dictionary of the usual size takes longer to set up than all else of a small package.
    ".xz": lambda data: lzma.compress(data, preset=0),
    ".zst": lambda data: zstandard.compress(data),
}


@dataclass(frozen=True)
class Item:
    """One member of a package's data, as tar tells it."""

    name: str
    data: bytes = b""
    type: bytes = tarfile.REGTYPE
    mode: int = 0o644
    link: str = ""
    uid: int = 0
    gid: int = 0


def folder(name: str, mode: int = 0o755, gid: int = 0) -> Item:
    return Item(name, type=tarfile.DIRTYPE, mode=mode, gid=gid)


def link(name: str, target: str) -> Item:
    return Item(name, type=tarfile.SYMTYPE, link=target, mode=0o777)


def make_tar(items: Iterable[Item]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for item in items:
            info = tarfile.TarInfo(item.name)
            info.type, info.mode, info.linkname = item.type, item.mode, item.link
            info.uid, info.gid = item.uid, item.gid
            info.size = len(item.data)
            tar.addfile(info, io.BytesIO(item.data))
    return buffer.getvalue()


def make_ar(parts: Iterable[tuple[str, bytes]]) -> bytes:
    out = b"!<arch>\n"
    for name, data in parts:
        out += b"%-16b%-12d%-6d%-6d%-8o%-10d`\n" % (name.encode(), 0, 0, 0, 0o100644, len(data))
        out += data + b"\n" * (len(data) % 2)
    return out


def make_deb(
    items: Iterable[Item] = (),
    *,
    name: str = "demo",
    version: str = "1.0-1",
    architecture: str = "amd64",
    fields: str = "",
    control_files: Mapping[str, bytes] | None = None,
    compression: str = ".xz",
) -> bytes:
    control = f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n{fields}"
    files = {"control": control.encode(), **(control_files or {})}
    tar = make_tar([folder("./"), *(Item(f"./{path}", data) for path, data in files.items())])
    compress = COMPRESSORS[compression]
    data = make_tar([folder("./"), *items])
    return make_ar(
        [
            ("debian-binary", b"2.0\n"),
            (f"control.tar{compression}", compress(tar)),
            (f"data.tar{compression}", compress(data)),
        ]
    )


def stanza(name: str, version: str = "1.0-1", *, deb: bytes = b"", fields: str = "") -> str:
    """An entry of a Packages index."""
    return (
        f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n{fields}"
        f"Filename: pool/main/{name}_{version}_amd64.deb\nSize: {len(deb)}\n"
        f"MD5sum: 0\nSHA256: {hashlib.sha256(deb).hexdigest()}\n"
        f"Description: the package {name}\n"
    )


@dataclass
class Mirror:
    """A mirror of one archive, with a key of its own; and the `Fetch` that reads it."""

    folder: Path
    url: str = "https://deb.example/debian"
    documents: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    key: pysequoia.Tsk = field(default_factory=lambda: pysequoia.Tsk.generate(user_id="Archive"))

    @property
    def keyring(self) -> bytes:
        return bytes(self.key.extract_certificate())

    @property
    def signer(self) -> str:
        """The fingerprint of the key that signs."""
        signed = pysequoia.sign(self.key.signer(), b"", mode=pysequoia.SignatureMode.DETACHED)
        return str(pysequoia.Sig.from_bytes(signed).issuer_fingerprint)

    def sign(self, text: bytes) -> bytes:
        return bytes(pysequoia.sign(self.key.signer(), text, mode=pysequoia.SignatureMode.CLEAR))

    def publish(
        self,
        suite: str,
        stanzas: Iterable[str] | Mapping[str, Iterable[str]],
        *,
        fields: str = "",
        compression: str = ".xz",
        architecture: str = "amd64",
        date: str = "Sat, 12 Sep 2026 07:55:41 UTC",
        names: str = "Suite: stable\nCodename: {suite}\n",
    ) -> None:
        """Put up a suite with these packages, of `main` or by component."""
        components = stanzas if isinstance(stanzas, Mapping) else {"main": stanzas}
        folder = f"{self.url}/dists/{suite}"
        listed = ""
        for component, texts in components.items():
            plain = "\n".join(texts).encode()
            packages = COMPRESSORS[compression](plain)
            place = f"{component}/binary-{architecture}"
            digest = hashlib.sha256(packages).hexdigest()
            listed += f" {digest} {len(packages)} {place}/Packages{compression}\n"
            if compression:
                listed += f" {hashlib.sha256(plain).hexdigest()} {len(plain)} {place}/Packages\n"
            self.documents[f"{folder}/{place}/Packages{compression}"] = packages
            self.documents[f"{folder}/{place}/by-hash/SHA256/{digest}"] = packages
        text = (
            f"Origin: Debian\n{names.format(suite=suite)}Date: {date}\n"
            f"Components: {' '.join(components)}\nArchitectures: all {architecture}\n"
            f"No-Support-for-Architecture-all: Packages\n{fields}SHA256:\n{listed}"
        )
        self.documents[f"{folder}/InRelease"] = self.sign(text.encode())

    def fetch(self, url: str, *, sha256: str, size: int, name: str) -> Path:
        self.fetched.append(url)
        if url not in self.documents:
            raise Gone(name)
        data = self.documents[url]
        assert size == len(data), name
        # As in a store, nobody sees a file of which half is written.
        written = self.folder / f"{sha256}-{threading.get_ident()}"
        written.write_bytes(data)
        return written.replace(self.folder / sha256)

    def read(self, url: str) -> bytes | None:
        self.fetched.append(url)
        return self.documents.get(url)
