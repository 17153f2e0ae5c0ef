"""Read the wording of the official tables: names of drugs, routes, units, and the texts of codes."""

from __future__ import annotations

import re
from typing import Final


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Codes for drugs without a specific code: an NDC listed under one of them has none.
UNSPECIFIC_CODES: Final = words(
    "A9699 C9399 J3490 J3590 J7199 J7599 J7699 J7799 J7999 J8498 J8499 J8597 J8999 J9999"
)

#: Skin substitutes: their trade names are English words ("Complete", "Emerge") and no drug is among them.
NAMELESS_CODES: Final = ("Q4", "A2")

ROUTES: Final = {
    "iv": "IV",
    "intravenous": "IV",
    "sc": "SC",
    "subcutaneous": "SC",
    "im": "IM",
    "intramuscular": "IM",
    "id": "ID",
    "intradermal": "ID",
    "it": "IT",
    "intrathecal": "IT",
    "intraventricular": "IT",
    "intravitreal": "INTRAVITREAL",
    "intravitreal implant": "INTRAVITREAL",
    "subretinal": "SUBRETINAL",
    "intravesical": "INTRAVESICAL",
    "intralesional": "INTRALESIONAL",
    "intraperitoneal": "INTRAPERITONEAL",
    "inhalation": "INHALATION",
    "oral": "ORAL",
    "topical": "TOPICAL",
    "implantation": "IMPLANT",
    "intraocular": "INTRAOCULAR",
    "intratumoral": "INTRATUMORAL",
    "intracochlear": "INTRACOCHLEAR",
    "intraputaminal": "INTRAPUTAMINAL",
    "intratracheal": "INTRATRACHEAL",
    "intradetrusor": "INTRADETRUSOR",
    "rectal": "RECTAL",
    "nasal": "NASAL",
    "sublingual": "SUBLINGUAL",
    "percutaneous": "PERCUTANEOUS",
}

PRESENTATIONS: Final = {"single-dose vial": "SDV", "multi-dose vial": "MDV", "pre-filled syringe": "PFS"}

SALTS: Final = words(
    "acetate calcium chloride citrate cypionate decanoate dihydrochloride disodium fumarate hcl hydrochloride "
    "lactate maleate mesylate phosphate potassium sodium succinate sulfate tartrate tromethamine bromide "
    "edisylate trometamol succ"
)
#: Without the word after them these are no drug: the chloride of "sodium chloride" stays.
SALT_ONLY_FIRST_WORDS: Final = words("calcium magnesium potassium sodium zinc ammonium arsenic")

#: Words at the end of a product's name that name its form, not the drug.
FORM_WORDS: Final = words(
    "im inj injection inhalation iv kit kwikpen lyophilized mdv mpf multipack novaplus pak pen penfill pfs "
    "flexpen pumpcart solution spinal usp vial usp. rtu granules prefilled"
)

#: HCPCS texts that spell a drug wrong, or by its trade name.
HCPCS_SPELLINGS: Final = {"bupivicaine": "bupivacaine", "aminophyllin": "aminophylline", "garamycin": "gentamicin"}

#: Allergen extracts and contrast classes: long labels that nobody writes as the name of a drug.
LABELS: Final = re.compile(r"pollens|venoms|insects|animal allergens|kit for|gadolinium-based|hyaluronan")

HCPCS_GENERIC: Final = re.compile(r"injection, (?:sterile )?([a-z][a-z -]{5,50}?)(?:,|\s\(|\s\d|$)", re.IGNORECASE)
PLAIN_CODE: Final = re.compile(r"\b[A-Z]\d{4}\b")


def iso_date(compact: str) -> str:
    """Convert ``20191001`` to ``2019-10-01``; anything else is empty."""
    return f"{compact[:4]}-{compact[4:6]}-{compact[6:]}" if re.fullmatch(r"\d{8}", compact) else ""


def specific_codes(text: str) -> list[str]:
    return sorted(set(PLAIN_CODE.findall(text)) - UNSPECIFIC_CODES)


def tidy(name: str) -> str:
    """Strip marks, brackets and form words from a name: ``Kanjinti (Kit)`` and ``Tremfya IV`` lose their end."""
    text = re.sub(r"\([^)]*\)", " ", name.replace("\ufffd", " ").replace("®", " ").replace("™", " "))
    text = re.sub(r"\s+in\s+(?:d5w|nacl|dextrose|sodium chloride|potassium chloride)\b.*", "", text, flags=re.I)
    parts = text.replace(" - ", " ").split()
    while parts and (parts[-1].lower().strip("-") in FORM_WORDS or re.fullmatch(r"-?[\d./%]+", parts[-1])):
        parts.pop()
    return re.sub(r"[-,;]+\Z", "", " ".join(parts))


def without_salt(name: str) -> str:
    """Strip the salt: ``morphine sulfate`` becomes ``morphine``; ``sodium chloride`` is unchanged."""
    parts = name.lower().replace(",", "").split()
    while len(parts) > 1 and parts[-1] in SALTS and parts[0] not in SALT_ONLY_FIRST_WORDS:
        parts.pop()
    return " ".join(parts)


