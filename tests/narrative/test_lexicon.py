"""Names of drugs in free text: found as people write them, and never invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x12proc.narrative import Lexicon
from x12proc.narrative.spelling import Speller, is_one_edit

SMALL = Lexicon(
    [
        ("Ultomiris", "ravulizumab-cwvz"),
        ("ravulizumab-cwvz", "ravulizumab-cwvz"),
        ("trastuzumab", "trastuzumab"),
        ("trastuzumab-anns", "trastuzumab-anns"),
        ("Vyvgart", "efgartigimod alfa-fcab"),
        ("Vyvgart Hytrulo", "efgartigimod alfa and hyaluronidase-qvfc"),
        ("H.P. Acthar", "corticotropin"),
    ]
)


def found(text: str, lexicon: Lexicon) -> list[tuple[str, str | None]]:
    return [(name.written, name.canonical) for name in lexicon.find(text)]


@pytest.mark.parametrize(
    ("text", "written", "canonical"),
    [
        ("ULTOMIRIS", "ultomiris", "ravulizumab-cwvz"),
        ("Ultomiris", "ultomiris", "ravulizumab-cwvz"),
        ("ULTOMIRIS3300MG", "ultomiris", "ravulizumab-cwvz"),
        ("RAVULIZUMAB-CWVZ", "ravulizumab-cwvz", "ravulizumab-cwvz"),
        ("RAVULIZUMAB CWVZ", "ravulizumab cwvz", "ravulizumab-cwvz"),
        ("RAVULIZUMABCWVZ", "ravulizumabcwvz", "ravulizumab-cwvz"),
        ("RAVULIZUMAB", "ravulizumab", "ravulizumab-cwvz"),
        ("ANIFROLUMAB FNIA", "anifrolumab fnia", "anifrolumab-fnia"),
        ("VYVGART HYTRULO", "vyvgart hytrulo", "efgartigimod alfa and hyaluronidase-qvfc"),
        ("VYVGART", "vyvgart", "efgartigimod alfa-fcab"),
        ("H.P. ACTHAR 40", "h.p. acthar", "corticotropin"),
        ("HEP LOCK", "hep lock", "heparin lock"),
        ("ADO-TRASTUZUMAB EMTANSINE", "ado-trastuzumab emtansine", "ado-trastuzumab emtansine"),
        ("VYVGARTHYTRULO", "vyvgarthytrulo", "efgartigimod alfa and hyaluronidase-qvfc"),
        ("OLIPUDASEALFA", "olipudasealfa", "olipudase alfa-rpcp"),
        ("OLIPUDASE", "olipudase", "olipudase alfa-rpcp"),
        ("OLIPUDASE ALPHA-RPCP", "olipudase alpha-rpcp", "olipudase alfa-rpcp"),
        ("ALPHANATE", "alphanate", "antihemophilic factor/von willebrand factor complex (human)"),
        ("ALPHA-1-PROTEINASE INHIBITOR", "alpha-1-proteinase inhibitor", "alpha-1-proteinase inhibitor (human)"),
        ("CERTOLIZUMAB", "certolizumab", "certolizumab pegol"),
    ],
)
def test_a_name_is_found_as_people_write_it(text: str, written: str, canonical: str, lexicon: Lexicon) -> None:
    assert found(text, lexicon)[0] == (written, canonical)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("ULTOMIRUS", "ravulizumab-cwvz"),  # a letter changed
        ("ULTOMRIS", "ravulizumab-cwvz"),  # lost
        ("ULTOMIRISS", "ravulizumab-cwvz"),  # added
        ("ULTMOIRIS", "ravulizumab-cwvz"),  # swapped
        ("BRIUMVY", "ublituximab-xiiy"),
        ("BRIUMMVI", "ublituximab-xiiy"),
        ("ANIFROLUMB-FNIA", "anifrolumab-fnia"),
        ("ANIFROLUMAAB FNIA", "anifrolumab-fnia"),
        ("OCRELIZUMAAB", "ocrelizumab"),
        ("PEMBROLIZUMAP", "pembrolizumab"),
        ("RETACRITT", "epoetin alfa-epbx"),
        ("TEPEZA", "teprotumumab-trbw"),  # six letters of seven
    ],
)
def test_one_slip_of_the_pen_is_forgiven(text: str, canonical: str, lexicon: Lexicon) -> None:
    assert [name for _, name in found(text, lexicon)] == [canonical]


@pytest.mark.parametrize("text", ["ULTMORUS", "BRIMVY", "ULTOM", "TZEILD", "XOLIAR", "ALTOMIRIS"])
def test_two_slips_short_names_and_wrong_first_letters_are_not(text: str, lexicon: Lexicon) -> None:
    assert found(text, lexicon) == []


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("RAVULAZIMAB-CWVZ", "ravulizumab-cwvz"),
        ("RAVULIMAB-CWVZ", "ravulizumab-cwvz"),
        ("RAVULAZIMAB", None),  # no suffix tells
        ("OCRELIVIMAB-CWVZ", None),  # the suffix of quite another name
    ],
)
def test_a_suffix_tells_which_name_was_meant(text: str, canonical: str | None, lexicon: Lexicon) -> None:
    assert found(text, lexicon) == [(text.lower(), canonical)]


def test_a_first_word_that_several_names_have_tells_none(lexicon: Lexicon) -> None:
    assert found("EFGARTIGIMOD 700MG", lexicon) == []


def test_a_word_between_two_names_is_neither() -> None:
    speller = Speller(["abcdefgh", "abcdefgi"])
    assert speller.nearest("abcdefgx") is None
    assert speller.nearest("abcdefgghh") is None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("NEWOLIMAB 100MG", "newolimab"),
        ("NEWOLIMAB-ABCD 100MG", "newolimab-abcd"),
        ("XYLOFACEPT", "xylofacept"),
        ("ZOBRIPARVOVEC", "zobriparvovec"),
        ("QUMELEUCEL", "qumeleucel"),
        ("FOREGRASTIM", "foregrastim"),
        ("MIRALSIDASE", "miralsidase"),
    ],
)
def test_an_unknown_biologic_is_named_but_not_matched(text: str, written: str, lexicon: Lexicon) -> None:
    assert found(text, lexicon) == [(written, None)]


def test_a_strange_suffix_is_another_product(lexicon: Lexicon) -> None:
    assert found("TRASTUZUMAB-QQQQ", lexicon) == [("trastuzumab-qqqq", None)]
    assert found("TRASTUZUMAB-VIAL", lexicon) == [("trastuzumab", "trastuzumab")]


NO_DRUGS = """
    documentation available upon request invoice attached sponsor supplied charge investigational
    unclassified biologic biologics injection infusion intravenous subcutaneous intramuscular intravitreal
    administered administration discarded wastage patient physician provider hospital emergency department
    definitely activate activated complete emergent advance provenance revenge prevalent alternate gentleman
    benefit benefits personal program programs definite rotated provence pegasus lexical leucine lanolin
    prolactin thyroglobulin microliter option recast rotate solaris factory hemlock pencilling
    concept intercept percept precept accept except susceptible
    database purchase disease release increase decrease phase please lease showcase kinase lipase amylase
    napkin pumpkin munchkin catkin larkin
    peptide riptide nucleotide
    columbus columbia humidity herceptive prolific erbium botany remainder orientation solitary tremendous
    alphabet maximum minimum standard diagnosis treatment therapeutic recombinant monoclonal antibody
    leukemia lymphoma melanoma carcinoma myeloma arthritis dermatitis psoriasis colitis neuropathy
    hemoglobin creatinine potassium platelet neutrophil eosinophil
    alexandria charlotte barbara benjamin elizabeth theodore valencia yosemite hobart stobart rembrandt
    ivig ivory factor viii stage grade right left eye bladder weekly monthly strength quantity
    """.split()  # noqa: SIM905 - read as prose


@pytest.mark.parametrize("word", NO_DRUGS)
def test_a_plain_word_is_no_drug(word: str, lexicon: Lexicon) -> None:
    assert found(word.upper(), lexicon) == []


@pytest.mark.parametrize(
    "text",
    [
        "SEE NDC#",
        "KIT STERILE WATER VIAL",
        "DRUG NAME 11111-2222-33",
        "INVEST DRUG NO CHARGE SPONSOR SUPPLIED",
        "DR BARBARA HUMPHREY, COLUMBIA SC 29201",
        "MABEL CASEY",
        "RETURN TO VERIFY AND COMPLETE",
    ],
)
def test_a_text_without_drug_names_none(text: str, lexicon: Lexicon) -> None:
    assert found(text, lexicon) == []


def test_names_are_words_of_their_own() -> None:
    assert SMALL.find("XULTOMIRIS") == ()
    assert SMALL.find("ULTOMIRISTIC") == ()
    assert [name.written for name in SMALL.find("(ULTOMIRIS)")] == ["ultomiris"]


def test_a_name_does_not_go_on_across_a_gap() -> None:
    assert found("VYVGART ... ,,, HYTRULO", SMALL) == [("vyvgart", "efgartigimod alfa-fcab")]


def test_places_are_those_of_the_text() -> None:
    text = "GIVEN İ ULTOMIRIS NOW"  # the dotted capital grows when lowered
    (name,) = SMALL.find(text)
    assert text[name.start : name.end] == "ULTOMIRIS"


def test_canonical_is_exact() -> None:
    assert SMALL.canonical("h p acthar") == "corticotropin"
    assert SMALL.canonical("ULTOMIRUS") is None
    assert SMALL.canonical("") is None


def test_more_new_words_than_are_kept_change_nothing() -> None:
    for number in range(10_100):
        word = "zzzz" + "".join(chr(97 + int(digit)) for digit in str(number))
        assert SMALL.find(word) == ()
    assert found("ULTOMIRUS", SMALL) == [("ultomirus", "ravulizumab-cwvz")]


WORDS = st.text(alphabet="abcd", min_size=0, max_size=8)


def edits(word: str) -> set[str]:
    """Every word one slip away, the slow and plain way."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    letters = "abcd"
    lost = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    changed = {a + c + b[1:] for a, b in cuts if b for c in letters}
    added = {a + c + b for a, b in cuts for c in letters}
    return (lost | swapped | changed | added) - {word}


@given(WORDS, WORDS)
def test_one_edit_is_what_it_says(word: str, name: str) -> None:
    assert is_one_edit(word, name) == (name in edits(word))


@given(st.text(max_size=300))
def test_any_text_is_searched(text: str) -> None:
    for name in SMALL.find(text):
        assert 0 <= name.start < name.end <= len(text)
