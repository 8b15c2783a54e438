"""A ``.deb`` file: an ar archive of two tars, control and data (deb(5)), read as a stream."""

from __future__ import annotations

import io
import lzma
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from lamina.deb.control import Paragraph, parse_paragraph, required
from lamina.deb.inflating import INFLATERS
from lamina.errors import LaminaError

_AR = b"!<arch>\n"
_HEADER_SIZE = 60
_HEADER_END = b"`\n"
_CONTROL_LIMIT = 16 << 20
"""Of one control file, in bytes: none of Debian's comes near."""
_CONTROL_TOTAL = 64 << 20
"""Of all control files together."""
_NAME_LIMIT = 1 << 20
"""Of a tar header with a long name or attributes, in bytes: `tarfile` holds it whole."""
_LONG = frozenset(
    {
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
    }
)


class UnreadableDeb(LaminaError):
    """A file that is not a sound Debian package."""

    def __init__(self, deb: str, problem: str) -> None:
        super().__init__(f"Unable to read Debian package `{deb}`: {problem}")


@contextmanager
def faults_of(deb: str) -> Iterator[None]:
    """Tell of what the readers of archives complain about as of a fault of the package's."""
    try:
        yield
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError, ValueError) as error:
        raise UnreadableDeb(deb, str(error) or type(error).__name__) from error
    except Exception as error:
        # By its name, since only Ubuntu's packages need the library, which loads slowly.
        if type(error).__name__ != "ZstdError":
            raise
        raise UnreadableDeb(deb, str(error)) from error


@dataclass(frozen=True, slots=True)
class _Part:
    """Where a member of the ar archive lies in the file."""

    name: str
    start: int
    size: int


class DebFile:
    """A Debian package that is open for reading; close it, or use it with ``with``."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._file: BinaryIO = path.open("rb")
        try:
            with faults_of(name):
                self._parts = {part.name: part for part in self._read_parts()}
            self._check_format()
            self.control_files = self._read_control_files()
            self.control = self._read_control()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    control: Paragraph
    """The fields of its control file."""
    control_files: dict[str, bytes]
    """All files of the control part, such as ``md5sums`` and ``postinst``, by name."""

    @contextmanager
    def data(self) -> Iterator[tarfile.TarFile]:
        """Open the tar of its data, which can be read once, from front to end."""
        with self._tar("data") as tar:
            yield tar

    def _read_parts(self) -> Iterator[_Part]:
        size = self._file.seek(0, io.SEEK_END)
        self._file.seek(0)
        if self._file.read(len(_AR)) != _AR:
            raise UnreadableDeb(self.name, "it is no ar archive")
        start = len(_AR)
        while start < size:
            self._file.seek(start)
            header = self._file.read(_HEADER_SIZE)
            text = header[48:58].strip()
            if header[58:] != _HEADER_END or not text.isdigit():
                raise UnreadableDeb(self.name, f"malformed ar header at byte {start}")
            part = _Part(
                header[:16].decode("latin-1").rstrip().rstrip("/"),
                start + _HEADER_SIZE,
                int(text),
            )
            if part.start + part.size > size:
                raise UnreadableDeb(self.name, f"`{part.name}` is cut off")
            yield part
            start = part.start + part.size + part.size % 2

    def _check_format(self) -> None:
        part = self._parts.get("debian-binary")
        if part is None:
            raise UnreadableDeb(self.name, "it has no `debian-binary`")
        self._file.seek(part.start)
        version = self._file.read(min(part.size, 16))
        if not version.startswith(b"2."):
            shown = version.decode("latin-1").strip()
            raise UnreadableDeb(self.name, f"its format is not 2 but `{shown}`")

    @contextmanager
    def _tar(self, kind: str) -> Iterator[tarfile.TarFile]:
        names = [name for name in self._parts if name.startswith(f"{kind}.tar")]
        if len(names) != 1:
            raise UnreadableDeb(self.name, f"expected one `{kind}.tar`, got: {len(names)}")
        (name,) = names
        suffix = name.removeprefix(f"{kind}.tar")
        if suffix not in INFLATERS:
            raise UnreadableDeb(self.name, f"`{name}` is of a compression that is not supported")
        with faults_of(self.name):
            part = io.BufferedReader(_Window(self._file, self._parts[name]))
            stream = INFLATERS[suffix](part)
            # "r|": no seeking back, so that nothing is unpacked twice.
            with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8", tarinfo=_Member) as tar:
                yield tar

    def _read_control_files(self) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        total = 0
        with self._tar("control") as tar:
            for member in tar:
                if not member.isreg():
                    continue
                if member.size > _CONTROL_LIMIT:
                    raise UnreadableDeb(self.name, f"`{member.name}` has {member.size} bytes")
                total += member.size
                if total > _CONTROL_TOTAL:
                    raise UnreadableDeb(self.name, f"its control files have over {total} bytes")
                content = tar.extractfile(member)
                assert content is not None
                files[member.name.removeprefix("./")] = content.read()
        return files

    def _read_control(self) -> Paragraph:
        where = f"the control file of `{self.name}`"
        if "control" not in self.control_files:
            raise UnreadableDeb(self.name, "it has no control file")
        control = parse_paragraph(self.control_files["control"], where=where)
        required(control, "Package", "Version", "Architecture", where=where)
        return control


class _Member(tarfile.TarInfo):
    """A member of a tar whose name is no bomb."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _LONG and member.size > _NAME_LIMIT:
            raise tarfile.ReadError(f"a name or its attributes have {member.size} bytes")
        return member


class _Window(io.RawIOBase):
    """The bytes of one part, as a file of their own."""

    def __init__(self, file: BinaryIO, part: _Part) -> None:
        self._file = file
        self._at = part.start
        self._end = part.start + part.size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        # Two parts may be read in turns, so the place in the file is not relied on.
        self._file.seek(self._at)
        data = self._file.read(min(len(buffer), self._end - self._at))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