def split_brands(text: str) -> list[str]:
    """Split the names in ``Carimune, Carimune Nf`` or ``Jubbonti/Wyost``; ``S/D`` isn't a separator."""
    parts = re.split(r"[,;]|(?<=[a-z]{3})/\s*(?=[A-Z])", re.sub(r"\([^)]*\)", " ", text))
    return [name for name in map(tidy, parts) if name]


def hcpcs_generic(description: str) -> str:
    """Return the drug in ``Injection, degarelix, 1 mg``; empty for combinations and other wordings."""
    found = HCPCS_GENERIC.match(description)
    if found is None or re.search(r"mg and |/", description[found.start(1) : found.end() + 24]):
        return ""
    name = re.split(r"\s(?:for|in|extended)\s", found.group(1).lower())[0]
    bare = without_salt(name)
    return "" if LABELS.match(bare) else HCPCS_SPELLINGS.get(bare, bare)


def canonical_routes(text: str) -> str:
    parts = re.split(r"[;,]", re.sub(r"\([^)]*\)", "", text))
    routes = [ROUTES.get(part.strip().lower(), "") for part in parts]
    return ";".join(dict.fromkeys(filter(None, routes)))


def merged_container(text: str) -> str:
    """Return the one container of all presentations in a list; empty if they differ."""
    kinds = {PRESENTATIONS.get(part.strip().lower(), "") for part in text.split(";")}
    return kinds.pop() if len(kinds) == 1 else ""


# -- the text of a HCPCS code --------------------------------------------------------------------------

_TEXT_ROUTES: Final = (
    ("IV", r"(?<!non-)\bintravenous|, iv\b"),
    ("SC", r"\bsubcutaneous"),
    ("IM", r"\bintramuscular"),
    ("IT", r"\bintrathecal"),
    ("INTRAVITREAL", r"\bintravitreal"),
    ("INTRAVESICAL", r"\bintravesical"),
    ("ORAL", r"\boral\b"),
    ("INHALATION", r"\binhalation"),
    ("TOPICAL", r"\btopical"),
)
_UNIT_WORDS: Final = {
    **dict.fromkeys(("mg", "milligram", "milligrams"), "MG"),
    **dict.fromkeys(("mcg", "microgram", "micrograms"), "MCG"),
    **dict.fromkeys(("g", "gm", "gram", "grams"), "G"),
    **dict.fromkeys(("ml", "cc"), "ML"),
    **dict.fromkeys(("iu", "i.u."), "IU"),
    **dict.fromkeys(("unit", "units", "usp units"), "UNITS"),
    **dict.fromkeys(("millicurie", "millicuries"), "MCI"),
}
_TEXT_UNIT: Final = re.compile(
    r"(?:(\d[\d,]*(?:\.\d+)?|\.\d+)\s*|\bper )("
    + "|".join(sorted(map(re.escape, _UNIT_WORDS), reverse=True))
    + r")"
    r"(?: vwf:rco| of factor ix activity|\s*\(.*\))?\Z"
)
_SUFFIXED: Final = re.compile(r"(?:inj(?:ection)?\.?,\s+)?([a-z]{6,}(?: [a-z]+)?-[a-z]{4})\b")
_NUMBER_UNIT: Final = re.compile(r"\d\s*(?:mg|mcg|g|gm|ml|units?|iu)\b")


def text_route(text: str) -> str:
    """Return the one route that a code's long text restricts it to; empty if it names none, or several."""
    found = [route for route, pattern in _TEXT_ROUTES if re.search(pattern, text.lower())]
    return found[0] if len(found) == 1 else ""


_TEXT_PIECE: Final = re.compile(r", (per (?:treatment|therapeutic dose|implant|vial))\Z")


def text_unit(text: str) -> str:
    """Return the amount of one unit of a code, by the end of its text: ``10 MG``; empty if unclear."""
    lowered = text.lower().strip()
    piece = _TEXT_PIECE.search(lowered)
    if piece is not None:
        return piece[1].upper()
    found = _TEXT_UNIT.search(lowered)
    if found is None or "up to" in lowered or len(_NUMBER_UNIT.findall(lowered)) > 1:
        return ""
    return f"{(found[1] or '1').replace(',', '')} {_UNIT_WORDS[found[2]]}"


def suffixed_drug(text: str) -> str:
    """Return the drug with a four-letter suffix at the start of a long text; empty for others and combinations."""
    plain = re.sub(r"\([^)]*\)", "", text.lower())
    found = _SUFFIXED.match(plain)
    return found[1] if found and not re.search(r"\band\b|/", plain[: found.end() + 12]) else ""


def bracketed(text: str) -> list[str]:
    """Return the names in brackets of a code's long text, in lower case, each on its own."""
    inside = re.findall(r"\(([^()]*)\)", text.lower())
    return [name.strip() for part in inside for name in re.split(r"[/,]", part) if name.strip()]
