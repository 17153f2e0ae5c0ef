"""What ``x12proc scrub`` prints besides its readable report: totals, faults, artifacts, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click
from rich.console import Console
from rich.text import Text

from x12proc.reports.escape import clean
from x12proc.reports.totals import fixes_text, print_summaries, unchecked_text
from x12proc.reports.wrapping import print_wrapped
from x12proc.runner.artifacts import FIXED
from x12proc.runner.inputs import Inputs, skipped_lines
from x12proc.runner.runner import Result
from x12proc.wire.events import errors_first

MOST_FAULTS = 5  # of an input that are printed beside its totals


class _Output(Console):
    """Standard output. rich would end with 1 when its reader has gone, which here means a rejected claim."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        raise BrokenPipeError


def output_console() -> Console:
    """Return standard output: as wide as the terminal, and never folded into a file."""
    console = _Output(highlight=False, soft_wrap=True)
    return console if console.is_terminal else _Output(highlight=False, soft_wrap=True, width=160)


def print_filter_notes(result: Result) -> None:
    """Print what a run as a filter can't show on standard output, to standard error and without a value."""
    for fault in errors_first(result.faults)[:MOST_FAULTS]:
        location = f"segment {fault.segment_index}, byte {fault.byte_offset}"
        click.echo(f"{fault.severity} {clean(result.name)}, {location}: {fault.code}", err=True)
    if len(result.faults) > MOST_FAULTS:
        click.echo(f"{clean(result.name)}: {len(result.faults) - MOST_FAULTS} more faults", err=True)
    if any(result.summary.fixes.values()):
        click.echo(f"{clean(result.name)}: {fixes_text(result.summary)}; --log json lists them", err=True)
    for kind, reason in result.withheld.items():
        click.echo(f"{clean(result.name)}: no {kind} file was written: {reason}", err=True)


def print_totals(running: Iterator[Result], inputs: Inputs) -> list[Result]:
    """Print the totals, faults and artifacts of the inputs to standard output.

    When an artifact can't be written, those of the inputs before are printed, and the OSError is raised.
    """
    results: list[Result] = []
    try:
        results.extend(running)
    finally:
        _print_results(results)
        print_inputs(inputs, results)
    return results


def _print_results(results: Sequence[Result]) -> None:
    console = output_console()
    print_summaries(console, [(result.name, result.summary) for result in results])
    for result in results:
        _print_result(console, result)


def _print_result(console: Console, result: Result) -> None:
    name = clean(result.name)
    for fault in errors_first(result.faults)[:MOST_FAULTS]:
        style = "bold red" if fault.severity == "error" else "yellow"
        location = f"segment {fault.segment_index}, byte {fault.byte_offset}"
        print_wrapped(
            console, Text.assemble((fault.severity, style), f" {name}, {location}: {clean(fault.message)}"), 2
        )
    if len(result.faults) > MOST_FAULTS:
        print_wrapped(
            console, Text(f"{name}: {len(result.faults) - MOST_FAULTS} more faults are in the report"), 2
        )
    if any(result.summary.fixes.values()):
        print_wrapped(console, Text(f"{name}: {fixes_text(result.summary, withheld=FIXED in result.withheld)}"), 2)
    if result.summary.unchecked_lines:
        print_wrapped(console, Text(f"{name}: {unchecked_text(result.summary)}"), 2)
    for kind, reason in result.withheld.items():
        print_wrapped(console, Text(f"{name}: no {kind} file was written: {reason}"), 2)
    for path in result.artifacts:
        console.print(Text(f"wrote {clean(str(path))}"))


def print_inputs(inputs: Inputs, results: Sequence[Result], *, error: bool = False) -> None:
    """Print which inputs were skipped or can't be read, and numbers that add up to what was given.

    An input without a result has failed. ``error``: print to standard error.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True) if error else output_console()
    for line in skipped_lines(inputs.skipped):
        print_wrapped(console, Text(clean(line)), 2)
    for unreadable in inputs.unreadable:
        text = f" {clean(unreadable.name)}: {clean(unreadable.reason)}"
        print_wrapped(console, Text.assemble(("error", "bold red"), text), 2)
    taken = sum(not result.summary.failed for result in results)
    failed = inputs.given - len(inputs.skipped) - taken
    counts = f"{taken} taken, {len(inputs.skipped)} skipped, {failed} failed"
    console.print(Text(f"Inputs: {inputs.given} given, {counts}"))
