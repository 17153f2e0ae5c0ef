"""Every place where a configured code is has to be accounted for: claims changed by one byte or one segment."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator

import msgspec
import pytest
from support.edi import base

from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import Outcome, Summary, scrub_buffer
from x12proc.runner.settings import Settings, load_settings
from x12proc.wire.events import Fault, MentionCounts

NEAR_LINES = int(os.environ.get("X12PROC_NEAR_LINES", "400"))
SEED = int(os.environ.get("X12PROC_NEAR_SEED", "0"))  # others change claims in other places
CODE = re.compile(rb"j\s*3\s*5\s*9\s*0", re.IGNORECASE)
SETTINGS: Settings = load_settings(conformance="off")


def outcomes(data: bytes, *, all_claims: bool = False) -> list[Outcome]:
    return list(scrub_buffer(data, SETTINGS.engine("off"), ("J3590",), all_claims=all_claims))


def summary(data: bytes, *, all_claims: bool = False) -> Summary:
    totals = Summary()
    for outcome in outcomes(data, all_claims=all_claims):
        totals.count(outcome)
    return totals


def faults(data: bytes) -> list[str]:
    return [outcome.code for outcome in outcomes(data) if isinstance(outcome, Fault)]


def rules(data: bytes) -> set[str]:
    results = [outcome for outcome in outcomes(data) if isinstance(outcome, ClaimResult)]
    return {finding.rule for result in results for finding in result.all_findings}


# -- claims changed in one place ------------------------------------------------------------------------------

Change = Callable[[list[bytes], random.Random], None]


def case_of_a_letter(segments: list[bytes], draw: random.Random) -> None:
    at, position = somewhere(segments, draw)
    letter = segments[at][position : position + 1]
    replace(segments, at, position, letter.swapcase())


def case_of_a_tag(segments: list[bytes], draw: random.Random) -> None:
    at = draw.randrange(len(segments))
    tag, separator, rest = segments[at].partition(b"*")
    segments[at] = draw.choice((tag.lower(), tag.capitalize())) + separator + rest


def case_of_a_segment(segments: list[bytes], draw: random.Random) -> None:
    at = draw.randrange(len(segments))
    segments[at] = segments[at].lower()


def blank(segments: list[bytes], draw: random.Random) -> None:
    at, position = somewhere(segments, draw)
    segments[at] = segments[at][:position] + draw.choice((b" ", b"  ", b"\t")) + segments[at][position:]


def missing_byte(segments: list[bytes], draw: random.Random) -> None:
    at, position = somewhere(segments, draw)
    replace(segments, at, position, b"")


def doubled_byte(segments: list[bytes], draw: random.Random) -> None:
    at, position = somewhere(segments, draw)
    replace(segments, at, position, 2 * segments[at][position : position + 1])


def other_separator(segments: list[bytes], draw: random.Random) -> None:
    at = draw.randrange(len(segments))
    found = [match.start() for match in re.finditer(rb"[*:]", segments[at])]
    if found:
        replace(segments, at, draw.choice(found), draw.choice((b"|", b":", b"*", b">", b"^", b";")))


def missing_segment(segments: list[bytes], draw: random.Random) -> None:
    del segments[draw.randrange(len(segments))]


def doubled_segment(segments: list[bytes], draw: random.Random) -> None:
    at = draw.randrange(len(segments))
    segments.insert(at, segments[at])


def moved_segment(segments: list[bytes], draw: random.Random) -> None:
    segment = segments.pop(draw.randrange(len(segments)))
    segments.insert(draw.randrange(len(segments) + 1), segment)


def joined_segments(segments: list[bytes], draw: random.Random) -> None:
    at = draw.randrange(len(segments) - 1)
    segments[at : at + 2] = [segments[at] + segments[at + 1]]


CHANGES: tuple[Change, ...] = (
    case_of_a_letter,
    case_of_a_tag,
    case_of_a_segment,
    blank,
    missing_byte,
    doubled_byte,
    other_separator,
    missing_segment,
    doubled_segment,
    moved_segment,
    joined_segments,
)


def somewhere(segments: list[bytes], draw: random.Random) -> tuple[int, int]:
    at = draw.randrange(len(segments))
    return at, draw.randrange(len(segments[at]))


def replace(segments: list[bytes], at: int, position: int, new: bytes) -> None:
    segments[at] = segments[at][:position] + new + segments[at][position + 1 :]


def near_lines(sound: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield a name and an interchange changed in one place, again and again."""
    draw = random.Random(100 * SEED + seed)
    for number in range(count):
        segments = [part.strip() for part in sound.split(b"~") if part.strip()]
        change = CHANGES[number % len(CHANGES)]
        change(segments, draw)
        yield f"{change.__name__} {number}", b"~\n".join(segments) + b"~\n"


FAULTY_CLAIMS = {
    kind: re.sub(rb"CTP\*\*\*\*\d+", b"CTP****0", re.sub(rb"\d+MG|\dX\d+MG", b"", base(kind)))
    for kind in ("P", "I")
}
UNTARGETED = {kind: base(kind).replace(b"J3590", b"J1100") for kind in ("P", "I")}


