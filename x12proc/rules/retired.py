"""Numbers of the catalogue that are no checks of their own, each with the reason. An id is never used again."""

from __future__ import annotations

from typing import Final

MERGED: Final = {
    "NDC16": "COD05 reports it: the NDC is of a drug, not of a biologic, and has another unlisted code.",
    "MOD10": "TRI03 reports it: the trial's number without its modifier.",
    "CMP02": "COD07 reports it: a compounded product has a code of its own.",
    "CMP06": "NDC08 reports it: the compounding fee's number is a placeholder that a profile may allow.",
    "INS06": "COD04 reports it: under OPPS the code is packaged and C9399 takes its place.",
}
NEEDS_DATA: Final = {
    "NDC13": "Payers disagree on which package's NDC they want, and no table says which payer wants which.",
    "NDC14": "Needs to know which labelers repackage or compound; FDA's downloads have no column for it.",
    "DX05": "Needs a table of drugs and the diagnoses on their labels.",
    "BAL05": "Needs prices, which this edition leaves out.",
}
RETIRED: Final = {
    "MOD07": "Nothing on a claim says whether the provider takes part in 340B.",
    "CMP05": "Which ingredient of a compound is the dearest can't be known: a claim does not hold their prices.",
}
PROFILES: Final = {
    "PAY01": "The profile medicare-b and those of the contractors.",
    "PAY02": "The profile medicare-opps.",
    "PAY03": "The profile medicaid and those of the states.",
    "PAY04": "The profile uhc.",
    "PAY05": "The profiles bcbs, bcbs-ibx and bcbs-tx.",
    "PAY06": "The profile tricare, and default.",
}
#: The numbers of the catalogue that are no checks, each with the reason.
NOT_CHECKS: Final = {**MERGED, **NEEDS_DATA, **RETIRED, **PROFILES}
