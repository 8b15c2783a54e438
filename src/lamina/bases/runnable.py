"""The Python of a base image, taken out of its layers as far as it must be to run here.

No root is needed and no container: the interpreter is started by the base's own dynamic loader,
with the base's own libraries. Nothing is written under a name that the base chooses, but for plain
names of files; symlinks are followed here, and never made.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lamina.archive.entry import Entry, Kind
from lamina.archive.tree import WHITEOUT, BadPath, Directory, Leaf, Tree
from lamina.bases.base import BaseError
from lamina.errors import LaminaError
from lamina.oci.blob import UnreadableBlob, unpacked, verified
from lamina.oci.changeset import Changeset, MalformedLayer, Member
from lamina.oci.layer import Layer
from lamina.plan.base import BasePython
from lamina.store.scratch import translated

LIMIT = 1 << 30
"""Of all that is taken out, in bytes; of the official image that is not slim, a fifth of that."""

_LIBRARY = re.compile(r"[\w.+-]+\.so(?:\.[\w.]+)?")
_LIBRARIES = re.compile(r"(?:usr/|usr/local/)?lib(?:64)?(?:/[\w]+-linux-[\w]+)?")
# What starting takes, and what the compiler loads: encodings of sources, names of characters.
_MODULE = re.compile(
    r"(?:(?:encodings|collections|importlib|re)/)?\w+\.py"
    r"|lib-dynload/(?:unicodedata|_codecs_\w+|_multibytecodec)\.[\w.-]*so"
)
_LOADER = re.compile(rb"/[\w./-]*/ld-[\w.-]+\.so(?:\.\d+)?(?=\0)")
_ELF = b"\x7fELF"
_ELF_HEADER = 20


@dataclass(frozen=True, slots=True)
class Runnable:
    """How the interpreter of a base is run here."""

    words: tuple[str, ...]
    environment: dict[str, str]


def take_out(layers: Iterable[Layer], python: BasePython, folder: Path) -> Runnable:
    """Write what the interpreter needs to ``folder``, which is empty.

    Each layer is read once. Raises `BaseError` where it cannot be run, however it is taken out.
    """
    taking = _Taking(python, folder)
    with translated(folder):
        for layer in layers:
            taking.read(layer)
        return taking.finish()


@dataclass(slots=True)
class _Taking:
    """What was found so far: where the bytes of each path lie."""

    python: BasePython
    folder: Path
    tree: Tree = field(default_factory=Tree)
    saved: dict[str, Path] = field(default_factory=dict)
    names: Iterator[int] = field(default_factory=itertools.count)
    size: int = 0

    @property
    def executable(self) -> str:
        return self.python.path.lstrip("/")

    @property
    def prefix(self) -> str:
        return posixpath.dirname(posixpath.dirname(self.executable))

    def read(self, layer: Layer) -> None:
        self.tree.next_layer()
        try:
            with layer.open() as blob:
                stored = verified(blob, layer.descriptor)
                changeset = Changeset(unpacked(stored))
                for member in changeset:
                    self._look_at(member, changeset)
                for _ in stored:
                    pass
        except (UnreadableBlob, MalformedLayer, BadPath) as error:
            raise self._unfit(str(error)) from error

    def _look_at(self, member: Member, changeset: Changeset) -> None:
        self.tree.apply(_entry(member))
        if member.is_directory or member.is_symlink:
            return
        path = self.tree.place(member.path)
        if not self._is_wanted(path):
            return
        if member.is_hardlink:
            source = self.tree.place(member.target)
            if source in self.saved:
                self.saved[path] = self.saved[source]
            return
        self.size += member.size
        if self.size > LIMIT:
            raise self._unfit(f"what it needs has more than {LIMIT} bytes")
        # A name of ours, since the base's own may be anything.
        copy = self.folder / str(next(self.names))
        with copy.open("wb") as file:
            file.writelines(changeset.content())
        self.saved[path] = copy

    def _is_wanted(self, path: str) -> bool:
        if path == self.executable:
            return True
        folder, _, name = path.rpartition("/")
        if name.startswith(WHITEOUT):
            return False
        if self._module(path) is not None:
            return True
        if not _LIBRARY.fullmatch(name):
            return False
        own = folder in (f"{self.prefix}/lib", f"{self.prefix}/lib64")
        return own or bool(_LIBRARIES.fullmatch(folder))

    def _module(self, path: str) -> str | None:
        """Return the path below the prefix of a module that starting up takes."""
        minor = ".".join(self.python.version.split(".")[:2])
        threads = "t" if self.python.free_threaded else ""
        for library in (f"lib/python{minor}{threads}", f"lib64/python{minor}{threads}"):
            below = f"{self.prefix}/{library}/".lstrip("/")
            if path.startswith(below) and _MODULE.fullmatch(path[len(below) :]):
                return f"{library}/{path[len(below) :]}"
        return None

    def finish(self) -> Runnable:
        """Put what was saved where it is looked for."""
        executable = self.saved.get(self.executable)
        if executable is None:
            raise self._unfit(f"the base has no file `{self.python.path}`")
        executable.chmod(0o755)
        with executable.open("rb") as file:
            start = file.read(1 << 16)
        if not start.startswith(_ELF):
            raise self._unfit(f"`{self.python.path}` is no program")
        home = self.folder / "home"
        for path, copy in self.saved.items():
            below = self._module(path)
            if below is not None and self._is_there(path):
                target = home / below
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(copy, target)
        words = [*self._loader(start), str(executable)]
        return Runnable(tuple(words), {"PYTHONHOME": str(home)})

    def _loader(self, start: bytes) -> list[str]:
        """Return what starts the interpreter; nothing, if it is linked statically."""
        asked = _LOADER.search(start)
        if asked is None:
            return []
        path = "/".join(self.tree.resolve(asked[0].decode("ascii")))
        loader = self.saved.get(path)
        if loader is None:
            raise self._unfit(f"the base has no file `{asked[0].decode('ascii')}`")
        loader.chmod(0o755)
        libraries = self.folder / "libraries"
        libraries.mkdir()
        for name, copy in self._libraries(start[:_ELF_HEADER]):
            target = libraries / name
            if not target.exists():
                _link(copy, target)
        return [str(loader), "--library-path", str(libraries)]

    def _libraries(self, header: bytes) -> Iterator[tuple[str, Path]]:
        """Give the libraries for the same processor, by the names that they are asked for by."""
        own = (f"{self.prefix}/lib", f"{self.prefix}/lib64")
        folders = dict.fromkeys([*own, *sorted({posixpath.dirname(path) for path in self.saved})])
        for folder in folders:
            node = self.tree.find(folder.split("/"))
            for name in sorted(node.children) if isinstance(node, Directory) else ():
                copy = self._target(f"{folder}/{name}") if _LIBRARY.fullmatch(name) else None
                if copy is not None and _is_like(copy, header):
                    yield name, copy

    def _target(self, path: str) -> Path | None:
        try:
            return self.saved.get("/".join(self.tree.resolve(path)))
        except BadPath:
            return None

    def _is_there(self, path: str) -> bool:
        """Say whether no higher layer hides or replaces a path that was read."""
        node = self.tree.find(path.split("/"))
        return isinstance(node, Leaf) and node.target is None

    def _unfit(self, why: str) -> LaminaError:
        return BaseError(f"Unable to run the Python of the base image here: {why}")


def _is_like(path: Path, header: bytes) -> bool:
    """Say whether a library is for the same machine: class, byte order and processor agree."""
    with path.open("rb") as file:
        found = file.read(_ELF_HEADER)
    return found[:6] == header[:6] and found[18:20] == header[18:20]


def _link(copy: Path, target: Path) -> None:
    target.hardlink_to(copy)


def _entry(member: Member) -> Entry:
    if member.is_directory:
        return Entry(member.path, Kind.DIRECTORY, member.mode)
    kind = Kind.SYMLINK if member.is_symlink else Kind.FILE
    return Entry(member.path, kind, member.mode, target=member.target)