@pytest.mark.parametrize("kind", ["P", "I"])
def test_no_near_line_is_accepted_without_a_finding(kind: str) -> None:
    assert summary(FAULTY_CLAIMS[kind]).status == "rejected"
    accepted = []
    for name, data in near_lines(FAULTY_CLAIMS[kind], NEAR_LINES // 2, seed=7):
        if CODE.search(data) and summary(data).status == "accepted":
            accepted.append((name, data))
    assert not accepted, accepted[0]


@pytest.mark.parametrize("kind", ["P", "I"])
def test_no_near_line_without_a_target_is_rejected_as_one(kind: str) -> None:
    for name, data in near_lines(UNTARGETED[kind], NEAR_LINES // 2, seed=8):
        assert not summary(data).rejected_claims, name


@pytest.mark.parametrize("kind", ["P", "I"])
def test_each_code_is_in_one_class(kind: str) -> None:
    """The classes add up to the codes in the bytes, as far as the file is read to its end."""
    for name, data in near_lines(FAULTY_CLAIMS[kind], NEAR_LINES // 4, seed=9):
        totals = summary(data, all_claims=True)
        if not totals.failed:
            counted = totals.mentions.count + totals.target_lines
            assert counted == len(CODE.findall(data)), (name, totals.mentions)


# -- each kind ------------------------------------------------------------------------------------------------

SERVICE = b"SV1*HC:J3590:"
READ_AS_LINE = {
    "code-in-small-letters": (SERVICE, b"SV1*HC:j3590:"),
    "no-lx": (b"LX*1~\n", b""),
    "second-service": (b"LX*1~\n", b"LX*1~\nSV1*HC:99213*0*UN*1***1~\n"),
    "after-line-provider": (b"LX*1~\n", b"LX*1~\nNM1*82*1*MARCHETTI*PAUL****XX*1376005512~\n"),
    "after-adjudication": (b"LX*1~\n", b"LX*1~\nSVD*60054*10*HC:96365**1~\n"),
    "lx-in-small-letters": (b"LX*1~", b"lx*1~"),
    "lx-without-separator": (b"LX*1~", b"LX1~"),
    "service-in-small-letters": (SERVICE, b"sv1*HC:J3590:"),
    "service-with-blank": (SERVICE, b"SV1 *HC:J3590:"),
    "qualifier-with-blank": (SERVICE, b"SV1*HC :J3590:"),
    "qualifier-in-small-letters": (SERVICE, b"SV1*hc:J3590:"),
    "blank-before-code": (SERVICE, b"SV1*HC: J3590:"),
    "blank-after-code": (SERVICE, b"SV1*HC:J3590 :"),
    "blank-in-code": (SERVICE, b"SV1*HC:J 3590:"),
    "service-of-837i": (SERVICE, b"SV2*0636*HC:J3590:"),
}
STRAY = {
    "no-qualifier": (SERVICE, b"SV1*J3590:"),
    "empty-qualifier": (SERVICE, b"SV1*:J3590:"),
    "other-qualifier": (SERVICE, b"SV1*IV:J3590:"),
    "doubled-component-separator": (SERVICE, b"SV1*HC::J3590:"),
    "other-component-separator": (SERVICE, b"SV1*HC>J3590>"),
    "shifted-element": (SERVICE, b"SV1**HC:J3590:"),
    "dental-service": (SERVICE, b"SV3*HC:J3590:"),
    "equipment-service": (SERVICE, b"SV5*HC:J3590:"),
    "repetition": (SERVICE, b"SV1*HC:J3590^J3590:"),
    "unknown-segment": (SERVICE, b"SVX*HC:J3590:"),
}
FAULTY = {
    "mixed-case-clm": (b"CLM*", b"Clm*", "broken-tag"),
    "clm-with-blank": (b"CLM*", b"CLM *", "broken-tag"),
    "clm-with-other-separator": (b"CLM*B1001*", b"CLM|B1001|", "broken-tag"),
    "clm-joined": (b"CLM*B1001", b"CLMB1001", "broken-tag"),
    "clm-alone": (b"CLM*B1001*15125***11:B:1*Y*A*Y*Y~", b"CLM~", "broken-tag"),
    "clm-in-small-letters": (b"CLM*", b"clm*", "lower-case-tags"),
    "no-clm": (b"CLM*B1001*15125***11:B:1*Y*A*Y*Y~\n", b"", "code-outside-claim"),
    "hl-in-small-letters": (b"HL*2*1*22*0~", b"hl*2*1*22*0~", "broken-tag"),
    "hl-in-a-line": (b"LX*1~\n", b"LX*1~\nHL*3*2*23*0~\n", "code-outside-claim"),
    "service-before-the-group": (b"GS*HC*", b"SV1*HC:J3590*1*UN*1***1~\nGS*HC*", "code-outside-claim"),
    "hl-without-level": (b"HL*2*1*22*0~", b"HL*2*1~", "hl-level"),
    "swallowed-interchange": (b"LX*1~", b"ISA|00|~\nLX*1~", "broken-tag"),
    "component-separator-line-feed": (b"*T*:~", b"*T*\n~", "bad-delimiter"),
}


@pytest.mark.parametrize("name", READ_AS_LINE)
def test_what_is_plainly_a_line_is_read_as_one(name: str) -> None:
    old, new = READ_AS_LINE[name]
    data = base().replace(old, new, 1)
    assert data != base()
    assert summary(data).target_lines == 1
    assert "SYN12" in rules(data)


@pytest.mark.parametrize("name", STRAY)
def test_a_stray_code_rejects_its_claim(name: str) -> None:
    old, new = STRAY[name]
    data = base().replace(old, new, 1)
    (result,) = [outcome for outcome in outcomes(data) if isinstance(outcome, ClaimResult)]
    assert result.rejected
    assert result.lines == ()
    found = [finding for finding in result.findings if finding.rule == "SYN13"]
    offset = found[0].location.byte_offset
    assert new[:3] in data[offset - 12 : offset + 12]
    assert summary(data).mentions.count >= 1


@pytest.mark.parametrize("isa16", [b":", b">"])
def test_another_component_separator_rejects_its_claim_only(isa16: bytes) -> None:
    """The borders of claims are certain, so that the file doesn't fail; a sound claim beside it is accepted."""
    sound = base()
    start, end = sound.index(b"CLM*"), sound.index(b"SE*37")
    claim, other = sound[start:end], b">" if isa16 == b":" else b":"
    odd = claim.replace(b"HC:J3590:", b"HC" + other + b"J3590" + other)
    data = sound[:start] + claim.replace(b":", isa16) + odd + sound[end:]
    data = data.replace(b"*T*:~", b"*T*" + isa16 + b"~").replace(b"SE*37", b"SE*53")
    totals = summary(data)
    assert (totals.status, totals.claims, totals.rejected_claims) == ("rejected", 2, 1)
    (finding,) = [found for result in outcomes(data) if isinstance(result, ClaimResult)
                  for found in result.findings if found.rule == "SYN13"]  # fmt: skip
    assert finding.location.element == "SV101-1"
    assert f'separated by "{other.decode()}", but ISA16 is "{isa16.decode()}"' in finding.message


@pytest.mark.parametrize("name", FAULTY)
def test_what_hides_a_claim_fails_the_file(name: str) -> None:
    old, new, code = FAULTY[name]
    data = base().replace(old, new, 1)
    assert data != base()
    assert code in faults(data)
    assert summary(data).status == "failed"


def test_classes_of_a_sound_claim() -> None:
    data = base().replace(b"REF*G1*PA88120447", b"REF*G1*J3590-44")
    data = data.replace(b"LIN**N4", b"NTE*ADD*billed as j3590~\nHCP*00*0*****HC*J3590~\nLIN**N4")
    (counts,) = [outcome for outcome in outcomes(data) if isinstance(outcome, MentionCounts)]
    assert counts == MentionCounts(notes=1, other_payer=1, identifiers=1)
    assert summary(data).target_lines == 1
    assert not {"SYN12", "SYN13"} & rules(data)


def test_names_outside_of_claims_are_identifiers() -> None:
    data = base().replace(b"NM1*85*2*LAKESIDE", b"NM1*85*2*J3590 LAKESIDE")
    assert summary(data).mentions == MentionCounts(identifiers=1)
    assert faults(data) == []


def test_a_set_without_claims_is_reported() -> None:
    data = base().replace(b"J3590", b"J1100")
    start, end = data.index(b"CLM*"), data.index(b"SE*37")
    data = data[:start] + data[end:].replace(b"SE*37", b"SE*%d" % (data[:start].count(b"~") - 1), 1)
    assert faults(data) == ["set-without-claim"]
    assert summary(data).status == "accepted"


def test_a_group_of_another_code_is_read() -> None:
    data = base().replace(b"GS*HC*", b"GS*HP*")
    assert faults(data) == ["group-code"]
    assert summary(data).target_lines == 1


def test_an_hl_level_is_not_read_from_the_next_segment() -> None:
    """HL03 is missing, and the next segment's first element looks like a level."""
    data = base().replace(b"HL*2*1*22*0~\n", b"HL*2*1*22*1~\n")
    data = data.replace(b"CLM*", b"HL*3*2~\nPAT*20~\nCLM*", 1)
    assert "hl-level" in faults(data)
    spans = [outcome.span for outcome in outcomes(data) if isinstance(outcome, ClaimResult)]
    assert spans[0].provider is not None
    assert spans[0].subscriber is not None
    assert spans[0].patient is not None


def test_counts_add_up() -> None:
    counts = MentionCounts(1, 2, 3, 4, 5, 6)
    assert counts.count == 21
    assert counts.plus(counts) == MentionCounts(*[2 * number for number in msgspec.structs.astuple(counts)])
