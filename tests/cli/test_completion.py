"""``x12proc completion``, and what a shell is offered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from x12proc.cli.app import app
from x12proc.runner.artifacts import EMITTED

FOLDERS = ("inbox", "outbox", "archive", "quarantine", "work")
FEEDS = "".join(
    f"[feeds.{name}]\n" + "".join(f'{folder} = "{name}/{folder}"\n' for folder in FOLDERS)
    for name in ("lakeside", "lakewood", "harbor")
)


def offered(*words: str) -> list[str]:
    """What is offered for the last of some words."""
    completer = ShellComplete(app, {}, "x12proc", "_X12PROC_COMPLETE")
    return [str(item.value) for item in completer.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("compl",), ["completion"]),
        (("rules", "syn0"), [f"SYN0{n}" for n in range(1, 10)]),
        (("rules", "NDC18"), ["NDC18"]),
        (("profiles", "tri"), ["tricare", "tricare-east"]),
        (("scrub", "in.edi", "--profile", "uh"), ["uhc"]),
        (("mask", "in.edi", "--profile", "uh"), ["uhc"]),
        (("scrub", "--emit", "json,html,a"), ["json,html,annotated", "json,html,accepted"]),
        (("scrub", "--emit", "json,j"), []),
        (("scrub", "--only", ""), ["rejected", "warned"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
    ],
)
def test_values_are_completed(words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_every_artifact_is_offered() -> None:
    assert offered("scrub", "--emit", "") == list(EMITTED)


@pytest.mark.parametrize("words", [("scrub", ""), ("extract", ""), ("restore", ""), ("mask", ""), ("replay", "")])
def test_the_shell_completes_files(words: tuple[str, ...]) -> None:
    completer = ShellComplete(app, {}, "x12proc", "_X12PROC_COMPLETE")
    assert [item.type for item in completer.get_completions(list(words[:-1]), "")] == ["file"]


def test_feeds_of_the_feed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert offered("ledger", "report", "--feed", "lake") == []
    (tmp_path / "FEED.toml").write_text(FEEDS)
    (tmp_path / "other.toml").write_text(FEEDS.replace("lakewood", "lakeland"))
    assert offered("ledger", "report", "--feed", "lake") == ["lakeside", "lakewood"]
    assert offered("ledger", "report", "-f", "other.toml", "--feed", "lake") == ["lakeland", "lakeside"]
    (tmp_path / "FEED.toml").write_text("broken")
    assert offered("ledger", "report", "--feed", "lake") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["FEED.toml", "other.toml"]


def test_own_profiles_are_offered_and_own_rules_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "payers").mkdir()
    (tmp_path / "payers" / "uhcx.toml").touch()
    (tmp_path / "own.py").write_text(f"open({str(tmp_path / 'was-run')!r}, 'w')")
    (tmp_path / "x12proc.toml").write_text('profile_folders = ["payers"]\nrule_files = ["own.py"]\n')
    assert offered("scrub", "--profile", "uh") == ["uhc", "uhcx"]
    assert offered("rules", "NDC18") == ["NDC18"]
    assert not (tmp_path / "was-run").exists()
    (tmp_path / "x12proc.toml").write_text("broken")
    assert offered("scrub", "--profile", "uh") == ["uhc"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str) -> None:
    done = CliRunner().invoke(app, ["completion", shell])
    assert done.exit_code == 0
    assert f"_X12PROC_COMPLETE={shell}_complete" in done.output


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_with_the_script(tmp_path: Path) -> None:
    program = tmp_path / "x12proc"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m x12proc "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(x12proc completion bash)"; COMP_WORDS=(x12proc rules ndc1); COMP_CWORD=2; '
        '_x12proc_completion x12proc; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split()[:3] == ["NDC10", "NDC11", "NDC12"]
