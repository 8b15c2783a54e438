"""The decision procedure, a small build each."""

from __future__ import annotations

import pytest

from lamina.doctor.check import check
from lamina.doctor.logs import read_log
from lamina.doctor.subject import Beside, make_subject
from lamina.doctor.verdict.case import Examined
from lamina.doctor.verdict.judge import judge
from lamina.doctor.verdict.model import Kind, Verdict
from lamina.doctor.verdict.shown import examined

MOUNT = "--mount=type=cache,target=/root/.cache/uv"
INSTALL = f"RUN {MOUNT} uv sync --frozen --no-install-project"
ALL = "#{0} 0.2 Prepared 2 packages in 1s\n#{0} 0.3 Installed 2 packages in 1s\n"


def verdict(dockerfile: str, *logs: str) -> Verdict:
    subject = make_subject(dockerfile)
    read = [read_log(log.splitlines()) for log in logs]
    return judge(read, Examined(subject, check(subject)))


def steps(*rows: str, stage: str = "", first: int = 1) -> str:
    """Return a log of BuildKit: each row is an instruction and what became of it after a ``|``."""
    lines = []
    for number, row in enumerate(rows, first):
        text, _, outcome = (part.strip() for part in row.partition("|"))
        lines.append(f"#{number} [{f'{stage} ' if stage else ''}{number}/{len(rows)}] {text}")
        if outcome == "all":
            lines += ALL.format(number).splitlines()
        lines.append(f"#{number} {'CACHED' if outcome == 'cached' else 'DONE 1.0s'}")
    return "\n".join(lines) + "\n"


def told(found: Verdict) -> list[tuple[Kind, str]]:
    return [(cause.kind, cause.code) for cause in found.causes]


def test_an_edit_that_copies_everything_first() -> None:
    found = verdict(
        f"FROM python:3.12\nWORKDIR /app\nCOPY . .\n{INSTALL}\n",
        steps("FROM python:3.12", "WORKDIR /app | cached", "COPY . .", f"{INSTALL} | all"),
    )

    assert (Kind.RAN_AGAIN, "LAM402") in told(found)


def test_a_dynamic_version_is_in_no_file() -> None:
    file = f"FROM python:3.12\nCOPY pyproject.toml uv.lock ./\n{INSTALL}\n"
    log = steps("FROM a | cached", "COPY pyproject.toml uv.lock ./", f"{INSTALL} | all")
    project = {"project": {"name": "app", "dynamic": ["version"]}}
    subject = make_subject(file, beside=Beside(pyproject=project))

    found = judge([read_log(log.splitlines())], Examined(subject, check(subject)))

    assert found.causes[-1].what == (
        "`COPY pyproject.toml uv.lock ./` was the first step that was not cached"
    )


def test_poetry_has_no_version_in_its_lock() -> None:
    found = verdict(
        "FROM python:3.12\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install\n",
        "#0 [1/3] FROM python:3.12\n#0 CACHED\n#1 [2/3] COPY pyproject.toml poetry.lock ./\n"
        "#1 DONE 0.1s\n#2 [3/3] RUN poetry install\n"
        "#2 0.1 Package operations: 2 installs, 0 updates, 0 removals\n#2 DONE 1.0s\n",
    )

    cause = found.causes[-1]
    assert (cause.code, cause.what) == (
        "LAM401",
        "`pyproject.toml` holds the project's own version, so that each release changes it and"
        " runs the step again",
    )


def test_no_mount_keeps_nothing() -> None:
    found = verdict(
        "FROM python:3.12\nRUN uv sync --frozen\n",
        steps("FROM python:3.12 | cached", "RUN uv sync --frozen | all"),
    )

    first = found.causes[0]
    assert (first.kind, first.code) == (Kind.DOWNLOADED, "LAM601")
    assert first.saves is not None
    assert (first.saves.fetched, first.saves.seconds) == (2, 1.0)


def test_the_way_goes_on_in_the_stage_that_is_copied_from() -> None:
    log = (
        "#1 [other 1/2] FROM a\n#1 DONE 0.0s\n#2 [other 2/2] RUN date\n#2 DONE 1.0s\n"
        "#3 [main 1/3] FROM python:3.12\n#3 DONE 0.0s\n"
        "#4 [main 2/3] COPY --from=other /x /x\n#4 DONE 0.1s\n"
        f"#5 [main 3/3] {INSTALL}\n{ALL.format(5)}#5 DONE 2.0s\n"
        "#6 [end 2/2] RUN true\n#6 CACHED\n"
    )
    found = verdict(
        "FROM a AS other\nRUN date\nFROM python:3.12 AS main\nCOPY --from=other /x /x\n"
        f"{INSTALL}\nFROM a AS end\nRUN true\n",
        log,
    )

    (installing,) = found.installing
    assert installing.trail is not None
    assert installing.trail.first.instruction == "RUN date"
    assert found.causes[-1].what == "`RUN date` was the first step that was not cached"


