"""What must hold of any bytes whatever: a check for each target of the fuzzer, and for the tests on its finds.

Each check raises when the promise is broken: an AssertionError that says which, or the exception that should never
have come out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from pathlib import Path

import msgspec

from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary, scrub_buffer
from x12proc.engine.tally import tally_of
from x12proc.errors import ConfigError, X12SyntaxError
from x12proc.mask.factory import make_masker
from x12proc.mask.pseudonyms import Key
from x12proc.narrative import Narrative, read
from x12proc.reference.edition import Reference
from x12proc.reference.importing import Importer
from x12proc.replay.case_file import parse_case
from x12proc.replay.report_changes import compare, parse_report
from x12proc.replay.rule_cases import parse_cases
from x12proc.reports.edi.annotate import AnnotatedClaims, AnnotatedEdi, restore_edits
from x12proc.reports.edi.edits import apply
from x12proc.reports.writer import TargetClaim
from x12proc.runner.settings import Settings, load_settings
from x12proc.wire.events import ClaimSpan, Event, Fault, TransactionClosed
from x12proc.wire.scanner import scan

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures"
DEFECTS = FIXTURES / "defects"
CODES = ("J3590",)
TODAY = date(2026, 11, 23)
_NARROW = 61  # bytes of a window that cuts every segment off from its neighbors
_AMOUNTS = ("dose", "strength", "amount_per_container", "discarded")
_COUNTS = ("container_count", "doses_per_container", "invoice_amount")
_ROWS = 40  # of each table of the small edition


@lru_cache(maxsize=1)
def _settings() -> Settings:
    return load_settings(as_of=TODAY, conformance="off")


def _engine() -> Engine:
    return _settings().engine()


# -- wire ---------------------------------------------------------------------------------------------------------


def wire(data: bytes) -> None:
    """Any bytes are read to their end, the same however they are cut into windows, each claim at its offset."""
    events = list(scan(data, CODES, all_claims=True))
    position = 0
    for span in (event for event in events if isinstance(event, ClaimSpan)):
        assert position <= span.start < span.end <= len(data), "claims overlap or stand out of order"
        assert data[span.start : span.start + 1].isalnum(), "a claim doesn't begin with its tag"
        position = span.end
    for fault in (event for event in events if isinstance(event, Fault)):
        assert 0 <= fault.byte_offset <= len(data), "a fault is outside of the file"
    counted = sum(event.claims for event in events if isinstance(event, TransactionClosed))
    assert counted >= sum(isinstance(event, ClaimSpan) for event in events), "claims were reported and not counted"
    narrow = list(scan(data, CODES, all_claims=True, window=_NARROW))
    assert _reported(narrow) == _reported(events), "what is reported depends on the size of the window"


def _reported(events: list[Event]) -> list[object]:
    """Return what is reported; faults of a window, which come earlier or later, are sorted."""
    faults = sorted((event.byte_offset, event.code) for event in events if isinstance(event, Fault))
    return [event for event in events if not isinstance(event, Fault)] + [faults]


# -- claims -------------------------------------------------------------------------------------------------------


def claims(data: bytes) -> None:
    """Any claim is scrubbed without a crash into a document that can be written; each segment has its place."""
    summary = Summary()
    for outcome in scrub_buffer(data, _engine(), CODES, all_claims=True):
        summary.count(outcome)
        if isinstance(outcome, ClaimResult):
            assert not outcome.crashes, str(outcome.crashes[0])
            _check_claim(outcome, data)
    assert summary.target_claims <= summary.claims or summary.failed
    assert summary.rejected_claims <= summary.claims or summary.failed  # a stray code rejects without a target


def _check_claim(scrubbed: ClaimResult, data: bytes) -> None:
    claim = scrubbed.claim
    for segment in claim.segments:
        assert data.startswith(segment.raw, segment.offset), "a segment's bytes are not those of its place"
    for finding in scrubbed.all_findings:
        assert 0 <= finding.location.byte_offset <= len(data), f"{finding.rule} points outside of the file"
        assert finding.message.isprintable(), f"{finding.rule} repeats what can't be printed"
    document = msgspec.json.decode(msgspec.json.encode(scrubbed.to_dict()))
    rejects = [finding for finding in scrubbed.all_findings if finding.severity == "reject"]
    assert document["disposition"] == ("rejected" if rejects else "accepted")


# -- narrative ----------------------------------------------------------------------------------------------------


def narrative(data: bytes) -> None:
    """Any texts are read the same way twice; every number is one, and every name is known."""
    texts = tuple(data.decode("latin-1").split("\n")[:4])
    lexicon = _settings().reference.lexicon()
    said = read(texts, lexicon)
    assert said == read(texts, lexicon), "reading has a memory"
    facts = msgspec.to_builtins(said)
    for number in _numbers(facts):
        assert Decimal(number).is_finite(), f"{number!r} is no number"
    assert said.matched is None or said.drug_name is not None, "a drug is matched without a name"
    assert (said.route is None) == (not said.routes), "the route is none of the routes"
    msgspec.convert(facts, Narrative)


def _numbers(facts: dict[str, object]) -> Iterator[str]:
    for name in _AMOUNTS:
        amount = facts[name]
        if isinstance(amount, dict):
            yield from (str(amount[key]) for key in ("value", "per_value") if amount.get(key) is not None)
    yield from (str(facts[name]) for name in _COUNTS if facts[name] is not None)


# -- restore ------------------------------------------------------------------------------------------------------


def restore(data: bytes) -> None:
    """What was annotated is given back byte for byte; restoring what never was does no harm to its envelopes."""
    if b"X12PROC" in data:  # notes of ours that are there already go as well, as the manual says
        b"".join(apply(data, restore_edits(data)))
        return
    written: list[bytes] = []
    writer, renderer = AnnotatedEdi(data, written.append), AnnotatedClaims(data)
    for outcome in scrub_buffer(data, _engine(), CODES):
        if isinstance(outcome, ClaimResult):
            writer.claim(TargetClaim(outcome.span, tally_of(outcome)), renderer.render(outcome, {}))
        else:
            writer.handle(outcome)
    writer.end(Summary())
    annotated = b"".join(written)
    assert b"".join(apply(annotated, restore_edits(annotated))) == data, "the source is not given back"


# -- masking ------------------------------------------------------------------------------------------------------


def mask(data: bytes) -> None:
    """Any file is masked, or said to be none; the masked one of a sound file holds as many claims.

    Of a file with faults an element may be masked that says how to read it, such as a guide of no known form.
    """
    masker = make_masker(data, _key(), _key().shifts[0], TODAY, _settings().reference.lexicon())
    try:
        masked = b"".join(apply(data, masker.edits()))
    except X12SyntaxError:
        return
    if not any(isinstance(event, Fault) and event.severity == "error" for event in scan(data, CODES)):
        assert _claims_of(masked) == _claims_of(data), "a claim is lost or made up"


@lru_cache(maxsize=1)
def _key() -> Key:
    return Key(b"a key for the fuzzer")


def _claims_of(data: bytes) -> int:
    return sum(isinstance(event, ClaimSpan) for event in scan(data, CODES, all_claims=True))


# -- tables and cases ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _small_edition() -> Reference:
    """The shipped edition, cut to a few rows a table."""
    folder = ROOT / "config" / "reference"
    tables = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    manifest = tables["edition.toml"]
    for name in [name for name in tables if name.endswith(".csv")]:
        rows = tables[name].splitlines(keepends=True)[:_ROWS]
        tables[name] = b"".join(rows)
        head = rf"(\[tables\.{name.removesuffix('.csv')}\]\s+rows = )\d+".encode()
        manifest = re.sub(head, rb"\g<1>%d" % (len(rows) - 1), manifest)
    tables["edition.toml"] = manifest
    return Reference(tables.__getitem__)


_NAMES = (
    "product.txt",
    "package.txt",
    "asp.csv",
    "noc.csv",
    "HCPC2026_ANWEB.txt",
    "purple.csv",
    "icd10cm-2026.txt",
)


def reference(data: bytes) -> None:
    """A download is taken, or refused with its name; the edition it would change stays as it is."""
    name = _NAMES[data[0] % len(_NAMES)] if data else "empty.csv"
    base = _small_edition()
    importer = Importer(base, TODAY)
    try:
        importer.add(name, partial(io.BytesIO, data[1:]))
        tables = importer.tables()
    except ValueError as error:
        _check_named(error, name)
        return
    assert Reference(tables.__getitem__).manifest().edition, "an edition without a name"


def case(data: bytes) -> None:
    """A case, a rule fixture or a report is read, or refused with the file's name."""
    for parse in (parse_case, parse_cases):
        try:
            parse(data, "case.toml")
        except ConfigError as error:
            _check_named(error, "case.toml")
    try:
        report = parse_report(data, "report.json")
    except ConfigError as error:
        _check_named(error, "report.json")
    else:
        assert not compare(report, report), "a report differs from itself"


def _check_named(error: Exception, name: str) -> None:
    assert name in str(error), f"the error doesn't name the file: {error}"


TARGETS: dict[str, Callable[[bytes], None]] = {
    "wire": wire,
    "claims": claims,
    "narrative": narrative,
    "restore": restore,
    "reference": reference,
    "case": case,
    "mask": mask,
}
