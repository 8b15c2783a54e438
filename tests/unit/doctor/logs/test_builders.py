"""The forms in which builders write, a small log each."""

from __future__ import annotations

import base64
import json

import pytest

from lamina.doctor.logs import Builder, Log, Outcome, Step, read_log

Row = tuple[str | None, int | None, str, str]


def read(text: str) -> Log:
    return read_log(text.splitlines(keepends=True))


def rows(log: Log) -> list[Row]:
    """Return stage, index, outcome and instruction of what stands in the Dockerfile."""
    return [
        (step.stage, step.index, step.outcome.value, step.instruction)
        for step in log.steps
        if step.keyword
    ]


def the(log: Log, start: str) -> Step:
    (step,) = (step for step in log.steps if step.instruction.startswith(start))
    return step


PLAIN = """\
#0 building with "default" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 352B done
#1 DONE 0.0s

#2 [auth] library/python:pull token for registry-1.docker.io
#2 DONE 0.0s

#3 [builder  1/12] FROM docker.io/library/python:3.12@sha256:0123456789abcdef
#3 resolve docker.io/library/python:3.12@sha256:0123456789abcdef done
#3 sha256:00112233445566778899aabb 10.49MB / 29.13MB 0.2s
#3 sha256:00112233445566778899aabb 29.13MB / 29.13MB 0.9s done
#3 extracting sha256:00112233445566778899aabb 1.2s done
#3 DONE 2.5s

#4 [linux/arm64 builder  2/12] WORKDIR /app
#4 CACHED

#5 [builder  3/12] RUN uv sync
#5 0.101 Using CPython 3.12.1
#5 ...

#6 [other 2/2] RUN pip install requests
#6 0.5 Collecting requests
#6 DONE 1.5s

#5 [builder  3/12] RUN uv sync
#5 1.101 Prepared 3 packages in 900ms
#5 1.301 Installed 4 packages in 20ms
#5 DONE 1.4s

#7 [builder  4/12] RUN false
#7 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1

#8 [other 3/3] RUN sleep 100
#8 CANCELED
"""


def test_buildkit_mixes_the_lines_of_steps() -> None:
    log = read(PLAIN)

    assert log.builder is Builder.BUILDKIT
    assert rows(log) == [
        ("builder", 1, "ran", "FROM docker.io/library/python:3.12@sha256:0123456789abcdef"),
        ("builder", 2, "cached", "WORKDIR /app"),
        ("builder", 3, "ran", "RUN uv sync"),
        ("other", 2, "ran", "RUN pip install requests"),
        ("builder", 4, "failed", "RUN false"),
        ("other", 3, "unknown", "RUN sleep 100"),
    ]
    assert [step.seconds for step in log.steps if step.keyword] == [2.5, None, 1.4, 1.5, None, None]
    assert the(log, "FROM").pulled == 29_130_000
    (install,) = the(log, "RUN uv").installs
    assert (install.installed, install.missed) == (4, 3)


def test_several_builds_in_one_log_are_apart() -> None:
    log = read(2 * "#1 [internal] load .dockerignore\n#1 DONE 0.0s\n#2 [1/1] RUN a\n#2 CACHED\n")

    assert [(step.build, step.instruction) for step in log.steps if step.keyword] == [
        (0, "RUN a"),
        (1, "RUN a"),
    ]


def test_a_log_that_begins_in_the_midst_of_a_step_is_read() -> None:
    log = read(
        "#9 0.4 Prepared 2 packages in 1ms\n#9 0.5 Installed 2 packages in 1ms\n#9 DONE 0.7s\n"
    )

    (step,) = log.steps
    assert (step.instruction, step.outcome, step.seconds) == ("", Outcome.RAN, 0.7)
    assert [install.missed for install in step.installs] == [2]


def test_a_cached_step_whose_layer_is_pulled_stays_cached() -> None:
    log = read("#5 [2/3] RUN a\n#5 pulling sha256:5843 0.3s done\n#5 CACHED\n#5 DONE 50.1s\n")

    assert [(step.outcome, step.seconds) for step in log.steps] == [(Outcome.CACHED, 50.1)]


TTY = """\
[+] Building 0.4s (3/9)
 => [internal] load build definition from Dockerfile                       0.0s
 => => transferring dockerfile: 352B                                       0.0s
 => [builder 3/3] RUN --mount=type=cache,target=~/.cache/uv uv sync --fr   0.3s
 => => # Downloading numpy (15.0MiB)
[+] Building 2.1s (9/9) FINISHED                                 docker:default
 => [internal] load build definition from Dockerfile                       0.0s
 => CACHED [builder 2/3] WORKDIR /app                                      0.0s
 => [builder 3/3] RUN --mount=type=cache,target=~/.cache/uv uv sync --fr   1.9s
 => => # Downloading numpy (15.0MiB)
 => => # Prepared 2 packages in 334ms
 => => # Installed 2 packages in 159ms
 => ERROR [other 2/2] RUN uv sync --locked                                 0.3s
------
 > [other 2/2] RUN uv sync --locked:
0.214 error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.
------
"""


