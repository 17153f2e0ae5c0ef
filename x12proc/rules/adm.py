"""ADM01 to ADM06: administration of the drug and place of service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from x12proc.claims.model import Claim, Days, Location, ServiceLine, location_of
from x12proc.findings import INFO, WARN, Hit
from x12proc.rules.base import Option, claim_rule, line_rule
from x12proc.rules.context import Context, per_claim
from x12proc.rules.shared.administration_codes import CODES_BY_ROUTE
from x12proc.rules.shared.corrected_segments import changed_segment
from x12proc.rules.shared.dates import dated_segment
from x12proc.rules.shared.waste_lines import WASTED
from x12proc.values import excerpt

# Procedures that give a drug or that giving it is a part of, first and last of each range. Broad on purpose: what
# may have been the administration is not called missing.
_ADMINISTRATION_CODES = (
    ("0537T", "0540T"),  # cells
    ("10004", "36399"),  # punctures, injections and operations, but not drawing blood
    ("36430", "36590"),
    ("36593", "69990"),
    ("90460", "90480"),  # vaccines
    ("90935", "90999"),  # dialysis
    ("95115", "95199"),  # allergens
    ("96360", "96549"),
    ("99601", "99602"),  # infusion at home
    ("C8957", "C8957"),
    ("G0008", "G0010"),
    ("G0068", "G0070"),
    ("G0088", "G0090"),
    ("G0455", "G0455"),  # fecal microbiota
    ("G0466", "G0470"),  # health center visits, which include it
    ("G0498", "G0498"),
    ("M0201", "M0250"),
    ("Q0081", "Q0085"),
    ("S9325", "S9379"),
    ("S9490", "S9810"),
    ("T1015", "T1015"),
)
_HOME_INFUSION_CODES = (
    ("99601", "99602"),
    ("G0068", "G0070"),
    ("G0088", "G0090"),
    ("S9325", "S9379"),
    ("S9490", "S9810"),
)
_EXPERIMENTAL = re.compile(r"[0-9]{4}T")  # new procedures, among them new ways to give a drug
_SIMPLE = (("96365", "96379"),)
_CODE_LENGTH = 5
_LONGEST_CODE = 48  # the guide's limit for a procedure code; longer texts would swell the memory
_OUTPATIENT_BILLS = ("13", "83", "85")  # CLM05-1: hospital, surgery center, critical access hospital
_AT_HOME = "12"
_WITHOUT_ADMINISTRATION = frozenset(("01", "12", "13", "14", "33"))  # pharmacy, home, assisted living, group home
_FACILITIES = {
    "19": "off-campus outpatient hospital",
    "21": "inpatient hospital",
    "22": "on-campus outpatient hospital",
    "23": "emergency room",
}
# Nobody bills these apart.
_TAKEN = frozenset(("ORAL", "SUBLINGUAL", "TOPICAL", "OPHTHALMIC", "NASAL", "INHALATION", "IMPLANT"))
_LONGEST = 2000  # characters of a text that are searched
_MOST_PERIODS = 31  # of administrations in one claim; with more nobody can tell which was the drug's
_PHARMACY = re.compile(r"\b(?:PHARMACY|PHARMACIES|RX|DRUGS|HOME INFUSION|HOME CARE)\b", re.IGNORECASE)
_COMPLEX = {
    "96365": "96413",
    "96366": "96415",
    "96367": "96417",
    "96372": "96401",
    "96374": "96409",
    "96375": "96411",
}
_FEE = re.compile(
    r"\b(NO |NOT |WITHOUT |W/O |EXCL[A-Z]* )?(?:DRUG |IV |CHEMO |INFUSION |INJECTION )*"
    r"(?:ADMIN(?:ISTRATION)?|INFUSION|INJECTION) (?:FEES?|CHARGES?|SERVICES?)\b"
)
_ONLY_ADMINISTRATION = re.compile(
    r"\b(?:INFUSION|INJECTION|INJ|IV|CHEMO|DRUG) ADMIN\b|\bADMINISTRATION\b|\bADMIN OF\b"
)


def _within(code: str, ranges: tuple[tuple[str, str], ...]) -> bool:
    return len(code) == _CODE_LENGTH and any(first <= code <= last for first, last in ranges)


@lru_cache(maxsize=4096)
def _is_administration_code(code: str) -> bool:
    return _within(code, _ADMINISTRATION_CODES) or _EXPERIMENTAL.fullmatch(code) is not None


def _place_of_service(line: ServiceLine, claim: Claim) -> str:
    """Return SV105, else CLM05-1, of a professional claim."""
    own = line.service.element(5) if line.service else ""
    return own or claim.facility_code


def _place_of_service_location(line: ServiceLine, claim: Claim) -> Location:
    """Return the location of the place of service."""
    if line.service is not None and line.service.element(5):
        return location_of(line.service, 5)
    return location_of(claim.clm, 5, 1)


def _in_the_office(line: ServiceLine, claim: Claim) -> str:
    """Return SV1, else CLM, with place of service 11."""
    if line.service is not None and line.service.element(5):
        return changed_segment(line.service, claim.delimiters, {5: "11"})
    return changed_segment(claim.clm, claim.delimiters, {5: f"11:{claim.facility_qualifier}:{claim.frequency}"})


def _bills_administration(claim: Claim) -> bool:
    """Return whether an administration is billed by whoever sends such a claim: not for stays, at home or from a
    pharmacy."""
    if claim.type == "I":
        return claim.facility_code in _OUTPATIENT_BILLS
    provider = claim.billing_provider
    return provider is None or not _is_pharmacy(provider.name[:_LONGEST])


@lru_cache(maxsize=256)
def _is_pharmacy(name: str) -> bool:
    return _PHARMACY.search(name) is not None


def _needs_administration(line: ServiceLine, ctx: Context) -> bool:
    """Return whether somebody had to give what this line bills: not what was discarded or is taken at home."""
    if WASTED in line.modifiers_sent or _TAKEN.intersection(ctx.narrative(line).routes):
        return False
    return ctx.claim.type == "I" or _place_of_service(line, ctx.claim) not in _WITHOUT_ADMINISTRATION


@claim_rule(
    "ADM01",
    "no-administration-billed",
    severity=WARN,
    sources=("SEED",),
    confidence="proposed",
    status="A8:736",
    where="2400 SV101-2, SV202-2 of the other lines",
    suppressed_by=("ADM02", "ADM05"),
    summary="No line of the claim bills the infusion or injection of the drug.",
    fix="Add the administration of the same day, for example 96365 or 96413 (infusion), 96372 (injection) or "
    "67028 (eye). Add nothing if somebody else gave the drug.",
)
def no_administration_billed(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """The drug's code pays for the drug alone. Without a service that gave it, a payer asks whether it was
    given at all, and the work of giving it stays unpaid."""
    if _administration_periods(ctx) or not _bills_administration(claim):
        return
    for line in ctx.targets:
        if _needs_administration(line, ctx):
            code = excerpt(line.procedure, 10)
            message = f"The claim bills {code}, but no infusion, injection or other administration"
            yield Hit(location_of(line.sv_or_lx), message, fix=_administration_fix(line, ctx))
            return


def _administration_fix(line: ServiceLine, ctx: Context) -> str | None:
    """Return the codes that give a drug by the route of the text, on the day of its line."""
    codes = CODES_BY_ROUTE.get(ctx.narrative(line).route or "")
    if codes is None or not line.service_days:
        return None
    day = line.service_days[0]
    return f"Add a line for the administration of {day}: {codes}. Add none if somebody else gave the drug."


@line_rule(
    "ADM02",
    "administration-billed-as-drug",
    severity=WARN,
    sources=("SEED",),
    confidence="proposed",
    drug_only=True,
    status="A7:306",
    remittance=("97",),
    where="SV101-7, SV202-7, NTE02",
    summary="The text of the drug line bills the administration, not the drug alone.",
    fix="Bill the administration on a line of its own under its CPT code, for example 96365, and delete the "
    "words from the drug's description.",
)
def administration_billed_as_drug(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """The unclassified drug code is for the drug. An administration fee under it is denied as part of another
    service, and the drug with it."""
    narrative = ctx.narrative(line)
    names_drug = narrative.drug_name is not None or narrative.dose is not None
    for spot, text in ctx.texts(line):
        words = " ".join(text[:_LONGEST].upper().split())
        fee = _FEE.search(words)
        if (fee and not fee[1]) or (not names_drug and not fee and _ONLY_ADMINISTRATION.search(words)):
            message = f"The drug line's text bills an administration: {excerpt(text)}"
            yield Hit(spot.location, message, excerpt(text))
            return


@line_rule(
    "ADM03",
    "complex-administration-possible",
    severity=INFO,
    sources=("MEM",),
    confidence="proposed",
    where="2400 SV101-2, SV202-2 of the other lines",
    options={"enabled": Option(False, "true switches the rule on")},
    summary="An antibody has a simple administration code; some payers pay the complex one.",
    fix="Read the payer's article on complex drug administration. Many antibodies may be billed with 96401 or "
    "96413 instead of 96372 or 96365.",
)
def complex_administration_possible(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Antibodies often need the observation that the complex administration codes include. Each payer has its
    own list of drugs."""
    name = (ctx.narrative(line).matched or "").partition("-")[0]
    if not name.endswith("mab"):
        return
    simple = _simple_administration(ctx)
    if simple is not None:
        code = excerpt(simple.procedure, 10)
        complex_code = _COMPLEX.get(code)
        fix = (
            f"If the payer's article lists the drug, bill {complex_code} instead of {code}."
            if complex_code
            else None
        )
        message = f"{excerpt(name, 40)} is an antibody, but line {excerpt(simple.number, 10)} bills {code}"
        yield Hit(location_of(line.sv_or_lx), message, code, fix=fix)


