"""The claims of one file shared among processes: the same bytes, faults and counts as in a run by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from support.edi import CLINIC, FIXTURES, GUIDE_FAULTS, HOSPITAL, base, restyle
from support.mutations import mutated

from x12proc.engine.fixes import FixLevel
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import scrub_claim
from x12proc.runner import parallel as sharing
from x12proc.runner.artifacts import ARTIFACTS
from x12proc.runner.files import Input
from x12proc.runner.parallel import ClaimPool
from x12proc.runner.runner import FileRun, Result, RunOptions
from x12proc.runner.settings import Settings, load_settings

OPTIONS: dict[str, Any] = {"as_of": None, "conformance": "targets"}
KINDS = tuple(kind for kind in ARTIFACTS if kind != "fixed")
SEVERAL = b"".join(
    (
        CLINIC.read_bytes(),
        restyle(base(), "pipe"),
        restyle(HOSPITAL.read_bytes(), "tilde-crlf"),
        CLINIC.read_bytes(),  # each of its claims for the second time
        base().replace(b"005010X222A1", b"005010X222A2"),  # a guide that can't be checked
        restyle(base("I").replace(b"CTP****3*UN", b"CTP****0*UN"), "control"),
        base().replace(b"005010X222A1", b"005010X222A2"),
        GUIDE_FAULTS.read_bytes(),
        base().replace(b"SV1*HC:J3590:", b"SV1*HC>J3590>"),  # a code that ISA16 doesn't separate
    )
)
BROKEN = {
    "several": SEVERAL,
    "cut": SEVERAL[: len(SEVERAL) * 2 // 3],
    "counts": SEVERAL.replace(b"SE*37*", b"SE*38*").replace(b"GE*2*", b"GE*3*"),
    "no end": CLINIC.read_bytes()[:-40],
    "faults": mutated(CLINIC.read_bytes(), 5, faults=40) + mutated(HOSPITAL.read_bytes(), 6, faults=40),
    "no target": base().replace(b"J3590", b"J1100"),
    "nothing": b"ISA*nothing",
}
CRASHING = """
from x12proc.rules import WARN, Source, line_rule

@line_rule("XCR01", "crashes-at-times", severity=WARN, sources=(Source("nobody", key="XN"),),
           confidence="verified", where="2400 SV101-7", summary="Crashes.", fix="None.")
def crashes(line, ctx):
    \"\"\"Only the claims of one day.\"\"\"
    if line.charge.startswith("1"):
        raise ValueError(line.description)
    yield from ()
"""


@pytest.fixture(autouse=True)
def small_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are shared as well, a few claims at a time."""
    monkeypatch.setattr(sharing, "SMALLEST", 0)
    monkeypatch.setattr(sharing, "_CLAIMS", 3)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(**OPTIONS)


@pytest.fixture(scope="module")
def shared(settings: Settings) -> Iterator[ClaimPool]:
    with ClaimPool(OPTIONS, settings.now, 2) as processes:
        yield processes


def run(
    data: bytes,
    folder: Path,
    settings: Settings,
    processes: ClaimPool | None,
    emit: tuple[str, ...] = KINDS,
    fixing: FixLevel = "off",
) -> tuple[Result, dict[str, bytes], list[str]]:
    """A run over some bytes: what it came to, its artifacts, and the claims somebody watched."""
    folder.mkdir()
    path = folder.parent / "claims.edi"
    path.write_bytes(data)
    seen: list[str] = []

    def watch(claim: ClaimResult) -> None:
        seen.append(repr((claim.claim.id, claim.findings, claim.lines, claim.guide_errors, claim.bypasses)))

    result = FileRun(
        Input(path),
        settings,
        RunOptions(emit=emit, destination=folder, on_claim=watch, fix_level=fixing, pool=processes),
    ).run()
    return result, {path.name: path.read_bytes() for path in folder.iterdir()}, seen


def same(
    data: bytes,
    tmp_path: Path,
    settings: Settings,
    shared: ClaimPool,
    emit: tuple[str, ...] = KINDS,
    fixing: FixLevel = "off",
) -> dict[str, bytes]:
    """Run alone and shared; the artifacts, which are the same."""
    alone, made, seen = run(data, tmp_path / "one", settings, None, emit, fixing)
    other, shared_made, shared_seen = run(data, tmp_path / "two", settings, shared, emit, fixing)
    assert shared_made.keys() == made.keys()
    for name, content in made.items():
        assert shared_made[name] == content, name
    assert shared_seen == seen
    assert other.summary == alone.summary
    assert other.faults == alone.faults
    assert other.withheld == alone.withheld
    return made


@pytest.mark.parametrize("name", BROKEN)
def test_processes_change_no_byte(name: str, tmp_path: Path, settings: Settings, shared: ClaimPool) -> None:
    made = same(BROKEN[name], tmp_path, settings, shared)
    assert made


@pytest.mark.parametrize(
    "path",
    sorted(path for room in ("wire", "restore") for path in (FIXTURES / "defects" / room).iterdir()),
    ids=lambda path: path.stem,
)
def test_nor_in_files_that_broke_something_once(
    path: Path, tmp_path: Path, settings: Settings, shared: ClaimPool
) -> None:
    same(path.read_bytes(), tmp_path, settings, shared)


