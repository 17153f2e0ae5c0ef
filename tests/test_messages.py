"""Every message says what is wrong, and every fix what to write, in words and segments that can be pasted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import pytest
from support.rule_cases import FIXTURES, all_cases, load
from support.rules import case_reference, with_options

from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import scrub_buffer
from x12proc.findings import Finding
from x12proc.rules import all_rules

LONGEST_MESSAGE, LONGEST_FIX = 200, 300
LONGEST_SENTENCE = 25  # words
# Words of our own that no biller uses, and British spellings.
BANNED = re.compile(
    r"\b(?:stands?|stood|told|tells?|held against|comes? to|came to|behind|as it came|recognised|misspelt"
    r"|authoris\w*|artefact\w*|normalis\w*|licen[c]e\w*|millilit[r]es?|lit[r]es?|labelled|programmes?"
    r"|anaesthesia|centres?|colour\w*)\b|\bnothing\b[^.;]*\bsays?\b",
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(r"<[^>]*>")
SEGMENT = re.compile(r"(?<![\w*~])([A-Z][A-Z0-9]{1,2})\*([^~]*)~|(?<=~)([A-Z][A-Z0-9]{1,2})\*([^~]*)~")
# How many elements a pasted segment has at least and at most, and which of them must not be empty.
ELEMENTS = {
    "SV1": (7, 16, (1, 2, 3, 4)),
    "SV2": (4, 10, (1, 2, 3)),
    "LIN": (3, 3, (2, 3)),
    "CTP": (5, 5, (4, 5)),
    "DTP": (3, 3, (1, 2, 3)),
    "REF": (2, 4, (1, 2)),
    "NTE": (2, 2, (1, 2)),
    "HI": (1, 12, (1,)),
    "CLM": (5, 20, (1, 2, 5)),
    "PWK": (6, 6, (1, 2, 6)),
    "SVD": (3, 6, (1, 2, 3)),
    "K3": (1, 1, (1,)),
}
# Whose own rule reports what their corrected segment has left: an empty element that was sent so.
LEFT_AS_SENT = frozenset(("BAL01", "BAL02", "BAL03", "INS01", "INS09", "DX02"))


@lru_cache(maxsize=1)
def emitted() -> tuple[Finding, ...]:
    """The findings of every fixture case, each text once."""
    found: dict[tuple[str, str, str], Finding] = {}
    other_codes = [case for path in sorted((FIXTURES / "codes").glob("*.toml")) for case in load(path)]
    for case in [*(case for _, case in all_cases()), *other_codes]:
        engine = Engine(
            all_rules(),
            with_options(case),
            case_reference(case),
            codes=case.codes,
            as_of=case.as_of,
            profile=case.profile,
            sent_before=lambda _, sent=case.sent_before: sent,  # type: ignore[misc]  # bound now
        )
        for outcome in scrub_buffer(case.data(), engine, case.codes):
            if isinstance(outcome, ClaimResult):
                for finding in outcome.all_findings:
                    found.setdefault((finding.rule, finding.message, finding.fix), finding)
    return tuple(found.values())


def of_rule(rule: str) -> list[Finding]:
    return [finding for finding in emitted() if finding.rule == rule]


def pasted(text: str) -> Iterator[list[str]]:
    """The elements of every segment that a text shows, the tag first."""
    for found in SEGMENT.finditer(text):
        yield found[0].rstrip("~").split("*")


def without_values(finding: Finding, text: str) -> str:
    """A text without the words of the claim that it repeats."""
    for shown in (finding.value or "", *SEGMENT.findall(text)):
        quoted = shown if isinstance(shown, str) else next(part for part in shown[1::2] if part)
        text = text.replace(quoted, "") if len(quoted) > 1 else text
    return text


def sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!~])\s+", SEGMENT.sub("segment", text))


@pytest.mark.parametrize("rule", sorted(all_rules()))
def test_message_and_fix_are_plain_and_complete(rule: str) -> None:
    findings = of_rule(rule)
    assert findings, "no case finds anything"
    for finding in findings:
        for text, longest in ((finding.message, LONGEST_MESSAGE), (finding.fix, LONGEST_FIX)):
            assert len(text) <= longest, text
            assert text == text.strip(), repr(text)
            assert not PLACEHOLDER.search(text), text
            own = BANNED.search(without_values(finding, text))
            assert not own, (text, own)
        assert finding.message != finding.fix
        assert finding.message.rstrip(".") not in finding.fix
        assert not finding.message.endswith("."), finding.message


@pytest.mark.parametrize("rule", sorted(all_rules()))
def test_segments_to_paste_are_whole(rule: str) -> None:
    for finding in of_rule(rule):
        for tag, *elements in pasted(finding.fix):
            least, most, filled = ELEMENTS[tag]
            assert least <= len(elements) <= most, finding.fix
            if rule not in LEFT_AS_SENT:
                assert all(elements[position - 1].strip() for position in filled), finding.fix
            assert elements[-1], finding.fix


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.id)
def test_rule_is_written_plainly(rule) -> None:  # type: ignore[no-untyped-def]  # a Rule, by parametrize
    for text in (rule.summary, rule.fix, rule.why):
        own = BANNED.search(text)
        assert not own, (text, own)
        assert not PLACEHOLDER.search(text), text
        for sentence in sentences(text):
            assert len(sentence.split()) <= LONGEST_SENTENCE, sentence
    assert len(rule.fix) <= LONGEST_FIX
    assert rule.summary != rule.fix
    list(pasted(rule.fix))


def test_a_fix_bills_the_code_of_the_line() -> None:
    """An example of J3590 is no help on a line of another code."""
    for finding in emitted():
        billed = re.search(r"\bHC:([A-Z][0-9]{4})\b", finding.fix)
        if billed and finding.fix == all_rules()[finding.rule].fix:
            assert finding.rule in ("COD01", "COD05", "COD06", "COD07", "BAL08", "INS02", "INS08", "MOD11"), (
                finding
            )


def fixes(rule: str, name: str) -> list[str]:
    """The fixes of a rule in a case."""
    (case,) = [case for owner, case in all_cases() if (owner, case.name) == (rule, name)]
    engine = Engine(
        all_rules(),
        with_options(case),
        case_reference(case),
        codes=case.codes,
        as_of=case.as_of,
        profile=case.profile,
    )
    claims = [one for one in scrub_buffer(case.data(), engine, case.codes) if isinstance(one, ClaimResult)]
    return [finding.fix for claim in claims for finding in claim.all_findings if finding.rule == rule]


@pytest.mark.parametrize(
    ("rule", "name", "words"),
    [
        ("BAL09", "patient-supplied-warn", "send SV1*HC:J3590:JZ::::ELFABRIO 80MG IV 4X20MG/10ML SDV PATIENT "),
        ("BAL09", "patient-supplied-warn", " SUPPLIED*0.01*UN*1***1~ and correct CLM02"),
        ("BAL09", "institutional-warn", "*0.01*UN*1~ and correct CLM02"),
        ("BAL09", "segment-that-can-not-be-shown-warn", "Charge a token amount"),
        ("MOD14", "bought-under-340b-massachusetts-warn", "with HC:J3590:JZ:UD."),
        ("MOD14", "no-other-modifier-warn", "with HC:J3590:UD."),
        ("MOD14", "among-four-modifiers-warn", "Add the payer's modifier"),
    ],
)
def test_a_fix_shows_what_to_send(rule: str, name: str, words: str) -> None:
    (fix,) = fixes(rule, name)
    assert words in fix
