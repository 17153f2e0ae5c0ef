"""``x12proc scrub``: the main job."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click
from msgspec.structs import replace
from rich.text import Text

from x12proc.cli import complete
from x12proc.cli.app import ACCEPTED, FAILED, REJECTED, comma_list, config_option, day, not_empty
from x12proc.cli.claim_view import ClaimSelection, ordered_claims
from x12proc.cli.progress import batch_progress, input_progress
from x12proc.cli.record import open_record, record_options
from x12proc.cli.scrub_output import output_console, print_filter_notes, print_inputs, print_totals
from x12proc.engine.fixes import FixLevel
from x12proc.errors import ConfigError
from x12proc.reports.acks.envelopes import HIGHEST_CONTROL, ControlNumbers
from x12proc.reports.terminal import ClaimFilter, TerminalReport
from x12proc.reports.totals import print_summaries
from x12proc.runner.artifacts import ARTIFACTS, EMITTED, FIXED, check_artifacts
from x12proc.runner.batch import BatchJob, run_batch
from x12proc.runner.files import Input
from x12proc.runner.inputs import STANDARD_INPUT, Inputs, find_inputs
from x12proc.runner.parallel import ClaimPool
from x12proc.runner.pool import Conformance, GuideChecks
from x12proc.runner.publishing import finish_interrupted
from x12proc.runner.recording import InputRecorder
from x12proc.runner.runner import FileRun, Result, RunOptions
from x12proc.runner.settings import GuideErrorPolicy, Settings, load_config, load_settings
from x12proc.runner.streams import standard_output

LogFormat: TypeAlias = Literal["json", "text"]


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", shell_complete=complete.files)
@click.option(
    "-o",
    "--output",
    callback=not_empty,
    shell_complete=complete.folders,
    metavar="DIR",
    help="Where artifacts go; - writes a single one to standard output.",
)
@click.option(
    "--emit",
    callback=comma_list,
    shell_complete=complete.artifacts,
    metavar="LIST",
    help=f"Artifacts: {','.join(EMITTED)}.",
)
@click.option(
    "--profile",
    callback=not_empty,
    shell_complete=complete.profiles,
    metavar="NAME",
    help="Payer profile for all claims; chosen claim by claim otherwise.",
)
@config_option
@click.option("--codes", callback=comma_list, metavar="LIST", help="Procedure codes to check. Default: J3590.")
@click.option(
    "--conformance",
    type=click.Choice(["off", "targets", "full"]),
    help="What is checked against its implementation guide: nothing, the claims that bill a code (default), all.",
)
@click.option(
    "--guide-errors",
    type=click.Choice(["report", "reject"]),
    help="Whether a fault against the guide rejects its claim. Default: report.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Processes that share the inputs, or the claims of a single one; 0 is one a core.",
)
@click.option("--fix", is_flag=True, help="Write <stem>.fixed.edi with what is certain put right.")
@click.option("--unsafe-fixes", is_flag=True, help="With what is likely as well (implies --fix).")
@click.option(
    "--patient/--no-patient",
    default=None,
    help="Show the patient's name and member id in reports; off unless the configuration says otherwise.",
)
@record_options
@click.option("--as-of", callback=day, metavar="DATE", help="Today's date for the rules, e.g. 2026-11-23.")
@click.option(
    "--ack-scope",
    type=click.Choice(["all", "rejected"]),
    help="Which claims a 277CA lists. Default: all.",
)
@click.option(
    "--ack-control",
    type=click.IntRange(1, HIGHEST_CONTROL),
    metavar="N",
    help="Number the acknowledgements from N on; without it their numbers are made from the input's.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["reject", "warn", "unchecked"]),
    default="reject",
    show_default=True,
    help="What makes the exit code 1: a rejected claim, also a warned one, or also a line not checked in full.",
)
@click.option(
    "--only",
    type=click.Choice(["rejected", "warned"]),
    help="On the terminal: show rejected claims only, or accepted ones with a warning.",
)
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="On the terminal: show N claims of a file.")
@click.option("--summary", is_flag=True, help="On the terminal: show the totals only.")
@click.option(
    "--log",
    type=click.Choice(["json", "text"]),
    help="Log one event per file and fault on standard error: counts and positions, never a value.",
)
@click.pass_context
def command(
    ctx: click.Context,
    inputs: tuple[str, ...],
    output: str | None,
    emit: tuple[str, ...] | None,
    profile: str | None,
    config: Path | None,
    codes: tuple[str, ...] | None,
    conformance: Conformance | None,
    guide_errors: GuideErrorPolicy | None,
    jobs: int,
    fix: bool,
    unsafe_fixes: bool,
    patient: bool | None,
    record: Path | None,
    record_key: Path | None,
    as_of: date | None,
    ack_scope: Literal["all", "rejected"] | None,
    ack_control: int | None,
    fail_on: str,
    only: ClaimFilter | None,
    limit: int | None,
    summary: bool,
    log: LogFormat | None,
) -> None:
    """Check the J3590 lines of 837P and 837I files.

    INPUT is a file, a folder (all X12 files in it and below), a pattern, a .gz, or - for standard input. Files
    of a folder that are no X12, hidden, or artifacts of an earlier run are skipped and counted.
    Without -o a readable report is printed, rejected claims first, and nothing is written. --only, --limit and
    --summary shorten it. With -o DIR every input gets its artifacts there: <stem>.report.json, .report.csv,
    .report.xml, .report.html, .report.parquet, .annotated.edi, .999.edi, .277ca.edi, .ta1.edi, and .accepted.edi
    and .rejected.edi, two whole files that together hold every claim of the input. With --fix there is .fixed.edi
    as well. A claim is accepted or rejected as it came, whatever can be fixed.

    \b
    x12proc scrub claims.edi                         read the findings here
    x12proc scrub claims.edi --only rejected         only the claims that are rejected
    x12proc scrub inbox/ -o out/                     artifacts for a whole folder
    x12proc scrub claims.edi -o out/ --fix           also out/claims.fixed.edi; scrub it again before it is sent
    cat claims.edi | x12proc scrub - -o - --emit annotated > annotated.edi
    """
    log_level = ctx.find_root().params["log_level"]
    begin = partial(_configure_logs, log_level, log) if log or log_level else None
    if begin:
        begin()
    fix_level: FixLevel = "unsafe" if unsafe_fixes else "safe" if fix else "off"
    if emit and output is None:
        raise ConfigError("--emit needs -o DIR, or -o - for standard output")
    if output is not None and (only or summary or limit is not None):
        raise ConfigError("--only, --limit and --summary are for the report on the terminal; leave out -o")
    view = ClaimSelection(only, 0 if summary else limit, counts_left_out=not summary)
    wanted = _wanted(emit or load_config(config).emit, fix_level, alone=output == STANDARD_INPUT and emit is None)
    options: dict[str, Any] = {
        "config": config,
        "codes": codes,
        "profile": profile,
        "as_of": as_of,
        "ack_scope": ack_scope,
        "ack_control": ack_control,
        "conformance": conformance,
        "guide_errors": guide_errors,
        "patient": patient,
        "hidden": record is not None,
    }
    settings = load_settings(**options)
    recorder = _recorder(record, record_key, fix_level)
    found = find_inputs(inputs)
    sources = found.taken
    if output is not None and _can_be_shared(sources, output, jobs, settings):
        folder = _folder(sources, output, wanted)
        job = BatchJob(options, settings.now, wanted, folder, fix_level, begin, recorder)
        running = run_batch(sources, job, jobs or os.cpu_count() or 1)
        results = print_totals(batch_progress(running, len(sources)), found)
        raise click.exceptions.Exit(exit_code(results, fail_on, found))
    with GuideChecks(settings.conformance, jobs) as checks, ClaimPool(options, settings.now, jobs) as pool:
        own = recorder(settings) if recorder else None
        if own:
            ctx.call_on_close(own.close)
        run_options = RunOptions(emit=wanted, fix_level=fix_level, checks=checks, pool=pool, recorder=own)
        if output == STANDARD_INPUT:
            results = _to_standard_output(found, settings, run_options, notes=begin is None)
        elif output is None:
            results = _to_terminal(sources, settings, RunOptions(checks=checks, pool=pool, recorder=own), view)
            print_inputs(found, results)
            if fix_level != "off":
                output_console().print(Text("Nothing was written: the fixed file needs a folder, -o DIR"))
        else:
            run_options = replace(run_options, destination=_folder(sources, output, wanted))
            results = print_totals(_to_folder(sources, settings, run_options), found)
    raise click.exceptions.Exit(exit_code(results, fail_on, found))


def _configure_logs(level: str | None, form: LogFormat | None) -> None:
    """Set up the log of this process; structlog is loaded only when it is asked for, as that takes a while."""
    importlib.import_module("x12proc.cli.logs").configure(level, form)


def _recorder(
    folder: Path | None, key: Path | None, fix_level: FixLevel
) -> Callable[[Settings], InputRecorder] | None:
    """Return what makes the recorder of a process, or None. Raises ConfigError where there is no such record."""
    if folder is None:
        if key is not None:
            raise ConfigError("--record-key needs --record DIR")
        return None
    open_record(folder, key).close()  # before anything is read
    return partial(_make_recorder, folder, key, fix_level != "off")


def _make_recorder(folder: Path, key: Path | None, fixed: bool, settings: Settings) -> InputRecorder:
    from x12proc.record.recorder import Recorder  # noqa: PLC0415 - needs the extra

    return Recorder(open_record(folder, key), settings, fixed=fixed)


def _wanted(emit: Sequence[str], fix_level: FixLevel, *, alone: bool) -> tuple[str, ...]:
    """The artifacts that are asked for; only the fixed file where it goes to standard output by itself."""
    wanted = check_artifacts(emit, fix_level)
    return (FIXED,) if alone and FIXED in wanted else wanted


def exit_code(results: Sequence[Result], fail_on: str, inputs: Inputs) -> int:
    """0, 1 or 3 as the contract has it."""
    if inputs.unreadable or any(result.summary.failed or result.incomplete for result in results):
        return FAILED
    rejected = any(result.summary.rejected_claims for result in results)
    warned = fail_on == "warn" and any(result.summary.warned_claims for result in results)
    warned = warned or (fail_on == "unchecked" and any(result.summary.unchecked_lines for result in results))
    return REJECTED if rejected or warned else ACCEPTED


def _to_standard_output(found: Inputs, settings: Settings, options: RunOptions, *, notes: bool) -> list[Result]:
    if len(found.taken) != 1 or found.unreadable or len(options.emit) != 1:
        raise ConfigError("-o - takes exactly one input and one artifact; name it, e.g. --emit annotated")
    source = found.taken[0]
    with input_progress(source) as progress:
        options = replace(options, destination=standard_output(), progress=progress)
        result = FileRun(source, settings, options).run()
    if notes:
        print_filter_notes(result)
    if found.skipped:
        print_inputs(found, [result], error=True)
    return [result]


def _to_terminal(
    sources: list[Input], settings: Settings, options: RunOptions, view: ClaimSelection
) -> list[Result]:
    console = output_console()
    results = []
    for source in sources:
        report = TerminalReport(console)
        report.begin(source.shown_name)
        with ordered_claims(console, view, patient=settings.patient) as take, input_progress(source) as progress:
            result = FileRun(source, settings, replace(options, progress=progress, on_claim=take)).run()
        report.end(result.summary, result.faults)
        results.append(result)
    if len(results) > 1:
        print_summaries(console, [(result.name, result.summary) for result in results])
    return results


def _folder(sources: list[Input], output: str, emit: Sequence[str]) -> Path:
    """Return the folder for the artifacts, made when absent. Raises ConfigError, OSError."""
    folder = Path(output)
    _check_names(sources, folder, emit)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"-o {folder}: this is not a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (NotADirectoryError, FileExistsError, PermissionError) as error:
        raise ConfigError(f"-o {folder}: the folder can't be created: {error.strerror}") from None
    for below in sorted({folder / source.folder for source in sources}):
        below.mkdir(parents=True, exist_ok=True)
        finish_interrupted(below)
    return folder


def _to_folder(sources: list[Input], settings: Settings, options: RunOptions) -> Iterator[Result]:
    options = replace(options, controls=ControlNumbers(settings.acknowledgement.control))
    for source in sources:
        with input_progress(source) as progress:
            yield FileRun(source, settings, replace(options, progress=progress)).run()


def _can_be_shared(sources: list[Input], output: str, jobs: int, settings: Settings) -> bool:
    """Return whether processes can take whole inputs: control numbers across inputs need one process."""
    several = len(sources) > 1 and jobs != 1 and output != STANDARD_INPUT
    return several and not settings.acknowledgement.control and all(source.path for source in sources)


def _check_names(sources: Sequence[Input], folder: Path, emit: Sequence[str]) -> None:
    """Two inputs must not write the same artifacts, and no artifact may replace an input before it is read."""
    seen: dict[Path, Input] = {}
    for source in sources:
        other = seen.setdefault(source.folder / source.stem, source)
        if other is not source:
            raise ConfigError(
                f"{_where(source)} and {_where(other)} would both be written as {source.stem}.report.json; "
                "scrub them into different folders"
            )
    inputs = {_real_path(source.path) for source in sources if source.path is not None}
    for source in sources:
        target = Path(os.path.realpath(folder / source.folder))
        for kind in emit:
            if target / (source.stem + ARTIFACTS[kind].suffix) in inputs:
                name = source.stem + ARTIFACTS[kind].suffix
                raise ConfigError(f"{_where(source)} would be written as {name}, which is an input as well")


def _real_path(path: Path) -> Path:
    return Path(os.path.realpath(path.parent)) / path.name


def _where(source: Input) -> str:
    return str(source.path or source.name)
