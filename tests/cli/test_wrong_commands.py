"""Wrong usages of the command line: each has the right exit code, and a message that says what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from support.edi import CLINIC, base

from x12proc.cli import app as program

USAGE, FAILED = program.USAGE, program.FAILED
PROFILE = 'name = "mine"\ntitle = "M"\nextends = "default"\nsource = "PAL"\n'
FILES = {
    "in.edi": base(),
    "cut.edi": base()[:-60],
    "notes.txt": b"hello",
    "short.edi": b"ISA*00",
    "bad.toml": b"broken",
    "unknown-key.toml": b'colour = "red"\n',
    "wrong-type.toml": b'codes = "J3590"\n',
    "no-rules.toml": b'rule_files = ["gone.py"]\n',
    "no-profiles.toml": b'profile_folders = ["gone"]\n',
    "bad-profile.toml": b'profile_folders = ["payers"]\n',
    "payers/mine.toml": (PROFILE + '[[rule]]\nid = "NDC99"\nwhy = "W."\n').encode(),
    "FEED.toml": b'[feeds.a]\ninbox = "in"\nemit = ["pdf"]\n',
    "case/case.toml": b"",
    "cases.toml": b'[[case]]\nname = "x"\n',
    "some/in.edi": base(),
    "other/in.edi": base(),
    "key.txt": b"",
}
#: The words of the command, the exit code, and what the message has to contain.
WRONG: list[tuple[str, int, str]] = [
    # -- commands and options
    ("scrubb in.edi", USAGE, "No such command 'scrubb'. Did you mean 'scrub'?"),
    ("scrub", USAGE, "Missing argument 'INPUT...'"),
    ("scrub in.edi --emitt json", USAGE, "Did you mean one of: '--emit'"),
    ("scrub in.edi --output", USAGE, "Option '--output' requires an argument"),
    ("rules NDC01 NDC02", USAGE, "unexpected extra argument (NDC02)"),
    ("--log-level loud scrub in.edi", USAGE, "'loud' is not one of 'debug', 'info', 'warning', 'error'"),
    ("completion tcsh", USAGE, "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
    # -- inputs
    ("scrub gone.edi", USAGE, "gone.edi: there is no such file"),
    ("scrub in.edi gone.edi", FAILED, "gone.edi: there is no such file"),
    ("scrub gone*.edi", USAGE, "gone*.edi: there is no such file, folder or pattern"),
    ("scrub in.edi gone*.edi", FAILED, "gone*.edi: there is no such file, folder or pattern"),
    ("check in.edi", USAGE, "'x12proc --help' lists all of them"),
    ("scrub empty-folder", USAGE, "nothing to read"),
    ("scrub ''", USAGE, "an input has an empty name"),
    ("scrub notes.txt", FAILED, "not-x12"),
    ("scrub short.edi", FAILED, "ISA"),
    ("scrub cut.edi", FAILED, "truncated"),
    ("extract gone.edi", USAGE, "gone.edi: there is no such file"),
    ("restore gone.edi", USAGE, "gone.edi: there is no such file"),
    ("restore in.edi some/in.edi", USAGE, "unexpected extra argument"),
    ("restore empty-folder", USAGE, "nothing to read"),
    ("mask some/*.edi other -o out.edi --key 12345678", USAGE, "unexpected extra argument"),
    # -- outputs
    ("scrub in.edi --emit json", USAGE, "--emit needs -o DIR, or -o - for standard output"),
    ("scrub in.edi -o out --emit pdf", USAGE, "pdf can't be written; there are json, csv"),
    ("scrub in.edi -o out --emit fixed", USAGE, "fixed goes with --fix"),
    ("scrub in.edi -o out --emit ''", USAGE, "the value is empty; leave the option out"),
    ("scrub in.edi -o ''", USAGE, "the value is empty; leave the option out"),
    ("scrub in.edi -o notes.txt", USAGE, "this is not a folder"),
    ("scrub in.edi -o notes.txt/out", USAGE, "the folder can't be created"),
    ("scrub in.edi -o - --emit json,csv", USAGE, "exactly one input and one artifact"),
    ("scrub in.edi cut.edi -o - --emit json", USAGE, "exactly one input and one artifact"),
    ("scrub some/in.edi other/in.edi -o out", USAGE, "scrub them into different folders"),
    ("scrub in.edi -o out --summary", USAGE, "leave out -o"),
    ("extract in.edi --format parquet", USAGE, "name a file with -o"),
    ("extract in.edi --format xlsx", USAGE, "'xlsx' is not one of 'jsonl', 'csv', 'parquet'"),
    ("demo notes.txt", USAGE, "this is not a folder; name another one"),
    ("mask in.edi -o in.edi --key 12345678", USAGE, "can't take the place of its source"),
    ("mask in.edi --key 12345678", USAGE, "Missing option '-o' / '--output'"),
    # -- values
    ("scrub in.edi --profile nobody", USAGE, "nobody"),
    ("scrub in.edi --profile ''", USAGE, "the value is empty"),
    ("scrub in.edi --codes J35", USAGE, "J35: a procedure code has five letters or digits"),
    ("scrub in.edi --as-of tomorrow", USAGE, "write it like 2026-11-23"),
    ("scrub in.edi --as-of 2026-02-30", USAGE, "write it like 2026-11-23"),
    ("scrub in.edi --jobs -1", USAGE, "-1 is not in the range x>=0"),
    ("scrub in.edi --jobs many", USAGE, "'many' is not a valid integer"),
    ("scrub in.edi --limit -1", USAGE, "-1 is not in the range x>=0"),
    ("scrub in.edi --only bad", USAGE, "'bad' is not one of 'rejected', 'warned'"),
    ("scrub in.edi --conformance OFF", USAGE, "'OFF' is not one of 'off', 'targets', 'full'"),
    ("scrub in.edi --fail-on never", USAGE, "'never' is not one of 'reject', 'warn', 'unchecked'"),
    ("scrub in.edi --ack-control 0", USAGE, "0 is not in the range"),
    ("mask in.edi -o out.edi", USAGE, "set X12PROC_MASK_KEY, or use --key-file or --key"),
    ("mask in.edi -o out.edi --key-file gone.txt", USAGE, "File 'gone.txt' does not exist"),
    ("mask in.edi -o out.edi --key-file key.txt", USAGE, "mask needs a key"),
    ("rules NDC99", USAGE, "there is no rule NDC99; there are NDC01"),
    ("rules ABC01", USAGE, "'x12proc rules' lists all of them"),
    ("profiles nobody", USAGE, "nobody"),
    ("reference lookup qqqq", USAGE, "qqqq"),
    ("reference lookup imaavy --dose lots", USAGE, "lots"),
    ("reference lookup imaavy --on 1.3.2026", USAGE, "write it like 2026-11-23"),
    ("reference import in.edi", USAGE, "name the folder of your edition with --into DIR"),
    ("reference import gone.txt --into edition", USAGE, "gone.txt: there is no such file"),
    ("reference import in.edi --into edition", USAGE, "Nothing was changed"),
    ("reference import in.edi --into some", USAGE, "name a new or empty one, or an edition"),
    ("reference diff", USAGE, "name the folder of an edition"),
    ("reference fetch ftp://x.example/a --into edition --yes", USAGE, "only https URLs of one file are fetched"),
    # -- configuration
    ("scrub in.edi --config gone.toml", USAGE, "gone.toml: can't be read"),
    ("scrub in.edi --config bad.toml", USAGE, "bad.toml: not valid TOML"),
    ("scrub in.edi --config unknown-key.toml", USAGE, "unknown field `colour`"),
    ("scrub in.edi --config wrong-type.toml", USAGE, "wrong-type.toml: Expected `array`"),
    ("scrub in.edi --config no-rules.toml", USAGE, "gone.py: can't be read"),
    ("scrub in.edi --config no-profiles.toml", USAGE, "gone: there is no such profile folder"),
    ("scrub in.edi --config bad-profile.toml", USAGE, "NDC99"),
    # -- cases, feeds, service
    ("replay gone", USAGE, "gone"),
    ("replay empty-folder", USAGE, "empty-folder"),
    ("replay cases.toml --json", USAGE, "--json needs --against"),
    ("replay cases.toml --jobs 0", USAGE, "0 is not in the range"),
    ("replay --against gone in.edi", USAGE, "gone"),
    ("watch gone.toml", USAGE, "gone.toml: can't be read"),
    ("watch bad.toml", USAGE, "bad.toml: not valid TOML"),
    ("watch FEED.toml --once", USAGE, "'pdf' can't be written; allowed are json"),
    ("ledger report -f gone.toml", USAGE, "gone.toml: can't be read"),
    ("keys create x --scope fly", USAGE, "--scope fly; available: scrub, read"),
    ("keys create x", USAGE, "Missing option '--scope'"),
    ("serve --port 99999", USAGE, "99999 is not in the range"),
    ("serve --tls-cert key.txt", USAGE, "--tls-cert and --tls-key go together"),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the files that the commands name, as the current one."""
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "empty-folder").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("X12PROC_MASK_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    yield tmp_path
    structlog.reset_defaults()  # watch and ledger log to the standard error of this test


@pytest.mark.parametrize(("words", "code", "message"), WRONG, ids=[words for words, _, _ in WRONG])
def test_a_wrong_usage_says_what_to_do(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    words: str,
    code: int,
    message: str,
) -> None:
    arguments = ["" if word == "''" else word for word in words.split()]
    monkeypatch.setattr(sys, "argv", ["x12proc", *arguments])
    assert program._exit_code(program._run) == code
    program._finish()
    printed = "".join(capfd.readouterr())
    assert message in " ".join(printed.split()), printed
    assert "Traceback" not in printed
    assert "please report" not in printed
    if code == USAGE:
        left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        assert left - set(FILES) <= {"x12proc-data/x12proc.db", "x12proc-data/secret"}, "nothing was written"


def test_there_are_enough_of_them() -> None:
    assert len({words for words, _, _ in WRONG}) == len(WRONG) >= 60


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(CLINIC, folder / "secret.edi")
    (folder / "secret.edi").chmod(0)
    monkeypatch.setattr(sys, "argv", ["x12proc", "scrub", "secret.edi"])
    assert program._exit_code(program._run) == FAILED
