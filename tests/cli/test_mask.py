"""``x12proc mask`` as a user meets it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.edi import CLINIC, base

AS_OF = ("--as-of", "2024-04-01")
KEY = "a key that is long enough"


def mask(
    *arguments: str | Path, data: bytes | None = None, key: str | None = KEY
) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "X12PROC_MASK_KEY"}
    if key is not None:
        environment["X12PROC_MASK_KEY"] = key
    command = [sys.executable, "-W", "error", "-m", "x12proc", "mask", *map(str, arguments)]
    result = subprocess.run(command, input=data, capture_output=True, timeout=120, check=False, env=environment)
    assert b"Traceback" not in result.stderr
    return result


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.edi"
    path.write_bytes(base())
    return path


def test_it_writes_the_file_and_says_that_the_findings_are_the_same(source: Path, tmp_path: Path) -> None:
    result = mask(source, "-o", tmp_path / "out.edi", *AS_OF)
    assert (result.returncode, result.stdout) == (0, b"")
    assert result.stderr.decode() == "The findings are the same: 0 in 1 target claims\n"
    out = (tmp_path / "out.edi").read_bytes()
    assert len(out) == len(base())
    assert b"HARTLEY" not in out


def test_a_key_in_any_place_is_the_same_key(source: Path, tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(KEY + "\n")
    by_environment = mask(source, "-o", "-", *AS_OF).stdout
    assert mask(source, "-o", "-", *AS_OF, "--key", KEY, key=None).stdout == by_environment
    assert mask(source, "-o", "-", *AS_OF, "--key-file", tmp_path / "key.txt", key=None).stdout == by_environment
    assert mask(source, "-o", "-", *AS_OF, key="another key, just as long").stdout != by_environment


def test_pipes_and_gzip_are_read(source: Path, tmp_path: Path) -> None:
    plain = mask(source, "-o", "-", *AS_OF).stdout
    (tmp_path / "in.edi.gz").write_bytes(gzip.compress(base()))
    assert plain.startswith(b"ISA")
    assert mask("-", "-o", "-", *AS_OF, data=base()).stdout == plain
    assert mask(tmp_path / "in.edi.gz", "-o", "-", *AS_OF).stdout == plain


def test_dates_can_stay(source: Path) -> None:
    out = mask(source, "-o", "-", *AS_OF, "--keep-dates").stdout
    assert b"DTP*472*D8*20231114~" in out
    assert b"20231114" not in mask(source, "-o", "-", *AS_OF).stdout


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_nothing_is_done(source: Path, tmp_path: Path, key: str | None) -> None:
    result = mask(source, "-o", tmp_path / "out.edi", key=key)
    assert result.returncode == 2
    assert b"X12PROC_MASK_KEY" in result.stderr
    assert not (tmp_path / "out.edi").exists()


def test_a_short_key_is_called_weak_and_never_repeated(source: Path) -> None:
    result = mask(source, "-o", "-", *AS_OF, key="hunter2")
    assert b"can be guessed" in result.stderr
    assert b"hunter2" not in result.stderr + result.stdout


def test_the_source_is_never_overwritten(source: Path) -> None:
    assert mask(source, "-o", source).returncode == 2
    assert source.read_bytes() == base()


@pytest.mark.parametrize("data", [b"", b"not x12"])
def test_what_is_not_x12_is_not_written(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "in.edi"
    path.write_bytes(data)
    assert mask(path, "-o", tmp_path / "out.edi").returncode == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["in.edi"]


def test_a_file_that_is_cut_off_is_masked_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "in.edi"
    path.write_bytes(base()[:900])
    result = mask(path, "-o", tmp_path / "out.edi", *AS_OF)
    assert result.returncode == 3
    assert b"look at all of it" in result.stderr
    assert len((tmp_path / "out.edi").read_bytes()) == 900


def test_doubts_are_told_by_place_and_never_by_value(tmp_path: Path) -> None:
    path = tmp_path / "in.edi"
    path.write_bytes(base().replace(b"10122016002", b"219447731"))
    result = mask(path, "-o", tmp_path / "out.edi", "--report", tmp_path / "mask.json", *AS_OF)
    assert b"in doubt: value-not-in-form at segment 32 LIN03\n" in result.stderr
    assert b"219447731" not in result.stderr
    document = json.loads((tmp_path / "mask.json").read_text())
    assert document["in_doubt"] == [
        {
            "reason": "value-not-in-form",
            "segment_index": 32,
            "element": "LIN03",
            "byte_offset": base().index(b"LIN**"),
        }
    ]
    assert document["compared"]
    assert document["differences"] == []


def test_a_difference_is_told_and_the_code_is_one(tmp_path: Path) -> None:
    """A rule of the user's own reads the very number that masking replaces."""
    config = tmp_path / "x12proc.toml"
    config.write_text('rule_files = ["rule.py"]\n')
    (tmp_path / "rule.py").write_text(OWN_RULE)
    path = tmp_path / "in.edi"
    path.write_bytes(base())
    result = mask(path, "-o", tmp_path / "out.edi", "--config", config, *AS_OF)
    assert result.returncode == 1
    assert b"differs: OWN01 warn at segment 22 CLM01, in the source only\n" in result.stderr
    assert b"The findings differ in 1 places\n" in result.stderr
    assert b"B1001*" not in (tmp_path / "out.edi").read_bytes()
    assert mask(path, "-o", tmp_path / "out.edi", "--config", config, "--no-check", *AS_OF).returncode == 0


def test_the_demo_is_masked_with_the_same_findings(tmp_path: Path) -> None:
    result = mask(CLINIC, "-o", tmp_path / "out.edi", "--as-of", "2026-11-23")
    assert result.returncode == 0, result.stderr


OWN_RULE = '''
"""A rule that reads an identifier."""
from collections.abc import Iterator

from x12proc.claims.model import Claim, location_of
from x12proc.findings import WARN, Hit
from x12proc.rules.base import claim_rule
from x12proc.rules.context import Context


@claim_rule("OWN01", "account-begins-with-b", severity=WARN, sources=("PAL",), confidence="verified",
            where="2300 CLM01", summary="The account number is B1001.", fix="Take another one.")
def account_begins_with_b(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Only the real number is."""
    if claim.id == "B1001":
        yield Hit(location_of(claim.clm, 1), "It is")
'''
