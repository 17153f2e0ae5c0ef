"""Claims without a code come together, as a run: every artifact is the same as with each of them by itself."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from unittest import mock

import pytest
from support.acks import acknowledge
from support.acks import engine as shipped
from support.edi import CLINIC, HOSPITAL, join, restyle, segments
from support.mutations import mutated
from support.streams import pass_to

from x12proc.engine.stream import Summary, scrub_buffer
from x12proc.errors import InternalError
from x12proc.reports.acks.ack_277ca import ClaimAcknowledgement
from x12proc.reports.acks.envelopes import AckSettings
from x12proc.reports.acks.patient_levels import patient_levels
from x12proc.reports.edi import renumber as renumber_module
from x12proc.reports.edi.split import ACCEPTED, REJECTED, Split
from x12proc.reports.edi.split_check import SplitCheck
from x12proc.wire.events import ClaimRun, Event
from x12proc.wire.runs import claims_of
from x12proc.wire.scanner import scan

CODES = ("J3590",)
AMOUNTS = ("0120.5", "12.345", "-4", "0", "0.00", "7.00", "1.5", "12.", ".5", "1234567890", "12O")
WINDOWS = (400, 4096, 512 * 1024)


def sparse(data: bytes, seed: int, share: float = 0.8) -> bytes:
    """A file of which most claims bill another code."""
    choose = random.Random(seed)
    head, *claims = data.split(b"CLM*")
    return head + b"".join(
        b"CLM*" + (claim.replace(b"J3590", b"J1100") if choose.random() < share else claim) for claim in claims
    )


def grown(data: bytes, seed: int) -> bytes:
    """A file with the claims and loops of its first set many times over, now and then in another form."""
    choose = random.Random(seed)
    parts = segments(data)
    first = next(at for at, part in enumerate(parts) if part.startswith("HL*"))
    last = next(at for at, part in enumerate(parts) if part.startswith("SE*"))
    body = [part for _ in range(6) for part in parts[first:last]]
    body = [_other_form(part, choose, wrong_parents=seed == 2) for part in body]
    return join(
        [*parts[:first], *body, f"SE*{len(body) + first - 1}*{parts[last].split('*')[2]}", *parts[last + 1 :]]
    )


def _other_form(part: str, choose: random.Random, *, wrong_parents: bool) -> str:
    if choose.random() > 0.03:
        return part
    fields = part.split("*")
    forms = {
        "CLM": [
            (1, "A:B"),
            (1, ""),
            (2, "0120.5"),
            (2, "12.345"),
            (2, "-4"),
            (2, "0"),
            (2, "7.00"),
            (1, "Z" * 60),
        ],
        "NM1": [(3, "MU\u00d1OZ"), (3, ""), (4, " ANN "), (9, ""), (9, "1"), (8, "II"), (7, "JUNIOR THE 3RD")],
        "DTP": [(3, "20240231"), (3, "20240101-20240105"), (2, "RD8"), (3, "2024"), (1, "434")],
        "HL": [(4, "1"), (4, "0"), (4, ""), (2, ""), *([(1, "007"), (2, "99")] if wrong_parents else [])],
        "REF": [(1, "D9")],
    }
    for number, value in choose.sample(forms.get(fields[0], []), k=min(1, len(forms.get(fields[0], [])))):
        if number < len(fields):
            fields[number] = value
    return "*".join(fields)


def files() -> Iterator[tuple[str, bytes]]:
    """Files in which claims with a code are few."""
    for name, data in (("clinic", CLINIC.read_bytes()), ("hospital", HOSPITAL.read_bytes())):
        for seed in range(3):
            yield f"{name}-{seed}", sparse(data, seed)
            yield f"{name}-grown-{seed}", sparse(grown(data, seed), seed, 0.9)
            yield f"{name}-faults-{seed}", mutated(sparse(data, seed), seed, faults=12)
        for style in ("pipe", "tilde-crlf", "control"):
            yield f"{name}-{style}", restyle(sparse(data, 7), style)
        yield f"{name}-none", sparse(data, 0, 1.0)


FILES = dict(files())


def one_by_one(data: bytes, window: int) -> list[Event]:
    """The events of a file, the claims of its runs one by one."""
    found: list[Event] = []
    for event in scan(data, CODES, all_claims=True, runs=True, window=window):
        if isinstance(event, ClaimRun):
            claims = list(claims_of(event, data))
            assert len(claims) == event.claims > 0
            assert claims[-1].end == event.end
            assert all(claim.provider == event.provider for claim in claims)
            found += claims
        else:
            found.append(event)
    return found


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", FILES)
def test_a_run_holds_the_claims_that_are_reported_without_it(name: str, window: int) -> None:
    data = FILES[name]
    assert one_by_one(data, window) == list(scan(data, CODES, all_claims=True, window=window))


def test_most_claims_without_a_code_come_in_runs() -> None:
    data = FILES["clinic-grown-0"]
    runs = [event for event in scan(data, CODES, all_claims=True, runs=True) if isinstance(event, ClaimRun)]
    assert sum(run.claims for run in runs) > 100
    assert len(runs) < 80


def split(data: bytes, window: int, *, runs: bool) -> tuple[dict[str, bytes], str | None]:
    """Both files, proven; or why the claims can't be split."""
    written = {kind: io.BytesIO() for kind in (ACCEPTED, REJECTED)}
    writer, proof, summary = Split(data, written), SplitCheck(data), Summary()
    for outcome in scrub_buffer(data, shipped(), CODES, all_claims=True, runs=runs, window=window):
        summary.count(outcome)
        pass_to(writer, outcome)
        pass_to(proof, outcome)
    writer.end(Summary())
    if summary.failed:
        return {}, "failed"
    if writer.ambiguity is not None:
        return {}, writer.ambiguity.code
    proof.end(summary)
    texts = {kind: file.getvalue() for kind, file in written.items()}
    doubts = [proof.check(kind, text) for kind, text in texts.items()]
    return texts, next((doubt.code for doubt in doubts if doubt is not None), None)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", FILES)
