"""The service records the predictions of every file; deleting a run does not delete them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from support import canary
from support.edi import CLINIC
from support.services import AS_OF, Service, post

import x12proc
from x12proc.errors import ConfigError
from x12proc.record.store import open_folder
from x12proc.service.db.store import record_folder


def test_each_file_is_recorded_once_and_stays(tmp_path: Path) -> None:
    with Service(tmp_path) as service, service.client() as client:
        assert post(client, CLINIC.read_bytes()).status_code == 200
        assert post(client, CLINIC.read_bytes()).status_code == 200
        assert post(client, canary.claim(), dry_run="true").status_code == 200
        service.services.store.purge(-1)
    with closing(open_folder(record_folder(tmp_path))) as store:
        found = list(store.claims())
        expected = list(x12proc.scrub(CLINIC, as_of=AS_OF))
        assert [claim.rejected for claim in found] == [result.rejected for result in expected]
        assert len(store.find_claims(["P1001"])) == 1


def test_no_value_of_a_claim_is_in_it(tmp_path: Path) -> None:
    with Service(tmp_path) as service, service.client() as client:
        post(client, canary.claim())
    with closing(open_folder(record_folder(tmp_path))) as store:
        assert len(list(store.claims())) == 1
    kept = b"".join(path.read_bytes() for path in record_folder(tmp_path).iterdir())
    assert canary.found(kept) == []


def test_a_service_whose_key_file_is_gone_does_not_start(tmp_path: Path) -> None:
    with Service(tmp_path):
        pass
    (record_folder(tmp_path) / "record.key").unlink()
    with pytest.raises(ConfigError, match="the key file is missing"):
        Service(tmp_path)


def test_a_file_that_cannot_be_recorded_is_refused(tmp_path: Path) -> None:
    with Service(tmp_path) as service, service.client() as client:
        with closing(open_folder(record_folder(tmp_path))) as store, store.begin() as connection:
            abort = "CREATE TRIGGER abort BEFORE INSERT ON recorded_claims BEGIN SELECT RAISE(ABORT, 'no'); END"
            connection.exec_driver_sql(abort)
        answer = post(client, CLINIC.read_bytes())
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage")
