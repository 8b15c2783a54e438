"""The command as a person, a terminal and a shell meet it: signals, bars, pipes, bad luck."""

from __future__ import annotations

import os
import pty
import random
import re
import resource
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders import Item, make_wheel
from fakes.server import Answer, Server, serve
from integration.lamina_program import Lamina
from projects import LockedProject

pytestmark = pytest.mark.integration

WHEEL = make_wheel(Item("numbers.py", random.Random(1).randbytes(4_000_000)), name="numbers")
PATH = "/numbers-1.0-py3-none-any.whl"
INTERRUPTED = "interrupted; what was finished is kept in the store\n"
TERMINATED = "terminated; what was finished is kept in the store\n"


@pytest.fixture
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


@dataclass
class Scene:
    """A project whose one wheel is on the server, built before with another."""

    root: Path
    program: Lamina
    project: LockedProject
    digest: str

    @property
    def arguments(self) -> list[str]:
        return ["build", "project", "--base", "scratch", "-o", "oci:out"]

    def start(
        self, *more: str, preexec_fn: Callable[[], None] | None = None
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.program.command(*self.arguments, *more),
            cwd=self.root,
            env=self.program.env(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=preexec_fn,
        )

    def run(self, *more: str, preexec_fn: Callable[[], None] | None = None) -> tuple[int, str, str]:
        process = self.start(*more, preexec_fn=preexec_fn)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def assert_nothing_is_lost(self) -> None:
        """The output is the former one, nothing unfinished lies about, and the store is sound."""
        assert self.digest in (self.root / "out/index.json").read_text()
        assert sorted(path.name for path in (self.root / "out").iterdir()) == [
            "blobs",
            "index.json",
            "oci-layout",
        ]
        assert not list((self.program.store / "scratch").glob("[!.]*"))
        checked = self.program.run("cache", "verify")
        assert (checked.returncode, checked.stderr) == (0, "")


@pytest.fixture
def scene(tmp_path: Path, server: Server) -> Scene:
    project = LockedProject(tmp_path / "project")
    project.wheel("letters", Item("letters.py", b"A = 'a'\n"))
    project.write()
    program = Lamina(tmp_path / "store", {"SOURCE_DATE_EPOCH": "1700000000", "NO_COLOR": "1"})
    scene = Scene(tmp_path, program, project, "")
    code, out, err = scene.run()
    assert code == 0, err
    scene.digest = out.strip()
    project.remote("numbers", f"{server.address}{PATH}", WHEEL)
    project.write()
    return scene


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, INTERRUPTED), (signal.SIGTERM, 143, TERMINATED)],
)
@pytest.mark.parametrize("cut", [None, 1000], ids=["before the answer", "in the middle"])
def test_a_download_is_interrupted_at_once(
    number: signal.Signals, code: int, said: str, cut: int | None, scene: Scene, server: Server
) -> None:
    server.answer(PATH, Answer(WHEEL, hangs=True, cut=cut))
    process = scene.start()
    assert server.is_silent.wait(30)

    process.send_signal(number)

    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (code, "")
    assert err.splitlines()[-1] + "\n" == said
    assert "Traceback" not in err
    scene.assert_nothing_is_lost()


def test_asking_for_a_size_is_interrupted_at_once(scene: Scene, server: Server) -> None:
    lock = scene.root / "project/uv.lock"
    lock.write_text(lock.read_text().replace(f", size = {len(WHEEL)}", ""))
    server.answer(PATH, Answer(hangs=True))
    process = scene.start()
    assert server.is_silent.wait(30)

    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=10)
    assert (process.returncode, err.splitlines()[-1]) == (130, INTERRUPTED.strip())
    scene.assert_nothing_is_lost()


def test_a_build_backend_is_interrupted_at_once(scene: Scene, tmp_path: Path) -> None:
    fifo = tmp_path / "started"
    os.mkfifo(fifo)
    folder = scene.root / "project"
    (folder / "backend.py").write_text(
        "import time\n"
        "def get_requires_for_build_wheel(config_settings=None):\n"
        f"    open({str(fifo)!r}, 'w').close()\n"
        "    time.sleep(600)\n"
    )
    scene.project.packages.clear()
    scene.project.pyproject = (
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        + scene.project.pyproject
    )
    scene.project.write()
    lock = folder / "uv.lock"
    lock.write_text(lock.read_text().replace('{ virtual = "." }', '{ editable = "." }'))
    process = scene.start()
    fifo.open().close()

    process.send_signal(signal.SIGTERM)

    _, err = process.communicate(timeout=20)
    assert (process.returncode, err.splitlines()[-1]) == (143, TERMINATED.strip())
    scene.assert_nothing_is_lost()


def test_the_next_build_takes_up_what_the_interrupted_one_left(
    scene: Scene, server: Server
) -> None:
    server.answer(PATH, Answer(hangs=True))
    process = scene.start()
    assert server.is_silent.wait(30)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    server.answer(PATH, Answer(WHEEL))

    code, _, err = scene.run()

    assert code == 0, err


