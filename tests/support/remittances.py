"""835 files for tests, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence

ISA = "ISA*00*          *00*          *ZZ*CEDARCLEAR     *ZZ*LAKESIDEBILL   *261101*0900*^*00501*000000077*0*P*:~"


def answer(
    number: str,
    payer_number: str = "ICN77",
    *,
    charge: str = "500",
    paid: str = "0",
    status: str = "1",
    adjustments: Sequence[str] = ("CAS*CO*16*500",),
    more: Sequence[str] = (),
    services: Sequence[str] = (),
) -> list[str]:
    """Return the segments of one answered claim."""
    clp = f"CLP*{number}*{status}*{charge}*{paid}**MB*{payer_number}*11"
    return [clp, *adjustments, "NM1*QC*1*HARTLEY*MARY", *more, *services]


def remittance(*claims: list[str], npi: str = "1457002313", terminator: str = "~\n") -> bytes:
    """Return an 835 with these claims."""
    body = [
        "ST*835*0001", "BPR*I*0*C*NON************20261101", "TRN*1*EFT1*1990000001", "DTM*405*20261101",
        "N1*PR*NORIDIAN", "N3*PO BOX 1", "N4*FARGO*ND*58108", f"N1*PE*LAKESIDE*XX*{npi}", "LX*1",
        *(segment for claim in claims for segment in claim),
    ]  # fmt: skip
    body.append(f"SE*{len(body) + 1}*0001")
    whole = [ISA.removesuffix("~"), "GS*HP*CEDARCLEAR*LAKESIDEBILL*20261101*0900*77*X*005010X221A1", *body]
    return "".join(segment + terminator for segment in [*whole, "GE*1*77", "IEA*1*000000077"]).encode()
