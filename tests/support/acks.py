"""Writes the acknowledgements of a file with the core alone, and reads them again in the simplest way there is."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from support.rules import profiles, reference
from support.streams import pass_to
from x12proc.engine.engine import Engine
from x12proc.engine.stream import Outcome, Summary, scrub_buffer
from x12proc.reports.acks.ack_277ca import AcknowledgedClaims, ClaimAcknowledgement
from x12proc.reports.acks.ack_999 import ImplementationAcknowledgement, ImplementationErrors
from x12proc.reports.acks.envelopes import AckSettings, ControlNumbers, InterchangeRejection
from x12proc.reports.acks.ta1 import InterchangeAcknowledgement
from x12proc.reports.writer import ClaimRenderer, StreamWriter
from x12proc.rules import all_rules

NOW = datetime(2024, 4, 1)  # noqa: DTZ001 - local and without a zone, as envelopes are
KINDS = ("999", "277ca", "ta1")


def engine() -> Engine:
    """The shipped rules and profiles, for one file."""
    return Engine(all_rules(), profiles(), reference(), codes=("J3590",), as_of=NOW.date())


def acknowledge(
    data: bytes,
    *,
    outcomes: Iterable[Outcome] | None = None,
    settings: AckSettings | None = None,
    refuse: InterchangeRejection | None = None,
    first: int = 0,
    window: int = 4096,
) -> dict[str, bytes]:
    """All acknowledgements of a file. ``outcomes`` replace those of the shipped rules."""
    settings = settings or AckSettings()
    controls = ControlNumbers(first)
    written = {kind: io.BytesIO() for kind in KINDS}
    scratch = (io.BytesIO(), io.BytesIO(), io.BytesIO())
    implementation = ImplementationAcknowledgement(
        data, written["999"].write, io.BytesIO(), controls, NOW, refuse=refuse
    )
    claims = ClaimAcknowledgement(
        data, written["277ca"].write, scratch, controls, NOW, settings=settings, refuse=refuse
    )
    writers: list[tuple[StreamWriter, ClaimRenderer | None]] = [
        (implementation, ImplementationErrors()),
        (claims, AcknowledgedClaims(NOW)),
        (InterchangeAcknowledgement(data, written["ta1"].write, controls, NOW, refuse=refuse), None),
    ]
    for outcome in outcomes or scrub_buffer(data, engine(), ("J3590",), all_claims=True, window=window):
        for writer, renderer in writers:
            pass_to(writer, outcome, renderer)
    for writer, _ in writers:
        writer.end(Summary())
    return {kind: file.getvalue() for kind, file in written.items()}


def rows(data: bytes, *tags: str) -> list[list[str]]:
    """The segments of an acknowledgement as elements; of some tags, or all."""
    split = [line.rstrip("~").split("*") for line in data.decode("ascii").splitlines()]
    return [row for row in split if not tags or row[0] in tags]


def lines(data: bytes, *tags: str) -> list[str]:
    """The segments of an acknowledgement as text; of some tags, or all."""
    return ["*".join(row) for row in rows(data, *tags)]


def claims(data: bytes) -> dict[str, list[str]]:
    """CLM01 to the segments of its patient level, of a 277CA."""
    found = {}
    for level in _split(rows(data), "HL"):
        if level[0][3] == "PT":
            trace = next(location for location, row in enumerate(level) if row[0] == "TRN")
            end = next((location for location, row in enumerate(level) if row[0] == "SE"), len(level))
            found[level[trace][2]] = ["*".join(row) for row in level[trace:end]]
    return found


# -- does it balance? ------------------------------------------------------------------------------------------


def check_counts(data: bytes) -> None:
    """SE01, GE01 and IEA01 are what they count, and trailers name their headers."""
    opened: dict[str, tuple[str, int]] = {}
    inside: dict[str, int] = {}
    for number, row in enumerate(rows(data)):
        if row[0] in ("ISA", "GS", "ST"):
            opened[row[0]] = (row[{"ISA": 13, "GS": 6, "ST": 2}[row[0]]], number)
            inside[row[0]] = 0
            outer = {"GS": "ISA", "ST": "GS"}.get(row[0])
            if outer:
                inside[outer] += 1
        elif row[0] == "SE":
            assert row[1:] == [str(number - opened["ST"][1] + 1), opened["ST"][0]]
        elif row[0] in ("GE", "IEA"):
            header = {"GE": "GS", "IEA": "ISA"}[row[0]]
            assert row[1:] == [str(inside[header]), opened[header][0]]


def check_totals(data: bytes) -> None:
    """Of every set of a 277CA: claims add up to their provider's totals, and providers to the submitter's."""
    for batch in _split(rows(data), "ST"):
        levels = _split(batch, "HL")
        receiver = next(level for level in levels if level[0][3] == "21")
        providers = [level for level in levels if level[0][3] == "19"]
        assert providers
        assert _reported(receiver, ("90", "AA")) == _sum([_reported(level, ("QA", "QC")) for level in providers])
        for provider in providers:
            under = [_claim(level) for level in levels if level[0][3] == "PT" and level[0][2] == provider[0][1]]
            assert under
            assert _reported(provider, ("QA", "QC")) == _sum(under)
        numbers = [int(level[0][1]) for level in levels]
        assert numbers == list(range(1, len(numbers) + 1))


Totals = tuple[int, int, Decimal, Decimal]


def _split(segments: list[list[str]], tag: str) -> list[list[list[str]]]:
    starts = [location for location, row in enumerate(segments) if row[0] == tag]
    return [segments[start:end] for start, end in pairwise([*starts, len(segments)])]


def _reported(level: list[list[str]], quantities: tuple[str, str]) -> Totals:
    found = {row[1]: Decimal(row[2]) for row in level if row[0] in ("QTY", "AMT")}
    totals = (
        int(found.get(quantities[0], 0)), int(found.get(quantities[1], 0)),
        found.get("YU", Decimal(0)), found.get("YY", Decimal(0)),
    )  # fmt: skip
    status = next(row for row in level if row[0] == "STC")
    assert Decimal(status[4]) == totals[2] + totals[3]
    assert status[1].startswith("A1:19")
    return totals


def _claim(level: list[list[str]]) -> Totals:
    status = next(row for row in level if row[0] == "STC")
    amount = Decimal(status[4])
    assert status[3] == ("WQ" if status[1][:2] in ("A0", "A1", "A2") else "U")
    return (0, 1, Decimal(0), amount) if status[3] == "U" else (1, 0, amount, Decimal(0))


def _sum(parts: list[Totals]) -> Totals:
    return (
        sum(part[0] for part in parts), sum(part[1] for part in parts),
        sum((part[2] for part in parts), Decimal(0)), sum((part[3] for part in parts), Decimal(0)),
    )  # fmt: skip
