"""``x12proc completion``: scripts that complete commands, options and their values in a shell."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import ShellComplete, get_completion_class

_SHELLS: Final = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    """Print the script that completes commands, options, rules, profiles, artifacts and feeds in a shell.

    \b
    bash:  eval "$(x12proc completion bash)" in ~/.bashrc (bash 4.4 or newer)
    zsh:   eval "$(x12proc completion zsh)" in ~/.zshrc, after compinit
    fish:  x12proc completion fish > ~/.config/fish/completions/x12proc.fish
    """
    maker = get_completion_class(shell)
    assert maker is not None, "click has a class for each of these shells"
    script = maker(click.get_current_context().find_root().command, {}, "x12proc", "_X12PROC_COMPLETE")
    # Not script.source() of the class for bash, which runs bash to look at its version.
    click.echo(ShellComplete.source(script))
