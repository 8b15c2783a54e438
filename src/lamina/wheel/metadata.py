"""What a wheel says of itself: its file name, WHEEL and METADATA."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from lamina.wheel.errors import WheelError

_DIST_INFO = ".dist-info"
_VERSION = re.compile(r"([0-9]{1,9})\.[0-9.]+")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LONGEST_HEAD = 1 << 20
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class WheelName:
    """What the file name of a wheel says: the distribution that it must hold."""

    filename: str
    project: NormalizedName
    version: Version

    @classmethod
    def parse(cls, filename: str) -> WheelName:
        """Read a wheel's file name."""
        if len(filename) > _LONGEST_NAME:
            raise WheelError(
                f"its name is longer than {_LONGEST_NAME}", wheel=f"{filename[:40]}..."
            )
        try:
            project, version, _, _ = parse_wheel_filename(filename)
        except InvalidWheelFilename:
            raise WheelError(
                "its name is not `name-version[-build]-python-abi-platform.whl`", wheel=filename
            ) from None
        return cls(filename, project, version)


def find_dist_info(names: Iterable[str], project: NormalizedName) -> str:
    """Return the one ``*.dist-info`` folder at the top of a wheel with members ``names``.

    Names of directories end in ``/`` here, as in the zip. The folder's version is not compared,
    and its name loosely: METADATA decides who the distribution is.
    """
    folders = {
        top
        for top, slash, _ in (name.partition("/") for name in names if _DIST_INFO in name)
        if slash and top.endswith(_DIST_INFO)
    }
    if not folders:
        raise WheelError(f"there is no `{_DIST_INFO}` folder")
    if len(folders) > 1:
        listed = ", ".join(f"`{folder}`" for folder in sorted(folders))
        raise WheelError(f"there is more than one `{_DIST_INFO}` folder: {listed}")
    (folder,) = folders
    if not canonicalize_name(folder.removesuffix(_DIST_INFO)).startswith(project):
        raise WheelError(f"the folder `{folder}` is not of `{project}`")
    return folder


def data_folder(dist_info: str) -> str:
    """Return the name of the data folder that goes with a ``*.dist-info`` folder.

    >>> data_folder("foo-1.0.dist-info")
    'foo-1.0.data'
    """
    return dist_info.removesuffix(_DIST_INFO) + ".data"


def check_wheel_file(data: bytes) -> None:
    """Refuse a ``WHEEL`` of a format that is not ours to read.

    Only its version matters: purelib and platlib are one folder in a venv, and the tags that
    count are the file name's. Major 1 is read, and the 0.1 that the first tools wrote.
    """
    version = _header(_head(data, "WHEEL"), "Wheel-Version")
    match = _VERSION.fullmatch(version)
    if match is None:
        raise WheelError(f"`WHEEL` has no `Wheel-Version` such as 1.0, got: {version!r}")
    if int(match[1]) != 1 and version != "0.1":
        raise WheelError(f"`WHEEL` is of version {version}, and only 1 is known")


def check_metadata(data: bytes, name: WheelName) -> None:
    """Refuse a ``METADATA`` of another distribution than the file name's.

    The version may lack the local part that the file name has (``2.1+cpu``), as uv allows.
    """
    head = _head(data, "METADATA")
    project = _header(head, "Name")
    version = _header(head, "Version")
    faults = []
    if canonicalize_name(project) != name.project:
        faults.append(_mismatch("name", name.project, project))
    try:
        parsed = Version(version)
    except InvalidVersion:
        parsed = None
    if parsed not in (name.version, Version(name.version.public)):
        faults.append(_mismatch("version", str(name.version), version))
    if faults:
        raise WheelError(*faults)


def _mismatch(what: str, expected: str, got: str) -> str:
    return f"`METADATA` has another {what} than the file, expected {expected}, got: {got!r}"


def _head(data: bytes, file: str) -> Message:
    """Parse the headers of a file that is like a mail, up to its first blank line."""
    blank = _BLANK_LINE.search(data)
    end = blank.start() if blank else len(data)
    if end > _LONGEST_HEAD:
        raise WheelError(f"`{file}` has {end} bytes of headers, the limit is {_LONGEST_HEAD}")
    return BytesHeaderParser().parsebytes(data[:end] + b"\n\n")


def _header(head: Message, name: str) -> str:
    """Return the first header of that name on one line, nothing if there is none.

    Cut where no name or version can be so long: a number of thousands of digits costs seconds.
    """
    return " ".join(str(head.get(name, "")).split())[:_LONGEST_NAME]
