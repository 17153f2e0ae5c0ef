"""The program ``x12proc``: its commands, loaded when they are called, and how trouble becomes an exit code."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import click

from x12proc.errors import ConfigError, UnavailableError
from x12proc.reports.escape import clean
from x12proc.runner.streams import STANDARD_OUTPUT, abandon_output, flush_output, secure_standard_output

ACCEPTED, REJECTED, USAGE, FAILED = 0, 1, 2, 3
_COMMANDS = {
    "demo": "Write the demo files, which come with the program, and scrub them.",
    "scrub": "Check the claims of 837 files and write reports and annotated EDI.",
    "extract": "List target service lines with their NDC segments; no checks.",
    "restore": "Take annotations out of an annotated file, byte for byte.",
    "replay": "Run fixture cases against what they expect; compare old reports with new ones.",
    "mask": "Turn a real file into one that may be shared, with the same findings.",
    "rules": "Show what is checked, why, and how to fix it.",
    "reference": "Show the dated tables, look up a drug, code or NDC, import official downloads.",
    "profiles": "Show the payer profiles and what each of them changes.",
    "correct": "Turn denied claims into replacements or voids with the payer's claim number.",
    "record": "Keep what was found on each claim, to compare it with the payer's answer.",
    "watch": "Watch folders: scrub each file that arrives in an inbox, without losing any.",
    "ledger": "Report on the files of watched folders, replay one, override a refusal.",
    "lsp": "Serve editors over the Language Server Protocol.",
    "mcp": "Serve assistants over the Model Context Protocol, read-only and masked.",
    "serve": "Run the HTTP service.",
    "completion": "Print the script that completes commands, rules, profiles and more in a shell.",
    "keys": "Make, list and revoke the keys of the HTTP service.",
}
# These log unasked; setting structlog up takes as long as what the other commands do.
_LOGGING = frozenset(("watch", "ledger", "serve"))
_DAEMONS = frozenset(("watch", "serve"))  # these may run without a standard output


class _Commands(click.Group):
    """Commands by name; the module of a command is imported only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"x12proc.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that arguments begin with. Raises UsageError, with a suggestion where one is near."""
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS and not ctx.resilient_parsing:
            near = get_close_matches(args[0], _COMMANDS, 1)
            hint = f"Did you mean {near[0]!r}?" if near else "'x12proc --help' lists all of them."
            ctx.fail(f"No such command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. click itself would end with 1 when the reader of our output has gone, which here means
        that a claim was rejected."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise click.exceptions.Exit(_reader_gone()) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(importlib.import_module("x12proc.cli.version_text").version_text())
        ctx.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the versions of program, rules and reference tables, and what is compiled.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="How much to log on standard error. Default of watch, ledger and serve: info, on a terminal error; scrub "
    "logs only with this or --log.",
)
@click.pass_context
def app(ctx: click.Context, log_level: str | None) -> None:
    """Pre-scrubber for X12 837 claims that bill unclassified biologics (HCPCS J3590).

    \b
    Try it:  x12proc demo
    Learn:   x12proc rules NDC01

    Exit codes: 0 no claim rejected, 1 at least one rejected, 2 wrong usage or configuration (nothing was
    read), 3 at least one file could not be read to its end.
    """
    if sys.stdout is None and ctx.invoked_subcommand not in _DAEMONS:
        raise ConfigError(f"{STANDARD_OUTPUT} is closed; there is nowhere to write results to")
    if ctx.invoked_subcommand in _LOGGING:
        importlib.import_module("x12proc.cli.logs").configure(log_level)


def main() -> None:
    """Run the program; the process ends with the exit code of the contract."""
    # Claims are built by the thousand and hold no circles; looking for circles that often costs a third of a run.
    gc.set_threshold(100_000, 50, 50)
    gc.freeze()  # the modules stay until the end
    secure_standard_output()
    code = _exit_code(_run)
    if _exit_code(_finish) != ACCEPTED:
        code = FAILED
    gc.freeze()  # else the interpreter looks through all that is left for circles before it ends: 40 ms
    sys.exit(code)


def _run() -> int:
    code = app.main(prog_name="x12proc", standalone_mode=False)
    return code if isinstance(code, int) else ACCEPTED


def _finish() -> int:
    """Write what standard output still holds; the interpreter would do it too late to fail with a code of ours."""
    try:
        flush_output()
    except BrokenPipeError:
        return _reader_gone()
    except OSError:
        abandon_output()
        raise
    return ACCEPTED


def _exit_code(run: Callable[[], int]) -> int:
    """Return what ``run`` returns, or the exit code for what it raises, of which the user is informed."""
    code: int
    try:
        code = run()
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except click.ClickException as error:
        error.show()
        code = USAGE
    except ConfigError as error:
        _say(f"Error: {error}")
        code = USAGE
    except UnavailableError as error:
        _say(f"Error: {clean(str(error))}")
        code = FAILED
    except click.Abort:
        _say("Stopped.")
        code = FAILED
    except OSError as error:
        _say(f"Error: {_os_error_text(error)}")
        if error.filename == STANDARD_OUTPUT:
            abandon_output()
        code = FAILED
    except Exception as error:
        code = _internal_fault(error)
    return code


def _os_error_text(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return f"{clean(os.fsdecode(error.filename))}: {reason}" if isinstance(error.filename, str | bytes) else reason


def _internal_fault(error: Exception) -> int:
    """Say where we failed; an error's own text could quote a claim, so it is left out."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    location = f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119 - a frame's name need be no path
    _say(f"Internal error: {type(error).__name__} at {location}. Nothing was accepted; please report this.")
    return FAILED


def _reader_gone() -> int:
    """Whoever read our output has ended: what it did not read is no acceptance."""
    abandon_output()
    return FAILED


def _say(text: str) -> None:
    click.echo(text, err=True)


def comma_list(_: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Return the parts of an option that takes ``a,b,c``."""
    if value is None:
        return None
    parts = tuple(part.strip() for part in value.split(",") if part.strip())
    if not parts:
        raise _empty(parameter)
    return parts


def not_empty(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Return the value of an option that takes a name."""
    if value is not None and not value.strip():
        raise _empty(parameter)
    return value


def _empty(parameter: click.Parameter) -> click.BadParameter:
    """A shell passes an empty text for a variable that is not set; without the option means something else."""
    return click.BadParameter("the value is empty; leave the option out for its default", param=parameter)


def day(_: click.Context, parameter: click.Parameter, value: str | None) -> date | None:
    """An option that takes a date."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no date; write it like 2026-11-23", param=parameter) from None


def find_config() -> Path | None:
    """Return the configuration file without --config: X12PROC_CONFIG, else x12proc.toml in the current folder."""
    named = os.environ.get("X12PROC_CONFIG")
    local = Path("x12proc.toml")
    return Path(named) if named else local if local.is_file() else None


def _announce_config(ctx: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    source = ctx.get_parameter_source(parameter.name or "")
    if value is not None and source is not click.core.ParameterSource.COMMANDLINE:
        _say(f"Settings: {value}")
    return value


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=find_config,
    callback=_announce_config,
    help="A configuration file of your own. Default: $X12PROC_CONFIG, else x12proc.toml in the current folder.",
)
