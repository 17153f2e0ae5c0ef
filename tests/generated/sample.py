"""A generated claim with what is known of it, and what the program finds in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from support.rule_cases import Case
from support.rules import profiles, reference, with_options

from generated.given import Given
from generated.payers import Market
from generated.wording import Style
from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import scrub_buffer
from x12proc.rules import all_rules
from x12proc.testing import Claim, interchange
from x12proc.testing import Style as Delimiters
from x12proc.wire.events import Fault

Edit = Callable[[list[str]], None]


class Sample(NamedTuple):
    """A claim, what it bills, and how it is to be scrubbed.

    ``code`` is the unclassified code that it bills. ``edits`` change the segments of the finished file where the
    factory can't write what they make of it.
    """

    seed: int
    claim: Claim
    given: Given
    style: Style
    market: Market
    as_of: date
    code: str = "J3590"
    edits: tuple[Edit, ...] = ()
    options: Mapping[str, dict[str, Any]] = MappingProxyType({})
    delimiters: Delimiters = Delimiters()
    repeated: bool = False  # the claim is in the file twice
    sent_before: bool = False  # an earlier file held it
    tables: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType({})  # that the shipped edition lacks

    def data(self) -> bytes:
        """The file."""
        claims = (self.claim, self.claim) if self.repeated else (self.claim,)
        control = self.seed % 999_999_999 + 1
        if self.edits:
            return _edited(interchange(*claims, control=control), self.edits)
        return interchange(*claims, style=self.delimiters, control=control)

    def scrubbed(self) -> ClaimResult:
        """The claim as scrubbed, the second one where it is in the file twice."""
        known = profiles()
        if self.options:  # the options of a rule fixture, on top of the profile's own
            known = with_options(Case(name="", profile=self.market.profile, options=dict(self.options)))
        codes = (self.code,)
        engine = Engine(
            all_rules(),
            known,
            reference().with_tables(self.tables) if self.tables else reference(),
            codes=codes,
            as_of=self.as_of,
            sent_before=lambda _: self.sent_before,
        )
        outcomes = list(scrub_buffer(self.data(), engine, codes))
        faults = [outcome for outcome in outcomes if isinstance(outcome, Fault) and outcome.severity == "error"]
        assert not faults, faults
        claims = [outcome for outcome in outcomes if isinstance(outcome, ClaimResult)]
        assert len(claims) == 1 + self.repeated
        assert claims[-1].profile == self.market.profile
        return claims[-1]


def _edited(data: bytes, edits: tuple[Edit, ...]) -> bytes:
    """The file with edits made to its segments, and SE01 right again."""
    segments = data.decode("latin-1").split("~\n")[:-1]
    for edit in edits:
        edit(segments)
    start = next(location for location, segment in enumerate(segments) if segment.startswith("ST*"))
    end = next(location for location, segment in enumerate(segments) if segment.startswith("SE*"))
    segments[end] = f"SE*{end - start + 1}*{segments[end].split('*')[2]}"
    return "".join(segment + "~\n" for segment in segments).encode("latin-1")
