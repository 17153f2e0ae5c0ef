"""Each write of each command in turn is short: then either everything is written, or the run fails."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.downloads import package_txt, product_txt
from support.edi import base
from support.failing_writes import Faults
from support.feeds import drop, make_feed, rejected, rows, run_once, small
from support.service_process import make_key

from x12proc.runner.streams import NamedFile
from x12proc.service.api.scrub_options import ScrubOptions
from x12proc.service.db.store import INPUT
from x12proc.service.jobs.file_job import FileJob, scrub_file

DRIVER = Path(__file__).parents[1] / "support" / "failing_writes.py"
COMMANDS = {
    "scrub": "scrub in.edi",
    "scrub-json": "scrub in.edi -o - --emit json",
    "scrub-folder": "scrub in.edi -o out{n} --emit json,csv,xml,html,annotated,accepted,rejected,999,277ca",
    "extract": "extract in.edi",
    "restore": "restore in.edi",
    "restore-file": "restore in.edi -o restored{n}",
    "mask": "mask in.edi -o - --key akeyofmanyletters",
    "mask-file": "mask in.edi -o masked{n} --key akeyofmanyletters",
    "rule": "rules NDC01",
    "rule-json": "rules NDC01 --json",
    "profiles": "profiles",
    "profile": "profiles medicare-b",
    "reference-list": "reference list",
    "reference-status": "reference status",
    "reference-diff": "reference diff own",
    "reference-import": "reference import product.txt package.txt --into own{n}",
    "lookup": "reference lookup ULTOMIRIS",
    "lookup-json": "reference lookup ULTOMIRIS --json",
    "replay": "replay cases",
    "replay-against": "replay --against reports in.edi",
    "replay-against-json": "replay --against reports in.edi --json",
    "keys-create": "keys create ann{n} --scope read --data data",
    "keys-list": "keys list --data data",
    "serve-purge": "serve purge --older-than 1 --data data",
    "watch": "watch feed/FEED.toml --once",
    "ledger-report": "ledger report -f feed/FEED.toml",
    "ledger-report-json": "ledger report -f feed/FEED.toml --json",
    "ledger-show": "ledger show FILE -f feed/FEED.toml",
    "ledger-check": "ledger check -f feed/FEED.toml",
    "ledger-replay": "ledger replay FILE -f feed/FEED.toml",
    "ledger-prune": "ledger prune -f feed/FEED.toml --days 1 --dry-run",
}
PRODUCT = {
    "PRODUCTID": "99998-123_aa",
    "PRODUCTNDC": "99998-123",
    "PROPRIETARYNAME": "Zyxomab",
    "NONPROPRIETARYNAME": "zyxomab-abcd",
    "ROUTENAME": "INTRAVENOUS",
    "MARKETINGCATEGORYNAME": "BLA",
    "APPLICATIONNUMBER": "BLA761999",
}
PACKAGE = {
    "PRODUCTID": "99998-123_aa",
    "PRODUCTNDC": "99998-123",
    "NDCPACKAGECODE": "99998-123-01",
    "PACKAGEDESCRIPTION": "1 VIAL in 1 CARTON (99998-123-01)  / 10 mL in 1 VIAL",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what each command needs."""
    folder = tmp_path_factory.mktemp("writes")
    (folder / "in.edi").write_bytes(base() + base("I").replace(b"CTP****3*UN", b"CTP****0*UN"))
    (folder / "cases" / "one").mkdir(parents=True)
    (folder / "cases" / "one" / "input.edi").write_bytes(base())
    (folder / "cases" / "one" / "expected").mkdir()
    (folder / "product.txt").write_bytes(product_txt(PRODUCT))
    (folder / "package.txt").write_bytes(package_txt(PACKAGE))
    make_key(folder / "data", "user", "read")
    feed = make_feed(folder / "feed")
    drop(feed, {"a.edi": small(1), "b.edi": rejected(2)})
    run_once(feed)
    for command in ("scrub in.edi -o reports --emit json", "reference import product.txt package.txt --into own"):
        program(folder, command)
    return folder


def program(folder: Path, command: str) -> None:
    arguments = [sys.executable, "-m", "x12proc", *command.split()]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr


def results(folder: Path, command: str, how: str, *, unbuffered: bool) -> list[tuple[int, int]]:
    """Return the exit code and size of the output of each run; the last one is undisturbed."""
    if "FILE" in command:
        command = command.replace("FILE", rows(folder / "feed" / "FEED.toml")[0].id)
    environment = {**os.environ, "PYTHONUNBUFFERED": "1" if unbuffered else ""}
    done = subprocess.run(
        [sys.executable, str(DRIVER), how, *command.split()],
        cwd=folder, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [(code, size) for code, size in json.loads(done.stdout)]


@pytest.mark.parametrize("unbuffered", [True, False], ids=["unbuffered", "buffered"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_short_write_on_a_full_disk_is_never_success(name: str, unbuffered: bool, folder: Path) -> None:
    *disturbed, (code, _) = results(folder, COMMANDS[name], "full", unbuffered=unbuffered)
    assert code in (0, 1)
    assert disturbed, "there is a write"
    assert {code for code, _ in disturbed} == {3}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_short_write_is_made_up_for(name: str, folder: Path) -> None:
    *disturbed, undisturbed = results(folder, COMMANDS[name], "short", unbuffered=True)
    assert undisturbed[0] in (0, 1)
    if "{n}" in COMMANDS[name]:  # the output names it
        assert {code for code, _ in disturbed} == {undisturbed[0]}
    else:
        assert set(disturbed) == {undisturbed}


def test_a_full_disk_leaves_no_part_of_a_run_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("json", "html", "annotated", "accepted", "rejected", "999", "277ca")
    for at in range(1, 200):
        folder = tmp_path / str(at)
        folder.mkdir()
        (folder / INPUT).write_bytes(base())
        job = FileJob(folder=folder, config=None, options=ScrubOptions(), emit=kinds, data=tmp_path, run_id=None)
        faults = Faults(at, full=True)
        with monkeypatch.context() as patched:
            patched.setattr(NamedFile, "write", lambda file, data, /, faults=faults: faults.write(file, data))
            try:
                scrub_file(job)
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - the last run raises nothing
                assert [path.name for path in folder.iterdir()] == [INPUT]
                continue
        assert faults.writes <= at, "it went on after a write that failed"
        assert at == len(kinds), "each artifact is written, but for that of rejected claims"
        return
    pytest.fail("the writes never end")
