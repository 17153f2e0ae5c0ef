"""Synthetic 837 files of any size for measuring.

    python bench/make_data.py OUT --kind P --megabytes 100 --percent 2

Claims, people and payers are invented. A target claim bills J3590 with loop 2410; about two in five of them have
one fault. The same arguments always give the same bytes.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CLAIMS_PER_PROVIDER = 40
CLAIMS_PER_SET = 5000
_FIRST = ("MARY", "LOUIS", "JUNE", "NEIL", "PAUL", "BRITT", "CELIA", "OMAR", "RUTH", "IVAN", "ROSA", "HUGH")
_LAST = ("HARTLEY", "OKAFOR", "TILLMAN", "ABRAMS", "MARCHETTI", "HALVORSEN", "IBARRA", "LINDQVIST", "PEREZ", "WU")
_PAYERS = (
    ("ACME COMMERCIAL HEALTH", "ACME1", "CI"),
    ("NORIDIAN MEDICARE PART B", "01182", "MB"),
    ("UNITEDHEALTHCARE", "87726", "CI"),
    ("STATE MEDICAID", "SKMED", "MC"),
    ("BLUE CROSS OF THE COAST", "BCC01", "BL"),
)
_VISITS = ("99213", "99214", "96365", "96413", "80053", "85025", "J1100", "J2405", "36415")


class Drug(NamedTuple):
    """A product as billed: strength of one container in a unit, and its milliliters (0: a powder)."""

    name: str
    ndc: str
    strength: int
    unit: str
    milliliters: int
    route: str


_DRUGS = (
    Drug("ELFABRIO (PEGUNIGALSIDASE ALFA-IWXJ)", "10122016002", 20, "MG", 10, "IV"),
    Drug("LAMZEDE (VELMANASE ALFA-TYCV)", "10122018002", 10, "MG", 0, "IV"),
    Drug("VEOPOZ", "61755001401", 400, "MG", 2, "IV"),
    Drug("ADZYNMA", "64193089004", 500, "IU", 0, "IV"),
    Drug("POMBILITI", "71904020001", 105, "MG", 0, "IV"),
    Drug("COSENTYX", "00078116861", 125, "MG", 5, "IV"),
)


def main() -> None:
    """Write one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", choices=["P", "I"], default="P", help="837P or 837I")
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--percent", type=float, default=2.0, help="how many of the claims bill J3590")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with chosen.out.open("wb") as file:
        for text in interchange(chosen.kind, chosen.megabytes * 1_000_000, chosen.percent / 100, chosen.seed):
            file.write(text.encode("ascii"))


def interchange(kind: str, size: int, share: float, seed: int) -> Iterator[str]:
    """One interchange of about ``size`` bytes in pieces; ``share`` of its claims are target claims."""
    dice = random.Random(seed)  # noqa: S311 - data for measuring, no secret
    guide = "005010X222A1" if kind == "P" else "005010X223A2"
    yield (
        "ISA*00*          *00*          *ZZ*BENCHBILL      *ZZ*CEDARCLEAR     *240329*0915*^*00501*240329301"
        "*0*T*:~\n"
        f"GS*HC*BENCHBILL*CEDARCLEAR*20240329*0915*301*X*{guide}~\n"
    )
    written, sets, number = 0, 0, 0
    while written < size:
        sets += 1
        count, loops = 1, 0
        head = _head(guide, sets)
        count += len(head)
        yield _joined(head)
        for location in range(CLAIMS_PER_SET):
            body = []
            if location % CLAIMS_PER_PROVIDER == 0:
                loops += 1
                provider = loops
                body += _provider(loops, number)
            loops += 1
            number += 1
            body += _subscriber(loops, provider, dice)
            body += _claim(kind, number, dice, target=dice.random() < share)
            text = _joined(body)
            count += len(body)
            written += len(text)
            yield text
            if written >= size:
                break
        yield f"SE*{count}*{sets:04d}~\n"
    yield f"GE*{sets}*301~\nIEA*1*240329301~\n"


def _joined(segments: list[str]) -> str:
    return "~\n".join(segments) + "~\n"


def _head(guide: str, number: int) -> list[str]:
    return [
        f"ST*837*{number:04d}*{guide}",
        f"BHT*0019*00*BENCH{number}*20240329*0915*CH",
        "NM1*41*2*BENCH BILLING*****46*BB001",
        "PER*IC*EDI DESK*TE*6265550142",
        "NM1*40*2*CEDAR CLEARINGHOUSE*****46*CEDAR01",
    ]


