"""Dockerfiles as settings: what each instruction comes to, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

from dockerfiles import whole_report
from lamina.init.dockerfile import UnknownStage, UnreadableDockerfile
from unit.init.drafts import PACKAGED, PYPROJECT, covered, draft, left, settings

PYTHON = "FROM python:3.12-slim\n"


def own(text: str, *paths: str, **more: Any) -> dict[str, Any]:
    """Return the settings of a stage upon Python, without those that every one has."""
    found = settings(draft(PYTHON + text, *paths, **more))
    return {
        key: value
        for key, value in found.items()
        if (key, value) not in (("base", "python:3.12-slim"), ("workdir", "/"), ("copy", ()))
    }


def test_the_reports_dockerfile_comes_out_fully() -> None:
    found = draft(whole_report(), "dist/src/main.py", "docker/run.sh")

    assert settings(found) == {
        "base": "python:3.10.14-slim",
        "apt": ("libgomp1",),
        "venv": "/opt/venv",
        "workdir": "/app",
        "copy": ({"from": "dist/src", "to": "."}, {"from": "docker/run.sh", "to": "."}),
        "cmd": ("bash", "run.sh"),
        "env": {
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "random",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "Asia/Shanghai",
        },
    }
    sources = (
        "packages come from where the base's own apt sources say | Name another mirror in "
        "`debian-mirror`, other sources in `apt-sources`; else leave it out"
    )
    assert left(found) == [
        f'40: RUN echo "" > /etc/apt/sources.list | {sources}',
        f'41: RUN echo "deb https://index.example/debian buster main" >... | {sources}',
    ]
    assert covered(found) == [
        "2: FROM ghcr.io/astral-sh/uv:0.7.8 AS uv | `lamina build` needs no uv",
        "4: FROM python:3.10.14-slim AS builder | the image has what is copied from `builder` alone",
        "6: WORKDIR /app | it is of the stage `builder` alone",
        "8: RUN --mount=from=uv,source=/uv,target=./uv ./uv venv /opt... | `lamina build` makes the "
        "environment",
        '11: ENV VIRTUAL_ENV=/opt/venv PATH="/opt/venv/bin:$PATH" LANG... | it is of the stage '
        "`builder` alone",
        "19: COPY pyproject.toml . | it is of the stage `builder` alone",
        "20: COPY uv.lock . | it is of the stage `builder` alone",
        "22: RUN --mount=type=cache,target=~/.cache/uv --mount=from=uv... | `lamina build` installs "
        "what `uv.lock` says",
        "30: VIRTUAL_ENV=/opt/venv | each build sets it",
        '31: PATH="/opt/venv/bin:$PATH" | each build sets it',
        "44: RUN apt-get update | `lamina build` needs none of it",
        "49: COPY --from=builder /opt/venv /opt/venv | `lamina build` makes the environment",
    ]
    assert found.notes == (
        "Line 45 installs recommended packages too, for want of `--no-install-recommends`; `apt` "
        "does not: name there those that are used",
    )
    assert found.heading == "From `Dockerfile`."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV A=1 B='x y'\nENV C old form", {"env": {"A": "1", "B": "x y", "C": "old form"}}),
        ("ENV A=1\nENV B=$A/${C:-d}", {"env": {"A": "1", "B": "1/d"}}),
        ("ENV PRICE='${X} $5'", {"env": {"PRICE": "$${X} $5"}}),
        ("ENV PATH=/x:$PATH", {"env": {"PATH": "/x:${PATH}"}}),
        ("ENV V=$PYTHON_VERSION", {"env": {"V": "${PYTHON_VERSION}"}}),
        ("ARG A=1\nENV B=$A", {"env": {"B": "1"}}),
        ("WORKDIR /srv\nWORKDIR app", {"workdir": "/srv/app"}),
        ("USER 1000", {"user": "1000"}),
        ("USER www-data", {"user": "www-data"}),
        ("RUN useradd -u 999 app\nUSER app", {"user": "999:999"}),
        ("RUN useradd app\nUSER app:0", {"user": "1000:0"}),
        ("EXPOSE 8000 53/udp\nEXPOSE 8000/tcp 9-10", {"expose": (8000, "53/udp", 9, 10)}),
        ("VOLUME /a /b\nVOLUME [\"/a\"]", {"volume": ("/a", "/b")}),
        ('LABEL a.b=c "d e"="f g"', {"labels": {"a.b": "c", "d e": "f g"}}),
        ("STOPSIGNAL int", {"stopsignal": "SIGINT"}),
        ('CMD ["a", "b"]', {"cmd": ("a", "b")}),
        ("CMD a && b", {"cmd": "a && b"}),
        ("ENTRYPOINT []\nCMD a", {"entrypoint": (), "cmd": "a"}),
        ('CMD ["a"]\nENTRYPOINT ["b"]', {"entrypoint": ("b",), "cmd": ("a",)}),
        ('SHELL ["bash", "-c"]\nCMD a | b', {"cmd": ("bash", "-c", "a | b")}),
        ('CMD ["uv", "run", "--no-sync", "main.py"]', {"cmd": ("python", "main.py")}),
        ('ENTRYPOINT ["uv", "run"]\nCMD ["a"]', {"entrypoint": (), "cmd": ("a",)}),
        ("CMD exec poetry run app --x", {"cmd": "exec app --x"}),
        ("HEALTHCHECK NONE", {"healthcheck": {"test": ("NONE",)}}),
        (
            "HEALTHCHECK --interval=1m30s --timeout=0s --start-period=5s --retries=2 CMD curl x",
            {
                "healthcheck": {
                    "test": "curl x", "interval": "1m30s", "start-period": "5s", "retries": 2,
                }
            },
        ),
        ('HEALTHCHECK CMD ["uv", "run", "check"]', {"healthcheck": {"test": ("check",)}}),
        ("RUN python -m compileall /usr", {"bytecode": True}),
    ],
)  # fmt: skip
def test_an_instruction_is_a_setting(text: str, expected: dict[str, Any]) -> None:
    assert own(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY a.py .", {"from": "a.py", "to": "."}),
        ("COPY src/ ./", {"from": "src", "to": "."}),
        ("COPY src /app/src/", {"from": "src", "to": "src"}),
        ("COPY ./src/a.py /src/b.py", {"from": "src/a.py", "to": "/src/b.py"}),
        ("COPY /a.py ../x/", {"from": "a.py", "to": "/x/"}),
        ("COPY a.py /app", {"from": "a.py", "to": "."}),
        ("COPY a.py /usr/local/bin", {"from": "a.py", "to": "/usr/local/bin/"}),
        ("COPY a.py b", {"from": "a.py", "to": "b"}),
        ("COPY . .", {"from": ".", "to": "."}),
        ("COPY --link --chmod=0755 a.py /", {"from": "a.py", "to": "/", "mode": "0755"}),
        ("COPY --chown=10:20 a.py .", {"from": "a.py", "to": ".", "owner": "10:20"}),
        ("COPY --chown=root a.py .", {"from": "a.py", "to": "."}),
        ("COPY --chown=www-data:root a.py .", {"from": "a.py", "to": ".", "owner": "33:0"}),
        ('COPY ["a.py", "b c"]', {"from": "a.py", "to": "b c"}),
        ("ADD a.py .", {"from": "a.py", "to": "."}),
        ("COPY *.py .", {"from": "a.py", "to": "."}),
        ("ARG D=src\nCOPY $D/a.py .", {"from": "src/a.py", "to": "."}),
    ],
)
def test_a_copy_is_an_entry(line: str, expected: dict[str, Any]) -> None:
    found = draft(f"{PYTHON}WORKDIR /app\n{line}\n", "a.py", "src/a.py")

    assert settings(found)["copy"] == (expected,)
    assert left(found) == []


def test_where_a_copy_goes_is_told_from_the_last_working_directory() -> None:
    found = draft(f"{PYTHON}WORKDIR /a\nCOPY x .\nWORKDIR /b\nCOPY x y\n", "x")

    assert settings(found)["copy"] == ({"from": "x", "to": "/a/"}, {"from": "x", "to": "y"})


def test_several_sources_are_several_entries_and_none_is_copied_twice() -> None:
    text = f"{PYTHON}WORKDIR /app\nCOPY a.py b/ c.py ./\nCOPY a.py .\nCOPY --chown=1 b/x .\n"

    found = settings(draft(text, "a.py", "b/x", "c.py"))["copy"]

    assert found == (
        {"from": "a.py", "to": "."},
        {"from": "b", "to": "."},
        {"from": "c.py", "to": "."},
        {"from": "b/x", "to": ".", "owner": "1"},
    )


def test_what_a_folder_brings_is_not_named_again() -> None:
    text = f"{PYTHON}WORKDIR /app\nCOPY README.md ./\nCOPY src src\nCOPY . .\n"

    assert settings(draft(text, "README.md", "src/a"))["copy"] == ({"from": ".", "to": "."},)


def test_what_is_not_there_yet_is_told() -> None:
    found = draft(f"{PYTHON}WORKDIR /app\nCOPY dist/app ./\nCOPY dist/a.txt x\n")

    assert settings(found)["copy"] == (
        {"from": "dist/app", "to": "."},
        {"from": "dist/a.txt", "to": "x"},
    )
    assert found.notes == tuple(
        f"`{name}` is not in the project's folder now; it must be there when the image is built"
        for name in ("dist/app", "dist/a.txt")
    )


def test_a_project_that_is_not_installed_copies_nothing_unless_the_dockerfile_does() -> None:
    assert settings(draft(PYTHON))["copy"] == ()
    assert "copy" not in settings(draft(PYTHON, pyproject=PACKAGED))


@pytest.mark.parametrize(
    ("base", "written"),
    [
        ("python:3.12", "python:3.12"),
        ("registry.example:5000/a/b@sha256:" + "0" * 64, None),
        ("debian:own", "python:3.12-slim"),
        ("alpine", "python:3.12-slim"),
        ("gcr.io/distroless/python3-debian12", None),
        ("oci:latest", "docker://oci:latest"),
    ],
)
def test_the_base_is_named_so_that_it_is_the_same(base: str, written: str | None) -> None:
    assert settings(draft(f"FROM {base}\n"))["base"] == (written or base)


def test_a_base_without_python_is_told() -> None:
    assert left(draft("FROM debian:bookworm-slim\n")) == [
        "1: FROM debian:bookworm-slim | `debian:bookworm-slim` has no Python | Look whether "
        "`base` will do: it is the official image of the project's Python; or name "
        "`docker://debian:bookworm-slim` there, and `python3` in `apt`"
    ]


def test_a_base_that_depends_on_an_argument_is_told() -> None:
    found = draft("ARG TAG=3.12\nARG OTHER\nFROM python:$TAG AS a\nFROM x:$OTHER\n")

    assert "base" not in settings(found)
    assert left(found) == [
        "4: FROM x:$OTHER | its image depends on an argument that has no value here | "
        "Name the image in `base`; without, it is `python:3.12-slim`"
    ]


def test_the_platform_of_the_base_is_that_of_the_image() -> None:
    found = draft("FROM --platform=linux/arm64 python:3.12\n")
    other = draft("FROM --platform=$BUILDPLATFORM python:3.12\n")

    assert settings(found)["platform"] == "linux/arm64"
    assert "platform" not in settings(other)
    assert covered(other) == [
        "1: FROM --platform=$BUILDPLATFORM python:3.12 | the platform is that of `--platform`"
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "COPY <<EOF /a\nb\nEOF",
            "the file stands in the Dockerfile | Make it a file, and name that in `copy`",
        ),
        (
            "COPY --exclude=*.md . .",
            "`copy` has no `--exclude` | Name what is to be copied in `copy`, and what is not in "
            "`.dockerignore`",
        ),
        (
            "ADD https://index.example/a.tgz /",
            "nothing is fetched but distributions and the base | Fetch it before `lamina build`, and "
            "name it in `copy`",
        ),
        (
            "ADD a.tar.gz /",
            "no archive is unpacked by `copy` | Unpack it before `lamina build`, and name the folder",
        ),
        (
            "COPY *.txt /x/",
            "nothing in the project's folder fits `*.txt` | Name in `copy` what is to be copied",
        ),
        (
            "COPY --chmod=u+x a /",
            "`mode` is written in octal digits, and not as `u+x` | Write it into the entry of `copy`",
        ),
        (
            "COPY --chown=app a /",
            "nothing tells the number of `app` | Write it into the entry of `copy`, as `owner`",
        ),
        (
            "COPY --from=nginx:1 /etc/nginx /etc/nginx",
            "`lamina build` copies nothing of other images: `/etc/nginx` | Name a base image that has "
            "it in `base`, or put what `nginx:1` has there into the project",
        ),
        (
            "EXPOSE ${P:?none}",
            "no builder can expand it: P: none | Correct it",
        ),
        ("EXPOSE 9-8", "it names no port, or too many | Name the ports in `expose`"),
        ("EXPOSE 9/http", "it names no port, or too many | Name the ports in `expose`"),
        (
            'CMD ["uv", "run", "--with", "x", "a"]',
            "the tool that runs it is not in the image | Write the command that it runs",
        ),
        (
            "COPY --chown=1:app a /",
            "nothing tells the number of `1:app`; `owner` has the usual one, 1:1 | Look whether it is "
            "right",
        ),
        (
            "EXPOSE http",
            "it names no port, or too many | Name the ports in `expose`",
        ),
        ("VOLUME data", "it is no absolute path | Name the folder in `volume`"),
        (
            "MAINTAINER me",
            "images have no maintainer any more | Name them in `labels`, as "
            "`org.opencontainers.image.authors`",
        ),
        (
            "ONBUILD RUN x",
            "no image is built from this one by an instruction of its own | Write it into what is "
            "built upon the image",
        ),
        (
            "CMD uv run --with x a",
            "the tool that runs it is not in the image | Write the command that it runs",
        ),
        (
            "ENV A=$NONE",
            "`NONE` is set by no ENV and no ARG, and is empty unless the base sets it | To have the "
            "base's, write `${NONE}` in `env`",
        ),
        (
            "STOPSIGNAL 1 2",
            "`stopsignal` cannot say it: tool.lamina.stopsignal: expected a signal such as `SIGTERM` "
            "or `15` | Write it by hand",
        ),
        (
            "RUN npm ci && npm run build",
            "`lamina build` runs no commands | Run it before `lamina build`, and name what it makes in "
            "`copy`; or run it in a base image of your own",
        ),
        (
            "RUN useradd app",
            "`lamina build` makes no users; a number needs none | Name a base that has the user, if a "
            "program asks for its name or its home",
        ),
        (
            "RUN chown -R 1:1 /app",
            "files have the owner that they are copied with | Say `owner` in the entries of `copy`",
        ),
        (
            "RUN chmod +x /run",
            "files have the mode that they are copied with | Say `mode` in the entry of `copy`, or "
            "make the file executable in the project",
        ),
        (
            "RUN mkdir -p /data",
            "`lamina build` runs no commands; folders come with the files in them | Name it in "
            "`volume`, or let the program make it; or copy a folder that has a file",
        ),
        (
            "RUN pip install -r requirements.txt",
            "what is installed is what `uv.lock` or `pylock.toml` says | Bring what it installs into "
            "`[project]` (`uv add`, or `uv add -r requirements.txt`), and run `uv lock`",
        ),
        (
            "RUN uv tool install httpie",
            "what is installed is what `uv.lock` or `pylock.toml` says | Add it to a dependency group, "
            "and name that in `groups`",
        ),
        (
            "RUN uv python install 3.13",
            "the Python of the image is that of its base | Name a base that has the Python that you "
            "want",
        ),
        (
            "RUN apk add --no-cache -t .deps gcc musl-dev",
            "`lamina build` installs packages of Debian and Ubuntu alone: gcc, musl-dev | Take a base "
            "of Debian, and name them in `apt`; or name a base image that has them in `base`, such as "
            "one that is made once of `FROM python:3.12-slim` and this line",
        ),
    ],
)  # fmt: skip
def test_what_has_no_equivalent_is_told(line: str, expected: str) -> None:
    told = left(draft(f"{PYTHON}{line}\n", "a", "b.md"))

    assert [each.split(" | ", 1)[1] for each in told] == [expected]
    assert told[0].startswith("2: ")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("RUN pip install --no-cache-dir uv==0.9", "`lamina build` needs nothing that installs"),
        ("RUN curl -LsSf https://astral.sh/uv/install.sh | sh", "`lamina build` needs no uv"),
        (
            "RUN curl https://astral.sh/uv/install.sh -o /uv-installer.sh && rm /uv-installer.sh",
            "`lamina build` needs no uv",
        ),
        ("COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/", "`lamina build` needs no uv"),
        ("COPY --from=registry.example/tools /opt/uv /opt/uvx /bin/", "`lamina build` needs no uv"),
        ("RUN uv cache clean", "`lamina build` needs no uv"),
        ("RUN set -e", "it changes nothing in the image"),
        ("ARG X", "its value is put in where it is used"),
        ("ENV UV_LINK_MODE=copy", "it is a setting of uv, which the image does without"),
        ("ENV PIP_NO_CACHE_DIR=1", "it is a setting of pip, which the image does without"),
        (
            "ENV DEBIAN_FRONTEND=noninteractive",
            "it is for installing packages of the system alone",
        ),
        ('SHELL ["bash", "-c"]', "it is written into the commands that it is for"),
    ],
)
def test_what_is_not_needed_is_told(line: str, why: str) -> None:
    found = draft(f"{PYTHON}{line}\n")

    assert [each.why for each in found.remarks] == [why]
    assert left(found) == []
    assert set(settings(found)) == {"base", "workdir", "copy"}


def test_an_argument_without_a_value_is_told_where_it_is_used() -> None:
    found = draft(f"{PYTHON}ARG V\nENV A=$V\nWORKDIR /$V\nCOPY $V /\n")

    assert settings(found) == {"base": "python:3.12-slim", "copy": ()}
    assert left(found) == [
        "3: $V | it depends on the argument `V`, which has no value here | Write the setting with "
        "the value that you build with",
        "4: WORKDIR /$V | it depends on an argument that has no value here | Name the folder in "
        "`workdir`; without, it is `/app`",
        "5: COPY $V / | it depends on the argument `V`, which has no value here | Name in `copy` "
        "what is to be copied",
    ]


def test_a_user_that_the_dockerfile_makes_has_a_number() -> None:
    found = draft(
        f"{PYTHON}RUN adduser --disabled-password app\nCOPY --chown=app:app a /\nUSER app\n", "a"
    )

    assert settings(found)["user"] == "1000:1000"
    assert settings(found)["copy"] == ({"from": "a", "to": "/", "owner": "1000:1000"},)
    assert left(found)[1:] == [
        "3: COPY --chown=app:app a / | nothing tells the number of `app:app`; `owner` has the usual "
        "one, 1000:1000 | Look whether it is right"
    ]
    assert covered(found) == [
        "4: USER app | `app` is no user of the base: `user` has the number, the usual one"
    ]


BUILDER = """\
FROM python:3.12-slim AS builder
COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/
ENV UV_COMPILE_BYTECODE=1
WORKDIR /app
RUN --mount=type=bind,source=uv.lock,target=uv.lock uv sync --locked --no-install-project --no-dev
COPY . .
RUN uv sync --locked --no-dev --extra web --group serving
FROM node:22 AS page
RUN npm run build
FROM python:3.12-slim AS unused
FROM python:3.12-slim
WORKDIR /srv
COPY --from=builder --chown=1000 /app /app
COPY --from=page /page/dist /srv/static
COPY --from=builder /app/conf/x.ini conf.ini
ENV PATH="/app/.venv/bin:$PATH"
CMD ["web"]
"""


def test_what_a_stage_copied_is_followed_through_it() -> None:
    found = draft(BUILDER, "conf/x.ini", "src/web/__init__.py", pyproject=PACKAGED)

    assert settings(found) == {
        "base": "python:3.12-slim",
        "extras": ("web",),
        "groups": ("serving",),
        "venv": "/app/.venv",
        "workdir": "/srv",
        "copy": (
            {"from": ".", "to": "/app", "owner": "1000"},
            {"from": "conf/x.ini", "to": "conf.ini"},
        ),
        "cmd": ("web",),
        "bytecode": True,
    }
    assert left(found) == [
        "9: RUN npm run build | `lamina build` runs no commands | Run it before `lamina build`, and "
        "name what it makes in `copy`; or run it in a base image of your own",
        "14: COPY --from=page /page/dist /srv/static | commands of the stage `page` make "
        "`/page/dist` | Run them before `lamina build`, and name what they make in `copy`",
    ]
    assert "10: FROM python:3.12-slim AS unused | the stage `unused` is no part of the image" in (
        covered(found)
    )


def test_a_file_of_a_folder_that_a_stage_copied_is_taken_from_the_project() -> None:
    text = (
        "FROM x AS b\nCOPY a.txt /one\nCOPY conf /conf\nFROM y\nWORKDIR /w\n"
        "COPY --from=b /conf/x.ini /etc/\nCOPY --from=b /one two\nCOPY --from=b /conf/gone ./\n"
    )

    found = draft(text, "a.txt", "conf/x.ini")

    assert settings(found)["copy"] == (
        {"from": "conf/x.ini", "to": "/etc/"},
        {"from": "a.txt", "to": "two"},
    )
    assert [each.split(" | ")[1] for each in left(found)] == [
        "commands of the stage `b` make `/conf/gone`"
    ]


def test_a_stage_that_begins_with_another_has_what_that_has() -> None:
    text = (
        'FROM python:3.12 AS base\nENV A=1\nWORKDIR /a\nCOPY x .\nCMD ["old"]\nEXPOSE 1\n'
        'FROM base AS final\nENV B=$A\nENTRYPOINT ["new"]\nEXPOSE 2\n'
    )

    found = draft(text, "x")

    assert settings(found) == {
        "base": "python:3.12",
        "workdir": "/a",
        "copy": ({"from": "x", "to": "."},),
        "entrypoint": ("new",),
        "expose": (1, 2),
        "env": {"A": "1", "B": "1"},
    }
    assert settings(draft(text, "x", target="base"))["cmd"] == ("old",)
    assert draft(text, "x", target="base").heading == "From `Dockerfile`, stage `base`."


def test_an_environment_that_is_moved_is_where_it_is_moved_to() -> None:
    text = (
        "FROM python:3.12 AS b\nWORKDIR /w\nRUN uv sync --no-dev --extra x\n"
        "FROM python:3.12\nCOPY --from=b /w/.venv /opt/env\n"
    )

    found = settings(draft(text))

    assert (found["venv"], found["extras"]) == ("/opt/env", ("x",))


@pytest.mark.parametrize(
    ("lines", "venv"),
    [
        ("ENV UV_PROJECT_ENVIRONMENT=/e\nRUN uv sync", "/e"),
        ("RUN uv venv /e\nENV VIRTUAL_ENV=/e\nRUN uv sync --active", "/e"),
        ("WORKDIR /w\nRUN uv sync --no-dev", "/w/.venv"),
        ("WORKDIR /w\nRUN cd sub && uv sync", "/w/sub/.venv"),
        ("RUN python3 -m venv /a\nRUN uv venv /b\nENV PATH=/a/bin:$PATH", "/a"),
        ("ENV VIRTUAL_ENV=/e\nRUN python3 -m venv $VIRTUAL_ENV", "/e"),
        ("ENV VIRTUAL_ENV=/e/\nRUN make-it", "/e"),
        ("RUN virtualenv --quiet e", "/e"),
        ("RUN pip install x", None),
    ],
)
def test_the_environment_is_where_its_tool_makes_it(lines: str, venv: str | None) -> None:
    assert settings(draft(PYTHON + lines)).get("venv") == venv


def test_files_that_only_say_what_is_installed_are_not_copied() -> None:
    found = draft(
        f"{PYTHON}WORKDIR /a\nCOPY pyproject.toml uv.lock README.md ./\nRUN uv sync\n",
        "pyproject.toml", "uv.lock", "README.md",
    )  # fmt: skip

    assert settings(found)["copy"] == ({"from": "README.md", "to": "."},)
    assert (
        "3: COPY pyproject.toml uv.lock README.md ./ | `lamina build` reads `pyproject.toml`, "
        "`uv.lock`, and puts nothing of it into the image"
    ) in covered(found)


def test_what_says_what_is_installed_is_not_told_of_where_a_folder_has_it() -> None:
    found = draft(
        f"{PYTHON}COPY uv.lock /a/\nRUN uv sync --no-dev\nCOPY . /a\n", "uv.lock", "b"
    )  # fmt: skip

    assert settings(found)["copy"] == ({"from": ".", "to": "/a"},)
    assert [each.line for each in found.remarks] == [3]


def test_a_copy_that_comes_to_nothing_is_told_whatever_the_other_stage_has() -> None:
    text = "FROM python AS b\nCOPY a /x\nFROM python\nCOPY --from=b --exclude=y /x /z\n"

    found = draft(text, "a")

    assert [each.split(" | ")[1] for each in left(found)] == ["`copy` has no `--exclude`"]
    assert "2: COPY a /x | it is of the stage `b` alone" in covered(found)


def test_a_script_is_run_where_the_dockerfile_says_nothing() -> None:
    scripts = PACKAGED + '[project.scripts]\nserve = "app:main"\n'
    note = (
        "The Dockerfile says nothing of what is run: the image runs `serve`, the only one of "
        "`[project.scripts]`"
    )

    assert draft(PYTHON, pyproject=scripts).notes == (note,)
    assert draft(f"{PYTHON}CMD a\n", pyproject=scripts).notes == ()
    no_project = f"{PYTHON}RUN uv sync --no-dev --no-install-project\n"
    assert draft(no_project, pyproject=scripts).notes == ()


def test_an_environment_that_is_given_away_belongs_to_root() -> None:
    text = "FROM x AS b\nRUN uv venv /e\nFROM x\nCOPY --from=b --chown=1 /e /e\n"

    assert covered(draft(text))[-1] == (
        "4: COPY --from=b --chown=1 /e /e | `lamina build` makes the environment; what is in it "
        "belongs to root, and may be read by all"
    )


DEV = PYPROJECT + '[dependency-groups]\nDev = ["pytest"]\nlint = []\n'


@pytest.mark.parametrize(
    ("flags", "pyproject", "expected"),
    [
        ("--no-dev", DEV, {}),
        ("", DEV, {"groups": ("dev",)}),
        ("", PYPROJECT, {}),
        ("--group lint", DEV, {"groups": ("lint", "dev")}),
        ("--no-default-groups", DEV, {"default-groups": False}),
        ("", DEV + '[tool.uv]\ndefault-groups = ["lint"]\n', {}),
        ("", DEV + '[tool.uv]\ndefault-groups = "all"\n', {"groups": ("dev",)}),
        ("--dev", DEV + '[tool.uv]\ndefault-groups = ["lint"]\n', {"groups": ("dev",)}),
        ("--all-extras --all-groups", DEV, {"extras": "all", "groups": "all"}),
        ("--no-dev --extra a --extra=b", DEV, {"extras": ("a", "b")}),
        ("--no-dev --no-install-project", DEV, {}),
        ("--no-dev --no-install-project", PACKAGED, {"install-project": False}),
        ("--no-dev --compile-bytecode", DEV, {"bytecode": True}),
    ],
)
def test_what_uv_sync_installs_is_said(
    flags: str, pyproject: str, expected: dict[str, Any]
) -> None:
    found = settings(draft(f"{PYTHON}RUN uv sync {flags}\n", pyproject=pyproject))

    common = ("base", "venv", "workdir", "copy")
    assert {key: value for key, value in found.items() if key not in common} == expected


def test_that_an_image_has_dev_too_is_told() -> None:
    found = draft(f"{PYTHON}RUN uv sync --group lint\n", pyproject=DEV)

    assert [each.why for each in found.settings if each.key == "groups"] == [
        "`dev` too, since `uv sync` installs it without `--no-dev`: an image rarely needs it."
    ]


def test_what_no_setting_says_of_uv_sync_is_told() -> None:
    found = draft(f"{PYTHON}RUN uv sync --no-dev --no-group x --index a -v --frozen\n")

    assert left(found) == [
        "2: --no-group x | no setting says `--no-group x` | Pass `--no-group x` to `lamina build`",
        "2: --index a | no setting says `--index a` | Look whether `[tool.uv]` can say it",
    ]


def test_a_path_with_more_than_the_environment_is_kept() -> None:
    text = f"{PYTHON}RUN uv venv /e\nENV PATH=/e/bin:/x:$PATH VIRTUAL_ENV=/e/ PYTHONPATH=/e\n"

    assert settings(draft(text))["env"] == {"PATH": "/x:${PATH}", "PYTHONPATH": "/e"}


def test_all_that_a_builder_would_refuse_is_told() -> None:
    with pytest.raises(UnreadableDockerfile) as caught:
        draft("FROM x\nFRUN a\nCOPY a\n")

    assert str(caught.value) == (
        "Unable to read `Dockerfile`\n"
        "  Dockerfile:2: Unknown instruction: FRUN\n"
        "  Dockerfile:3: `COPY` needs what to copy, and where to"
    )


def test_a_stage_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(UnknownStage) as caught:
        draft("FROM x AS a\nFROM y AS b\n", target="c")

    assert str(caught.value) == "No stage `c` in `Dockerfile`; it has `a`, `b`"
