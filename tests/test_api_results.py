"""The Python API for programs: settings that are kept, results at once, artifacts in memory, cancellation."""

from __future__ import annotations

import gzip
import io
import json
import mmap
import pickle
import re
import typing
from array import array
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.edi import CLINIC, HOSPITAL, base

import x12proc
from x12proc.runner import settings

ROOT = Path(__file__).parent.parent
AS_OF = "2024-04-01"
CUT = base() + base()[:-60]


def test_finish_returns_what_the_iterator_yields(tmp_path: Path) -> None:
    finished = x12proc.scrub(CLINIC, as_of=AS_OF, emit=["json"], output=tmp_path).finish()
    assert list(finished.claims) == list(x12proc.scrub(CLINIC, as_of=AS_OF))
    report = json.loads((tmp_path / "clinic-837p.report.json").read_bytes())
    document = json.loads(finished.to_json())
    assert document == json.loads(json.dumps(finished.to_dict()))
    for key in ("claims", "errors", "summary", "program"):
        assert document[key] == report[key], key
    assert finished.artifacts == (tmp_path / "clinic-837p.report.json",)
    assert pickle.loads(pickle.dumps(finished)) == finished


def test_patients_are_in_the_document_only_on_request() -> None:
    finished = x12proc.scrub(CLINIC, as_of=AS_OF).finish()
    assert "patient" not in finished.to_dict()["claims"][0]
    assert finished.to_dict(patient=True)["claims"][0]["patient"]["member_id"]


def test_finish_gives_no_claim_of_a_file_that_fails() -> None:
    with pytest.raises(x12proc.X12SyntaxError, match="byte"):
        x12proc.scrub(CUT).finish()


def test_finish_after_a_claim_was_taken_is_refused() -> None:
    run = x12proc.scrub(CLINIC)
    next(run)
    with pytest.raises(x12proc.ConfigError, match="call it first"):
        run.finish()


def test_a_scrubber_loads_its_settings_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    scrubber = x12proc.Scrubber(as_of=AS_OF, emit=["json", "277ca"], fix="safe")
    monkeypatch.setattr(settings, "load_profiles", None)
    for path in (CLINIC, HOSPITAL):
        files: dict[str, bytes] = {}
        scrubber.scrub(path, output=files).finish()
        assert sorted(files) == ["277ca", "fixed", "json"] if path == CLINIC else ["277ca", "json"]
        assert json.loads(files["json"])["input"]["name"] == path.name
    assert scrubber.scrub(CLINIC).finish().artifacts == ()
    only: dict[str, bytes] = {}
    scrubber.scrub(CLINIC, emit=["annotated"], output=only).finish()
    assert "annotated" in only
    assert "json" not in only


def test_a_scrubber_without_a_day_looks_at_the_clock_for_each_file(monkeypatch: pytest.MonkeyPatch) -> None:
    scrubber = x12proc.Scrubber()

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Later:
            return cls(2031, 2, 3, tzinfo=tz)

    monkeypatch.setattr("x12proc.api.datetime", Later)
    assert scrubber.scrub(base()).finish().program["as_of"] == "2031-02-03"
    fixed = x12proc.Scrubber(as_of=date(2024, 4, 1))
    assert fixed.scrub(base()).finish().program["as_of"] == AS_OF


def test_artifacts_in_memory_are_those_of_a_folder(tmp_path: Path) -> None:
    kinds = ["json", "csv", "html", "annotated", "accepted", "rejected", "999", "277ca"]
    files: dict[str, bytes] = {}
    x12proc.scrub(CLINIC, as_of=AS_OF, emit=kinds, output=files).finish()
    written = x12proc.scrub(CLINIC, as_of=AS_OF, emit=kinds, output=tmp_path).finish().artifacts
    assert sorted(files) == sorted(kinds)
    assert sorted(files.values()) == sorted(path.read_bytes() for path in written)


def test_a_file_that_fails_leaves_its_reports_in_memory() -> None:
    files: dict[str, bytes] = {}
    with pytest.raises(x12proc.X12SyntaxError):
        x12proc.scrub(CUT, emit=["json", "accepted"], output=files).finish()
    assert list(files) == ["json"]


def _mapped(data: bytes) -> mmap.mmap:
    mapped = mmap.mmap(-1, len(data))
    mapped[:] = data
    return mapped


