"""The contents of the page in XML form: the facts of a claim that a biller needs, with line and column in the
file, and the tables above and below the claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from x12proc.engine.document import Document
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Summary
from x12proc.findings import SEVERITIES
from x12proc.reports.html.line_index import LineIndex
from x12proc.reports.html.totals import Gap, Parties, PartyTotals, RuleTotals
from x12proc.reports.xml_markup import claim_form, element
from x12proc.rules.base import Rule
from x12proc.rules.shared.denial_words import remittance_words, status_words
from x12proc.values import format_dollars, parse_charge

GAPS_SHOWN = 25  # tables, NDCs and drugs that were missing
PARTIES_SHOWN = 25  # payers and providers with the highest charges at risk
LINES_SHOWN = 999  # target lines of a claim; neither guide allows more
LINKS_SHOWN = 200  # claims that a rule's text links to
_LONGEST_ID = 60  # characters of a claim id in a list
_CLAIM = (
    "claim_id",
    "type",
    "interchange_control",
    "group_control",
    "transaction_control",
    "profile",
    "disposition",
)
_LINE = ("number", "procedure", "modifiers", "annotation_skipped")
_FINDING = ("rule", "severity", "message", "fix", "claim_status", "remittance", "sources")
_NOTHING = len(SEVERITIES)  # graver than this is every finding


class ClaimLink(msgspec.Struct, frozen=True, gc=False):
    """A claim as lists name it."""

    number: int  # of the target claims, in file order from 1: its anchor
    id: str
    rules: tuple[str, ...]  # each once


class ClaimRow(msgspec.Struct, frozen=True, gc=False):
    """A claim in which nothing was found."""

    number: int
    id: str
    payer: str
    provider: str
    charge: str
    line: int
    column: int
    byte_offset: int


def listed(document: Document, number: int) -> ClaimLink:
    """Return the facts of a claim for lists."""
    holders = (document, *document["lines"])
    rules = dict.fromkeys(finding["rule"] for holder in holders for finding in holder["findings"])
    return ClaimLink(number, document["claim_id"][:_LONGEST_ID], tuple(rules))


def row(document: Document, number: int, lines: LineIndex) -> ClaimRow:
    """The row of a claim in which nothing was found."""
    start = document["byte_range"][0]
    line, column = lines.position(start)
    return ClaimRow(
        number=number,
        id=document["claim_id"][:_LONGEST_ID],
        payer=_named(document["payer"]["name"], document["payer"]["id"]),
        provider=_named(document["billing_provider"]["name"], document["billing_provider"]["npi"]),
        charge=money(document["charge"]),
        line=line,
        column=column,
        byte_offset=start,
    )


def money(charge: str) -> str:
    """A charge with its dollar sign; as sent where it is no amount."""
    amount = parse_charge(charge)
    return charge if amount is None else format_dollars(amount)


# -- a claim ---------------------------------------------------------------------------------------------------


def page_claim(scrubbed: ClaimResult, document: Document, number: int, lines: LineIndex) -> str:
    """A claim with findings, in the page's XML form."""
    segments = scrubbed.claim.segments
    folded = lines.line(segments[0].offset) == lines.line(segments[-1].offset)
    gravest = min((_rank(line) for line in document["lines"]), default=_NOTHING)
    above = [finding for finding in document["findings"] if SEVERITIES.index(finding["severity"]) <= gravest]
    below = document["findings"][len(above) :]
    shown = {
        **{key: document[key] for key in _CLAIM},
        "number": number,
        "money": money(document["charge"]),
        "payer": document["payer"],
        "billing_provider": document["billing_provider"],
        "patient": document.get("patient"),
        "location": _file_position(document["segment_index"], document["byte_range"][0], lines),
        "findings": [_finding(finding, lines) for finding in above],
        "below": [_finding(finding, lines) for finding in below],
        "bypasses": document["bypasses"],
        "guide_errors": [_guide_error(error, lines) for error in document["guide_errors"]],
        "lines": [_line(line, lines) for line in document["lines"][:LINES_SHOWN]],
        "more_lines": len(scrubbed.lines[LINES_SHOWN:]) or None,
    }
    scrubbed = msgspec.structs.replace(scrubbed, lines=scrubbed.lines[:LINES_SHOWN])
    return claim_form(scrubbed, shown, None if folded else lines.line)


def _line(document: Document, lines: LineIndex) -> Document:
    return {
        **{key: document[key] for key in _LINE},
        "rank": _rank(document),
        "money": money(document["charge"]),
        "date": next(iter(document["service_dates"]), None),
        "findings": [_finding(finding, lines) for finding in document["findings"]],
        "fixes": [{**fix, "location": fix["location"]["element"]} for fix in document["fixes"]],
        "unchecked": document["unchecked"],
    }


def _rank(line: Document) -> int:
    """Return the rank of the gravest finding of a line: 0 rejects."""
    return min((SEVERITIES.index(finding["severity"]) for finding in line["findings"]), default=_NOTHING)


