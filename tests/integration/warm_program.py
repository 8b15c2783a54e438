"""Serves runs of `lamina` from one process that has imported everything: `integration.warm_lamina`.

For each line of standard input, a JSON document, it forks; the child has the environment, the
arguments and the output files of the document, and is otherwise what `python -m lamina` is. The
answer is a line with the exit code.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

import lamina.cli.build
import lamina.cli.building
from lamina.__main__ import main


def serve() -> None:
    """Answer until standard input ends."""
    for line in sys.stdin:
        told = json.loads(line)
        if (child := os.fork()) == 0:
            _run(told)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(told: dict[str, object]) -> None:
    """Be the program, and never return."""
    code = 1
    try:
        for number, name in enumerate(("/dev/null", told["out"], told["err"])):
            file = os.open(str(name), os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, number)
            os.close(file)
        os.umask(0o022)
        os.environ.clear()
        os.environ.update(told["environment"])  # type: ignore[call-overload]
        sys.argv = ["lamina", *told["arguments"]]  # type: ignore[misc]
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


assert lamina.cli.building is not None

if __name__ == "__main__":
    serve()
