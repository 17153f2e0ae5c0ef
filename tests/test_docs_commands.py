"""Every command in README and docs is run, in a folder that has the files it names."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from support.edi import CLINIC, base
from test_docs import PAGES, ROOT, commands, page_id

from x12proc.cli import app as program

#: Pages that list commands without running them: what changed, and the generated help.
LISTS = ("CHANGELOG.md", "docs/upgrade.md", "docs/commands.md")
_PLACEHOLDER = re.compile(r"\b(?:[A-Z]{4,}|ID|N|DIR)\b")
_VALUES = ("FEED.toml", "NDC", "J9256", "XHB04", "XHD01", "MG")  # in capitals, and no placeholder
#: A word or two of a sentence, without what they are done to.
MENTIONS = ("extract --format parquet", "keys revoke", "record show")
#: Commands that run until they are stopped, or need what another test brings: a payer's answer, a download.
ELSEWHERE = {
    "watch FEED.toml": "tests/feed",
    "serve": "tests/service",
    "mcp": "tests/cli/test_mcp.py",
    "lsp": "tests/cli/test_lsp.py",
    "correct": "tests/correct",
    "reference import": "tests/reference",
    "reference diff": "tests/reference",
    "replay fixtures/rules/NAR19.toml": "tests/release/test_contributing.py",
    "replay house_rules.cases.toml": "tests/test_own_rules.py",
    "scrub - ": "tests/cli/test_cli.py",
}
OWN_RULES = ROOT / "docs" / "examples" / "own-rules"
TOML_RULES = ROOT / "docs" / "examples" / "toml-rules"
FEED = '[ledger]\nurl = "sqlite:///ledger.db"\n[feeds.a]\ninbox = "watched"\nsettle_seconds = 0\n'


def concrete() -> list[tuple[str, str]]:
    """The commands that say what they do it to, each once, with its page."""
    found: dict[str, str] = {}
    for page in PAGES:
        if page_id(page) in LISTS:
            continue
        for words in commands(page):
            text = " ".join(words)
            bare = re.sub("|".join(map(re.escape, _VALUES)), "", text)
            if len(words) > 1 and text not in MENTIONS and not _PLACEHOLDER.search(bare):
                found.setdefault(text, page_id(page))
    return sorted(found.items())


def runs_elsewhere(text: str) -> bool:
    """Return whether another test runs a command; ``watch FEED.toml`` alone, not with further words."""
    return text == "watch FEED.toml" or any(
        text == start.strip() or text.startswith(f"{start.rstrip()} ")
        for start in ELSEWHERE
        if start != "watch FEED.toml"
    )


RUN = [(text, page) for text, page in concrete() if not runs_elsewhere(text)]


def run(text: str) -> int:
    """Run a command in this process; return its exit code."""
    sys.argv = ["x12proc", *text.split()]
    code = program._exit_code(program._run)
    return code or program._exit_code(program._finish)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file that a command names."""
    made = tmp_path_factory.mktemp("docs")
    for name in (
        "claims.edi",
        "big.edi",
        "inbox/clinic.edi",
        "watched/clinic.edi",
        "fixtures/demo/clinic-837p.edi",
        "x12proc-demo/clinic-837p.edi",
    ):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CLINIC, made / name)
    (made / "annotated.edi").write_bytes(base())
    shutil.copytree(ROOT / "fixtures" / "replay", made / "cases")
    shutil.copytree(made / "cases" / "clean-professional", made / "cases" / "late-filing")
    shutil.copytree(OWN_RULES, made, dirs_exist_ok=True)
    shutil.copy(TOML_RULES / "rules.toml", made)
    shutil.copy(TOML_RULES / "rules.cases.toml", made)
    (made / "FEED.toml").write_text(FEED)
    (made / "key.txt").write_text("a long secret of this test\n")
    return made


@pytest.fixture
def folder(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, with what earlier commands of the pages leave behind."""
    copy = tmp_path / "folder"
    shutil.copytree(prepared, copy)
    monkeypatch.chdir(copy)
    monkeypatch.setattr(sys, "argv", ["x12proc"])
    yield copy
    structlog.reset_defaults()  # watch and ledger log to the standard error of this test


@pytest.mark.parametrize(("text", "page"), RUN, ids=[text for text, _ in RUN])
def test_a_command_of_the_docs_runs(folder: Path, capfd: pytest.CaptureFixture[str], text: str, page: str) -> None:
    if page == "docs/toml-rules.md":
        shutil.copy(TOML_RULES / "x12proc.toml", folder)
    elif "--config" not in text:
        (folder / "x12proc.toml").unlink()
    for needed, made_by in (("predictions", "record init predictions/"), ("sent", "record init sent/")):
        if f"{needed}/" in text and not text.startswith("record init"):
            assert run(made_by) == 0
    if "--against old/" in text:
        assert run("scrub inbox/ -o old/ --emit json") == 1
    if text.startswith("ledger"):
        assert run("watch FEED.toml --once") == 1
    capfd.readouterr()
    code = run(text)
    printed = "".join(capfd.readouterr())
    assert code in (0, 1), (page, printed)
    assert "Traceback" not in printed


def test_nothing_is_left_out_by_mistake() -> None:
    assert len(RUN) > 45
    for place in ELSEWHERE.values():
        assert (ROOT / place).exists(), place
    found = [text for text, _ in concrete()]
    for start in ELSEWHERE:
        assert any(text.startswith(start.strip()) for text in found), f"no page has {start}"
