"""Loop 2410 ready to paste: the NDC, and the quantity that the text of the line gives."""

from __future__ import annotations

from x12proc.claims.builder import service_line
from x12proc.claims.model import ServiceLine
from x12proc.rules.context import Context
from x12proc.rules.shared.corrected_segments import segment_text
from x12proc.rules.shared.ndc_quantity import quantity_of_text
from x12proc.values import format_number
from x12proc.wire.segment import Segment

_MOST_LINES = 50  # of a claim; in a larger one no quantity is worked out, because each attempt copies all lines
_UNITS = "ML, UN, GR, ME or F2"


def quantity_segment(line: ServiceLine, ctx: Context) -> str:
    """Return the CTP that the text of a line gives for its NDC, ``CTP****33*ML~``, or "" where it isn't
    certain."""
    known = quantity_of_text(line, ctx)
    return segment_text("CTP", "", "", "", format_number(known[0]), known[1]) if known else ""


def drug_loop(line: ServiceLine, ctx: Context, ndc: str) -> str:
    """Return LIN and CTP for a line that has no loop 2410, with what to add where the quantity isn't certain."""
    lin = Segment("LIN", ("LIN", "", "N4", ndc), line.lx.index, line.end, b"", "2410")
    known = ""
    if len(ctx.claim.lines) <= _MOST_LINES and not line.drugs:
        own = tuple(segment for segment in line.segments if segment.loop == "2400")
        component = ctx.claim.delimiters.component.decode("latin-1")
        instead = service_line((*own, lin), component, line.end)
        known = quantity_segment(instead, ctx.with_line(line, instead))
    start = segment_text(*lin.elements)
    return (
        f"{start}{known}" if known else f"{start} Then send CTP with quantity (CTP04) and unit (CTP05: {_UNITS})."
    )
