"""NDC18, NDC19: NDCs on lines of the claim that bill something else."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import Claim, ServiceLine, location_of
from x12proc.findings import WARN, Hit
from x12proc.reference.ndc import normalize
from x12proc.rules.base import BIOLOGIC_CODES, claim_rule
from x12proc.rules.context import Context
from x12proc.values import excerpt

_ALL_ROUTES = ""
_VISITS = range(99202, 99500)  # evaluation and management, CPT


@claim_rule(
    "NDC18",
    "ndc-on-a-line-without-a-drug",
    severity=WARN,
    sources=("PYX",),
    confidence="proposed",
    status="A7:218",
    remittance=("16", "M119"),
    where="2410 LIN03 of the lines for administration and visits",
    summary="A line for the administration or a visit has an NDC.",
    fix="Delete loop 2410 (LIN, CTP, REF) from the line for the administration or the visit. The NDC belongs "
    "only on the line that bills the drug.",
)
def ndc_on_a_line_without_a_drug(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Loop 2410 says which drug a line bills. On an infusion or a visit it makes the payer price a drug there, or
    count the drug twice."""
    for line in claim.lines:
        if line.drug is None or line.procedure in BIOLOGIC_CODES:
            continue
        if line.ndc.strip() and _bills_no_drug(line, ctx):
            code = excerpt(line.procedure, 10)
            message = f"Line {excerpt(line.number, 10)} bills {code}, which is no drug, and has an NDC"
            yield Hit(location_of(line.drug.lin, 3), message, excerpt(line.ndc, 40))


def _bills_no_drug(line: ServiceLine, ctx: Context) -> bool:
    code = line.procedure.strip().upper()
    visit = len(code) == 5 and code.isascii() and code.isdigit() and int(code) in _VISITS
    return visit or code in ctx.reference.administration(_ALL_ROUTES)


@claim_rule(
    "NDC19",
    "one-ndc-on-lines-of-other-drugs",
    severity=WARN,
    sources=("PYX",),
    confidence="proposed",
    status="A7:218",
    remittance=("16", "M119"),
    where="2410 LIN03 of the lines that bill other drugs",
    summary="A line that bills another drug's code has the NDC of the unclassified biologic.",
    fix="Take the NDC of each line from the package of the drug that the line bills.",
)
def one_ndc_on_lines_of_other_drugs(claim: Claim, ctx: Context) -> Iterator[Hit]:
    """Some systems copy one NDC onto every line of a claim. Payers compare code and NDC by their crosswalk and
    deny the lines that don't fit."""
    targets = {line.end for line in ctx.targets}
    others = [line for line in claim.lines if line.drug is not None and line.end not in targets]
    billed = {normalize(line.ndc) for line in ctx.targets if line.ndc} if others else set()
    for line in others:
        number = normalize(line.ndc) if line.ndc else None
        if number is None or number not in billed or line.drug is None:
            continue
        product, code = ctx.reference.product(number), ctx.reference.code(line.procedure)
        if product is not None and code is not None and code.drug and code.drug != product.generic:
            message = f"Line {excerpt(line.number, 10)} bills {code.code}, but its NDC is that of {product.name}"
            yield Hit(location_of(line.drug.lin, 3), message, excerpt(line.ndc, 40))