def _provider(loop: int, number: int) -> list[str]:
    return [
        f"HL*{loop}**20*1",
        "PRV*BI*PXC*261QI0500X",
        f"NM1*85*2*INFUSION CENTER {number % 97}*****XX*1457002313",
        "N3*100 LAKE AVE",
        "N4*PASADENA*CA*911014401",
        "REF*EI*990000101",
    ]


def _subscriber(loop: int, provider: int, dice: random.Random) -> list[str]:
    name, payer, filing = dice.choice(_PAYERS)
    return [
        f"HL*{loop}*{provider}*22*0",
        f"SBR*P*18*GRP{dice.randrange(9999):04d}******{filing}",
        f"NM1*IL*1*{dice.choice(_LAST)}*{dice.choice(_FIRST)}****MI*W{dice.randrange(10**9):09d}",
        f"N3*{dice.randrange(1, 999)} OAK ST",
        "N4*GLENDALE*CA*91203",
        f"DMG*D8*19{dice.randrange(40, 99)}{dice.randrange(1, 13):02d}{dice.randrange(1, 29):02d}*F",
        f"NM1*PR*2*{name}*****PI*{payer}",
        "N3*PO BOX 6777",
        "N4*FARGO*ND*581086777",
    ]


def _claim(kind: str, number: int, dice: random.Random, *, target: bool) -> list[str]:
    day = f"2023{dice.randrange(1, 7):02d}{dice.randrange(1, 29):02d}"
    lines = _drug_line(kind, number, day, dice) if target else []
    first = 2 if target else 1
    for location in range(first, first + dice.randrange(1, 4)):
        code, charge = dice.choice(_VISITS), dice.randrange(20, 400)
        service = f"HC:{code}*{charge}*UN*1"
        lines += [
            f"LX*{location}",
            f"SV1*{service}***1" if kind == "P" else f"SV2*0260*{service}",
            f"DTP*472*D8*{day}",
            f"REF*6R*{number}-{location:02d}",
        ]
    charge = sum(int(line.split("*")[2 if kind == "P" else 3]) for line in lines if line.startswith("SV"))
    if kind == "P":
        head = [f"CLM*B{number}*{charge}***11:B:1*Y*A*Y*Y", f"REF*G1*PA{number:08d}", "HI*ABK:E7521*ABF:Z79899"]
        people = ["NM1*DN*1*TILLMAN*JUNE****XX*1714009978", "NM1*82*1*MARCHETTI*PAUL****XX*1376005512"]
        return [*head, *people, "PRV*PE*PXC*207RR0500X", *lines]
    head = [
        f"CLM*B{number}*{charge}***13:A:1**A*Y*Y",
        f"DTP*434*RD8*{day}-{day}",
        "CL1*3*1*01",
        f"REF*G1*PA{number:08d}",
        "HI*ABK:E771",
        "HI*APR:E771",
    ]
    return [*head, "NM1*71*1*IBARRA*CELIA****XX*1903003311", "PRV*AT*PXC*207SG0201X", *lines]


def _drug_line(kind: str, number: int, day: str, dice: random.Random) -> list[str]:
    drug = dice.choice(_DRUGS)
    count = dice.randrange(1, 13)
    dose = count * drug.strength
    content = f"{drug.strength}{drug.unit}" + (f"/{drug.milliliters}ML" if drug.milliliters else "")
    text = f"{drug.name} {dose}{drug.unit} {drug.route} {count}X{content} SDV"
    quantity = f"{count * drug.milliliters}*ML" if drug.milliliters else f"{count}*UN"
    ndc, route = drug.ndc, dice.randrange(5)
    if route == 0:
        text = f"{drug.name} {content}"  # a fault: no dose, no route
    elif route == 1:
        ndc = drug.ndc[:10]  # a fault: one digit lost
    service = f"HC:J3590:JZ::::{text}*{count * 1500}*UN*1"
    line = f"SV1*{service}***1" if kind == "P" else f"SV2*0636*{service}"
    return ["LX*1", line, f"DTP*472*D8*{day}", f"REF*6R*{number}-01", f"LIN**N4*{ndc}", f"CTP****{quantity}"]


if __name__ == "__main__":
    main()
