"""Make the record's entry of a claim from its result."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from x12proc.claims.model import Claim, Days, ServiceLine, period_days
from x12proc.engine.fixes import Fix
from x12proc.engine.result import ClaimResult, LineResult
from x12proc.findings import Finding, HiddenFinding
from x12proc.record.keys import RecordKeys
from x12proc.record.model import ClaimBody, RecordedFinding, RecordedLine
from x12proc.reference.ndc import normalize
from x12proc.values import parse_charge

_NDC9 = 9  # digits of labeler and product
_ORIGINAL = "F8"
_UNREAD = ""


class SetEntry(msgspec.Struct, frozen=True, array_like=True):
    """The keys of a transaction set and its envelopes."""

    interchange_key: bytes
    group_key: bytes
    set_key: bytes


class RecordEntry(msgspec.Struct, frozen=True, array_like=True):
    """A claim to be recorded: its keys, those it is also found by, and the rest."""

    envelope: SetEntry
    claim_key: bytes
    provider_key: bytes
    further_keys: tuple[bytes, ...]
    body: ClaimBody


def claim_entry(result: ClaimResult, keys: RecordKeys) -> RecordEntry:
    """Return the entry of a claim. It holds no text of the claim but codes and amounts that are nothing else."""
    claim = result.claim
    provider = claim.billing_provider
    envelope = SetEntry(
        keys.control(claim.interchange_control),
        keys.control(claim.group_control),
        keys.control(claim.transaction_control),
    )
    lines = tuple([_line(found, claim, keys) for found in result.lines])
    further = dict.fromkeys([*keys.prefixes(claim.id), *(line.control_key for line in lines if line.control_key)])
    return RecordEntry(
        envelope, keys.claim(claim.id), keys.provider(provider.id if provider else ""), tuple(further),
        _body(result, lines, keys),
    )  # fmt: skip


def _body(result: ClaimResult, lines: tuple[RecordedLine, ...], keys: RecordKeys) -> ClaimBody:
    claim = result.claim
    original = claim.reference(_ORIGINAL)
    days = _claim_days(claim, [found.line for found in result.lines])
    return ClaimBody(
        payer_key=keys.payer(claim.payer.id if claim.payer else ""),
        original_key=keys.reference(original.value if original else ""),
        type="I" if claim.type == "I" else "P",
        frequency=claim.frequency if claim.frequency.isascii() and len(claim.frequency) == 1 else _UNREAD,
        charge=_amount(claim.charge),
        month=_month(days),
        first_day=keys.day(days[0] if days else None),
        last_day=keys.day(days[1] if days else None),
        rejected=result.rejected,
        profile=result.profile,
        findings=_findings(result.findings, result.hidden, result.fixes),
        lines=lines,
    )


def _line(found: LineResult, claim: Claim, keys: RecordKeys) -> RecordedLine:
    line = found.line
    days = line.service_days or period_days(claim.statement_period)
    ndc = normalize(line.ndc) if line.ndc else None
    return RecordedLine(
        control_key=keys.line(line.control),
        number_key=keys.number(line.number),
        procedure=line.procedure.upper(),
        modifiers=tuple([code for code in line.modifiers_sent if len(code) == 2 and code.isalnum()]),
        ndc9=ndc[:_NDC9] if ndc else _UNREAD,
        charge=_amount(line.charge),
        month=_month(days),
        first_day=keys.day(days[0] if days else None),
        last_day=keys.day(days[1] if days else None),
        findings=_findings(found.findings, found.hidden, found.fixes),
    )


def _findings(
    reported: Iterable[Finding], hidden: Iterable[HiddenFinding], fixes: Iterable[Fix]
) -> tuple[RecordedFinding, ...]:
    """Return the findings of a claim or line, each once; those of a rule are hidden only if none is reported."""
    fixed = {fix.rule for fix in fixes if fix.applied}
    entries = [
        RecordedFinding(one.rule, one.severity, "fixed" if one.rule in fixed else "reported") for one in reported
    ]
    known = {one.rule for one in entries}
    entries += [
        RecordedFinding(one.finding.rule, one.finding.severity, one.state)
        for one in hidden
        if one.finding.rule not in known
    ]
    return tuple(dict.fromkeys(entries))


def _claim_days(claim: Claim, targets: Iterable[ServiceLine]) -> Days | None:
    """Return the first and last day of the target lines, or else of the statement."""
    periods = [line.service_days for line in targets if line.service_days is not None]
    if not periods:
        return period_days(claim.statement_period)
    return min(first for first, _ in periods), max(last for _, last in periods)


def _month(days: tuple[date, date] | None) -> str:
    return f"{days[0]:%Y-%m}" if days else _UNREAD


def _amount(text: str) -> str:
    """Return a charge as sent; what is no amount may be any text, and is left out."""
    return text if parse_charge(text) is not None else _UNREAD