def test_the_way_goes_on_in_the_stage_that_a_stage_begins_with() -> None:
    log = (
        "#1 [base 1/2] FROM python:3.12\n#1 DONE 0.0s\n#2 [base 2/2] RUN date\n#2 DONE 1.0s\n"
        f"#3 [main 1/1] {INSTALL}\n{ALL.format(3)}#3 DONE 2.0s\n"
    )
    found = verdict(f"FROM python:3.12 AS base\nRUN date\nFROM base AS main\n{INSTALL}\n", log)

    (installing,) = found.installing
    assert installing.trail is not None
    assert installing.trail.first.instruction == "RUN date"
    assert installing.place is not None
    assert installing.place.number == 1


def test_a_builder_that_began_empty() -> None:
    pulled = "#1 sha256:0123456789abcdef 29.13MB / 29.13MB 0.9s done\n"
    log = steps("FROM python:3.12", f"{INSTALL} | all").replace("#1 DONE", f"{pulled}#1 DONE")

    found = verdict(f"FROM python:3.12\n{INSTALL}\n", log)

    assert told(found) == [(Kind.DOWNLOADED, "LAM505"), (Kind.RAN_AGAIN, "")]


def test_a_build_that_was_told_to_forget() -> None:
    log = "$ docker build --no-cache .\n" + steps("FROM python:3.12", f"{INSTALL} | all")

    found = verdict(f"FROM python:3.12\n{INSTALL}\n", log)

    assert told(found) == [(Kind.DOWNLOADED, "LAM509"), (Kind.RAN_AGAIN, "")]


def test_a_part_of_the_cache() -> None:
    log = steps("FROM python:3.12 | cached", "COPY uv.lock .", f"{INSTALL} | all")
    log = log.replace("Prepared 2", "Prepared 1")

    found = verdict(f"FROM python:3.12\nCOPY uv.lock .\n{INSTALL}\n", log)

    assert found.total.from_cache == 1
    assert found.causes[0].what == (
        "uv's cache had only a part: the rest is new in the lock, or was cleaned away"
    )
    assert found.causes[0].saves is None


def test_kaniko_keeps_no_mount() -> None:
    log = (
        "INFO[0000] Retrieving image manifest python:3.12\nINFO[0001] Executing 0 build triggers\n"
        f"INFO[0002] COPY uv.lock .\nINFO[0003] {INSTALL}\nINFO[0003] Cmd: /bin/sh\n"
        "Prepared 2 packages in 1s\nInstalled 2 packages in 1s\nINFO[0009] Taking snapshot of\n"
    )

    found = verdict(f"FROM python:3.12\nCOPY uv.lock .\n{INSTALL}\n", log)

    assert (Kind.DOWNLOADED, "LAM503") in told(found)


def test_a_failure_that_is_about_something_else() -> None:
    found = verdict("FROM a\nRUN make\n", "#1 [2/2] RUN make\n#1 0.1 no rule\n#1 ERROR: code 2\n")

    (cause,) = found.causes
    assert (cause.kind, cause.code) == (Kind.FAILED, "")
    assert [line.number for line in cause.evidence] == [1, 2, 3]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("error: Failed to initialize cache at `/home/app/.cache/uv`", "LAM201"),
        ("error: failed to create directory `/nonexistent/.cache/uv`", "LAM203"),
        ("error: Failed to clear cache at: /root/.cache/uv", "LAM304"),
        ("Failed to download distribution due to network timeout."
         " Try increasing UV_HTTP_TIMEOUT (current value: 30s).", "LAM312"),
        ("error: Distribution not found at: file:///app/member", "LAM404"),
        ("error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.",
         "LAM406"),
    ],
)  # fmt: skip
def test_an_error_of_uv(said: str, code: str) -> None:
    log = f"#1 [2/2] {INSTALL}\n#1 0.1 {said}\n#1 ERROR: exit code: 2\n"

    found = verdict(f"FROM python:3.12\n{INSTALL}\n", log)

    assert told(found) == [(Kind.FAILED, code)]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("warning: Failed to hardlink files; falling back to full copy.", "LAM302"),
        ("DEBUG Must revalidate requirement: numpy", "LAM306"),
        ("warning: Broken cache entry at /root/.cache/uv/x, removing", "LAM307"),
        ("Failed to deserialize cache entry: array had incorrect length, expected 4", "LAM307"),
        ("Downloading cpython-3.12.1-linux-x86_64-gnu (20.2MiB)", "LAM308"),
    ],
)
def test_a_warning_of_uv(said: str, code: str) -> None:
    log = steps("FROM python:3.12 | cached", INSTALL) + f"#2 0.1 {said}\n"

    assert (Kind.NOTICED, code) in told(verdict(f"FROM python:3.12\n{INSTALL}\n", log))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("ERROR: the --mount option requires BuildKit. Refer to the manual", "LAM501"),
        ("Unknown flag: mount", "LAM501"),
        ("dockerfile invalid: flag '--mount=type=cache,target=/x' is missing an id argument",
         "LAM510"),
    ],
)  # fmt: skip
def test_what_a_builder_refuses_before_it_begins(said: str, code: str) -> None:
    assert told(verdict(f"FROM python:3.12\n{INSTALL}\n", f"{said}\n")) == [(Kind.FAILED, code)]