def test_buildkit_on_a_terminal_draws_again_and_again() -> None:
    log = read(TTY)

    assert log.builder is Builder.BUILDKIT
    assert rows(log) == [
        ("builder", 3, "ran", "RUN --mount=type=cache,target=~/.cache/uv uv sync --fr"),
        ("builder", 2, "cached", "WORKDIR /app"),
        ("other", 2, "failed", "RUN uv sync --locked"),
    ]
    step = the(log, "RUN --mount")
    (install,) = step.installs
    assert step.seconds == 1.9
    assert (install.installed, install.missed, install.bytes) == (2, 2, 15_728_640)
    assert [signal.code for signal in the(log, "RUN uv sync --locked").signals] == ["LAM406"]


def test_an_excerpt_names_a_step_whole() -> None:
    log = read(
        "[+] Building 1.0s (2/2) FINISHED\n => ERROR [main 2/2] RUN uv sync --lo   0.3s\n------\n"
        " > [main 2/2] RUN uv sync --locked:\n"
        "#9 0.214 error: Failed to initialize cache at `/root/.cache/uv`\n------\n"
    )

    assert [signal.code for step in log.steps for signal in step.signals] == ["LAM201"]


def test_numbers_of_others_are_no_steps() -> None:
    log = read("#1 The introduction\nStep 1/1 : FROM a\n ---> 0123\n")

    assert log.builder is Builder.CLASSIC


def test_buildkit_writes_documents() -> None:
    said = base64.b64encode(b"Prepared 2 packages in 1ms\nInstalled 2 packages in 1ms\n").decode()
    documents: list[object] = [
        {"vertexes": [{"digest": "sha256:a", "name": "[1/2] FROM python", "cached": True}]},
        {
            "vertexes": [
                {
                    "digest": "sha256:b",
                    "name": "[2/2] RUN uv sync",
                    "started": "2026-01-10T01:57:31.5Z",
                    "completed": "2026-01-10T01:57:33Z",
                }
            ]
        },
        {"statuses": [{"id": "sha256:cc", "vertex": "sha256:a", "current": 3, "total": 7}]},
        {"logs": [{"vertex": "sha256:b", "stream": 2, "data": said}]},
    ]
    log = read("\n".join(json.dumps(each) for each in documents))

    assert rows(log) == [
        (None, 1, "cached", "FROM python"),
        (None, 2, "ran", "RUN uv sync"),
    ]
    assert (log.steps[0].pulled, log.steps[1].seconds) == (7, 1.5)
    assert [install.missed for install in log.steps[1].installs] == [2]


CLASSIC = """\
2026-01-10T01:57:30.0000000Z Sending build context to Docker daemon  319kB
2026-01-10T01:57:31.0000000Z Step 1/4 : FROM python:3.12 AS builder
2026-01-10T01:57:31.1000000Z  ---> 292c2dfb96bf
2026-01-10T01:57:31.2000000Z Step 2/4 : WORKDIR /app
2026-01-10T01:57:31.3000000Z  ---> Using cache
2026-01-10T01:57:31.4000000Z  ---> cc2e776d8d0e
2026-01-10T01:57:32.0000000Z Step 3/4 : RUN uv sync
2026-01-10T01:57:32.1000000Z  ---> Running in 4d55915d0fa5
2026-01-10T01:57:32.5000000Z Prepared 2 packages in 334ms
2026-01-10T01:57:33.5000000Z Installed 2 packages in 159ms
2026-01-10T01:57:33.6000000Z Removing intermediate container 4d55915d0fa5
2026-01-10T01:57:34.0000000Z Step 4/4 : FROM python:3.12
2026-01-10T01:57:34.0000000Z Successfully built cc2e776d8d0e
"""


def test_the_classic_builder_takes_one_step_after_another() -> None:
    log = read(CLASSIC)

    assert log.builder is Builder.CLASSIC
    assert rows(log) == [
        ("builder", 1, "ran", "FROM python:3.12 AS builder"),
        ("builder", 2, "cached", "WORKDIR /app"),
        ("builder", 3, "ran", "RUN uv sync"),
        ("stage-1", 4, "ran", "FROM python:3.12"),
    ]
    assert the(log, "RUN").seconds == 2.0
    assert [install.missed for install in the(log, "RUN").installs] == [2]


