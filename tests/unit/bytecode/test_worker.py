from __future__ import annotations

import ast
import importlib.util
import io
import marshal
import math
import sys
import types
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.bytecode import worker
from lamina.bytecode.worker import Unreadable, answer, compiled, greeting, normalise, serve

OLD, NEW = 0x03080000, 0x030B0000
SOURCE = b'def f(x, /, y=(1, 2.5, "a b"), *z, k={3, None}):\n    return x in {"p", "q", None}\n'


def spoilt(data: bytes) -> bytes:
    """Return a number with the mark that it may be referred to, as chance sets it."""
    return bytes((data[0] | 0x80,)) + data[1:]


def code(source: str = SOURCE.decode()) -> types.CodeType:
    return compile(source, "/x.py", "exec", dont_inherit=True, optimize=0)


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, ..., StopIteration, 0, -1, 2**31 - 1, 2**31, -(2**80), 0.0, -0.0, 1e300,
        math.inf, 1j, b"", b"x" * 300, "", "a", "é", "\u20ac", "\ud800", "a b" * 200, "x" * 255,
        (), (1,), ((), ((),)), tuple(range(300)), frozenset(), frozenset({1, "a", None, (2, b"c")}),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_constant_of_each_kind_comes_out_as_it_went_in(value: Any) -> None:
    data = normalise(marshal.dumps(value))

    again = marshal.loads(data)
    assert again == value
    assert repr(again) == repr(value) or isinstance(value, frozenset)
    assert normalise(data) == data


def test_code_comes_out_as_it_went_in() -> None:
    data = normalise(marshal.dumps(code()))

    assert marshal.loads(data) == code()
    assert normalise(data) == data


def test_marks_that_nothing_refers_to_are_gone() -> None:
    assert normalise(spoilt(b"i\x05\0\0\0")) == b"i\x05\0\0\0"


def test_what_is_referred_to_again_is_marked_and_numbered_anew() -> None:
    one, two = b"z\x03a b", b"z\x03c d"

    found = normalise(
        b")\x04" + spoilt(one) + spoilt(two) + b"r\x01\0\0\0" + spoilt(b"i\x07\0\0\0")
    )

    assert found == b")\x04" + one + spoilt(two) + b"r\0\0\0\0" + b"i\x07\0\0\0"


def test_equal_objects_are_one_whether_they_were_or_not() -> None:
    pair = b")\x02i\x01\0\0\0z\x03a b"

    apart = b")\x02" + pair + pair
    shared = b")\x02" + spoilt(pair) + b"r\0\0\0\0"

    assert normalise(apart) == normalise(shared) == b")\x02" + spoilt(pair) + b"r\0\0\0\0"


def test_a_set_has_one_order() -> None:
    parts = [b"N", b"i\x01\0\0\0", b"z\x01a", b")\x01N"]

    found = {
        normalise(b">\x04\0\0\0" + b"".join(order))
        for order in (parts, parts[::-1], parts[2:] + parts[:2])
    }

    assert len(found) == 1


def test_a_string_is_interned_if_it_is_so_anywhere() -> None:
    assert normalise(b")\x02z\x02ab" + b"Z\x02ab") == b")\x02\xda\x02abr\0\0\0\0"


@pytest.mark.parametrize("text", [b"", b"-", "\xb5".encode()], ids=repr)
def test_a_string_that_a_process_has_once_does_not_tell_who_interned_it(text: bytes) -> None:
    plain = b"u" + len(text).to_bytes(4, "little") + text

    assert normalise(plain) == normalise(b"t" + plain[1:]) == b"t" + plain[1:]


def test_a_slice_is_read() -> None:
    """Python 3.14 has them among constants."""
    assert normalise(b":" + spoilt(b"i\x01\0\0\0") + b"NN") == b":i\x01\0\0\0NN"


@pytest.mark.parametrize(("version", "numbers", "after"), [(OLD, 6, 1), (NEW, 5, 2)])
def test_code_of_older_and_newer_pythons_is_read(version: int, numbers: int, after: int) -> None:
    line = b"\x09\0\0\0"
    head = b"c" + bytes(range(4 * numbers))

    whole = head + b"N" * 8 + line + b"T" * after

    assert normalise(spoilt(whole), version) == whole


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it ends too early"),
        (b"s\x05\0\0\0abc", "it ends too early"),
        (b"NN", "something follows its end"),
        (b"r\0\0\0\0", "a reference leads nowhere"),
        (b"\xa9\x01r\0\0\0\0", "a reference leads nowhere"),
        (b"?", "an object of type '?'"),
        (b"[\0\0\0\0", "an object of type '['"),
    ],
)
def test_what_no_compiler_writes_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        normalise(data)

    assert str(caught.value) == why


