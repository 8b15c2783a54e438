"""``python -m lamina``, and the console command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, and exit with its code."""
    try:
        from lamina.cli.recall import recalled

        if (code := recalled(sys.argv[1:])) is not None:
            sys.exit(code)
        # Here, since who presses Ctrl-C at once does so while this is imported.
        from lamina.cli.main import run
        from lamina.cli.signals import INTERRUPTED, TERMINATED, ignore_further

        code = run()
        if code in (INTERRUPTED, TERMINATED):
            ignore_further()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
