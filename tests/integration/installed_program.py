"""Run inside an image: does what Debian's packages brought work? Needs no shell.

    python installed_program.py URL PACKAGE...

``URL`` is an https address whose server ``ca.pem`` beside this file speaks for. What each package
answered comes out as JSON, by name; whatever fails ends it.
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SECONDS, RATE = 2, 8000
LINES = b"""\
BT /F1 24 Tf 72 700 Td (Pages of Debian) Tj ET
"""


def say(*command: str, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def libgomp1() -> Any:
    lightgbm, numpy = import_module("lightgbm"), import_module("numpy")
    rows = [[float(number % 7), float(number % 3)] for number in range(200)]
    settings = {"objective": "regression", "verbosity": -1, "num_threads": 2, "seed": 1}
    data = lightgbm.Dataset(numpy.array(rows), numpy.array([row[0] for row in rows]))
    booster = lightgbm.train(settings, data, num_boost_round=5)
    return booster.num_trees()


def libpq5() -> Any:
    psycopg = import_module("psycopg")
    try:
        psycopg.connect("host=127.0.0.1 port=9 connect_timeout=1")
    except psycopg.OperationalError as error:
        return "Connection refused" in str(error), psycopg.pq.__impl__
    return "connected to port 9"


def libmagic1() -> Any:
    return import_module("magic").from_buffer(b"%PDF-1.4\n", mime=True)


def libgl1() -> Any:
    ctypes.CDLL("libGL.so.1")
    cv2, numpy = import_module("cv2"), import_module("numpy")
    return cv2.GaussianBlur(numpy.ones((9, 9)), (3, 3), 0).sum().round(6).item()


def libglib() -> Any:
    library = ctypes.CDLL("libgthread-2.0.so.0")
    assert library is not None
    glib = ctypes.CDLL("libglib-2.0.so.0")
    glib.g_ascii_strdown.restype = ctypes.c_char_p
    return glib.g_ascii_strdown(b"GLib", -1).decode()


def ffmpeg() -> Any:
    version = say("ffmpeg", "-version").split()[:2]
    with wave.open("in.wav", "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(bytes(i * 37 % 256 for i in range(2 * RATE * SECONDS)))
    say("ffmpeg", "-v", "error", "-i", "in.wav", "-c:a", "libopus", "out.opus")
    say("ffmpeg", "-v", "error", "-i", "in.wav", "-c:a", "libmp3lame", "out.mp3")
    shown = say("ffprobe", "-v", "error", "-of", "json", "-show_streams", "out.opus")
    (stream,) = json.loads(shown)["streams"]
    return version, stream["codec_name"], Path("out.mp3").stat().st_size > 1000


def curl() -> Any:
    first = say("curl", "--version").split()[0]
    fetched = say("curl", "--silent", "--show-error", "--cacert", str(HERE / "ca.pem"), sys.argv[1])
    refused = subprocess.run(["curl", "--silent", sys.argv[1]], check=False).returncode
    return first, fetched, refused


def git() -> Any:
    who = {"GIT_CONFIG_GLOBAL": str(Path("config").absolute())}
    Path("config").write_text("[user]\nname = N\nemail = n@host.example\n")
    environment = {**os.environ, **who}
    say("git", "init", "--quiet", "one")
    Path("one/file").write_text("content\n")
    say("git", "-C", "one", "add", "file")
    say("git", "-C", "one", "commit", "--quiet", "-m", "first", env=environment)
    say("git", "clone", "--quiet", "one", "two")
    return say("git", "--version").split()[:2], Path("two/file").read_text()


def libxml2() -> Any:
    xml = ctypes.CDLL("libxml2.so.2")
    xml.xmlReadMemory.restype = xml.xmlDocGetRootElement.restype = ctypes.c_void_p
    text = b"<a><b/><b/></a>"
    document = xml.xmlReadMemory(text, len(text), b"a.xml", None, 0)
    xml.xmlDocGetRootElement.argtypes = xml.xmlChildElementCount.argtypes = [ctypes.c_void_p]
    return xml.xmlChildElementCount(xml.xmlDocGetRootElement(document))


def libgeos() -> Any:
    geos = ctypes.CDLL("libgeos_c.so.1")
    geos.GEOSversion.restype = ctypes.c_char_p
    return geos.GEOSversion().decode().split(".")[0]


def tini() -> Any:
    program = [sys.executable, "-c", "import sys; sys.exit(3)"]
    return subprocess.run(["tini", "-s", "--", *program], check=False).returncode


def poppler() -> Any:
    Path("page.pdf").write_bytes(small_pdf())
    return say("pdftotext", "page.pdf", "-").strip()


def small_pdf() -> bytes:
    """Write a page with a line of text (ISO 32000-1, 7.5)."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%bendstream" % (len(LINES), LINES),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table)
    out += b"trailer << /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return out + b"startxref\n%d\n%%%%EOF\n" % start


CHECKS: dict[str, Callable[[], Any]] = {
    "libgomp1": libgomp1,
    "libpq5": libpq5,
    "libmagic1": libmagic1,
    "libgl1": libgl1,
    "libglib2.0-0": libglib,
    "ffmpeg": ffmpeg,
    "curl": curl,
    "git": git,
    "libxml2": libxml2,
    "libgeos-c1v5": libgeos,
    "tini": tini,
    "poppler-utils": poppler,
}

if __name__ == "__main__":
    os.chdir(tempfile.mkdtemp())
    sys.stdout.write(json.dumps({name: CHECKS[name]() for name in sys.argv[2:]}))
