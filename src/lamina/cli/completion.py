"""``lamina completion``: what makes a shell complete our commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "fish", "zsh")
_VARIABLE = "_LAMINA_COMPLETE"
"""By which the shell asks us; click's own name for a program called `lamina`."""


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    """Write the completion script of a shell to standard output.

    \b
    bash  lamina completion bash > ~/.local/share/bash-completion/completions/lamina
    fish  lamina completion fish > ~/.config/fish/completions/lamina.fish
    zsh   lamina completion zsh > "${fpath[1]}/_lamina"
    """  # noqa: D301
    group = click.get_current_context().find_root().command
    completion = get_completion_class(shell)
    assert completion is not None, "click has all three"
    script = completion(group, {}, "lamina", _VARIABLE)
    # Not `source()`: for bash it runs the one that is here, which may not be the one that reads.
    click.echo(script.source_template % script.source_vars(), nl=False)
