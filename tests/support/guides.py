"""Runs guide conformance on files in tests: what the validator says, and what the outcomes then tell."""

from __future__ import annotations

from collections.abc import Sequence

from support.edi import join, segments
from support.pyx12_whole import Fault
from support.rules import profiles, reference
from x12proc.conformance.batcher import ClaimBatcher
from x12proc.conformance.check import check
from x12proc.conformance.checker import GuideChecker
from x12proc.conformance.stream import with_guide_errors
from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, scrub_buffer
from x12proc.findings import GuideError
from x12proc.replay.rule_cases import AS_OF
from x12proc.rules import all_rules
from x12proc.wire.events import ClaimSpan
from x12proc.wire.scanner import scan

CODES = ("J3590",)


def run(data: bytes, *, whole: bool = False, reject: bool = False) -> list[Outcome]:
    """The outcomes of a file, as `--conformance targets` or, with `whole`, `full` has them."""
    engine = Engine(all_rules(), profiles(), reference(), codes=CODES, as_of=AS_OF)
    checker = GuideChecker(data, lambda batch: lambda: check(batch), whole=whole)
    outcomes = scrub_buffer(data, engine, CODES, all_claims=whole)
    return list(with_guide_errors(outcomes, checker, reject=reject))


def claims(data: bytes, *, reject: bool = False) -> list[ClaimResult]:
    """The target claims of a file."""
    return [outcome for outcome in run(data, reject=reject) if isinstance(outcome, ClaimResult)]


def spans(data: bytes) -> list[ClaimSpan]:
    """Where the claims stand that mention a code."""
    return [event for event in scan(data, CODES) if isinstance(event, ClaimSpan)]


def raw_errors(data: bytes) -> list[tuple[GuideError, ...]]:
    """What the validator says of each of these claims, before anything is reported once."""
    return [errors for batch in ClaimBatcher(data).batches(spans(data)) for errors in check(batch).claims]


def one(data: bytes) -> tuple[GuideError, ...]:
    """What it says of the only one."""
    (errors,) = raw_errors(data)
    return errors


def reduced(errors: Sequence[GuideError]) -> set[Fault]:
    """Errors as the reference writes them: segment index, segment or element, code."""
    return {(error.location.segment_index, error.location.element, error.code) for error in errors}


def edited(data: bytes, *edits: tuple[str, str]) -> bytes:
    """A file in which the first segment that begins like this is another one (empty: is gone)."""
    parts = segments(data)
    for start, new in edits:
        at = next(position for position, part in enumerate(parts) if part.startswith(start))
        parts[at : at + 1] = [new] if new else []
    return join(parts)