@pytest.mark.parametrize(
    "instruction",
    [
        pytest.param("RUN pip install /srv/a", id="a variable, replaced"),
        pytest.param("RUN  pip   install ${PLACE}/a", id="spaces"),
        pytest.param("RUN pip install /srv/opt/something else", id="by its number"),
    ],
)
def test_an_instruction_is_known_again(instruction: str) -> None:
    log = f"#1 [1/2] FROM python:3.12\n#1 DONE 0s\n#2 [2/2] {instruction}\n#2 DONE 1s\n"

    found = verdict("FROM python:3.12\nENV PLACE=/srv\nRUN pip install ${PLACE}/a\n", log)

    assert [place and place.instruction.name for place in found.places] == ["FROM", "RUN"]


def test_a_name_that_the_terminal_cut_is_known_again() -> None:
    log = (
        "[+] Building 1.0s (2/2) FINISHED\n => [main 9/9] RUN uv sync --frozen --no-insta   1.0s\n"
    )

    found = verdict("FROM a\nRUN true\nRUN uv sync --frozen --no-install-project\n", log)

    (place,) = found.places
    assert place is not None
    assert place.instruction.text.text == "RUN uv sync --frozen --no-install-project"


def test_an_installer_without_a_builder_has_a_verdict() -> None:
    log = read_log(["Prepared 2 packages in 1s", "Installed 3 packages in 1s"])

    found = judge([log], examined(log))

    assert (found.total.installed, found.total.from_cache, found.total.fetched) == (3, 1, 2)
    assert [cause.what for cause in found.causes] == ["uv had not cached what it downloaded"]


def test_each_platform_has_its_own_steps() -> None:
    log = "".join(
        f"#{number} [linux/{machine} main 2/3] COPY uv.lock .\n#{number} {copied}\n"
        f"#{number + 1} [linux/{machine} main 3/3] {INSTALL}\n{ALL.format(number + 1)}"
        f"#{number + 1} DONE 1.0s\n"
        for number, machine, copied in ((1, "amd64", "CACHED"), (3, "arm64", "DONE 0.1s"))
    )

    found = verdict(f"FROM python:3.12 AS main\nCOPY uv.lock .\n{INSTALL}\n", log)

    assert all(place is not None for place in found.places)
    assert [each.trail and each.trail.first.keyword for each in found.installing] == ["RUN", "COPY"]
    assert found.total.fetched == 4


def test_of_two_like_instructions_each_is_found_once() -> None:
    log = steps("FROM a", "RUN date", "RUN date")

    found = verdict("FROM a\nRUN date\nRUN date\n", log)

    places = [place.number for place in found.places if place is not None]
    assert places == [1, 2, 3]


def test_a_build_without_an_installer_has_nothing_to_say() -> None:
    found = verdict("FROM a\nRUN date\n", steps("FROM a", "RUN date"))

    assert (found.installing, found.causes) == ((), ())


def test_a_log_shows_stages_with_all_that_it_names() -> None:
    log = read_log(
        "STEP 1/4: FROM python:3.12 AS main\nSTEP 2/4: USER app\nSTEP 3/4: COPY uv.lock .\n"
        "STEP 4/4: RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen\n".splitlines()
    )

    shown = examined(log)

    assert not shown.is_guess
    assert shown.subject.dockerfile.text == (
        "FROM python:3.12 AS main\nUSER app\nCOPY uv.lock .\n"
        "RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen\n"
    )
