"""The Python API: claims read, claims scrubbed, from a path, bytes or a binary file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO, TypeAlias

from x12proc.claims.builder import ClaimBuilder
from x12proc.claims.model import Claim
from x12proc.engine import ScrubbedClaim
from x12proc.errors import X12SyntaxError
from x12proc.files import Input, OpenInput
from x12proc.pool import Conformance, GuideChecks
from x12proc.run import outcomes
from x12proc.settings import GuideErrorPolicy, load_settings
from x12proc.wire.events import ClaimSpan, Fault
from x12proc.wire.scanner import scan as scan_events
from x12proc.wire.window import Buffer

Source: TypeAlias = str | Path | bytes | BinaryIO


def read(source: Source) -> Iterator[Claim]:
    """Every claim of a file, in file order, whatever it bills.

    Raises X12SyntaxError at the place where the file can't be read on; OSError for a file that can't be opened.
    """
    with _buffer(source) as buffer:
        builder = ClaimBuilder(buffer)
        for event in scan_events(buffer, (), every_claim=True):
            if isinstance(event, ClaimSpan):
                yield builder.build(event)
            elif isinstance(event, Fault) and event.severity == "error":
                raise X12SyntaxError(event.code, event.message, event.byte_offset)


def scrub(
    source: Source,
    *,
    profile: str | None = None,
    codes: Sequence[str] | None = None,
    as_of: date | None = None,
    config: Path | None = None,
    conformance: Conformance | None = None,
    guide_errors: GuideErrorPolicy | None = None,
) -> Iterator[ScrubbedClaim]:
    """The target claims of a file with what was found in them, in file order.

    ``profile`` holds for all claims; it is chosen claim by claim when None. ``conformance`` says what is held
    against its implementation guide (``off``, ``targets``, ``full``) and ``guide_errors`` whether that rejects
    (``report``, ``reject``); where None, the configuration says it. Raises ConfigError for settings that
    don't exist, X12SyntaxError where the file can't be read on or a rule crashed (nothing after that counts as
    accepted), OSError for a file that can't be opened.
    """
    settings = load_settings(
        config=config,
        codes=codes,
        profile=profile,
        as_of=as_of,
        conformance=conformance,
        guide_errors=guide_errors,
    )
    with _buffer(source) as buffer:
        for outcome in outcomes(buffer, settings, GuideChecks(settings.conformance)):
            if isinstance(outcome, ScrubbedClaim):
                yield outcome
            elif isinstance(outcome, Fault) and outcome.severity == "error":
                raise X12SyntaxError(outcome.code, outcome.message, outcome.byte_offset)


@contextmanager
def _buffer(source: Source) -> Iterator[Buffer]:
    if isinstance(source, bytes):
        yield source
    elif isinstance(source, str | Path):
        with OpenInput(Input(Path(source))) as opened:
            yield opened.buffer
    else:
        yield source.read()