def _finding(finding: Document, lines: LineIndex) -> Document:
    return {
        **{key: finding[key] for key in _FINDING},
        "denial": _denial(finding["remittance"]) or None,
        "location": _located(finding["location"], lines),
    }


def _denial(remittance: Document | None) -> str:
    """Return the meaning of the likely denial: its remarks, or its reason where there are none."""
    if remittance is None:
        return ""
    words_by_code = remittance_words(remittance["carc"], remittance["rarc"])
    remarks = [words for code, words in words_by_code if code != remittance["carc"]]
    return "; ".join(remarks or [words for _, words in words_by_code])


def _guide_error(error: Document, lines: LineIndex) -> Document:
    return {**error, "location": _located(error["location"], lines)}


def _located(location: Document, lines: LineIndex) -> Document:
    return {**location, **_file_position(location["segment_index"], location["byte_offset"], lines)}


def _file_position(segment_index: int, byte_offset: int, lines: LineIndex) -> Document:
    line, column = lines.position(byte_offset)
    return {"segment_index": segment_index, "byte_offset": byte_offset, "line": line, "column": column}


# -- the tables ------------------------------------------------------------------------------------------------


def unchecked_table(gaps: Mapping[Gap, int]) -> str:
    """Return what was not checked, most lines first: the rules, what they need, and the command that brings it."""
    order = sorted(gaps.items(), key=lambda entry: (-entry[1], entry[0]))
    rows = [
        element("gap", {"rules": rules, "needs": needs, "until": until or None, "how": how, "lines": lines})
        for (needs, until, how, rules), lines in order[:GAPS_SHOWN]
    ]
    rows.append(element("more", len(order) - GAPS_SHOWN if len(order) > GAPS_SHOWN else None))
    return f"<gaps>{''.join(rows)}</gaps>" if order else ""


def money_totals(summary: Summary) -> Document:
    """The amounts at the top of the page, ready to be read."""
    return {
        "at_risk": format_dollars(summary.charges_at_risk),
        "charges": format_dollars(summary.charges),
        "rate": rate(summary.rejected_claims, summary.target_claims),
        "unread": summary.charges_unread or None,
    }


def rate(part: int, whole: int) -> str:
    """A share in per cent with one decimal."""
    return f"{Decimal(100 * part) / whole:.1f} %" if whole else "0.0 %"


def rule_tables(
    totals: Mapping[str, RuleTotals], found: Mapping[str, Sequence[ClaimLink]], rules: Mapping[str, Rule]
) -> str:
    """Return every rule with findings: its totals, what it means, and its claims."""
    order = sorted(totals.items(), key=lambda entry: (-entry[1].at_risk, -entry[1].findings, entry[0]))
    parts = [_rule(rules[rule_id], totals, found.get(rule_id, ())) for rule_id, totals in order]
    return f"<rules>{''.join(parts)}</rules>"


def _rule(rule: Rule, totals: RuleTotals, found: Sequence[ClaimLink]) -> str:
    facts = {
        "id": rule.id, "name": rule.name, "summary": rule.summary, "why": rule.why, "fix": rule.fix,
        **msgspec.structs.asdict(totals),
        "at_risk": format_dollars(totals.at_risk), "alone_at_risk": format_dollars(totals.alone_at_risk),
    }  # fmt: skip
    parts = [element(key, value) for key, value in facts.items()]
    parts += [element("answer", {"code": code, "words": words}) for code, words in _answers(rule)]
    parts += [element("source", {"title": source.title, "url": source.url}) for source in rule.cited]
    parts += links(found[:LINKS_SHOWN])
    parts.append(element("more", len(found) - LINKS_SHOWN if len(found) > LINKS_SHOWN else None))
    return f"<rule>{''.join(parts)}</rule>"


def _answers(rule: Rule) -> Iterator[tuple[str, str]]:
    """The codes that a payer is likely to answer with, in words."""
    for status in (rule.status, rule.second_status):
        words = status_words(status)
        if words:
            yield status, words
    yield from remittance_words(rule.carc, rule.rarc)


def links(found: Iterable[ClaimLink]) -> Iterator[str]:
    """Claims as links to them."""
    for claim in found:
        yield element("link", {"number": claim.number, "id": claim.id})


def party_table(name: str, parties: Parties) -> str:
    """The payers or providers with the highest charges at risk, and the rest of them as one."""
    shown, rest, others = parties.ranked(PARTIES_SHOWN)
    rows = [element("party", _party(party)) for party in shown]
    if rest.claims:
        rows.append(element("rest", {**_party(rest), "others": others or None}))
    return f"<{name}>{''.join(rows)}</{name}>"


def _party(party: PartyTotals) -> Document:
    return {
        "id": party.id,
        "name": party.name,
        "claims": party.claims,
        "rejected": party.rejected,
        "rate": rate(party.rejected, party.claims),
        "charges": format_dollars(party.charges),
        "at_risk": format_dollars(party.at_risk),
        "unread": party.unread or None,
    }


def _named(name: str, identifier: str) -> str:
    return " ".join(part for part in (name[:_LONGEST_ID], identifier[:_LONGEST_ID]) if part)
