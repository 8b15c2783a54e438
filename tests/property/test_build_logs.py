"""Whatever a log holds, reading it ends, and the verdict says nothing that a terminal obeys."""

from __future__ import annotations

import io
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.cli.style import harmless
from lamina.cli.verdicts import Judged, document, lines
from lamina.doctor.logs import Log, read_log
from lamina.doctor.logs.decode import decoded
from lamina.doctor.verdict.judge import judge
from lamina.doctor.verdict.shown import examined

PIECES = (
    "#", "#1 ", "#12 0.717 ", "[builder 3/6] ", "[internal] load", "RUN uv sync", "FROM a AS b",
    "CACHED", "DONE 0.3s", "ERROR: no", "CANCELED", "...", " => ", "=> => # ", "=> => sha256:ab ",
    "[+] Building 1.2s (3/9) FINISHED", " 0.3s", "------", " > [a 1/2] RUN b:", "Step 1/2 : ",
    " ---> Using cache", " ---> Running in ", "STEP 2/3: ", "[1/2] STEP 1/3: ",
    "--> Using cache ", "INFO[0001] ", "INFO[2021-11-09T13:14:31Z] ", "Retrieving image manifest ",
    "Found cached layer", "Executing 0 build triggers", "Taking snapshot of",
    "error building image: ", "Prepared ", "Installed ", "2 packages in 3ms", "DEBUG ", " DEBUG ",
    "Downloading numpy (15.0MiB)",
    "Identified uncached distribution: a==1", "Registry requirement already cached: a==1",
    "Collecting a", "Using cached a.whl (1 kB)", "Downloading a-1.whl (1.2 MB)",
    "Successfully installed a-1", "Package operations: 1 install, 2 updates", "- Installing a (1)",
    "section_start:1:a", "2026-01-10T01:57:31.1234567Z ", "2026-01-10T01:57:31Z 00O ", "##[group]",
    "\x1b[31m", "\x1b]0;", "\x07", "\r", "\n", "\t", " ", '{"vertexes":[',
    '{"logs":[{"data":', "]}", "--no-cache", "docker build", "9" * 30, "\u2022", "\ufeff",
    "\x00", "\u202e",
)  # fmt: skip
LINES = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join)


def read(text: str) -> Log:
    return read_log(decoded(io.BytesIO(text.encode("utf-8", "surrogatepass"))))


@given(st.lists(LINES, max_size=25).map("\n".join))
def test_reading_ends_and_counts_what_can_be(text: str) -> None:
    log = read(text)

    for step in log.steps:
        for install in step.installs:
            assert 0 <= install.built <= install.missed
            assert install.installed is None or install.installed >= 0
            assert install.bytes >= 0
        assert step.seconds is None or step.seconds >= 0


@given(st.lists(LINES, max_size=25).map("\n".join))
def test_every_log_has_a_verdict_that_can_be_shown(text: str) -> None:
    log = read(text)
    verdict = judge([log, log], examined(log))

    shown = lines(Judged(verdict, "a.log", (), None))

    assert [harmless(each) for each in shown] == shown
    assert json.loads(json.dumps(document(Judged(verdict, "a.log", (), None))))["log"] == "a.log"


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_are_read(data: bytes) -> None:
    assert read_log(decoded(io.BytesIO(data))).lines <= data.count(b"\n") + 1


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("#1 " + " " * 60_000, id="spaces behind a number"),
        pytest.param("#1 [" + "a " * 30_000, id="a name without an end"),
        pytest.param(" => " + " " * 60_000 + "x", id="a row without a time"),
        pytest.param("Step 1/2 : FROM " + "--a " * 15_000, id="flags"),
        pytest.param("STEP 1/2: RUN docker " + "build" * 10_000, id="a command"),
        pytest.param("\x1b[" + "0;" * 30_000, id="a colour without an end"),
        pytest.param("\x1b]" * 30_000, id="titles without an end"),
        pytest.param("[" * 60_000, id="brackets"),
        pytest.param("{" * 60_000, id="nested documents"),
        pytest.param('{"logs":' * 8_000, id="nested lists"),
        pytest.param("Downloading " + "a" * 60_000 + " (1", id="a download without a size"),
        pytest.param("Installed " + "9" * 60_000, id="a number"),
        pytest.param('time="' + "0" * 60_000, id="a time"),
        pytest.param("\r" * 60_000, id="a line drawn over"),
    ],
)
def test_no_line_takes_long(line: str) -> None:
    start = time.monotonic()

    read(f"{line}\n" * 5)

    assert time.monotonic() - start < 5


def test_no_log_has_steps_without_end() -> None:
    log = read("".join(f"#{number} [1/2] RUN a\n" for number in range(5_000)))

    assert len(log.steps) == 1_000
