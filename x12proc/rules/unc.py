"""UNC01: lines that the installed tables do not cover, for those who must not pass them on."""

from __future__ import annotations

from collections.abc import Iterator

from x12proc.claims.model import ServiceLine, location_of
from x12proc.findings import REJECT, Hit
from x12proc.rules.base import Option, line_rule
from x12proc.rules.context import Context
from x12proc.values import excerpt

_MOST_NAMED = 3  # gaps that a message names


@line_rule(
    "UNC01",
    "line-not-checked-in-full",
    severity=REJECT,
    sources=("SEED",),
    confidence="proposed",
    where="2400 SV1, SV2",
    status="A7:481",
    options={"enabled": Option(False, "whether a line that the tables do not cover is rejected")},
    summary="A rule could not decide on the line, because the installed tables do not cover it.",
    fix="Import newer tables with x12proc reference import, then scrub the file again. The report lists what is "
    "missing under unchecked.",
)
def line_not_checked_in_full(line: ServiceLine, ctx: Context) -> Iterator[Hit]:
    """A line that was not checked in full is neither faulty nor clean. A profile that enables this rule holds it
    back until somebody brings the missing table."""
    gaps = ctx.unchecked(line)
    if gaps:
        named = list(dict.fromkeys(gap.needs for gap in gaps))
        rules = ", ".join(dict.fromkeys(gap.rule for gap in gaps))
        message = f"{rules} can't decide: {'; '.join(named[:_MOST_NAMED])} missing"
        commands = "; ".join(dict.fromkeys(gap.how for gap in gaps))
        yield Hit(location_of(line.sv_or_lx), message, excerpt(line.procedure, 10), fix=f"Run {commands}.")
