"""The commands `x12proc serve` and `x12proc keys`."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update
from support.edi import base
from support.service_process import make_key, serve, wait
from support.services import post

from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.service.db.store import Store
from x12proc.service.db.tables import WAITING, Run


def x12proc(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_service_runs_until_sigterm(tmp_path: Path) -> None:
    key = make_key(tmp_path / "data", "feed", "scrub,read")
    process, address = serve("--data", tmp_path / "data")
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"http://{address}", headers=headers, trust_env=False) as client:
        wait(process, client)
        run = post(client, base()).headers["X12proc-Run"]
        assert x12proc("keys", "revoke", "feed", "--data", tmp_path / "data").exit_code == 0
        assert client.get("/v1/runs").status_code == 401
    process.send_signal(signal.SIGTERM)
    out, log = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)
    assert out == b""
    lines = [json.loads(line) for line in log.decode().splitlines() if line.startswith("{")]
    assert [line["run"] for line in lines if line["event"] == "scrubbed"] == [run]
    assert {line["route"] for line in lines if line["event"] == "response"} >= {"/healthz", "/v1/scrub"}
    assert key.encode() not in log
    assert oct((tmp_path / "data").stat().st_mode & 0o777) == "0o700"


def test_tls_by_certificate(tmp_path: Path) -> None:
    cert, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", private, "-out", cert, "-days",
         "2", "-subj", "/CN=localhost"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("needs openssl")
    process, address = serve("--data", tmp_path / "data", "--tls-cert", cert, "--tls-key", private)
    with httpx.Client(base_url=f"https://{address}", verify=False, trust_env=False) as client:
        wait(process, client)
        assert "max-age" in client.get("/healthz").headers["strict-transport-security"]
    process.terminate()
    process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--tls-cert", "missing.pem"), "go together"),
        (("--tls-cert", "missing.pem", "--tls-key", "missing.pem"), "missing.pem"),
        (("--config", "missing.toml"), "missing.toml"),
    ],
)
def test_invalid_options_are_refused_before_listening(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    result = x12proc("serve", "--data", tmp_path / "data", *options)
    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)


def test_a_data_folder_with_a_broken_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x12proc.db").write_bytes(b"no database at all" * 100)
    result = x12proc("keys", "list", "--data", tmp_path / "data")
    assert isinstance(result.exception, ConfigError)


def test_keys_are_created_listed_and_revoked(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = make_key(data, "ann", "scrub,read")
    assert re.fullmatch(r"x12p_1_[A-Za-z0-9_-]{43}", key)
    listed = x12proc("keys", "list", "--data", data).output
    assert "ann" in listed
    assert "read,scrub" in listed
    assert key not in listed
    secret = key.split("_", 2)[2].encode()  # it may hold an underscore itself
    assert all(secret not in file.read_bytes() for file in data.rglob("*") if file.is_file())
    assert x12proc("keys", "revoke", "ann", "--data", data).exit_code == 0
    assert "revoked" in x12proc("keys", "list", "--data", data).output
    for wrong in (("create", "ann", "--scope", "read"), ("create", "a b", "--scope", "read"),
                  ("create", "bob", "--scope", "everything"), ("revoke", "nobody")):  # fmt: skip
        assert isinstance(x12proc("keys", *wrong, "--data", data).exception, ConfigError)


@pytest.mark.parametrize(
    "words", [("keys", "create", "bob", "--scope", "read"), ("keys", "list"), ("keys", "revoke", "ann"),
              ("keys", "revoke", "nobody"), ("serve", "purge", "--older-than", "7")],
)  # fmt: skip
def test_a_command_closes_the_database(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(tmp_path, "ann", "read")
    closed: list[Store] = []
    really = Store.close

    def close(store: Store) -> None:
        closed.append(store)
        really(store)

    monkeypatch.setattr(Store, "close", close)
    x12proc(*words, "--data", tmp_path)
    assert len(closed) == 1


def test_old_runs_are_purged(tmp_path: Path) -> None:
    result = x12proc("serve", "purge", "--older-than", "7", "--data", tmp_path / "data")
    assert result.output == "0 runs deleted\n"


def test_a_restart_deletes_what_a_killed_run_left(tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {make_key(tmp_path, 'feed', 'scrub,read')}"}
    process, address = serve("--data", tmp_path)
    with httpx.Client(base_url=f"http://{address}", headers=headers, trust_env=False) as client:
        wait(process, client)
        run = post(client, base()).headers["X12proc-Run"]
    process.terminate()
    process.communicate(timeout=60)
    store = Store(tmp_path)
    with store.writing() as session:
        session.execute(update(Run).where(Run.id == run).values(state=WAITING))
    folder = store.run_folder(run)
    store.close()
    (folder / ".x12proc-1.part").mkdir()
    (folder / ".x12proc-1.part" / "input.accepted.edi").write_bytes(base()[:500])
    process, address = serve("--data", tmp_path)
    with httpx.Client(base_url=f"http://{address}", headers=headers, trust_env=False) as client:
        wait(process, client)
        while client.get(f"/v1/runs/{run}").json()["state"] == WAITING:
            time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=60)
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