@pytest.mark.parametrize(
    "emit", [("json",), ("annotated",), ("json", "annotated"), ("html",), ("277ca", "accepted")]
)
def test_whatever_is_asked_for(
    emit: tuple[str, ...], tmp_path: Path, settings: Settings, shared: ClaimPool
) -> None:
    same(SEVERAL, tmp_path, settings, shared, emit)


@pytest.mark.parametrize("fixing", ["safe", "unsafe"])
def test_fixes_as_well(fixing: FixLevel, tmp_path: Path, settings: Settings, shared: ClaimPool) -> None:
    made = same(
        CLINIC.read_bytes() * 2 + HOSPITAL.read_bytes(), tmp_path, settings, shared, ("json", "fixed"), fixing
    )
    assert "claims.fixed.edi" in made


def test_the_patient_is_named_by_every_process(tmp_path: Path) -> None:
    options = {"patient": True, "conformance": "off"}
    settings = load_settings(**options)  # type: ignore[arg-type]  # a plain dict of both
    with ClaimPool(options, settings.now, 2) as processes:
        made = same(CLINIC.read_bytes(), tmp_path, settings, processes, ("json", "csv"))
    assert made["claims.report.json"].count(b'"patient":{"name":"') == 55


def test_claims_that_come_again_are_told_in_whatever_process(
    tmp_path: Path, settings: Settings, shared: ClaimPool
) -> None:
    made = same(CLINIC.read_bytes() * 3, tmp_path, settings, shared, ("json",))
    assert made["claims.report.json"].count(b'"rule":"DUP02"') > 100


def test_few_claims_are_opened_twice(
    tmp_path: Path, settings: Settings, shared: ClaimPool, monkeypatch: Any
) -> None:
    """What is shared is not done again here: only claims that come again are."""
    again: list[int] = []

    def watched(*given: Any, **named: Any) -> Any:
        again.append(1)
        return scrub_claim(*given, **named)

    monkeypatch.setattr(sharing, "scrub_claim", watched)
    path = tmp_path / "claims.edi"
    path.write_bytes(CLINIC.read_bytes() + base() + base())
    FileRun(Input(path), settings, RunOptions(emit=("json", "annotated"), destination=tmp_path, pool=shared)).run()
    assert len(again) == 1


def test_the_claims_are_whole_for_those_who_take_them(
    tmp_path: Path, settings: Settings, shared: ClaimPool
) -> None:
    path = tmp_path / "claims.edi"
    path.write_bytes(SEVERAL)
    alone = FileRun(Input(path), settings, RunOptions())
    other = FileRun(Input(path), settings, RunOptions(pool=shared))
    for one, two in zip(alone.claims(), other.claims(), strict=True):
        assert one.claim == two.claim
        assert one.lines == two.lines
        assert one.rejected == two.rejected


def test_a_rule_that_crashes_is_told_as_in_a_run_by_itself(tmp_path: Path) -> None:
    (tmp_path / "crashing.py").write_text(CRASHING)
    config = tmp_path / "x12proc.toml"
    config.write_text('rule_files = ["crashing.py"]\n')
    options = {"config": config, "conformance": "off"}
    settings = load_settings(**options)  # type: ignore[arg-type]  # a plain dict of both
    with ClaimPool(options, settings.now, 2) as processes:
        made = same(CLINIC.read_bytes(), tmp_path, settings, processes, ("json", "annotated"))
    assert b"rule XCR01 crashed with ValueError" in made["claims.report.json"]


def test_bypasses_are_told(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "own.toml").write_text(
        'name = "own"\ntitle = "Own"\nextends = "default"\n\n[[rule]]\nid = "NDC02"\nenabled = false\n'
        'reason = "agreed"\nby = "ann"\nuntil = 2999-01-01\n'
    )
    config = tmp_path / "x12proc.toml"
    config.write_text('profile_folders = ["profiles"]\nprofile = "own"\n')
    options = {"config": config, "conformance": "off"}
    settings = load_settings(**options)  # type: ignore[arg-type]  # a plain dict of both
    with ClaimPool(options, settings.now, 2) as processes:
        made = same(CLINIC.read_bytes(), tmp_path, settings, processes)
    assert b'"by":"ann"' in made["claims.report.json"]


def test_a_process_that_dies_leaves_no_part_of_an_artifact(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "claims.edi"
    path.write_bytes(SEVERAL * 20)
    (tmp_path / "out").mkdir()
    with ClaimPool(OPTIONS, settings.now, 2) as processes:
        claims = FileRun(
            Input(path), settings, RunOptions(emit=("json",), destination=tmp_path / "out", pool=processes)
        ).claims()
        next(claims)
        assert processes._pool is not None
        for worker in list(processes._pool._processes):
            os.kill(worker, signal.SIGKILL)
        with pytest.raises(BrokenProcessPool):
            list(claims)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_small_or_no_plain_file_is_not_shared(
    tmp_path: Path, settings: Settings, shared: ClaimPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.edi"
    path.write_bytes(base())
    assert sharing.can_be_shared(shared, settings, path, 10)
    assert not sharing.can_be_shared(None, settings, path, 10)
    assert not sharing.can_be_shared(ClaimPool({}, settings.now, 1), settings, path, 10)
    assert not sharing.can_be_shared(shared, settings, None, 10)
    assert not sharing.can_be_shared(shared, settings, tmp_path / "a.edi.gz", 10)
    monkeypatch.setattr(sharing, "SMALLEST", 11)
    assert not sharing.can_be_shared(shared, settings, path, 10)
