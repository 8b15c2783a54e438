"""Run by the interpreter that compiles, of 3.8 or newer: source comes in, a ``.pyc`` goes out.

It imports nothing but what is built into every interpreter, and of Lamina nothing at all. What
goes over its pipes is described at `serve`.

`marshal` marks an object that may be referred to again by how many references the process holds to
it at that moment, and whether two equal constants are one object is chance, too. So what it writes
is read here and written anew: equal objects are one, and only what is referred to again is marked.
That depends on the code alone (the format: ``Python/marshal.c``; the file: PEP 552).
"""

import _imp
import marshal
import sys

TEXT_TYPES = {
    0x7A: (1, b"z"),  # short ASCII, "z"
    0x5A: (1, b"z"),  # short ASCII, interned, "Z"
    0x61: (4, b"a"),  # ASCII, "a"
    0x41: (4, b"a"),  # ASCII, interned, "A"
    0x75: (4, b"u"),  # UTF-8, "u"
    0x74: (4, b"u"),  # UTF-8, interned, "t"
}
INTERNED_TYPES = (0x5A, 0x41, 0x74)
INTERNED = {b"z": b"Z", b"a": b"A", b"u": b"t"}
SINGLETONS = b"NTF.S"  # None, True, False, Ellipsis, StopIteration: no reference ever leads to them
SIZES = {0x69: 4, 0x67: 8, 0x79: 16, 0x49: 8}  # int, float, complex, int of 64 bits
DEEPEST = 9500  # Four calls for each level, of which marshal has 2000 at most.
MAGIC = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER


class Unreadable(Exception):
    """Marshalled bytes that hold something that no compiler known here writes."""


def layout(hexversion: int) -> tuple:  # type: ignore[type-arg]
    """Return what a code object consists of: numbers, objects, first line, more objects."""
    return (6, 8, 1) if hexversion < 0x030B0000 else (5, 8, 2)


def is_single(data: bytes) -> bool:
    """Say whether a string in UTF-8 is empty, or one character of Latin-1."""
    return len(data) <= 1 or (len(data) == 2 and data[0] in (0xC2, 0xC3))


class Reading:
    """The objects of one stream, each with a number; equal ones have the same."""

    def __init__(self, data: bytes, hexversion: int) -> None:
        self.data = data
        self.at = 0
        self.numbers, self.before, self.after = layout(hexversion)
        self.known: dict[object, int] = {}
        self.heads: list[bytes] = []
        self.parts: list[tuple[int, ...]] = []
        self.lines: dict[int, bytes] = {}
        self.uses: list[int] = []
        self.interned: set[int] = set()
        self.references: list[int] = []

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        end = self.at + size
        data = self.data[self.at : end]
        if size < 0 or end > len(self.data):
            raise Unreadable("it ends too early")
        self.at = end
        return data

    def node(self, head: bytes, parts: tuple = (), line: bytes = b"") -> int:  # type: ignore[type-arg]
        """Return the number of an object; parts count as used once by each that is new."""
        key = (head, parts, line)
        number = self.known.get(key)
        if number is None:
            number = self.known[key] = len(self.heads)
            self.heads.append(head)
            self.parts.append(parts)
            self.uses.append(0)
            if line:
                self.lines[number] = line
            for part in parts:
                self.uses[part] += 1
        return number

    def atom(self, head: bytes) -> int:
        """Return the number of an object that has no parts."""
        number = self.known.get(head)
        if number is None:
            number = self.known[head] = len(self.heads)
            self.heads.append(head)
            self.parts.append(())
            self.uses.append(0)
        return number

    def object(self) -> int:
        """Read one object, and return its number."""
        at = self.at
        code = self.data[at] if at < len(self.data) else 0
        self.at = at + 1
        if code == 0x72:  # A reference, "r".
            number = int.from_bytes(self.take(4), "little")
            if number >= len(self.references) or self.references[number] < 0:
                raise Unreadable("a reference leads nowhere")
            return self.references[number]
        kind = code & 0x7F
        if kind in TEXT_TYPES:
            found = self.text(kind)
            if code != kind:
                self.references.append(found)
            return found
        place = len(self.references)
        if code != kind:
            self.references.append(-1)
        found = self.whole(kind)
        if code != kind:
            self.references[place] = found
        return found

    def whole(self, code: int) -> int:
        """Read an object that is no reference and no string, its type read already."""
        if code == 0x73:  # bytes, "s"
            size = self.take(4)
            return self.atom(b"s" + size + self.take(int.from_bytes(size, "little")))
        if code == 0x29:  # A short tuple, ")".
            return self.sequence(b")", self.take(1))
        if code == 0x28:  # A tuple, "(".
            return self.sequence(b"(", self.take(4))
        if code in SIZES:
            return self.atom(bytes((code,)) + self.take(SIZES[code]))
        if code in SINGLETONS:
            return self.atom(bytes((code,)))
        if code == 0x6C:  # A long int, "l": so many digits of 15 bits.
            size = self.take(4)
            digits = abs(int.from_bytes(size, "little", signed=True))
            return self.atom(b"l" + size + self.take(2 * digits))
        if code == 0x63:  # "c"
            return self.code()
        if code == 0x3E:  # A frozenset, ">".
            return self.frozenset()
        if code == 0x3A:  # A slice, ":", since 3.14.
            return self.node(b":", (self.object(), self.object(), self.object()))
        if self.at > len(self.data):
            raise Unreadable("it ends too early")
        raise Unreadable("an object of type " + repr(chr(code)))

    def text(self, code: int) -> int:
        """Read a string, which is interned if it is so anywhere."""
        width, kind = TEXT_TYPES[code]
        at = self.at
        start = at + width
        end = start + int.from_bytes(self.data[at:start], "little")
        if end > len(self.data) or start > len(self.data):
            raise Unreadable("it ends too early")
        self.at = end
        found = self.atom(kind + self.data[at:end])
        # Of a character of Latin-1, there is one object in a process, which anybody may intern.
        if code in INTERNED_TYPES or (end - start <= 2 and is_single(self.data[start:end])):
            self.interned.add(found)
        return found

    def sequence(self, kind: bytes, size: bytes) -> int:
        """Read a tuple."""
        count = int.from_bytes(size, "little")
        return self.node(kind + size, tuple([self.object() for _ in range(count)]))

    def frozenset(self) -> int:
        """Read a frozenset, sorted: its order depends on hashes, and those on addresses."""
        size = self.take(4)
        found = [self.object() for _ in range(int.from_bytes(size, "little"))]
        return self.node(b">" + size, tuple(sorted(found, key=self.plain)))

    def plain(self, number: int) -> bytes:
        """Return bytes by which an object can be sorted."""
        inner = b"".join([self.plain(part) for part in self.parts[number]])
        return self.heads[number] + inner

    def code(self) -> int:
        """Read a code object."""
        head = b"c" + self.take(4 * self.numbers)
        before = [self.object() for _ in range(self.before)]
        line = self.take(4)
        after = [self.object() for _ in range(self.after)]
        return self.node(head, tuple(before + after), line)