@per_claim
def _simple_administration(ctx: Context) -> ServiceLine | None:
    """Return the first line that bills a simple administration."""
    return next((line for line in ctx.claim.lines if _within(line.procedure, _SIMPLE)), None)


@line_rule(
    "ADM04",
    "administered-on-another-day",
    severity=WARN,
    sources=("MEM",),
    confidence="proposed",
    status="A8:187",
    where="2400 DTP*472 of the drug and of the administration",
    suppressed_by=("DAT01", "DAT02", "DAT04", "DAT07"),
    summary="The drug and its administration have different dates.",
    fix="Compare both dates with the record and correct the wrong one. Bill a drug for the day it was given.",
)
def administered_on_another_day(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A drug without an administration that day, and an administration without a drug, look like two mistakes.
    Payers hold or deny one of them."""
    served, giving = line.service_days, _administration_periods(ctx)
    if served is None or not 0 < len(giving) <= _MOST_PERIODS or None in giving or giving == (served,):
        return
    given = [days for days in giving if days]
    apart = not any(first <= served[1] and served[0] <= last for first, last in given)
    if apart and _bills_administration(ctx.claim) and _needs_administration(line, ctx):
        assert line.service_period is not None
        message = f"The drug is billed for {served[0]}, but its administration for {given[0][0]}"
        fix = f"Compare with the record. If the administration's date is right, send {dated_segment(given[0])}"
        yield Hit(location_of(line.service_period.segment, 3), message, excerpt(line.service_period.text), fix=fix)


@per_claim
def _administration_periods(ctx: Context) -> tuple[Days | None, ...]:
    """Return the different service dates of the claim's administrations, None for one that can't be read."""
    giving = [
        line.service_days
        for line in ctx.claim.lines
        if _is_administration_code(line.procedure.upper()[:_LONGEST_CODE])
    ]
    return tuple(dict.fromkeys(giving))


@line_rule(
    "ADM05",
    "facility-drug-on-professional-claim",
    severity=WARN,
    sources=("X12C",),
    confidence="proposed",
    claim_types=("P",),
    status="A8:249",
    remittance=("5", "M97", "M77"),
    where="2400 SV105, 2300 CLM05-1",
    summary="A professional claim bills a drug that was given in a hospital.",
    fix="Leave the drug to the hospital's own claim (837I). If the drug was given in the office, correct the "
    "place of service to 11.",
)
def facility_drug_on_professional_claim(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """In a hospital the drug belongs to the hospital and is paid to it. Medicare denies it to the
    physician."""
    code = _place_of_service(line, ctx.claim)
    if code in _FACILITIES:
        message = f"The place of service is {code} ({_FACILITIES[code]}): the drug belongs on the hospital's claim"
        corrected = _in_the_office(line, ctx.claim)
        fix = f"Leave the drug to the hospital's 837I. If it was given in the office, send {corrected}"
        yield Hit(_place_of_service_location(line, ctx.claim), message, code, fix=fix if corrected else None)


@line_rule(
    "ADM06",
    "unclassified-drug-at-home",
    severity=INFO,
    sources=("MEM",),
    confidence="field",
    claim_types=("P",),
    where="2400 SV105, 2300 CLM05-1",
    summary="An unclassified drug was given at home, where other codes often apply.",
    fix="Ask the payer how to bill drugs given at home: home infusion codes (S9xxx, for Medicare G0068 to "
    "G0070), or J7799 through a pump.",
)
def unclassified_drug_at_home(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """Drugs at home are often another benefit than drugs in the office. Medicare pays drugs that need a pump
    through the equipment contractor; others pay home infusion therapy."""
    if _place_of_service(line, ctx.claim) == _AT_HOME and not _bills_home_infusion(ctx):
        message = "The place of service is 12 (home), but no line bills home infusion"
        yield Hit(_place_of_service_location(line, ctx.claim), message, _AT_HOME)


@per_claim
def _bills_home_infusion(ctx: Context) -> bool:
    return any(_within(line.procedure.upper(), _HOME_INFUSION_CODES) for line in ctx.claim.lines)
