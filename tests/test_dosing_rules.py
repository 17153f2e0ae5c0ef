"""Pieces counted in a text, and sizes that a dose names."""

from __future__ import annotations

from decimal import Decimal

import pytest

from x12proc.rules.shared.dosing import _count, tells_size
from x12proc.rules.shared.trial_drug import _has_code, is_blinded


@pytest.mark.parametrize(
    ("text", "piece", "number"),
    [
        ("ANAVIP 10 VIALS IV", "vial", 10),
        ("CROFAB VIALS X 4", "vial", 4),
        ("vials (5)", "vial", 5),
        ("VIALS USED: 6", "vial", 6),
        ("4 (FOUR) VIALS", "vial", 4),
        ("X10 VIALS", "vial", 10),
        ("10VIALS", "vial", 10),
        ("6-VIALS", "vial", 6),
        ("5 SINGLE DOSE VIALS", "vial", 5),
        ("SINGLE USE VIAL", "vial", 1),
        ("1 OF 4 BAGS", "bag", 4),
        ("A TOTAL OF 6 VIALS", "vial", 6),
        ("1 AUTOLOGOUS CULTURED IMPLANT", "implant", 1),
        ("TWO DISHES", "dish", 2),
        ("ONE TIME TREATMENT", "treatment", 1),
        ("40 MG IV VIAL", "vial", 0),
        ("100MG/VIAL", "vial", 0),
        ("4X20MG SDV", "vial", 0),
        ("10 DOSE VIAL", "vial", 0),
        ("1/2 VIAL", "vial", 0),
        ("2.5 VIALS", "vial", 0),
        ("DAY 0 INFUSION", "infusion", 0),
        ("120 MIN INFUSION", "infusion", 0),
        ("06/15/23 VIAL", "vial", 0),
        ("NDC 12345-6789-01 VIAL", "vial", 0),
        ("VIALS", "vial", 0),
    ],
)
def test_pieces_are_counted(text: str, piece: str, number: int) -> None:
    assert _count(text, piece) == number


@pytest.mark.parametrize(
    ("dose", "sizes", "reported"),
    [
        ("1008", "1008 1000", True),
        ("2016", "1008 1000", True),
        ("2008", "1008 1000", True),  # one of each
        ("1004", "1008 1000", False),
        ("4", "20 4", True),
        ("20", "20 4", False),
        ("80", "4 4", False),  # in two volumes
        ("80", "4 83", True),  # twenty small ones
        ("84", "4 83", False),  # too many to be sure
        ("1", "1 2 3 4", True),
        ("1", "1 2 3 4 5", False),
    ],
)
def test_a_dose_names_its_size(dose: str, sizes: str, reported: bool) -> None:
    assert tells_size(Decimal(dose), [Decimal(size) for size in sizes.split()]) is reported


@pytest.mark.parametrize(
    "text",
    [
        *("MK-1234 200MG IV", "STUDY DRUG ABBV-383 60MG IV", "REGN 5458 200 MG IV", "200MG IV ALXN1840"),
        *("VX-880 ISLET CELLS", "BMS986253 1200MG", "pf-06463922 100mg", "LY3002813 700MG IV", "AMG 510 960MG"),
        *("BNT162B2 30MCG IM", "NOC DRUG (RO7198457)", "PLACEBO/MK-3475 200MG IV", "TRIAL AB-1234"),
    ],
)
def test_sponsors_codes_are_seen(text: str) -> None:
    assert _has_code(text)


@pytest.mark.parametrize(
    "text",
    [
        *("IV 500 MG", "LOT 12345", "STUDY PROTOCOL ABC-123", "PROTOCOL NO. XY-1234", "300 MG IV IN 250 ML NS"),
        *("NCT04138277", "NCT 0413827 STUDY", "AUTH 12345", "OVER 120 MIN", "NDC 12345-678-90", "KIT 10234"),
        *("TDXD 100 MG", "COVID-19", "SC 300MG X1", "ABC 100.5 MG", "IRB #AB-1234", "N459572077501UN300"),
        *("IND 123456", "SITE 101", "ICD-10", "QTY 100", "INV 12345", "ABC-123-456"),
    ],
)
def test_other_numbers_are_no_sponsors_codes(text: str) -> None:
    assert not _has_code(text)


@pytest.mark.parametrize(
    ("text", "blinded"),
    [
        ("ACTIVE OR PLACEBO", True),
        ("study drug vs placebo", True),
        ("DOUBLE-BLIND", True),
        ("DOUBLE MASKED", True),
        ("BLINDED", True),
        ("UNBLINDED", False),
        ("NO PLACEBO", False),
        ("NON-BLINDED", False),
        ("PATIENT IS BLIND", False),
    ],
)
def test_blinded_arms_are_seen(text: str, blinded: bool) -> None:
    assert is_blinded(text) is blinded


@pytest.mark.parametrize(("count", "reported"), [(None, False), (4, True), (3, True), (2, True), (5, False)])
def test_the_number_of_vials_names_their_size(count: int | None, reported: bool) -> None:
    """450 MG of four vials can't be of 150 MG, since three would have done."""
    assert tells_size(Decimal(450), [Decimal(75), Decimal(125), Decimal(150), Decimal(300)], count) is reported