class Writing:
    """The same objects written again."""

    def __init__(self, read: Reading) -> None:
        self.read = read
        self.out: list[bytes] = []
        self.references: dict[int, bytes] = {}

    def object(self, number: int) -> None:
        """Write an object, or a reference to it if it stands there already."""
        reference = self.references.get(number)
        if reference is not None:
            self.out.append(reference)
            return
        read = self.read
        head = read.heads[number]
        if number in read.interned:
            head = INTERNED[head[:1]] + head[1:]
        if read.uses[number] > 1 and head not in SINGLETONS:
            self.references[number] = b"r" + len(self.references).to_bytes(4, "little")
            head = bytes((head[0] | 0x80,)) + head[1:]
        self.out.append(head)
        parts = read.parts[number]
        line = read.lines.get(number)
        if line is not None:
            for part in parts[: read.before]:
                self.object(part)
            self.out.append(line)
            parts = parts[read.before :]
        for part in parts:
            self.object(part)


def normalise(data: bytes, hexversion: int = sys.hexversion) -> bytes:
    """Return what `marshal` wrote of a code object, as it is written here. Raises `Unreadable`."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(DEEPEST)
    try:
        read = Reading(data, hexversion)
        root = read.object()
        if read.at != len(data):
            raise Unreadable("something follows its end")
        writing = Writing(read)
        writing.object(root)
        return b"".join(writing.out)
    finally:
        sys.setrecursionlimit(limit)


def compiled(source: bytes, path: str) -> bytes:
    """Return the ``.pyc`` of a module: checked by nobody, whatever its source becomes (PEP 552).

    Raises what the compiler does; `Unreadable` if its result does not come out as it went in.
    """
    code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    data = normalise(marshal.dumps(code))
    again = marshal.loads(data)  # noqa: S302  # Of our own making.
    # A constant that is not a number equals nothing, not even itself: then the bytes decide.
    if again != code and normalise(marshal.dumps(again)) != data:
        raise Unreadable("another code object than it was")
    key = int.from_bytes(MAGIC, "little")
    return MAGIC + b"\x01\0\0\0" + _imp.source_hash(key, source) + data  # type: ignore[no-any-return]


def answer(source: bytes, path: str) -> tuple:  # type: ignore[type-arg]
    """Return the kind of answer, and what goes with it: see `serve`."""
    try:
        return b"C", compiled(source, path)
    except Unreadable as error:
        return b"!", str(error).encode()
    except Exception:  # Whatever the compiler makes of it, Python would, too.
        return b"-", b""


def about() -> str:
    """Return version, magic number, tag of its files and whether it has no lock, with spaces."""
    major, minor, micro, level, serial = sys.version_info
    version = f"{major}.{minor}.{micro}"
    if level != "final":
        version += {"alpha": "a", "beta": "b", "candidate": "rc"}[level] + str(serial)
    threads = "t" if "t" in getattr(sys, "abiflags", "") else "-"
    magic = int.from_bytes(MAGIC[:2], "little")
    return " ".join((version, str(magic), sys.implementation.cache_tag, threads))


def greeting() -> tuple:  # type: ignore[type-arg]
    """Return the first answer: `about`, or what is missing for all that a source may hold."""
    try:
        # A name that is not ASCII, and one of a character, take a module that may lie elsewhere.
        compile("\u00e9 = '\\N{DIGIT ONE}'", "/", "exec")
    except Exception as error:
        return b"!", str(error).encode("utf-8", "replace")
    return b"H", about().encode()


def serve() -> None:
    """Answer until nothing more comes.

    What comes: the lengths of path and source, four bytes each, little-endian; path; source. What
    goes: one byte, the length of the rest, the rest. The byte is ``H`` at the start, with `about`;
    ``C`` with a ``.pyc``; ``-`` for what does not compile; ``!`` with words for what should not be,
    at the start, too.
    """
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    kind, data = greeting()
    while True:
        sink.write(kind + len(data).to_bytes(4, "little") + data)
        sink.flush()
        sizes = source.read(8)
        if len(sizes) < 8:
            return
        path = source.read(int.from_bytes(sizes[:4], "little")).decode("utf-8", "surrogateescape")
        text = source.read(int.from_bytes(sizes[4:], "little"))
        kind, data = answer(text, path)


if __name__ == "__main__":
    serve()