def test_no_part_of_a_file_passes_for_the_whole() -> None:
    data = marshal.dumps(code())

    for end in range(len(data)):
        with pytest.raises(Unreadable):
            normalise(data[:end])


def test_the_limit_of_recursion_stays_as_it_was() -> None:
    before = sys.getrecursionlimit()
    deep: Any = ()
    for _ in range(1500):
        deep = (deep,)

    data = marshal.dumps(deep)

    assert normalise(data).count(b")") == 1501
    assert sys.getrecursionlimit() == before


constants = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.frozensets(inner, max_size=4),
    max_leaves=20,
)


@given(constants)
def test_whatever_is_constant_comes_out_as_it_went_in(value: Any) -> None:
    data = normalise(marshal.dumps(value))

    assert marshal.loads(data) == value
    assert normalise(marshal.dumps(marshal.loads(data))) == data


def test_a_file_says_what_it_is_and_that_nobody_checks_it() -> None:
    data = compiled(SOURCE, "/opt/x.py")

    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert data[4:8] == b"\x01\0\0\0"
    assert data[8:16] == importlib.util.source_hash(SOURCE)
    assert marshal.loads(data[16:]).co_filename == "/opt/x.py"


def test_python_takes_the_file_and_does_not_look_at_the_source(tmp_path: Path) -> None:
    module = tmp_path / "mine.py"
    module.write_bytes(b"VALUE = 'source'\n")
    cached = Path(importlib.util.cache_from_source(str(module)))
    cached.parent.mkdir()
    cached.write_bytes(compiled(b"VALUE = 'bytecode'\n", str(module)))
    found = types.ModuleType("mine")

    SourceFileLoader("mine", str(module)).exec_module(found)

    assert found.VALUE == "bytecode"


def test_an_empty_file_is_none(tmp_path: Path) -> None:
    module = tmp_path / "mine.py"
    module.write_bytes(b"VALUE = 'source'\n")
    cached = Path(importlib.util.cache_from_source(str(module)))
    cached.parent.mkdir()
    cached.write_bytes(b"")
    found = types.ModuleType("mine")

    SourceFileLoader("mine", str(module)).exec_module(found)

    assert found.VALUE == "source"


def test_a_constant_that_is_not_a_number_is_no_fault() -> None:
    assert answer(b"X = 1e999 - 1e999\n", "/x.py")[0] == b"C"


@pytest.mark.parametrize(
    "source",
    [
        b"def f(:\n",
        b"x = '\0'\n",
        b"# coding: utf-8\nx = '\xff'\n",
        b"# coding: no-such\n",
        b"print 'two'\n",
        b"return 1\n",
    ],
    ids=repr,
)
def test_what_does_not_compile_is_left_out(source: bytes) -> None:
    assert answer(source, "/x.py") == (b"-", b"")


def test_a_source_of_another_encoding_is_read_as_it_says() -> None:
    kind, data = answer("# coding: latin-1\nX = 'é'\n".encode("latin-1"), "/x.py")

    assert kind == b"C"
    assert "é" in marshal.loads(data[16:]).co_consts


def test_what_the_reader_does_not_know_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marshal, "dumps", lambda code: b"?")

    assert answer(b"x = 1\n", "/x.py") == (b"!", b"an object of type '?'")


def test_it_answers_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def question(source: bytes) -> bytes:
        path = b"/x.py"
        sizes = len(path).to_bytes(4, "little") + len(source).to_bytes(4, "little")
        return sizes + path + source

    out = io.BytesIO()
    asked = io.BytesIO(question(SOURCE) + question(b"(") + question(b"") + b"\0\0")
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=asked))
    monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(buffer=out))

    serve()

    answers = []
    data = out.getvalue()
    while data:
        size = int.from_bytes(data[1:5], "little")
        answers.append((data[:1], data[5 : 5 + size]))
        data = data[5 + size :]
    magic = int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little")
    version = ".".join(map(str, sys.version_info[:3]))
    assert answers == [
        (b"H", f"{version} {magic} {sys.implementation.cache_tag} -".encode()),
        (b"C", compiled(SOURCE, "/x.py")),
        (b"-", b""),
        (b"C", compiled(b"", "/x.py")),
    ]


def test_one_that_lacks_what_sources_need_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "unicodedata", None)

    kind, said = greeting()

    assert kind == b"!"
    assert b"unicodedata" in said


def test_the_oldest_python_can_run_it_and_it_imports_nothing_but_what_is_built_in() -> None:
    tree = ast.parse(Path(worker.__file__).read_text(), feature_version=(3, 8))

    imported = {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }

    assert imported == {"_imp", "marshal", "sys"}
    assert imported <= set(sys.builtin_module_names)
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
