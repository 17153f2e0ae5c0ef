"""Meanings of payers' answer codes, in our own words and as these lines get them.

X12's texts of its code lists are licensed and none is copied here. A code may be sent for more than one fault;
then the words name them, because whoever mends the wrong one gets the same answer again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

#: Claim adjustment reason codes of the 835.
CARC: Final = {
    "4": "a modifier is missing, or doesn't go with the code",
    "5": "the code isn't billed in this place of service or on this type of bill",
    "11": "the diagnosis doesn't support the drug",
    "16": "something required is missing or wrong; the remark code says what",
    "18": "billed before",
    "29": "billed too late",
    "50": "not seen as medically necessary",
    "55": "seen as experimental",
    "96": "not covered",
    "97": "paid as part of another service",
    "114": "the FDA had not approved the product on the date of service",
    "181": "the code was not in force on the date of service",
    "182": "the modifier was not in force on the date of service",
    "188": "paid only when used as the FDA label says",
    "189": "an unclassified code although the drug has a code of its own",
    "197": "no prior authorization",
    "199": "revenue code and procedure code don't go together",
    "222": "more than the most that the payer allows",
    "252": "a document is needed before the payer can decide",
}
#: Remittance advice remark codes of the 835.
RARC: Final = {
    "M20": "HCPCS code missing or wrong",
    "M23": "the invoice is missing",
    "M24": "the doses per vial are missing or wrong",
    "M44": "condition code missing or wrong",
    "M47": "the payer's own number of the earlier claim is missing or wrong",
    "M49": "value code or its amount missing or wrong",
    "M50": "revenue code missing or wrong",
    "M51": "procedure code missing or wrong",
    "M52": "first date of service missing or wrong",
    "M53": "units of service missing or wrong",
    "M54": "total charge missing or wrong",
    "M59": "last date of service missing or wrong",
    "M62": "authorization code missing or wrong",
    "M64": "a secondary diagnosis is missing or wrong",
    "M76": "diagnosis missing or wrong",
    "M77": "place of service missing or wrong",
    "M79": "charge missing or wrong",
    "M81": "code as finely as the code set allows",
    "M84": "a code was not in force on the date of service",
    "M97": "in this place of service the facility is paid for it, not the practitioner",
    "M119": "NDC missing, wrong or not in force",
    "M123": "drug name, strength or dose missing; Medicare sends it too for units other than 1",
    "MA50": "number of the trial or of the device exemption missing or wrong",
    "MA63": "principal diagnosis missing or wrong",
    "MA130": "can't be processed as sent: no appeal, send a corrected claim",
    "N211": "no appeal: correct and resubmit",
    "N350": "the unclassified service isn't described",
    "N362": "more units than the payer's maximum",
    "N657": "bill it under the code that fits",
    "N706": "documents are missing",
    "N822": "a modifier is missing",
    "N823": "a modifier is wrong or incomplete",
}
#: Categories of claim status, which come before the status code in a 277CA.
CATEGORY: Final = {
    "A3": "returned, not taken up for payment",
    "A6": "returned, something is missing",
    "A7": "returned, something is wrong",
    "A8": "returned, two things contradict each other",
}
#: Claim status codes of the 277CA.
STATUS: Final = {
    "54": "sent before",
    "187": "date of service",
    "188": "first and last day of the statement",
    "216": "facts about the drug",
    "217": "name, strength and form of the drug",
    "218": "NDC",
    "219": "prescription number",
    "223": "route by which the drug was given",
    "249": "place of service",
    "252": "authorization number",
    "254": "principal diagnosis",
    "255": "diagnosis",
    "294": "supporting documents",
    "306": "description of the service in full",
    "400": "the amounts don't add up",
    "402": "an amount that must be more than zero",
    "453": "modifier",
    "454": "procedure code",
    "455": "revenue code",
    "460": "condition code",
    "464": "the payer's own claim number",
    "476": "units of service",
    "477": "diagnosis pointer",
    "481": "the form of the claim file",
    "488": "diagnosis for this service",
    "489": "control number of the attachment",
    "493": "edition of the implementation guide",
    "507": "HCPCS code",
    "510": "a date in the future",
    "511": "a character that isn't allowed",
    "512": "a text that is too long",
    "556": "number of the trial or of the device exemption",
    "583": "charge of the line",
    "584": "control number of the line",
    "586": "text of the line's note",
    "599": "kind of the note",
    "642": "reason for having no authorization",
    "659": "unit of a quantity",
    "697": "too many decimals",
    "700": "ICD-10 code",
    "704": "text of the claim's note",
    "710": "how another payer decided on the line",
    "718": "filed too late",
    "724": "NDC quantity",
    "725": "value code",
    "732": "not as the payer's billing rules ask",
    "736": "a service that belongs to this one wasn't billed",
    "745": "qualifier of a number",
    "761": "referral number",
    "772": "a diagnosis that isn't specific enough",
}


def remittance_words(carc: str, rarc: Iterable[str]) -> list[tuple[str, str]]:
    """Put the codes of a remittance into words: each code that we know with its words, in the order given."""
    words = [(carc, CARC.get(carc, "")), *((code, RARC.get(code, "")) for code in rarc)]
    return [(code, text) for code, text in words if text]


def status_words(status: str) -> str:
    """Put a claim status such as ``A7:218`` into words; empty where one of its codes isn't known."""
    category, _, code = status.partition(":")
    known = category in CATEGORY and code in STATUS
    return f"{CATEGORY[category]}: {STATUS[code]}" if known else ""
