"""Free text: identifiers go, what is said of the drug stays."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from support import rules as rule_run
from support.masks import TODAY, key

from x12proc.mask.pseudonyms import Pseudonyms, oldest_year
from x12proc.mask.text import KEPT_KNOWN, KEPT_NUMBER, KEPT_WORD, Known, TextMask
from x12proc.narrative import read
from x12proc.narrative.unknown_names import unknown_drug_name

PSEUDONYMS = Pseudonyms(key().value, 112, oldest_year(TODAY))
LEXICON = rule_run.reference().lexicon()
KNOWN = Known(
    names={"HARTLEY", "MARY", "WARD", "GIVEN"},
    identifiers={"W440192003": "id", "PA88120447": "id", "B1001": "id"},
    kept={"10122016002", "E7521"},
)


def mask(text: str) -> tuple[str, tuple[str, ...]]:
    return TextMask(PSEUDONYMS, LEXICON).mask(text, KNOWN)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("ELFABRIO 80MG IV PT MARY HARTLEY", ["MARY", "HARTLEY"]),
        ("ELFABRIO 80MG IV PT Zelda Quimbleton", ["Zelda", "Quimbleton"]),
        ("ELFABRIO 80MG IV DR WARD", ["WARD"]),
        ("ELFABRIO 80MG IV MEMBER W440192003", ["W440192003"]),
        ("ELFABRIO 80MG IV AUTH PA88120447 ACCT B1001", ["PA88120447", "B1001"]),
        ("ELFABRIO 80MG IV MRN 4471902", ["4471902"]),
        ("ELFABRIO 80MG IV MBI 1EG4TE5MK73", ["1EG4TE5MK73"]),
        ("ELFABRIO 80MG IV SSN 219-44-7731", ["219-44-7731", "7731"]),
        ("ELFABRIO 80MG IV CALL (626) 794-3312", ["794-3312", "626"]),
        ("ELFABRIO 80MG IV CALL 6267943312", ["6267943312"]),
        ("ELFABRIO 80MG IV j.roe@lakeside.org", ["roe", "lakeside"]),
        ("ELFABRIO 80MG IV 11/14/23", ["11/14/23"]),
        ("ELFABRIO 80MG IV 2023-11-14", ["2023-11-14"]),
        ("ELFABRIO 80MG IV 11142023", ["11142023"]),
        ("ELFABRIO 80MG IV GIVEN NOV 14, 2023", ["NOV 14"]),
        ("ELFABRIO 80MG IV GIVEN ON 11/14", ["11/14"]),
        ("ELFABRIO 80MG IV PT IS 97 YO", ["97"]),
        ("ELFABRIO 80MG IV " + "HARTLEY " * 400, ["HARTLEY"]),
    ],
)
def test_identifiers_go_and_the_reading_stays(text: str, gone: list[str]) -> None:
    out, reasons = mask(text)
    assert [word for word in gone if word in out] == []
    before, after = read((text,), LEXICON), read((out,), LEXICON)
    assert replace(before, dates=()) == replace(after, dates=())
    assert len(before.dates) == len(after.dates)
    assert len(out) == len(text)
    assert reasons == ()


@pytest.mark.parametrize(
    "text",
    [
        "ELFABRIO (PEGUNIGALSIDASE ALFA-IWXJ) 80MG IV 4X20MG/10ML SDV",
        "LAMZEDE NDC 10122-0180-02 IV 30MG X1 WASTED 5MG",
        "ULTOMIRIS 3300MG INTRAVENOUS INFUSION 11 VIALS INVOICE $6458.20 ATTACHED",
        "UNCLASSIFIED BIOLOGIC SEE NDC IN LOOP 2410 J3590 E7521",
        "CLINICAL TRIAL NCT01234567 STUDY DRUG PROVIDED FREE",
        "ADSTILADRIN 75ML 3X10^11 VP/ML INTRAVESICAL",
        "AVASTIN 1.25 MG/0.05ML OU",
    ],
)
def test_what_is_said_of_a_drug_stays_to_the_letter(text: str) -> None:
    assert mask(text) == (text, ())


def test_dates_move_with_all_others() -> None:
    assert mask("ELFABRIO 80MG IV 11/14/2023")[0] == "ELFABRIO 80MG IV 03/05/2024"
    assert mask("ELFABRIO 80MG IV NOV 14, 2023")[0] == "ELFABRIO 80MG IV MAR 05, 2024"


def test_the_same_word_is_the_same_wherever_it_stands() -> None:
    out, _ = mask("PT MARY HARTLEY")
    assert out == f"PT {PSEUDONYMS.name('MARY')} {PSEUDONYMS.name('HARTLEY')}"


def test_a_name_that_the_reading_needs_is_kept_and_told() -> None:
    known = Known(names={"IV"})
    out, reasons = TextMask(PSEUDONYMS, LEXICON).mask("ELFABRIO 80MG IV", known)
    assert (out, reasons) == ("ELFABRIO 80MG IV", (KEPT_KNOWN,))


def test_a_code_of_a_study_that_the_reading_needs_is_kept_and_told() -> None:
    out, reasons = mask("INVESTIGATIONAL ABCD-12345 80MG IV")
    assert (out, reasons) == ("INVESTIGATIONAL ABCD-12345 80MG IV", (KEPT_WORD,))


def test_eleven_digits_that_the_claim_does_not_give_as_ndc_are_told() -> None:
    assert mask("ELFABRIO 80MG IV 10122016002")[1] == ()
    assert mask("ELFABRIO 80MG IV 44719020031") == ("ELFABRIO 80MG IV 44719020031", (KEPT_NUMBER,))


@pytest.mark.parametrize(
    "text", ["", "   ", "µ×–—", "²³⁴", "\x00\x1f", "É" * 300, "(" * 3000, "1/2/" * 500, "@" * 400]
)
def test_any_text_is_answered(text: str) -> None:
    out, _ = mask(text)
    assert len(out) >= len(text.strip())


@pytest.mark.parametrize(
    "text",
    [
        "MONOCLONAL ANTIBODY 300MG IV",
        "Monoclonal antibody 300mg iv",
        "ORVANTIQ 400MG SC",
        "PATIENT APRIL TOLERATED ENZYME REPLACEMENT 300MG",
        "CRYOPRESERVATION 300MG",
    ],
)
def test_a_word_that_may_name_a_new_drug_stays_one_and_no_other_becomes_one(text: str) -> None:
    out, _ = mask(text)
    assert out != text
    assert (unknown_drug_name([out], LEXICON) is None) == (unknown_drug_name([text], LEXICON) is None)
