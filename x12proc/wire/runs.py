"""The claims of a run one by one, for those who need them so."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise

from x12proc.wire.accelerated import count
from x12proc.wire.boundaries import CLM, SUBSCRIBER, boundary_pattern, hl_level_at
from x12proc.wire.events import ClaimRun, ClaimSpan, SegmentRange
from x12proc.wire.window import Buffer


def claims_of(run: ClaimRun, buffer: Buffer) -> Iterator[ClaimSpan]:
    """Yield the claims of a run as they would have been reported without it."""
    delimiters = run.interchange.delimiters
    # A boundary is found by the terminator before it, which the first one has outside of the run.
    text = delimiters.segment + buffer[run.start : run.end]
    pattern = boundary_pattern(delimiters.segment, delimiters.element)
    heads = chain(((match.start(1), match[1]) for match in pattern.finditer(text)), ((len(text), b""),))
    subscriber, patient = run.subscriber, run.patient
    number, loops, index, counted = run.number, run.loops, run.segment_index, 1
    for (start, tag), (end, _) in pairwise(heads):
        index += count(text, delimiters.segment, counted, start)
        counted = start
        first, last = run.start + start - 1, run.start + end - 1
        if tag == CLM:
            number += 1
            yield ClaimSpan(
                first, last, index, run.header, run.provider, subscriber, patient,
                run.interchange, run.group, run.transaction, number, has_code=False,
            )  # fmt: skip
            continue
        number, loops = 0, loops + 1
        loop = SegmentRange(first, last, index, loops)
        if hl_level_at(text, start, delimiters.segment, delimiters.element) == SUBSCRIBER:
            subscriber, patient = loop, None
        else:
            patient = loop