FORMS: dict[str, Callable[[bytes], Any]] = {
    "array": lambda data: array("B", data),
    "mmap": _mapped,
    "strided": lambda data: memoryview(b"".join(bytes([byte, 0]) for byte in data))[::2],
    "gzip": gzip.compress,
    "gzip in a bytearray": lambda data: bytearray(gzip.compress(data)),
    "stream": io.BytesIO,
    "gzip stream": lambda data: io.BytesIO(gzip.compress(data)),
}


@pytest.mark.parametrize("form", FORMS)
def test_bytes_in_any_form_give_the_same(form: str) -> None:
    data = CLINIC.read_bytes()
    expected = x12proc.scrub(data, as_of=AS_OF).finish()
    assert x12proc.scrub(FORMS[form](data), as_of=AS_OF).finish().claims == expected.claims
    assert len(list(x12proc.read(FORMS[form](data)))) == 59


def test_a_damaged_gzip_is_an_error_of_the_file() -> None:
    with pytest.raises(x12proc.X12SyntaxError) as raised:
        x12proc.scrub(gzip.compress(CLINIC.read_bytes())[:-20]).finish()
    assert raised.value.code == "bad-gzip"


@pytest.mark.parametrize("source", [12, None, io.StringIO("ISA*"), ["a.edi"]], ids=lambda one: type(one).__name__)
def test_another_source_is_refused(source: Any) -> None:
    with pytest.raises(x12proc.ConfigError, match="give a path, bytes, or a stream opened in binary mode"):
        x12proc.scrub(source)


@pytest.mark.parametrize("output", [12, io.StringIO(), ["a"]], ids=lambda one: type(one).__name__)
def test_another_output_is_refused(output: Any) -> None:
    with pytest.raises(x12proc.ConfigError, match="give a folder, a dictionary or a binary stream"):
        x12proc.scrub(base(), emit=["json"], output=output)


def test_progress_reaches_the_end() -> None:
    seen: list[tuple[int, int]] = []
    x12proc.scrub(CLINIC, progress=lambda *position: seen.append(position)).finish()
    size = CLINIC.stat().st_size
    positions = [position for position, _ in seen]
    assert positions == sorted(positions)
    assert {total for _, total in seen} == {size}
    assert size * 0.9 < positions[-1] <= size


@pytest.mark.parametrize("when", ["before", "between", "in the callback"])
def test_a_canceled_run_leaves_nothing(tmp_path: Path, when: str) -> None:
    run: x12proc.ScrubRun

    def stop(position: int, _: int) -> None:
        if when == "in the callback" and position > 5000:
            run.cancel()

    run = x12proc.scrub(CLINIC, emit=["json", "annotated"], output=tmp_path, progress=stop)
    if when == "between":
        next(run)
    if when != "in the callback":
        run.cancel()
    with pytest.raises(x12proc.CanceledError):
        list(run)
    assert run.result is None
    assert list(tmp_path.iterdir()) == []


def _types(hint: Any) -> Iterator[type]:
    for argument in typing.get_args(hint):
        yield from _types(argument)
    if isinstance(hint, type) and hint.__module__.startswith("x12proc"):
        yield hint


def _fields_of(kind: type) -> Iterator[type]:
    for name in getattr(kind, "__struct_fields__", ()):
        yield from _types(typing.get_type_hints(kind)[name])
    for member in vars(kind).values():
        if isinstance(member, property) and member.fget:
            yield from _types(typing.get_type_hints(member.fget).get("return"))


def test_every_type_of_a_result_is_exported_and_documented() -> None:
    exported = {getattr(x12proc, name) for name in x12proc.__all__ if isinstance(getattr(x12proc, name), type)}
    reached, waiting = set(), list(exported)
    while waiting:
        kind = waiting.pop()
        if kind not in reached:
            reached.add(kind)
            waiting += _fields_of(kind)
    assert {kind.__name__ for kind in reached - exported} == set()
    manual = (ROOT / "docs" / "api.md").read_text()
    documented = set(re.findall(r"`(\w+)", manual))
    assert {name for name in x12proc.__all__ if name not in documented} == {"__version__"}
    assert all(kind.__doc__ for kind in exported)
