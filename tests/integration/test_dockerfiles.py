"""A Dockerfile is refused by the reader where Docker's BuildKit refuses it, and nowhere else."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from os import environ
from pathlib import Path

import pytest

from dockerfiles import modelled
from engines import Engine

pytestmark = pytest.mark.integration

# Nothing of these can run, for `scratch` has no program; what is refused is refused before. A file
# with nothing but ARG is not among them: it ends the engine itself.
DOCKERFILES = [
    "FROM scratch\nCOPY a /a\n",
    "from scratch\ncopy a /a\n",
    "FROM scratch AS a\nCOPY a /a\nFROM a\nCOPY --from=a /a /b\n",
    "FROM scratch AS 1a\nCOPY a /a\n",
    "FROM scratch a\nCOPY a /a\n",
    "FROM\n",
    "",
    "COPY a /a\n",
    "ARG A=scratch\nFROM $A\nCOPY a /a\n",
    "ARG A=scratch\nFROM ${A:-b}\nCOPY a /a\n",
    "FROM scratch\nRUM a\n",
    "FROM scratch\nCOPY a\n",
    "FROM scratch\nCOPY\n",
    "FROM scratch\nCOPY --chown a /a\n",
    "FROM scratch\nCOPY --form=a a /a\n",
    'FROM scratch\nCOPY ["a", "/a"]\n',
    "FROM scratch\nENV =1\n",
    "FROM scratch\nENV\n",
    "FROM scratch\nENV A='1 2' B=${A}\nCOPY a /a\n",
    "FROM scratch\nENV A='1\nCOPY a /a\n",
    "FROM scratch\nENV A=${B\nCOPY a /a\n",
    "FROM scratch\nENV A=${B!c}\nCOPY a /a\n",
    "FROM scratch\nENV A=${B:-c}\nCOPY a /a\n",
    'FROM scratch\nLABEL a=b c="d e"\nCOPY a /a\n',
    "FROM scratch\nARG\n",
    "FROM scratch\nUSER\n",
    "FROM scratch\nUSER a\nCOPY a /a\n",
    "FROM scratch\nEXPOSE\n",
    "FROM scratch\nEXPOSE 80 81/udp\nCOPY a /a\n",
    "FROM scratch\nVOLUME\n",
    "FROM scratch\nSHELL a\n",
    'FROM scratch\nSHELL ["a"]\nCOPY a /a\n',
    "FROM scratch\nCMD [a]\nCOPY a /a\n",
    "FROM scratch\nONBUILD\n",
    "FROM scratch\nONBUILD FROM a\n",
    "FROM scratch\nONBUILD ONBUILD RUN a\n",
    "FROM scratch\nONBUILD RUN a\nCOPY a /a\n",
    "FROM scratch\nHEALTHCHECK\n",
    "FROM scratch\nHEALTHCHECK a\n",
    "FROM scratch\nHEALTHCHECK CMD\n",
    "FROM scratch\nHEALTHCHECK NONE a\n",
    "FROM scratch\nHEALTHCHECK --interval=5s CMD a\nCOPY a /a\n",
    "FROM scratch\nRUN --mount a\n",
    "FROM scratch\nRUN --mount type=cache,target=/a a\n",
    "FROM scratch\nRUN --mount=type=cach,target=/a b\n",
    "FROM scratch\nRUN --mount=type=cache,targt=/a b\n",
    "FROM scratch\nRUN --mount=type=cache,target=/a,uid=b c\n",
    "FROM scratch\nRUN --mount=type=cache,target=/a,mode=9 c\n",
    "FROM scratch\nRUN --mount=type=cache,target=/a,sharing=b c\n",
    "FROM scratch\nRUN --mount=type=bind,target=/a,uid=1 c\n",
    "FROM scratch\nRUN --mount=type=secret c\n",
    "FROM scratch\nRUN --mount=type=cache,target=/a,required c\n",
    "FROM scratch\nRUN --mount=type=tmpfs,target=/a b\n",
    "FROM scratch\nRUN --mount=type=cache,target=~/a,id=b,sharing=locked,uid=1,gid=1,mode=0755 b\n",
    "FROM scratch\nRUN --mont=type=cache,target=/a b\n",
    "# escape=`\nFROM scratch\nCOPY a `\n /a\n",
    "FROM scratch\nCOPY a \\\n# b\n\n /a\n",
    "\ufeffFROM scratch\r\nCOPY a /a\r\n",
]


def _refusal(engine: Engine, folder: Path, number: int, text: str) -> str:
    """Return why BuildKit refuses to begin with a Dockerfile; empty if it begins."""
    context = folder / str(number)
    context.mkdir()
    (context / "a").write_text("a")
    (context / "Dockerfile").write_bytes(text.encode())
    done = subprocess.run(
        engine.command("build", "--quiet", str(context)),
        capture_output=True,
        text=True,
        env={**environ, **engine.environment, "DOCKER_BUILDKIT": "1"},
        check=False,
    )
    began = done.returncode == 0 or "executor failed running" in done.stderr
    return "" if began else done.stderr.strip().splitlines()[-1]


def test_what_buildkit_refuses_is_refused(engine: Engine, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbered = enumerate(DOCKERFILES)
        theirs = list(pool.map(lambda each: _refusal(engine, tmp_path, *each), numbered))

    different = []
    for text, refusal in zip(DOCKERFILES, theirs, strict=True):
        found = modelled(text)
        ours = [each.message for each in (*found.dockerfile.problems, *found.problems)]
        if bool(ours) != bool(refusal):
            different.append((text, refusal, ours))
    assert different == []
    assert 0 < sum(map(bool, theirs)) < len(DOCKERFILES)
