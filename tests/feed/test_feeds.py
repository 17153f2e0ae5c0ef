"""Watched folders as users see them: files taken and refused, final folders, reports and exit codes."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner
from support.edi import base
from support.feeds import drop, make_feed, names, rejected, rows, run_once, small, violations

from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.feed import processing
from x12proc.feed.feed_file import load_feed_file
from x12proc.feed.fingerprint import Fingerprint, read_fingerprint
from x12proc.feed.ledger import Ledger
from x12proc.feed.watch import Watch
from x12proc.runner.files import Input


def x12proc(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*arguments], catch_exceptions=False, standalone_mode=False)
    return result.return_value or result.exit_code, result.output


def ledger(command: str, path: Path, *arguments: str) -> tuple[int, str]:
    return x12proc("ledger", command, "-f", str(path), *arguments)


def reason(path: Path, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((path.parent / "quarantine" / f"{name}.reason.json").read_bytes())
    return found


# -- files taken, and their final folders -------------------------------------------------------------------------


def test_file_moves_to_archive_and_its_artifacts_to_the_outbox(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    inputs = {"night run.edi": small(1), "more.edi": rejected(2), "notes.txt": b"hello"}
    drop(path, inputs)
    assert run_once(path) == {"accepted": 1, "rejected": 1, "failed": 1}
    assert violations(path, inputs) == []
    assert names(tmp_path / "out" / "night run.edi") == ["night run.annotated.edi", "night run.report.json"]
    assert names(tmp_path / "archive") == ["more.edi", "night run.edi"]
    assert reason(path, "notes.txt")["code"] == "not-x12"
    assert [(row.claims, row.accepted, row.rejected) for row in rows(path)] == [(1, 1, 0), (1, 0, 1), (0, 0, 0)]


@pytest.mark.parametrize("name", ["a.tmp", "a.edi.part", "a.FILEPART", ".hidden.edi"])
def test_names_of_unfinished_uploads_are_skipped(name: str, tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {name: small(1)})
    assert run_once(path) == {}
    assert names(tmp_path / "in") == [name]


def test_growing_file_is_not_taken(tmp_path: Path) -> None:
    path = make_feed(tmp_path, feed="incomplete_after_seconds = 3600")
    target = tmp_path / "in" / "a.edi"
    target.write_bytes(small(1)[:-40])
    assert run_once(path) == {}
    target.write_bytes(small(1))
    assert run_once(path) == {"accepted": 1}


def test_upload_that_never_completes_is_quarantined(tmp_path: Path) -> None:
    path = make_feed(tmp_path, feed="incomplete_after_seconds = 60")
    drop(path, {"a.edi": small(1)[:-40]})  # with an old modification time
    assert run_once(path) == {"failed": 1}
    assert reason(path, "a.edi")["code"] == "incomplete"
    assert names(tmp_path / "out") == ["a.edi"], "its report covers the readable part"
    assert "a.annotated.edi" not in names(tmp_path / "out" / "a.edi")


def test_only_names_that_match_a_pattern_are_taken(tmp_path: Path) -> None:
    path = make_feed(tmp_path, feed='names = ["*.837", "CLAIMS*"]')
    drop(path, {"a.837": small(1), "CLAIMS.txt": small(2), "b.edi": small(3)})
    assert run_once(path) == {"accepted": 2}
    assert names(tmp_path / "in") == ["b.edi"]


def test_signal_ends_the_watch_after_the_current_file(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1), "b.edi": small(2)})
    stopping = Event()
    watch = Watch(load_feed_file(path), stopping, lambda step: stopping.set() if step == "moved" else None)
    watch.run(once=False)
    assert watch.counts == {"accepted": 1}
    assert names(tmp_path / "in") == ["b.edi"]


# -- hostile names and entry types --------------------------------------------------------------------------------

LONG = "x" * 251 + ".edi"


@pytest.mark.parametrize(
    "name", ["with space.edi", "new\nline.edi", "a..edi..", "-rf.edi", "ünïcode.edi", LONG, "noending"]
)
def test_any_name_is_processed_inside_the_folders(name: str, tmp_path: Path) -> None:
    path = make_feed(tmp_path / "feed")
    inputs = {name: small(1), f"{name[:-5]}2.edi"[-255:]: b"no X12"}
    drop(path, inputs)
    run_once(path)
    assert violations(path, inputs) == []
    assert names(tmp_path) == ["feed"]


def test_name_of_invalid_utf8_is_processed(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {os.fsdecode(b"caf\xe9.edi"): small(1)})
    assert run_once(path) == {"accepted": 1}
    assert [os.fsencode(name) for name in names(tmp_path / "archive")] == [b"caf\xe9.edi"]


def test_links_pipes_and_folders_are_skipped(tmp_path: Path) -> None:
    secret = tmp_path / "secret.edi"
    secret.write_bytes(small(9))
    path = make_feed(tmp_path / "feed")
    inbox = path.parent / "in"
    (inbox / "link.edi").symlink_to(secret)
    (inbox / "folder.edi").mkdir()
    os.mkfifo(inbox / "pipe.edi")
    drop(path, {"a.edi": small(1)})
    assert run_once(path) == {"accepted": 1}
    assert names(inbox) == ["folder.edi", "link.edi", "pipe.edi"]
    assert secret.exists()


def test_repeated_name_gets_separate_artifacts_and_archive_file(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    for number in (1, 2):
        drop(path, {"daily.edi": small(number)})
        assert run_once(path) == {"accepted": 1}
    assert len(names(tmp_path / "archive")) == len(names(tmp_path / "out")) == 2
    assert ledger("check", path)[0] == 0


def test_file_that_takes_too_much_memory_is_quarantined_and_the_next_one_processed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: Input) -> Fingerprint:
        if source.stem == "a":
            raise MemoryError
        return read_fingerprint(source)

    monkeypatch.setattr(processing, "read_fingerprint", fail)
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1), "b.edi": small(2)})
    assert run_once(path) == {"accepted": 1, "failed": 1}
    assert "a.edi" in names(tmp_path / "quarantine")
    assert names(tmp_path / "archive") == ["b.edi"]


# -- duplicates ---------------------------------------------------------------------------------------------------


def test_same_bytes_are_refused_with_a_ta1_and_accepted_with_an_override(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1)})
    run_once(path)
    drop(path, {"again.edi": small(1)})
    assert run_once(path) == {"failed": 1}
    first, second = rows(path)
    document = reason(path, "again.edi")
    assert (document["code"], document["earlier"]) == ("duplicate-bytes", [first.id])
    assert b"TA1*000000001*240329*0915*R*025~" in (tmp_path / "out" / "again.edi" / "again.ta1.edi").read_bytes()

    with pytest.raises(ConfigError, match="only a file refused as"):
        ledger("override", path, first.id, "--reason", "x")
    assert ledger("override", path, second.id, "--reason", "sent on purpose", "--by", "Ann") == (
        0, f"{second.id} is back in the inbox of lakeside\n",
    )  # fmt: skip
    assert run_once(path) == {"accepted": 1}
    output = ledger("show", path, second.id)[1]
    assert "override by Ann: sent on purpose" in output
    drop(path, {"third.edi": small(1)})
    assert run_once(path) == {"failed": 1}, "an override is used once"


def test_same_interchange_with_other_bytes_is_refused(tmp_path: Path) -> None:
    path = make_feed(tmp_path, feed="duplicate_days = 30")
    drop(path, {"a.edi": small(1)})
    run_once(path)
    drop(path, {"b.edi": small(2, control=1)})
    assert run_once(path) == {"failed": 1}
    assert reason(path, "b.edi")["code"] == "duplicate-interchange"


def test_claim_sent_before_gets_dup04_unless_it_was_rejected(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    for number, data in enumerate((small(1), small(1, control=2), rejected(3), small(4, control=5))):
        drop(path, {f"{number}.edi": data})
        run_once(path)
    again = rejected(3).replace(b"000000003", b"000000009").replace(b"CTP****0*ML", b"CTP****40*ML")
    drop(path, {"corrected.edi": again})
    run_once(path)
    assert ["DUP04" in row.by_rule for row in rows(path)] == [False, True, False, False, False]


def test_failed_file_can_be_sent_again(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    for _ in range(2):
        drop(path, {"a.edi": small(1)[:-100] + b"~ISA*"})
        assert run_once(path) == {"failed": 1}
    drop(path, {"a.edi": small(1)})
    assert run_once(path) == {"accepted": 1}


# -- reports, replay and retention --------------------------------------------------------------------------------


def test_report_adds_up_claims_and_lists_missing_files(tmp_path: Path) -> None:
    path = make_feed(tmp_path, feed='expect = "daily by 00:00"')
    drop(path, {"a.edi": small(1) + small(2), "b.edi": rejected(3), "c.edi": b"?"})
    run_once(path)
    code, output = ledger("report", path, "--json")
    found = json.loads(output)
    (day,) = found["days"]
    assert (day["files"], day["archived"], day["quarantined"]) == (3, 2, 1)
    assert (day["claims"], day["accepted"], day["rejected"], day["failed"], day["difference"]) == (3, 2, 1, 0, 0)
    assert code == (1 if found["missing"] else 0)
    assert "in quarantine" in ledger("report", path, "--files")[1]


def test_archived_input_is_replayed_under_current_rules(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1).replace(b"80MG IV 4X20MG/10ML SDV", b"2MG/ML IV")})
    run_once(path)
    (row,) = rows(path)
    assert ledger("replay", path, row.id)[0] == 0
    path.write_text(
        path.read_text().replace("[feeds.lakeside]", '[feeds.lakeside]\nprofile = "medicare-b-palmetto"')
    )
    code, output = ledger("replay", path, row.id)
    assert code == 1
    assert "NAR05" in output
    assert json.loads(ledger("replay", path, row.id, "--json")[1])["schema"].startswith("x12proc.")


def test_prune_removes_old_files_and_keeps_their_rows(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1), "b.edi": b"no X12"})
    run_once(path)
    opened = Ledger(load_feed_file(path).ledger_url)
    with opened._transaction() as connection:
        connection.exec_driver_sql("UPDATE files SET updated = ?", (time.time() - 10 * 86_400,))
    opened.close()
    assert ledger("prune", path, "--days", "7", "--dry-run")[1] == "lakeside: 2 inputs would be removed\n"
    assert ledger("prune", path, "--days", "7")[1] == "lakeside: 2 inputs removed\n"
    assert [names(tmp_path / folder) for folder in ("archive", "quarantine", "out")] == [[], [], []]
    assert len(rows(path)) == 2
    assert ledger("check", path)[0] == 0


def test_check_reports_what_was_appended_to_an_archived_input(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1)})
    with (tmp_path / "in" / "a.edi").open("ab") as writer:  # keeps the file open while it is taken
        run_once(path)
        assert ledger("check", path)[0] == 0
        writer.write(small(2))
    code, output = ledger("check", path)
    assert code == 1
    assert "the input differs from the one that was read" in output


def test_check_lists_stored_files_that_the_ledger_does_not_know(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1)})
    run_once(path)
    for name in names(tmp_path):
        if name.startswith("ledger.db"):
            (tmp_path / name).unlink()
    code, output = ledger("check", path)
    assert code == 1
    assert output.splitlines() == [
        "lakeside: a.edi: unknown to the ledger, in the archive",
        "lakeside: a.edi: unknown to the ledger, in the outbox",
    ]


@pytest.mark.parametrize(
    "words", [("report",), ("show", "x"), ("replay", "x"), ("override", "x", "--reason", "x"), ("check",),
              ("prune", "--days", "7")],
)  # fmt: skip
def test_a_ledger_command_without_its_extra_names_it(words: tuple[str, ...], tmp_path: Path) -> None:
    program = (
        "import runpy, sys; sys.modules['sqlalchemy'] = None; runpy.run_module('x12proc', run_name='__main__')"
    )
    command = [sys.executable, "-c", program, "ledger", *words, "-f", str(make_feed(tmp_path))]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 2
    assert "x12proc[feed]" in result.stderr
    assert "Traceback" not in result.stderr


# -- the feed file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[feeds.a]\ninbx = 'x'", r"feeds\.a.*inbx"),
        ("[feeds.a]\nemit = ['pdf']", r"feeds\.a\.emit: 'pdf' can't be written; allowed are json"),
        ("[feeds.a]\nprofile = 'nobody'", r"feeds\.a: .*nobody"),
        ("[feeds.a]\nexpect = 'sometimes'", r"feeds\.a\.expect: 'sometimes' is not understood; allowed are"),
        ("[feeds.a]\noutbox = 'x'\narchive = 'x'", r"this folder is feeds\.a\.outbox already"),
        ("[ledger]\nurl = 'mysql://x'\n[feeds.a]", r"ledger\.url: allowed are sqlite"),
        ("[feeds]", "feeds"),
        ("[feeds.'../a']", "feeds"),
        ("not TOML", "not valid TOML"),
    ],
)
def test_invalid_feed_file_names_key_and_allowed_values(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "FEED.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as raised:
        load_feed_file(path)
    assert str(raised.value).startswith(str(path))


@pytest.mark.parametrize("version", [1, 99])
def test_ledger_of_another_version_is_refused(version: int, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    Ledger(url).close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE schema_version SET version = ?", (version,))
    connection.close()
    with pytest.raises(ConfigError, match=f"the ledger has schema {version}, created by"):
        Ledger(url)


def test_exit_codes_of_watch(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"a.edi": small(1)})
    assert x12proc("watch", str(path), "--once")[0] == 0
    drop(path, {"b.edi": rejected(2)})
    assert x12proc("watch", str(path), "--once")[0] == 1
    drop(path, {"c.edi": b"no X12"})
    assert x12proc("watch", str(path), "--once")[0] == 3
    with pytest.raises(ConfigError):
        x12proc("watch", str(tmp_path / "none.toml"), "--once")


def test_files_of_a_run_add_up(tmp_path: Path) -> None:
    path = make_feed(tmp_path, feed="incomplete_after_seconds = 3600")
    inbox = path.parent / "in"
    (inbox / "folder").mkdir()
    os.mkfifo(inbox / "pipe.edi")
    drop(path, {"a.edi": small(1), "b.edi": rejected(2), "c.edi": b"no X12"})
    drop(path, {"d.part": small(3), ".e.edi": small(4)})
    (inbox / "f.edi").write_bytes(small(5)[:-30])
    code, output = x12proc("watch", str(path), "--once")
    assert code == 3
    assert "Inputs: 8 given, 2 taken, 4 skipped, 1 failed, 1 still arriving" in output


def test_logs_hold_ids_and_counts_but_no_file_names(tmp_path: Path) -> None:
    path = make_feed(tmp_path)
    drop(path, {"DOE_JOHN_19800101.edi": small(1), "HARTLEY.txt": base()[:-30]})
    output = x12proc("--log-level", "debug", "watch", str(path), "--once")[1]
    assert "file_done" in output
    for secret in ("DOE_JOHN", "HARTLEY", "ELFABRIO", "W440192003"):
        assert secret not in output
