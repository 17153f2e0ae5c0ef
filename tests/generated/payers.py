"""A payer for every shipped profile, and which claims it gets."""

from __future__ import annotations

from typing import Literal, NamedTuple

from x12proc.testing import Payer


class Market(NamedTuple):
    """Whom a profile is for: payers to choose from, claim types, and facilities of institutional claims."""

    profile: str
    payers: tuple[Payer, ...]
    types: tuple[Literal["P", "I"], ...] = ("P", "I")
    facilities: tuple[str, ...] = ("13", "13", "13", "85", "83")
    medicare: bool = False
    waste_told: bool = False  # JW or JZ is asked for, as Medicare does
    milligrams: bool = False  # the payer's bulletins count J3590 in milligrams

    @property
    def opps(self) -> bool:
        """Whether these are hospital outpatient claims to Medicare."""
        return self.profile == "medicare-opps" or self.profile.startswith("medicare-a-")

    @property
    def code(self) -> str:
        """The unclassified code that such claims should bill: under OPPS it is C9399."""
        return "C9399" if self.opps else "J3590"


def _part_b(profile: str, contractor: str) -> Market:
    return Market(profile, (Payer("MEDICARE PART B", contractor, "MB"),), ("P",), medicare=True)


def _part_a(profile: str, contractor: str) -> Market:
    payers = (Payer("MEDICARE PART A", contractor, "MA"),)
    return Market(profile, payers, ("I",), ("13",), medicare=True)


MARKETS = {
    market.profile: market
    for market in (
        Market(
            "default",
            (
                Payer("ACME COMMERCIAL HEALTH", "ACME1", "CI"),
                Payer("RIVER HMO", "RIVR1", "HM"),
                Payer("STATE COMPENSATION FUND", "SCF01", "WC"),
            ),
        ),
        _part_b("medicare-b", "MEDB1"),
        _part_b("medicare-b-cgs", "15202"),
        _part_b("medicare-b-fcso", "09102"),
        _part_b("medicare-b-ngs", "13282"),
        _part_b("medicare-b-noridian", "01112"),
        _part_b("medicare-b-novitas", "12502"),
        _part_b("medicare-b-palmetto", "10112"),
        _part_b("medicare-b-railroad", "00882"),
        _part_b("medicare-b-wps", "08102"),
        _part_a("medicare-opps", "MEDA1"),
        _part_a("medicare-a-cgs", "15101"),
        _part_a("medicare-a-fcso", "09101"),
        _part_a("medicare-a-ngs", "13201"),
        _part_a("medicare-a-noridian", "01111"),
        _part_a("medicare-a-novitas", "04411"),
        _part_a("medicare-a-palmetto", "11501"),
        _part_a("medicare-a-wps", "05301"),
        Market("medicaid", (Payer("STATE MEDICAID", "MCAID", "MC"),)),
        Market("medicaid-nc", (Payer("NC MEDICAID", "NCXIX", "MC"),), milligrams=True),
        Market("uhc", (Payer("UNITEDHEALTHCARE", "87726", "CI"),)),
        Market("bcbs", (Payer("BLUE CROSS BLUE SHIELD", "BCBS1", "BL"),)),
        Market("bcbs-ibx", (Payer("INDEPENDENCE BLUE CROSS", "54704", "BL"),)),
        Market("bridgespan-regence", (Payer("REGENCE BLUESHIELD", "00932", "BL"),)),
        Market("tricare", (Payer("TRICARE WEST", "TRIC1", "CH"),)),
        Market("tricare-east", (Payer("TRICARE EAST", "99727", "CH"), Payer("TRICARE EAST", "TREST", "CH"))),
        Market("aetna", (Payer("AETNA", "60054", "CI"), Payer("AETNA MEDICARE", "60054", "16"))),
        Market("cigna", (Payer("CIGNA", "62308", "CI"),)),
        Market("humana", (Payer("HUMANA", "61101", "16"),)),
        Market("medicare-advantage", (Payer("SENIOR HEALTH PLAN", "SENR1", "16"),), waste_told=True),
        Market("priority-health", (Payer("PRIORITY HEALTH", "38217", "HM"),)),
    )
}
