"""The record of predictions: what is recorded, how it is found again, and what it never holds."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace
from support import canary
from support.edi import CLINIC, HOSPITAL, base
from support.records import record, scrub_into

import x12proc
from x12proc.errors import ConfigError, UnavailableError
from x12proc.record.key_file import create_key, read_key
from x12proc.record.keys import KEY_BYTES, RecordKeys
from x12proc.record.model import RecordedFinding
from x12proc.record.store import PredictionStore, create_folder, open_folder
from x12proc.runner.settings import RULES_EDITION
from x12proc.testing import Claim, Drug, Line, Reference, interchange
from x12proc.version import __version__

NPI = "1457002313"
LONG = "LAKESIDE2026ACCT00012345"  # 24 characters
DRUG = Line(
    "J3590", "14880.5", ("JZ",), "ELFABRIO (PEGUNIGALSIDASE ALFA-IWXJ) 80MG IV 4X20MG/10ML SDV",
    Drug("10122016002", "40", "ML"),
)  # fmt: skip
NO_DRUG = replace(DRUG, drug=None)
ADMINISTRATION = Line("96365", "245")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PredictionStore]:
    with record(tmp_path / "record") as opened:
        yield opened


def claim_file(number: str = "A1", line: Line = DRUG, **changes: object) -> bytes:
    return interchange(replace(Claim(lines=(line, ADMINISTRATION)), id=number, **changes))


def test_a_claim_is_found_by_its_number_with_all_that_was_predicted(store: PredictionStore) -> None:
    (result,) = x12proc.scrub(claim_file(line=NO_DRUG))
    scrub_into(store, claim_file(line=NO_DRUG))
    (found,) = store.find_claims([" a1 "], NPI)[" a1 "]
    (line,) = found.lines
    assert found.claim_key == store.keys.claim("A1")
    assert found.payer_key == store.keys.payer("ACME1")
    assert found.provider_key == store.keys.provider(NPI)
    assert (found.type, found.frequency, found.rejected) == ("P", "1", True)
    assert found.profile == result.profile
    assert found.amount == Decimal(result.claim.charge)
    assert (found.run.version, found.run.rules_edition) == (__version__, RULES_EDITION)
    assert found.run.reference_editions
    assert line.control_key == store.keys.line(result.lines[0].line.control)
    assert line.number_key == store.keys.number("01")
    assert (line.procedure, line.modifiers, line.ndc9, line.amount) == ("J3590", ("JZ",), "", Decimal("14880.5"))
    period = result.lines[0].line.service_period
    assert period is not None
    assert period.first is not None
    assert (line.first_day, line.month) == (store.keys.day(period.first), f"{period.first:%Y-%m}")
    assert line.findings == (RecordedFinding("NDC01", "reject", "reported"),)


def test_every_target_claim_of_the_demo_is_recorded_as_it_was_scrubbed(store: PredictionStore) -> None:
    scrub_into(store, CLINIC, HOSPITAL)
    expected = [result for path in (CLINIC, HOSPITAL) for result in x12proc.scrub(path)]
    found = list(store.claims())
    assert [claim.claim_key for claim in found] == [store.keys.claim(result.claim.id) for result in expected]
    assert [claim.rejected for claim in found] == [result.rejected for result in expected]
    for claim, result in zip(found, expected, strict=True):
        assert {one.rule for one in claim.findings} == {one.rule for one in result.findings}
        for line, scrubbed in zip(claim.lines, result.lines, strict=True):
            rules = {(one.rule, one.severity) for one in scrubbed.findings}
            assert {(one.rule, one.severity) for one in line.findings} == rules
            product = scrubbed.product
            assert product is None or line.ndc9 == product.ndc9
    assert sum(run.claims for run in store.runs()) == len(expected)


def test_another_provider_or_number_finds_nothing(store: PredictionStore) -> None:
    scrub_into(store, claim_file())
    assert store.find_claims(["A2", "", "A"], NPI) == {}
    assert store.find_claims(["A1"], "1234567893") == {}
    assert set(store.find_claims(["A1", "A2"])) == {"A1"}


def test_a_cut_number_finds_longer_ones_only(store: PredictionStore) -> None:
    scrub_into(store, claim_file(LONG), claim_file(LONG[:17] + "OTHER"), claim_file(LONG[:15]))
    numbers = {
        length: len(store.find_by_prefix([LONG[:length]]).get(LONG[:length], ())) for length in range(14, 22)
    }
    assert numbers == {14: 0, 15: 2, 16: 2, 17: 2, 18: 1, 19: 1, 20: 1, 21: 0}
    assert len(store.find_claims([LONG[:15]])[LONG[:15]]) == 1


def test_a_line_finds_its_claims(store: PredictionStore) -> None:
    scrub_into(store, CLINIC)
    (found,) = store.find_by_line(["P1001-02"], NPI)["P1001-02"]
    assert found.claim_key == store.keys.claim("P1001")
    assert store.find_by_line(["P1001-02"], "1234567893") == {}


def test_control_numbers_find_the_claims_sent_under_them(store: PredictionStore) -> None:
    scrub_into(store, CLINIC, HOSPITAL)
    claims = len(list(x12proc.scrub(CLINIC)))
    assert len(list(store.find_by_control("240329101"))) == claims
    sets = [list(store.find_by_control("240329101", "101", number)) for number in ("1", "0002", "3")]
    assert sum(map(len, sets)) == claims
    assert len(sets[0]) > len(sets[2]) == 0
    assert list(store.find_by_control("240329101", "102")) == []
    assert list(store.find_by_control()) == []


def test_the_number_of_the_claim_replaced_is_a_key(store: PredictionStore) -> None:
    scrub_into(store, claim_file(frequency="7", references=(Reference("F8", "ICN-77"),)))
    (found,) = store.find_claims(["A1"])["A1"]
    assert (found.frequency, found.original_key) == ("7", store.keys.reference("icn-77"))


def test_a_file_recorded_again_replaces_itself(store: PredictionStore) -> None:
    scrub_into(store, claim_file(), CLINIC)
    before, first_runs = list(store.claims()), store.runs()
    scrub_into(store, CLINIC, claim_file())
    assert [replace(claim, run=before[0].run) for claim in store.claims()] == [
        replace(claim, run=before[0].run) for claim in before
    ]
    for run, earlier in zip(store.runs(), first_runs, strict=True):
        assert (run.id, run.first) == (earlier.id, earlier.first)
        assert run.last > earlier.last


def test_a_repaired_claim_is_another_entry(store: PredictionStore) -> None:
    scrub_into(store, claim_file(line=NO_DRUG), claim_file())
    assert [claim.rejected for claim in store.find_claims(["A1"])["A1"]] == [True, False]


def test_a_file_that_failed_is_not_recorded(store: PredictionStore) -> None:
    (failed, passed) = scrub_into(store, CLINIC.read_bytes()[:-40], claim_file())
    assert (failed.summary.status, passed.summary.status) == ("failed", "accepted")
    assert len(list(store.claims())) == 1


def test_old_files_are_deleted(store: PredictionStore) -> None:
    scrub_into(store, CLINIC)
    between = time.time()
    scrub_into(store, claim_file())
    number = len(list(x12proc.scrub(CLINIC)))
    assert store.prune(between, dry_run=True) == (1, number)
    assert store.prune(between) == (1, number)
    assert [claim.claim_key for claim in store.claims()] == [store.keys.claim("A1")]
    assert store.find_by_line(["P1001-02"]) == {}
    scrub_into(store, HOSPITAL)
    assert len({claim.id for claim in store.claims()}) == 1 + len(list(x12proc.scrub(HOSPITAL)))


def test_no_value_of_a_claim_is_in_the_record(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    with record(folder) as store:
        scrub_into(store, canary.claim())
        assert len(list(store.claims())) == 1
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    names = " ".join(path.name for path in folder.iterdir()).encode()
    assert canary.found(canary.claim())
    assert canary.found(written + names) == []
    for value in (b"J3590", b"reject"):  # what is in clear is really there
        assert value in written


def test_amounts_and_codes_that_are_none_are_left_out(store: PredictionStore, tmp_path: Path) -> None:
    odd = base().replace(b"*14880*", b"*HARTLEY*").replace(b":JZ:", b":HARTLEY:").replace(b"CLM*B1001*", b"CLM*X*")
    odd = odd.replace(b":B:1*", b":B:HARTLEY*")
    scrub_into(store, odd)
    (claim,) = store.claims()
    assert b"HARTLEY" not in b"".join(path.read_bytes() for path in (tmp_path / "record").iterdir())
    assert (claim.frequency, claim.lines[0].modifiers, claim.lines[0].amount) == ("", (), None)


def test_keys_differ_by_what_they_are_of_and_by_key_file() -> None:
    one, other = RecordKeys(b"1" * 32), RecordKeys(b"2" * 32)
    made = [one.claim("A"), one.payer("A"), one.provider("A"), one.line("A"), one.number("A"), one.reference("A"),
            one.control("A"), one.file("A"), other.claim("A"), one.prefix("A" * 15), one.prefix("A" * 16),
            one.day(date(2026, 1, 1)), one.check]  # fmt: skip
    assert len(set(made)) == len(made)
    assert {len(key) for key in made} == {KEY_BYTES}
    assert one.claim(" ") == one.day(None) == one.prefix("A" * 14) == b""
    assert one.number("001") == one.number("1")


def test_another_key_file_is_refused(tmp_path: Path) -> None:
    folder, other = tmp_path / "record", tmp_path / "other.key"
    with record(folder) as store:
        scrub_into(store, claim_file())
    create_key(other)
    with pytest.raises(ConfigError, match="another key file"):
        open_folder(folder, other)
    (folder / "record.key").unlink()
    with pytest.raises(ConfigError, match="the key file is missing"):
        create_folder(folder)
    with pytest.raises(ConfigError, match=r"record\.key.*No such file"):
        open_folder(folder)


def test_key_file_and_record_are_only_for_their_owner(tmp_path: Path) -> None:
    with record(tmp_path / "record"):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "record").iterdir()}
    assert set(modes.values()) == {0o600}
    assert {"record.db", "record.key"} <= set(modes)
    key = tmp_path / "record" / "record.key"
    with pytest.raises(ConfigError, match="a file already"):
        create_key(key)
    key.chmod(0o640)
    with pytest.raises(ConfigError, match="other users"):
        read_key(key)


@pytest.mark.parametrize("text", ["", "00" * 31, "zz" * 32, "00" * 4096])
def test_what_is_no_key_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="no key file"):
        read_key(path)


def test_a_record_that_is_none_is_an_error(tmp_path: Path) -> None:
    create_key(tmp_path / "record.key")
    (tmp_path / "record.db").write_bytes(b"no database" * 1000)
    with pytest.raises(UnavailableError, match="the record can't be used"):
        open_folder(tmp_path)
    (tmp_path / "record.db").unlink()
    with open_folder(tmp_path).begin() as connection:
        connection.exec_driver_sql("UPDATE record_version SET version = 99")
    with pytest.raises(ConfigError, match="schema 99"):
        open_folder(tmp_path)


def test_nothing_is_written_when_the_transaction_fails(tmp_path: Path) -> None:
    with record(tmp_path / "record") as store:
        scrub_into(store, claim_file())
        with sqlite3.connect(tmp_path / "record" / "record.db") as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE INSERT ON recorded_claims WHEN NEW.id % 10 = 5"
                " BEGIN SELECT RAISE(ABORT, 'full'); END"
            )
        with pytest.raises(UnavailableError):
            scrub_into(store, CLINIC)
        assert len(list(store.claims())) == 1
        assert len(store.runs()) == 1
