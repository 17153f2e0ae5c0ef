"""What ``x12proc scrub`` prints of the claims: rejected ones first, and as many as were asked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.edi import CLINIC

from x12proc.cli import claim_view
from x12proc.cli.app import app
from x12proc.errors import ConfigError


def scrub(*arguments: str) -> str:
    run = CliRunner().invoke(app, ["scrub", str(CLINIC), "--as-of", "2024-04-01", *arguments])
    assert run.exit_code == 1, run.output
    return run.output


def verdicts(output: str) -> list[str]:
    return re.findall(r"^Claim \S+  (\w+)", output, re.MULTILINE)


def test_rejected_claims_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    output = scrub()
    shown = verdicts(output)
    assert shown == ["rejected"] * 19 + ["accepted"] * (len(shown) - 19)
    assert len(shown) > 25
    monkeypatch.setattr(claim_view, "_IN_MEMORY", 10)
    assert scrub() == output


def test_only_rejected_and_only_warned() -> None:
    everything = scrub()
    assert verdicts(scrub("--only", "rejected")) == ["rejected"] * 19
    warned = scrub("--only", "warned")
    assert set(verdicts(warned)) == {"accepted"}
    assert all(" warn  " in block for block in warned.split("\nClaim ")[1:])
    assert len(verdicts(warned)) <= everything.count("  accepted  ")
    assert "Not shown" not in warned


@pytest.mark.parametrize(("limit", "rejected", "accepted"), [(0, 0, 0), (5, 5, 0), (19, 19, 0), (21, 19, 2)])
def test_the_limit_counts_what_it_leaves_out(limit: int, rejected: int, accepted: int) -> None:
    total = len(verdicts(scrub()))
    output = scrub("--limit", str(limit))
    assert verdicts(output) == ["rejected"] * rejected + ["accepted"] * accepted
    left = total - 19 - accepted
    assert f"Not shown: {19 - rejected} rejected, {left} accepted claims with findings" in output
    assert output.partition("Not shown")[2].splitlines()[1:] == scrub("--summary").splitlines()[1:]


def test_a_limit_that_is_not_reached_leaves_out_nothing() -> None:
    assert scrub("--limit", "500") == scrub()


def test_the_summary_has_no_claim() -> None:
    output = scrub("--summary")
    assert verdicts(output) == []
    assert "Not shown" not in output
    assert "rejected: 59 claims" in output


@pytest.mark.parametrize("option", [["--only", "rejected"], ["--limit", "3"], ["--limit", "0"], ["--summary"]])
@pytest.mark.parametrize("output", ["out", "-"])
def test_they_are_for_the_terminal(tmp_path: Path, option: list[str], output: str) -> None:
    target = output if output == "-" else str(tmp_path / output)
    run = CliRunner().invoke(app, ["scrub", str(CLINIC), "-o", target, "--emit", "json", *option])
    assert isinstance(run.exception, ConfigError)
    assert "leave out -o" in str(run.exception)
    assert list(tmp_path.iterdir()) == []