def test_the_classic_builder_fails() -> None:
    log = read(
        "Step 1/2 : FROM a\n ---> 0123\nStep 2/2 : RUN uv sync\n ---> Running in 0123\n"
        "The command '/bin/sh -c uv sync' returned a non-zero code: 127\n"
    )

    assert rows(log) == [("stage-0", 1, "ran", "FROM a"), ("stage-0", 2, "failed", "RUN uv sync")]


def test_the_classic_builder_knows_no_mounts() -> None:
    log = read(
        "Step 1/2 : FROM a\n ---> 0123\nthe --mount option requires BuildKit. Refer to"
        " https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled\n"
    )

    assert [signal.code for signal in log.steps[0].signals] == ["LAM501"]


BUILDAH = """\
[1/2] STEP 1/3: FROM python:3.12 AS builder
[1/2] STEP 2/3: WORKDIR /app
--> Using cache 663fc59ad235a1ccfb8befe715c270fb7cf74408a1168f49dbb0598007a2107c
--> 663fc59ad23
[1/2] STEP 3/3: RUN uv sync
Prepared 2 packages in 334ms
Installed 2 packages in 159ms
--> 6ce157177b2
[2/2] STEP 1/2: FROM python:3.12
[2/2] STEP 2/2: COPY --from=builder /app /app
[2/2] COMMIT app
--> 14ed3f62730
Successfully tagged localhost/app:latest
"""


def test_buildah_counts_each_stage_from_one() -> None:
    log = read(BUILDAH)

    assert log.builder is Builder.BUILDAH
    assert rows(log) == [
        ("builder", 1, "ran", "FROM python:3.12 AS builder"),
        ("builder", 2, "cached", "WORKDIR /app"),
        ("builder", 3, "ran", "RUN uv sync"),
        ("stage-1", 1, "ran", "FROM python:3.12"),
        ("stage-1", 2, "ran", "COPY --from=builder /app /app"),
    ]
    assert {step.build for step in log.steps} == {0}


TOOLS = "6ba521297ffe6f9e71e5f1128ce12c88bddb160c4ad10418ae958ac05a7d75d0"
TURNS = f"""\
[1/3] STEP 1/2: FROM python:3.12 AS tools
[1/3] STEP 2/2: COPY uv /bin/
--> Using cache {TOOLS}
--> 6ba521297ff
[3/3] STEP 1/3: FROM {TOOLS}
[3/3] STEP 2/3: COPY --from=builder /app/.venv /app/.venv
[2/3] STEP 1/3: FROM {TOOLS} AS builder
[2/3] STEP 2/3: COPY uv.lock ./
--> ad346e49c7d
[2/3] STEP 3/3: RUN uv sync
Installed 2 packages in 76ms
--> c1b84b5724e
--> Using cache a9b9324b8da0614ecf9ace65fa65b231687d14c40f466e8a7c3bc9eb559a83c2
--> a9b9324b8da
[3/3] STEP 3/3: CMD app
--> 39324b8da06
"""


def test_stages_of_buildah_take_turns() -> None:
    log = read(TURNS)

    assert rows(log) == [
        ("tools", 1, "ran", "FROM python:3.12 AS tools"),
        ("tools", 2, "cached", "COPY uv /bin/"),
        ("stage-2", 1, "ran", f"FROM {TOOLS}"),
        ("stage-2", 2, "cached", "COPY --from=builder /app/.venv /app/.venv"),
        ("builder", 1, "ran", f"FROM {TOOLS} AS builder"),
        ("builder", 2, "ran", "COPY uv.lock ./"),
        ("builder", 3, "ran", "RUN uv sync"),
        ("stage-2", 3, "ran", "CMD app"),
    ]
    assert {step.build for step in log.steps} == {0}
    assert {step.build for step in read(TURNS + TURNS).steps} == {0, 1}


def test_what_waited_for_a_stage_of_buildah_follows_it() -> None:
    log = read(
        "[2/3] STEP 1/2: FROM a AS second\n[2/3] STEP 2/2: COPY --from=first / /\n"
        "[3/3] STEP 1/2: FROM a\n[3/3] STEP 2/2: COPY --from=second / /\n"
        "[1/3] STEP 1/2: FROM a AS first\n[1/3] STEP 2/2: RUN b\n--> 0123456789a\n"
        f"--> Using cache {'0' * 64}\n--> 00000000000\n--> 0123456789c\n"
    )

    assert [(step.stage, step.outcome.value) for step in log.steps if step.index == 2] == [
        ("second", "cached"),
        ("stage-2", "ran"),
        ("first", "ran"),
    ]


