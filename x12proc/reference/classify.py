"""Classify products by the words of a name or a code, where these are certain.

The classes and how each is derived (`why` in the edition's ``classes.csv`` repeats it in a word):

- ``vaccine``: the Purple Book's proper name or the HCPCS text says vaccine or toxoid(s). BCG for the bladder
  ("BCG Live") is none.
- ``immune-globulin``: it says immune globulin; globulins against lymphocytes or thymocytes are left out, they
  suppress immunity.
- ``clotting-factor``: it says antihemophilic, von Willebrand factor, coagulation or clotting factor, or factor
  VII, VIII, IX, X, XIII. Prothrombin complex and inactivated factor Xa reverse anticoagulants: left out.
- ``radiopharmaceutical``: the HCPCS text counts in millicuries or microcuries, or says radiopharmaceutical.
- ``gene-therapy``, ``cell-therapy``: the endings that nonproprietary names reserve for them (-gene with -vec,
  -leucel, -temcel, -cel), and cultured cells, cord blood.
- ``antineoplastic``: a code of HCPCS's chapter of chemotherapy drugs (J9000 to J9999) except `NOT_ONCOLOGY`;
  the drug's name, when it has no code outside that chapter; what was billed as J9999 before it had a code; and
  biosimilars of such a drug.
"""

from __future__ import annotations

import re
from typing import Final

from x12proc.reference.wording import words

#: Codes of the chemotherapy chapter for drugs with another use, or with a great other use beside it (rituximab,
#: methotrexate, cyclophosphamide): they do not decide the class.
NOT_ONCOLOGY: Final = words(
    "J9038 J9070 J9071 J9072 J9073 J9074 J9075 J9076 J9175 J9209 J9210 J9212 J9213 J9214 J9215 J9216 J9220 J9226 "
    "J9250 J9255 J9256 J9260 J9310 J9311 J9312 J9332 J9333 J9334 J9361 J9376 J9381"
)
#: Names under J9 codes that another product with another use shares.
AMBIGUOUS_DRUGS: Final = words(
    "alemtuzumab ofatumumab aflibercept mitomycin leuprolide triptorelin histrelin mesna"
)

_WORDS: Final = (
    ("vaccine", re.compile(r"\b(?:vaccines?|toxoids?)\b"), re.compile(r"intravesical|administration")),
    ("immune-globulin", re.compile(r"immune ?globulin"), re.compile(r"thymocyte|services|hyaluronidase only")),
    (
        "clotting-factor",
        re.compile(
            r"antihemophilic|von willebrand factor|\b(?:coagulation|clotting) factor|"
            r"\bfactor (?:vii|viia|viii|ix|x|xiii)\b"
        ),
        re.compile(r"prothrombin|inactivated|infusion therapy"),
    ),
    ("radiopharmaceutical", re.compile(r"(?:milli|micro)curie|radiopharmaceutical"), None),
    ("gene-therapy", re.compile(r"\b\w{3,}gene \w+(?:vec|cel)\b|\b\w+agen\w*leucel\b"), None),
    (
        "cell-therapy",
        re.compile(
            r"\b\w{3,}cel\b|\bcultured (?:chondro|keratino)cytes|hematopoietic progenitor|"
            r"\bhpc, cord"
        ),
        re.compile(r"excel|membrane allograft|square centimeter"),
    ),
)


def text_classes(text: str) -> list[str]:
    """Return the classes by the words of a proper name or a code's long text."""
    lowered = text.lower()
    return [
        kind
        for kind, pattern, unless in _WORDS
        if pattern.search(lowered) and not (unless and unless.search(lowered))
    ]


def is_oncology_code(code: str) -> bool:
    """Return whether a code of the chemotherapy chapter is for drugs against neoplasms alone."""
    return code.startswith("J9") and code not in NOT_ONCOLOGY