def test_a_terminal_shows_bars_and_is_given_back(scene: Scene, server: Server) -> None:
    server.answer(PATH, Answer(WHEEL, hangs=True, cut=3_000_000))

    code, shown = _in_terminal(scene, until="MB of 4.0 MB", then=signal.SIGINT)

    assert code == 130
    assert re.search(r"numbers==1.0 +━+", _plain(shown))
    assert re.search(r"Layers +━+.*/2 made", _plain(shown))
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h") == 1
    assert shown.endswith(INTERRUPTED.replace("\n", "\r\n"))
    scene.assert_nothing_is_lost()


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"CI": "true"}], ids=["dumb", "ci"])
def test_a_log_gets_no_bars(variables: dict[str, str], scene: Scene, server: Server) -> None:
    server.answer(PATH, Answer(WHEEL))
    scene.program = scene.program.within(**variables)

    code, shown = _in_terminal(scene, until="Done in")

    assert code == 0
    assert "\x1b" not in shown


def test_a_reader_who_goes_away_is_no_bug(scene: Scene, server: Server) -> None:
    server.answer(PATH, Answer(WHEEL))
    with scene.start() as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()

    assert process.returncode == 1
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


def test_a_full_disk_loses_nothing(scene: Scene, server: Server) -> None:
    server.answer(PATH, Answer(WHEEL))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    code, out, err = scene.run("-q", preexec_fn=limit)

    assert (code, out) == (1, "")
    assert re.fullmatch(
        r"error: Unable to write to `\S+`: File too large\n\n"
        r"hint: To keep the store elsewhere, pass `--store DIR` or set `LAMINA_STORE`\n",
        err,
    )
    scene.assert_nothing_is_lost()


def test_a_full_output_loses_nothing(scene: Scene, server: Server) -> None:
    server.answer(PATH, Answer(WHEEL))
    scene.run()
    archive = scene.root / "image.tar"
    archive.write_bytes(b"the former one")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    code, out, err = scene.run("-q", "-o", "oci-archive:image.tar", preexec_fn=limit)

    assert (code, out, err) == (
        1,
        "",
        "error: Unable to write to `image.tar`: File too large\n",
    )
    assert archive.read_bytes() == b"the former one"
    assert sorted(path.name for path in scene.root.glob(".*")) == []


def test_a_temporary_folder_that_is_not_there_is_not_needed(scene: Scene, server: Server) -> None:
    server.answer(PATH, Answer(WHEEL))
    scene.program = scene.program.within(TMPDIR="/nowhere")

    code, _, err = scene.run()

    assert code == 0, err


@pytest.mark.parametrize("seed", range(20))
def test_garbage_is_explained(seed: int, scene: Scene, server: Server) -> None:
    """Whatever bytes the files have, the command ends well or with an explained error."""
    server.answer(PATH, Answer(WHEEL))
    chance = random.Random(seed)
    folders = [scene.root / "project", scene.root / "out", scene.program.store]
    files = sorted(path for each in folders for path in each.rglob("*") if path.is_file())
    for path in chance.sample(files, 2):
        path.chmod(0o644)
        path.write_bytes(_garbled(path.read_bytes(), chance))

    done = [
        scene.run(),
        scene.run("--base", "oci:out"),
        scene.run("--frozen"),
    ]

    for code, out, err in done:
        assert "Traceback" not in err, err
        assert (code, bool(out)) in ((0, True), (1, False)), err


def _garbled(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return chance.choice(
        [
            b"",
            data[:at],
            chance.randbytes(50),
            data[:at] + chance.randbytes(3) + data[at + 3 :],
            data[:at] + data[at + 7 :],
            data + data,
            data.replace(b'"', b"", 1),
            data.replace(b"1", b"-99999999999999999999"),
            data.replace(b'"', b"["),
        ]
    )


def _in_terminal(
    scene: Scene, *, until: str, then: signal.Signals | None = None
) -> tuple[int, str]:
    """Run the build in a terminal; send a signal as soon as it shows something."""
    ours, theirs = pty.openpty()
    environment = {**scene.program.env(), "COLUMNS": "100"}
    environment = {"TERM": "xterm", **environment}
    if "CI" not in scene.program.environment:
        environment.pop("CI", None)
    if "TERM" not in scene.program.environment:
        environment["TERM"] = "xterm"
    process = subprocess.Popen(
        scene.program.command(*scene.arguments),
        cwd=scene.root,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, is_sent = b"", False
    while data := _read(ours):
        shown += data
        if not is_sent and until in _plain(shown.decode(errors="replace")):
            is_sent = True
            if then is not None:
                process.send_signal(then)
    os.close(ours)
    assert is_sent, shown
    return process.wait(30), shown.decode()


def _read(terminal: int) -> bytes:
    """Return what was written; nothing once all who could write are gone."""
    ready, _, _ = select.select([terminal], [], [], 60)
    assert ready, "the build is silent"
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def _plain(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
