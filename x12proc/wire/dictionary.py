"""The data element numbers of an 837's segments (X12 data element dictionary, version 005010).

An acknowledgement names a faulty element by this number. Where a segment holds a composite, its number is here
(``C003``) and its components are under it.
"""

from __future__ import annotations

_ELEMENTS = {
    "AMT": "522 782 478",
    "BHT": "1005 353 127 373 337 640",
    "CAS": "1033" + 6 * " 1034 782 380",
    "CL1": "1315 1314 1352 1345",
    "CLM": "1028 782 1032 1343 C023 1073 1359 1073 1363 1351 C024 1366 1073 1338 1073 1360 1029 1073 1383 1514",
    "CN1": "1166 782 332 127 338 799",
    "CR1": "355 81 1316 1317 355 380 166 166 352 352",
    "CR2": "609 380 1367 1367 355 380 380 1342 1073 352 352 1073",
    "CR3": "1322 355 380 1335 352",
    "CRC": "1136 1073 1321 1321 1321 1321 1321",
    "CTP": "687 236 212 380 C001 648 649 782 639 499 289",
    "CUR": "98 100 280 98 100 669" + 5 * " 374 373 337",
    "DMG": "1250 1251 1068 1067 C056 1066 26 659 380 1270 1271",
    "DTP": "374 1250 1251",
    "FRM": "350 1073 127 373 332",
    "HCP": "1473 782 782 127 118 127 782 234 235 234 355 380 901 1526 1527",
    "HI": "C022" + 11 * " C022",
    "HL": "628 734 735 736",
    "K3": "449 1333 C001",
    "LIN": "350" + 15 * " 235 234",
    "LQ": "1270 1271",
    "LX": "554",
    "MEA": "737 738 739 C001 740 741 935 936 752 1373 1270 1271",
    "MIA": "380 782 380 782 127" + 9 * " 782" + " 380 782 782 782 782 127 127 127 127 782",
    "MOA": "954 782 127 127 127 127 127 782 782",
    "N3": "166 166",
    "N4": "19 156 116 26 309 310 1715",
    "NM1": "98 1065 1035 1036 1037 1038 1039 66 67 706 98 1035",
    "NTE": "363 352",
    "OI": "1032 1383 1073 1351 1360 1363",
    "PAT": "1069 1384 584 1220 1250 1251 355 81 1073",
    "PER": "366 93 365 364 365 364 365 364 443",
    "PRV": "1221 128 127 156 C035 1223",
    "PS1": "127 782 156",
    "PWK": "755 756 757 98 66 67 352 C002 1525",
    "QTY": "673 380 C001 61",
    "REF": "128 127 352 C040",
    "SBR": "1138 1069 127 93 1336 1143 1073 584 1032",
    "SE": "96 329",
    "ST": "143 329 1705",
    "SV1": "C003 782 355 380 1331 1365 C004 782 1073 1340 1073 1073 1364 1341 1327 1334 127 116 782 1337 1360",
    "SV2": "234 C003 782 355 380 1371 782 1073 1345 1337",
    "SV5": "C003 355 380 782 782 594 923",
    "SVD": "67 782 C003 234 380 554",
    "C001": "355 1018 649" + 4 * " 355 1018 649",
    "C003": "235 234 1339 1339 1339 1339 352 234",
    "C004": "1328 1328 1328 1328",
    "C022": "1270 1271 1250 1251 782 380 799 1271 1073",
    "C023": "1331 1332 1325",
    "C024": "1362 1362 1362 156 26",
    "C040": "128 127 128 127 128 127",
}
_NUMBERS = {name: tuple(numbers.split()) for name, numbers in _ELEMENTS.items()}


def element_number(tag: str, element: int, component: int | None = None) -> str:
    """The number of an element, or of a component of it: ``235`` for SV101-1. Empty for what has none.

    A composite as a whole has a name that is no number, so that it is empty too.
    """
    number = _numbered(tag, element)
    if component is not None:
        number = _numbered(number, component)
    return number if number.isdigit() else ""


def is_known(tag: str) -> bool:
    """Return whether an 837 has such a segment."""
    return tag in _NUMBERS and not tag.startswith("C0")


def _numbered(name: str, position: int) -> str:
    numbers = _NUMBERS.get(name, ())
    return numbers[position - 1] if 0 < position <= len(numbers) else ""