def test_old_buildah_counts_on() -> None:
    log = read("STEP 1: FROM a\nSTEP 2: RUN b\n--> 0123456789ab\nSTEP 3: FROM c\nSTEP 4: RUN d\n")

    assert [(step.stage, step.index, step.build) for step in log.steps] == [
        ("stage-0", 1, 0),
        ("stage-0", 2, 0),
        ("stage-1", 3, 0),
        ("stage-1", 4, 0),
    ]


def test_buildah_refuses_a_mount() -> None:
    log = read(
        "STEP 1/2: FROM a\nSTEP 2/2: RUN --mount=type=cache,target=~/.cache/uv uv sync\n"
        'Error: building at STEP "RUN --mount=type=cache,target=~/.cache/uv uv sync": resolving'
        ' mountpoints: invalid container path "~/.cache/uv", must be an absolute path\n'
    )

    assert log.steps[1].outcome is Outcome.FAILED
    assert [signal.code for signal in log.steps[1].signals] == ["LAM104"]


KANIKO = """\
INFO[0000] Resolved base name python:3.12 to builder
INFO[0000] Retrieving image manifest python:3.12
INFO[0001] Built cross stage deps: map[0:[/app]]
INFO[0001] Executing 0 build triggers
INFO[0001] Checking for cached layer registry.example/cache:0123...
INFO[0002] Using caching version of cmd: RUN apt-get install -y git
INFO[0002] No cached layer found for cmd RUN uv sync --frozen
INFO[0003] Unpacking rootfs as cmd COPY uv.lock . requires it.
INFO[0009] RUN apt-get install -y git
INFO[0009] Found cached layer, extracting to filesystem
INFO[0010] COPY uv.lock .
INFO[0010] Taking snapshot of files...
INFO[0011] RUN uv sync --frozen
INFO[0011] Initializing snapshotter ...
INFO[0011] Taking snapshot of full filesystem...
INFO[0011] Cmd: /bin/sh
INFO[0011] Args: [-c uv sync --frozen]
INFO[0011] Running: [/bin/sh -c uv sync --frozen]
Prepared 2 packages in 334ms
Installed 2 packages in 159ms
INFO[0015] Taking snapshot of full filesystem...
INFO[0017] Deleting filesystem...
INFO[0017] Executing 0 build triggers
INFO[0018] COPY --from=builder /app /app
INFO[0018] Taking snapshot of files...
INFO[0018] CMD ["python"]
"""


@pytest.mark.parametrize("form", ["plain", "dated", "logfmt"])
def test_kaniko_writes_a_level_and_a_time(form: str) -> None:
    lines = []
    for line in KANIKO.splitlines():
        level, _, text = line.partition("] ")
        at = f"2026-01-10T01:57:{level[-2:]}Z"
        if not line.startswith("INFO["):
            lines.append(line)
        elif form == "dated":
            lines.append(f"INFO[{at}] {text}   ")
        elif form == "logfmt":
            lines.append(f'time="{at}" level=info msg="{text}"')
        else:
            lines.append(f"{line}    ")

    log = read("\n".join(lines))

    assert log.builder is Builder.KANIKO
    assert [row[0::2] for row in rows(log)] == [
        ("stage-0", "cached"),
        ("stage-0", "ran"),
        ("stage-0", "ran"),
        ("stage-1", "ran"),
        ("stage-1", "unknown"),
    ]
    step = the(log, "RUN uv")
    assert step.seconds == 4.0
    assert [install.missed for install in step.installs] == [2]


def test_kaniko_fails() -> None:
    log = read(
        "INFO[0000] Retrieving image manifest python:3.12\nINFO[0001] RUN uv sync\n"
        "error: Failed to initialize cache at `/home/app/.cache/uv`\n"
        "error building image: error building stage: failed to execute command: exit status 2\n"
    )

    (step,) = log.steps
    assert step.outcome is Outcome.FAILED
    assert [signal.code for signal in step.signals] == ["LAM201"]


def test_an_installer_without_a_builder_is_read() -> None:
    log = read("$ uv sync --frozen\nPrepared 1 package in 3ms\nInstalled 2 packages in 1ms\n")

    assert log.builder is Builder.NONE
    assert [(each.installed, each.missed) for each in log.steps[0].installs] == [(2, 1)]


def test_what_no_builder_wrote_is_no_error() -> None:
    assert read("") == Log(Builder.NONE, (), (), 0)
    assert read("hello\n# Heading\n") == Log(Builder.NONE, (), (), 2)


def test_what_is_said_beside_the_steps_is_noticed() -> None:
    log = read(
        "/usr/bin/docker buildx build --no-cache --tag app .\n#1 [1/1] FROM a\n#1 DONE 0.0s\n"
    )

    assert [(signal.code, signal.line.number) for signal in log.signals] == [("LAM509", 1)]