def test_a_split_is_the_same(name: str, window: int) -> None:
    data = FILES[name]
    assert split(data, window, runs=True) == split(data, window, runs=False)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("name", FILES)
def test_acknowledgements_are_the_same(name: str, compiled: bool) -> None:
    if compiled and patient_levels is None:
        pytest.skip("nothing was compiled: needs a C compiler when the package is installed")
    data = FILES[name]
    for settings in (AckSettings(), AckSettings(scope="rejected")):
        alone = acknowledge(data, settings=settings)
        with mock.patch(f"{ClaimAcknowledgement.__module__}.patient_levels", patient_levels if compiled else None):
            outcomes = scrub_buffer(data, shipped(), CODES, all_claims=True, runs=True)
            assert acknowledge(data, settings=settings, outcomes=outcomes) == alone


def test_loops_are_renumbered_together() -> None:
    """Else the test of the split would show nothing of it."""
    made = []
    kept = renumber_module.renumber

    def watched(*arguments: object) -> object:
        made.append(kept(*arguments))  # type: ignore[arg-type]  # whatever it is called with
        return made[-1]

    with mock.patch("x12proc.reports.edi.split.renumber", watched):
        split(FILES["clinic-grown-1"], 512 * 1024, runs=True)
    assert sum(one is not None for one in made) > 5
    assert any(one is not None and one.text is not None for one in made)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param((b"CLM*P", b"CLM*Q"), id="another claim"),
        pytest.param((b"*23*0~", b"*22*0~"), id="another level"),
        pytest.param((b"NM1*IL*1*", b"NM1*IL*2*"), id="another subscriber"),
    ],
)
def test_the_proof_of_runs_sees_what_is_wrong(change: tuple[bytes, bytes]) -> None:
    data = FILES["clinic-none"]
    written, doubt = split(data, 512 * 1024, runs=True)
    assert doubt is None
    proof = SplitCheck(data)
    for outcome in scrub_buffer(data, shipped(), CODES, all_claims=True, runs=True):
        pass_to(proof, outcome)
    assert proof.check(ACCEPTED, written[ACCEPTED]) is None
    damaged = written[ACCEPTED].replace(*change, 1)
    assert damaged != written[ACCEPTED]
    with pytest.raises(InternalError):
        proof.check(ACCEPTED, damaged)
