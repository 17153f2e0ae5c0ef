"""``scrub --record`` and ``x12proc record``: whole files or none, whatever is killed; no trace without them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from support import canary
from support.edi import CLINIC, HOSPITAL
from support.records import record, scrub_into

import x12proc
from x12proc.cli.app import app
from x12proc.errors import ConfigError


def killed_at(folder: Path, statement: int) -> bool:
    """Record two files in a process that is killed before its n-th statement; return whether it was."""
    child = os.fork()
    if child == 0:
        left = [statement]

        def count(*_: object) -> None:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        sa.event.listen(sa.Engine, "before_cursor_execute", count)
        sa.event.listen(sa.Engine, "commit", count)
        with record(folder) as store:
            scrub_into(store, CLINIC, HOSPITAL)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_a_killed_run_leaves_whole_files(tmp_path: Path) -> None:
    sizes = [0] + [len(list(x12proc.scrub(path))) for path in (CLINIC, HOSPITAL)]
    whole = {0, sizes[1], sum(sizes)}
    seen = []
    for statement in range(1, 200):
        folder = tmp_path / str(statement)
        with record(folder):
            pass
        killed = killed_at(folder, statement)
        with record(folder) as store:
            seen.append(len(list(store.claims())))
            scrub_into(store, CLINIC, HOSPITAL)
            assert len(list(store.claims())) == sum(sizes)
        if not killed:
            break
    assert set(seen) == whole
    assert not killed


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if isinstance(result.exception, ConfigError):
        raise result.exception
    assert result.exit_code in (0, 1), result.output
    return result.output


def test_init_show_prune(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    assert "Keep a copy of" in run("record", "init", folder)
    assert run("record", "show", folder).startswith("The record is empty.")
    run("scrub", CLINIC, "--record", folder)
    shown = json.loads(run("record", "show", folder, "--json"))
    claims = list(x12proc.scrub(CLINIC))
    assert (shown["files"], shown["claims"]) == (1, len(claims))
    assert shown["rejected"] == sum(claim.rejected for claim in claims)
    assert {entry["rule"] for entry in shown["findings"]} == {
        finding.rule for claim in claims for finding in claim.all_findings
    }
    assert run("record", "prune", folder, "--days", "1") == "0 files with 0 claims deleted\n"


def test_the_key_file_may_be_elsewhere(tmp_path: Path) -> None:
    folder, key = tmp_path / "record", tmp_path / "my.key"
    run("record", "init", folder, "--record-key", key)
    run("scrub", CLINIC, "--record", folder, "--record-key", key)
    assert not (folder / "record.key").exists()
    assert "1 files since" in run("record", "show", folder, "--record-key", key)
    with pytest.raises(ConfigError, match=r"record\.key"):
        run("scrub", CLINIC, "--record", folder)
    with pytest.raises(ConfigError, match="needs --record DIR"):
        run("scrub", CLINIC, "--record-key", key)


def test_nothing_is_read_where_there_is_no_record(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="x12proc record init"):
        run("scrub", CLINIC, "-o", tmp_path / "out", "--record", tmp_path / "nowhere")
    assert not (tmp_path / "out").exists()


def test_what_was_fixed_is_recorded_as_fixed(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    run("record", "init", folder)
    run("scrub", CLINIC, "-o", tmp_path, "--unsafe-fixes", "--record", folder)
    fixed = {
        fix.rule
        for claim in x12proc.scrub(CLINIC, fix="unsafe", output=tmp_path, emit=["fixed"])
        for fix in claim.fixes
        if fix.applied
    }
    states = {entry["rule"] for entry in json.loads(run("record", "show", folder, "--json"))["findings"]
              if entry["state"] == "fixed"}  # fmt: skip
    assert states == fixed != set()


def test_without_a_record_its_modules_are_not_loaded(tmp_path: Path) -> None:
    code = (
        "import sys; from x12proc.cli.app import app; "
        f"app.main(['scrub', {str(CLINIC)!r}, '-o', {str(tmp_path)!r}], standalone_mode=False); "
        "print([name for name in sys.modules if name.startswith(('sqlalchemy', 'x12proc.record'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_no_value_of_a_claim_is_in_log_or_file_name(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "claims.edi").write_bytes(canary.claim())
    run("record", "init", tmp_path / "record")
    command = [sys.executable, "-m", "x12proc", "--log-level", "debug", "scrub", str(tmp_path / "in"), "-o"]
    command += [str(tmp_path / "out"), "--emit", "json", "--record", str(tmp_path / "record")]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    names = "\n".join(map(str, tmp_path.rglob("*"))).encode()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "record").iterdir())
    assert canary.found(done.stderr + done.stdout + names + kept) == []
    assert re.search(rb"file_scrubbed", done.stderr)
