"""``x12proc replay``: fixture cases against what they expect, and old reports against what is found now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from x12proc.cli import complete
from x12proc.cli.app import USAGE, comma_list, config_option, day, not_empty
from x12proc.errors import ConfigError
from x12proc.replay.cases import CaseOutcome, find_cases, rewrite, run_all
from x12proc.replay.compare_runs import compare_all
from x12proc.replay.junit import CaseResult, junit_xml
from x12proc.replay.run_changes import run_changes_document, run_changes_text
from x12proc.reports.escape import clean
from x12proc.runner.publishing import SingleArtifact
from x12proc.runner.settings import Settings, load_settings

DIFFERENCES = 1


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=complete.files)
@click.option("--update", is_flag=True, help="Rewrite what is expected, after showing how it differs.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes to run cases in."
)
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write JUnit XML as well.")
@config_option
@click.option(
    "--against",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="OLD_REPORTS",
    help="Scrub the inputs PATH and compare with their older <stem>.report.json in this folder.",
)
@click.option(
    "--as-of", callback=day, metavar="DATE", help="With --against: today. Default: that of the old report."
)
@click.option(
    "--profile",
    callback=not_empty,
    shell_complete=complete.profiles,
    metavar="NAME",
    help="With --against: payer profile for all claims.",
)
@click.option("--codes", callback=comma_list, metavar="LIST", help="With --against: procedure codes to check.")
@click.option("--json", "as_json", is_flag=True, help="With --against: write JSON.")
def command(
    paths: tuple[str, ...],
    update: bool,
    jobs: int,
    junit: Path | None,
    config: Path | None,
    against: Path | None,
    as_of: date | None,
    profile: str | None,
    codes: tuple[str, ...] | None,
    as_json: bool,
) -> None:
    """Run fixture cases and compare with what they expect.

    PATH is a case (a folder with input.edi, perhaps case.toml, and expected/), a rule fixture (*.toml with
    [[case]]), a folder that is searched for both, or a pattern. Artifacts are compared byte for byte; the
    program's version and editions are left out.

    Exit codes: 0 all as expected, 1 differences, 2 wrong usage, or a case that can't be run.

    \b
    x12proc replay cases/                              run all cases below a folder
    x12proc replay cases/late-filing --update          expect from now on what is found
    x12proc replay --against old-reports/ inbox/       what an upgrade changes in your own files
    """
    settings = load_settings(config=config, profile=profile, codes=codes)
    if against is None:
        _check_usage(
            ("--as-of", as_of), ("--profile", profile), ("--codes", codes), ("--json", as_json), needs="--against"
        )
        raise click.exceptions.Exit(_replay(paths, settings, config, update=update, jobs=jobs, junit=junit))
    _check_usage(("--update", update), ("--junit", junit), needs="no --against")
    upgrade = compare_all(against, paths, settings, as_of)
    click.echo(run_changes_document(upgrade) if as_json else clean(run_changes_text(upgrade)), nl=False)
    raise click.exceptions.Exit(DIFFERENCES if upgrade.changed else 0)


def _check_usage(*options: tuple[str, object], needs: str) -> None:
    for name, value in options:
        if value:
            raise ConfigError(f"{name} needs {needs}")


def _replay(
    paths: Sequence[str], settings: Settings, config: Path | None, *, update: bool, jobs: int, junit: Path | None
) -> int:
    outcomes = []
    differing = 0
    for outcome in run_all(find_cases(paths), settings, config, jobs):
        outcomes.append(outcome)
        _show(outcome)
        if outcome.differences and not (update and _rewritten(outcome)):
            differing += 1
    if junit is not None:
        _write(junit, junit_xml([_result(outcome) for outcome in outcomes]))
    broken = sum(bool(outcome.error) for outcome in outcomes)
    click.echo(_total(outcomes, differing, broken))
    if broken:
        return USAGE
    return DIFFERENCES if differing else 0


def _show(outcome: CaseOutcome) -> None:
    case = outcome.case
    name = f"{case.path} {case.name}" if case.rule else str(case.path)
    if outcome.error:
        click.echo(f"{clean(name)}: can't be run: {clean(outcome.error)}")
    elif outcome.differences:
        click.echo(f"{clean(name)}: differs")
        click.echo("".join(f"  {clean(line)}\n" for line in outcome.text.splitlines()), nl=False)


def _rewritten(outcome: CaseOutcome) -> bool:
    """Rewrite a case; False, with the reason, for one that no program should rewrite."""
    if outcome.case.rule is not None:
        click.echo("  not rewritten: what a rule fixture expects is written by hand")
    elif not outcome.rewritable:
        click.echo("  not rewritten: a rule crashed")
    else:
        rewrite(outcome, lambda path: click.echo(f"  rewrote {clean(str(path))}"))
        return True
    return False


def _total(outcomes: Sequence[CaseOutcome], differing: int, broken: int) -> str:
    rewritten = sum(bool(outcome.differences) for outcome in outcomes) - differing
    parts = [f"{len(outcomes)} case{'s' if len(outcomes) != 1 else ''}", f"{differing} with differences"]
    parts += [f"{rewritten} rewritten"] if rewritten else []
    parts += [f"{broken} that can't be run"] if broken else []
    return ", ".join(parts)


def _result(outcome: CaseOutcome) -> CaseResult:
    folder = outcome.case.path if outcome.case.rule else outcome.case.path.parent
    return CaseResult(str(folder), outcome.case.name, outcome.seconds, outcome.text, outcome.error)


def _write(path: Path, data: bytes) -> None:
    artifact = SingleArtifact(path)
    try:
        artifact.file.write(data)
        artifact.publish()
    finally:
        artifact.discard()
