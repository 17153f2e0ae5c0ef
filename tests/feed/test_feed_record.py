"""The record of watched folders: each archived file once, in the ledger's database, whatever is killed."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.edi import CLINIC
from support.feeds import drop, make_feed, rejected, rows, run_once, run_until, small

from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.feed.feed_file import load_feed_file
from x12proc.feed.worker import STEPS
from x12proc.record.key_file import create_key, read_key
from x12proc.record.store import PredictionStore
from x12proc.testing import Claim, Line, interchange

INPUTS = {"a.edi": small(1), "b.txt": b"no X12 at all", "c.edi": rejected(2)}
TOP = '[record]\nkey = "record.key"\n'


def recording_feed(folder: Path, url: str = "sqlite:///ledger.db") -> Path:
    path = make_feed(folder, url=url, top=TOP)
    create_key(folder / "record.key")
    return path


def opened(path: Path) -> PredictionStore:
    return PredictionStore(load_feed_file(path).ledger_url, read_key(path.parent / "record.key"))


@pytest.mark.parametrize("step", STEPS)
def test_each_archived_file_is_recorded_once(tmp_path: Path, ledger_url: str, step: str) -> None:
    path = recording_feed(tmp_path / "feed", ledger_url)
    drop(path, INPUTS)
    assert run_until(path, step) == -signal.SIGKILL
    store = opened(path)
    recorded = len(list(store.claims()))
    assert recorded == (STEPS.index(step) >= STEPS.index("scrubbed"))
    run_once(path)
    found = list(store.claims())
    assert sorted(claim.rejected for claim in found) == [False, True]
    assert {claim.run.feed for claim in found} == {"lakeside"}
    assert sorted(store.find_claims(["B100001", "B100002", "B100003"], "1457002313")) == ["B100001", "B100002"]
    store.close()


def test_a_file_is_not_archived_unless_it_is_recorded(tmp_path: Path) -> None:
    path = make_feed(tmp_path / "feed", top=TOP, ledger="lease_seconds = 1")
    create_key(tmp_path / "feed" / "record.key")
    drop(path, {"a.edi": small(1)})
    store = opened(path)
    with store.begin() as connection:
        abort = "CREATE TRIGGER abort BEFORE INSERT ON recorded_claims BEGIN SELECT RAISE(ABORT, 'no'); END"
        connection.exec_driver_sql(abort)
    assert run_once(path)["deferred"] == 1
    assert [row.state for row in rows(path)] == ["taken"]
    with store.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER abort")
    assert list(store.claims()) == []
    time.sleep(1.1)  # the lease expires
    run_once(path)
    assert [row.state for row in rows(path)] == ["archived"]
    assert len(list(store.claims())) == 1
    store.close()


def test_refused_and_failed_files_are_not_recorded(tmp_path: Path) -> None:
    path = recording_feed(tmp_path / "feed")
    drop(path, {"a.edi": small(1)})
    run_once(path)
    drop(path, {"same.edi": small(1), "control.edi": small(2, control=1), "cut.edi": CLINIC.read_bytes()[:-60]})
    run_once(path)
    store = opened(path)
    assert len(list(store.claims())) == 1
    store.close()


def test_the_record_in_either_database_answers_the_same(tmp_path: Path, ledger_url: str) -> None:
    number = "LAKESIDE2026ACCT00012345"
    path = recording_feed(tmp_path / "feed", ledger_url)
    drop(
        path, {"a.edi": CLINIC.read_bytes(), "b.edi": interchange(Claim(id=number, lines=(Line("J3590", "100"),)))}
    )
    run_once(path)
    store = opened(path)
    (claim,) = store.find_claims(["P1001"])["P1001"]
    assert store.find_by_line(["P1001-02"])["P1001-02"] == (claim,)
    assert claim in list(store.find_by_control("240329101", "101", "0001"))
    assert len(store.find_by_prefix([number[:17]])[number[:17]]) == 1
    assert {one.rule for one in claim.findings} | {one.rule for line in claim.lines for one in line.findings}
    everything = len(list(store.claims()))
    assert store.prune(time.time() - 60) == (0, 0)
    assert store.prune(time.time() + 60) == (2, everything)
    assert (list(store.claims()), store.runs()) == ([], [])
    assert store.find_by_prefix([number[:17]]) == {}
    store.close()


def test_a_feed_without_its_key_file_does_not_start(tmp_path: Path) -> None:
    path = make_feed(tmp_path / "feed", top=TOP)
    with pytest.raises(ConfigError, match=r"record\.key.*x12proc record init"):
        run_once(path)
    create_key(path.parent / "record.key")
    run_once(path)
    (path.parent / "record.key").unlink()
    create_key(path.parent / "record.key")
    with pytest.raises(ConfigError, match="another key file"):
        run_once(path)


@pytest.mark.parametrize(("table", "words"), [("[record]\n", "key"), ('[record]\nkey = ""\n', "record"),
                                              ('[record]\nkey = "k"\ndays = 3\n', "days")])  # fmt: skip
def test_a_wrong_table_is_an_error(tmp_path: Path, table: str, words: str) -> None:
    path = make_feed(tmp_path / "feed", top=table)
    with pytest.raises(ConfigError, match=words):
        load_feed_file(path)


def test_commands_show_and_prune_it(tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    path = make_feed(folder, top=TOP)
    assert CliRunner().invoke(app, ["record", "key", str(folder / "record.key")]).exit_code == 0
    drop(path, INPUTS)
    run_once(path)
    shown = CliRunner().invoke(app, ["record", "show", "-f", str(path)])
    assert "2 files since" in shown.output
    assert "QTY01    reject  reported          1" in shown.output
    pruned = CliRunner().invoke(app, ["record", "prune", "-f", str(path), "--days", "1"])
    assert pruned.output == "0 files with 0 claims deleted\n"
    (folder / "FEED.toml").write_text((folder / "FEED.toml").read_text().replace(TOP, ""))
    assert isinstance(CliRunner().invoke(app, ["record", "show", "-f", str(path)]).exception, ConfigError)
    assert isinstance(CliRunner().invoke(app, ["record", "show"]).exception, ConfigError)
