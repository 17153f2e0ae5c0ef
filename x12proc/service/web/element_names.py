"""Names of elements in a biller's words, and what each may hold, for the form that edits a segment.

Only segments that billers correct are listed; the elements of others are edited by their number. A composite is
divided into its components where these have names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_AMOUNT: Final = "dollars, such as 1250.00"
_MODIFIER: Final = "two characters, such as JZ"
_TEXT_80: Final = "up to 80 characters: drug, dose, strength, route"
_UNITS: Final = "a whole number; 1 for an unlisted drug"
_YES_NO: Final = "Y or N"
_POINTER: Final = "position of the diagnosis in the claim, 1 to 12"

# By element (CLM01) or component (SV101-2): the name, and what it may hold.
NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "CLM01": ("Claim number", "up to 38 characters"),
    "CLM02": ("Total charge", _AMOUNT),
    "CLM05-1": ("Place of service or type of bill", "two digits, such as 11 (office)"),
    "CLM05-2": ("Kind of facility code", "B (place of service) or A (type of bill)"),
    "CLM05-3": ("Frequency", "1 original, 7 replacement, 8 void"),
    "CLM06": ("Provider's signature on file", _YES_NO),
    "CLM07": ("Assignment", "A, B or C"),
    "CLM08": ("Benefits assigned", "Y, N or W"),
    "CLM09": ("Release of information", "Y or I"),
    "REF01": ("Kind of number", "such as G1 (prior authorization), F8 (original claim number)"),
    "REF02": ("Number", "up to 50 characters"),
    "NTE01": ("Kind of note", "such as ADD"),
    "NTE02": ("Text of the note", _TEXT_80),
    "DTP01": ("Kind of date", "472 for the service date"),
    "DTP02": ("Form of the date", "D8 (one day) or RD8 (first-last)"),
    "DTP03": ("Date", "YYYYMMDD, or YYYYMMDD-YYYYMMDD"),
    "AMT01": ("Kind of amount", "such as F5 (paid by the patient)"),
    "AMT02": ("Amount", _AMOUNT),
    "PWK01": ("Kind of attachment", "such as OZ"),
    "PWK02": ("How it is sent", "such as BM (mail), FX (fax), EL (electronic)"),
    "PWK05": ("Kind of control number", "AC"),
    "PWK06": ("Attachment control number", "up to 50 characters"),
    "NM101": ("Kind of party", "such as DN (referring), 82 (rendering)"),
    "NM102": ("Person or organization", "1 person, 2 organization"),
    "NM103": ("Last name or organization", "up to 60 characters"),
    "NM104": ("First name", "up to 35 characters"),
    "NM105": ("Middle name", "up to 25 characters"),
    "NM107": ("Suffix", "up to 10 characters"),
    "NM108": ("Kind of id", "XX for an NPI"),
    "NM109": ("Id", "an NPI has 10 digits"),
    "LX01": ("Line number", "1 to 999"),
    "SV101-1": ("Kind of code", "HC for HCPCS"),
    "SV101-2": ("Procedure code", "such as J3590"),
    "SV101-3": ("Modifier 1", _MODIFIER),
    "SV101-4": ("Modifier 2", _MODIFIER),
    "SV101-5": ("Modifier 3", _MODIFIER),
    "SV101-6": ("Modifier 4", _MODIFIER),
    "SV101-7": ("Description", _TEXT_80),
    "SV102": ("Charge of the line", _AMOUNT),
    "SV103": ("Unit of the quantity", "UN for units"),
    "SV104": ("Units", _UNITS),
    "SV105": ("Place of service", "two digits, if it differs from the claim's"),
    "SV107-1": ("Diagnosis pointer 1", _POINTER),
    "SV107-2": ("Diagnosis pointer 2", _POINTER),
    "SV107-3": ("Diagnosis pointer 3", _POINTER),
    "SV107-4": ("Diagnosis pointer 4", _POINTER),
    "SV201": ("Revenue code", "four digits, 0636 for drugs"),
    "SV202-1": ("Kind of code", "HC for HCPCS"),
    "SV202-2": ("Procedure code", "such as J3590"),
    "SV202-3": ("Modifier 1", _MODIFIER),
    "SV202-4": ("Modifier 2", _MODIFIER),
    "SV202-5": ("Modifier 3", _MODIFIER),
    "SV202-6": ("Modifier 4", _MODIFIER),
    "SV202-7": ("Description", _TEXT_80),
    "SV203": ("Charge of the line", _AMOUNT),
    "SV204": ("Unit of the quantity", "UN for units"),
    "SV205": ("Units", _UNITS),
    "LIN02": ("Kind of product number", "N4 for an NDC"),
    "LIN03": ("NDC", "11 digits without hyphens"),
    "CTP04": ("Quantity of the NDC", "above zero, up to three decimals"),
    "CTP05-1": ("Unit of that quantity", "ML, UN, GR, ME or F2"),
    "HCP01": ("Pricing method", "two digits"),
    "HCP02": ("Priced amount", _AMOUNT),
} | {
    f"HI{number:02d}-{component}": (f"{name} {number}", what)
    for number in range(1, 13)
    for component, name, what in (
        (1, "Kind of code", "ABK (first) or ABF (further) for a diagnosis"),
        (2, "Code", "ICD-10-CM without its decimal point"),
    )
}
