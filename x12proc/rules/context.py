"""The context of a claim: its narratives, the reference tables, today's date, the options, and a memo."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from copy import copy
from datetime import date
from functools import wraps
from typing import Any, TypeVar

from msgspec.structs import replace

from x12proc.claims.model import Claim, LazyLocation, Note, ServiceLine, period_days
from x12proc.narrative import Narrative, read
from x12proc.reference.coverage import RuleNeeds, Unchecked, unlisted_drug, unlisted_ndc
from x12proc.reference.edition import Reference
from x12proc.reference.ndc import normalize
from x12proc.rules.base import OptionValue

_TRIAL_DIAGNOSIS = "Z006"
_TRIAL_MODIFIERS = frozenset(("Q0", "Q1"))
_NOTHING = Narrative()
_Result = TypeVar("_Result")
LINE_NOTES = frozenset(("ADD", "DCP"))  # NTE*TPO is for third parties, such as ourselves


class Context:
    """A claim, its target lines, and what rules may know besides: tables, options, today's date.

    Texts are read into narratives once, and only when a rule asks. ``memo`` holds the results of functions
    decorated with :func:`per_claim` or :func:`per_line`. It ends with the context, and copies begin with none.
    """

    def __init__(
        self,
        claim: Claim,
        targets: tuple[ServiceLine, ...],
        *,
        as_of: date,
        reference: Reference,
        options: Mapping[str, Mapping[str, OptionValue]],
        seen_before: Callable[[Hashable], bool],
        sent_before: Callable[[Claim], bool] | None = None,
        needs: RuleNeeds | None = None,
    ) -> None:
        self.memo: dict[Any, Any] = {}
        self.claim = claim
        self.targets = targets
        self.as_of = as_of
        self.reference = reference
        self._options = options
        self._seen_before = seen_before
        self._sent_before = sent_before
        self._needs = needs  # for each kind of table the enabled rules that need its rows
        self._seen: list[tuple[Hashable, bool]] = []  # few, and so not hashed a second time
        self._trial_diagnosis: bool | None = None
        self._trial_modifier: bool | None = None
        # By where a line ends in the file, which no other line does:
        self._notes: dict[int, tuple[Note, ...]] = {}
        self._texts_by_line: dict[int, list[tuple[LazyLocation, str]]] = {}
        self._by_line: dict[int, Narrative] = {}
        self._last_line: ServiceLine | None = None  # rules ask for one line's narrative again and again
        self._last_narrative = _NOTHING
        self._narratives: dict[tuple[str, ...], Narrative] = {}

    def option(self, rule_id: str, name: str) -> OptionValue:
        """Return the value of a rule's option under the claim's profile."""
        return self._options[rule_id][name]

    def seen_before(self, key: Hashable) -> bool:
        """Return whether an earlier claim of this file had the same key, and keep the key."""
        for asked, answer in self._seen:  # asked a second time, the claim itself is no earlier one
            if asked == key:
                return answer
        self._seen.append((key, self._seen_before(key)))
        return self._seen[-1][1]

    @property
    def duplicate_keys(self) -> tuple[Hashable, ...]:
        """Return the keys that :meth:`seen_before` was called with."""
        return tuple(key for key, _ in self._seen)

    def sent_before(self) -> bool:
        """Return whether an earlier file held the claim; False where nobody keeps a record of earlier files."""
        return self._sent_before is not None and self._sent_before(self.claim)

    def with_options(self, options: Mapping[str, Mapping[str, OptionValue]]) -> Context:
        """Return the same claim with other options; narratives are shared."""
        other = copy(self)
        other.memo = {}
        other._options = options
        return other

    def with_line(self, line: ServiceLine, instead: ServiceLine) -> Context:
        """Return the same claim with another line in place of one; its texts must be the same."""
        other = copy(self)
        other.memo = {}
        lines = tuple(instead if one is line else one for one in self.claim.lines)
        other.claim = replace(self.claim, lines=lines)
        other.targets = tuple(instead if one is line else one for one in self.targets)
        return other

    # -- what the tables do not cover --------------------------------------------------------------------

    def unchecked(self, line: ServiceLine) -> tuple[Unchecked, ...]:
        """Return the rules that can't decide on a line because no table covers its date, NDC or drug."""
        needs = self._needs
        if needs is None:
            return ()
        days = line.service_days or period_days(self.claim.statement_period)
        gaps = needs.date_gaps(days) if days is not None else ()
        if gaps and not self.claim.diagnoses:
            gaps = tuple([gap for gap in gaps if gap.table != "diagnoses"])
        ndc = normalize(line.ndc) if line.ndc else None
        if ndc is not None and self.reference.product(ndc) is not None:
            return gaps
        found = list(gaps)
        if ndc is not None:
            found += [unlisted_ndc(self.reference, ndc, rule) for rule in needs.of("products")]
        narrative = self.narrative(line)
        if narrative.drug_name and narrative.matched is None and not self.investigational(line):
            found += [unlisted_drug(self.reference, rule) for rule in needs.of("drugs")]
        return tuple(found)

    # -- free text ---------------------------------------------------------------------------------------

    def notes(self, line: ServiceLine) -> tuple[Note, ...]:
        """Return the notes about a line: its own, and the claim's when this is the only target line."""
        known = self._notes.get(line.end)
        if known is None:
            known = self._notes[line.end] = self._find_notes(line)
        return known

    def _find_notes(self, line: ServiceLine) -> tuple[Note, ...]:
        notes = [note for note in line.notes if note.code in LINE_NOTES] if line.notes else []
        if self.claim.notes and len(self.targets) == 1:
            notes += [note for note in self.claim.notes if note.code != "TPO"]
        return tuple(notes)

    def narrative(self, line: ServiceLine) -> Narrative:
        """Return the narrative of SV101-7 / SV202-7 and the notes together; the description comes first."""
        if line is self._last_line:
            return self._last_narrative
        known = self._by_line.get(line.end)
        if known is None:
            known = self._by_line[line.end] = self.read(tuple([text for _, text in self.texts(line)]))
        self._last_line, self._last_narrative = line, known
        return known

    def texts(self, line: ServiceLine) -> list[tuple[LazyLocation, str]]:
        """Return every text about a line with its location: the description first, then the notes."""
        known = self._texts_by_line.get(line.end)
        if known is None:
            known = self._texts_by_line[line.end] = self._texts(line)
        return known

    def _texts(self, line: ServiceLine) -> list[tuple[LazyLocation, str]]:
        texts: list[tuple[LazyLocation, str]] = []
        if line.service is not None and line.description.strip():
            texts.append((LazyLocation(line.service, 1 if line.service.tag == "SV1" else 2, 7), line.description))
        texts += [(LazyLocation(note.segment, 2), note.text) for note in self.notes(line) if note.text.strip()]
        return texts

    def description(self, line: ServiceLine) -> Narrative:
        """Return the narrative of SV101-7 / SV202-7 by itself."""
        return self.read((line.description,) if line.description.strip() else ())

    def read(self, texts: tuple[str, ...]) -> Narrative:
        """Read texts together."""
        known = self._narratives.get(texts)
        if known is None:
            known = self._narratives[texts] = read(texts, self.reference.lexicon())
        return known

    def has_text(self, line: ServiceLine) -> bool:
        """Return whether the line has a description or a note."""
        return bool(line.description.strip()) or any(note.text.strip() for note in self.notes(line))

    # -- clinical trials ---------------------------------------------------------------------------------

    @property
    def trial_diagnosis(self) -> bool:
        """Z00.6, examination of participant in a clinical research program."""
        if self._trial_diagnosis is None:
            codes = [code.code for code in self.claim.diagnoses if code.normalized == _TRIAL_DIAGNOSIS]
            self._trial_diagnosis = _TRIAL_DIAGNOSIS in [code.replace(".", "").upper() for code in codes]
        return self._trial_diagnosis

    @property
    def trial_modifier(self) -> bool:
        """Q0 or Q1 on any line of the claim."""
        if self._trial_modifier is None:
            given = [line for line in self.claim.lines if not _TRIAL_MODIFIERS.isdisjoint(line.modifiers_sent)]
            self._trial_modifier = bool(given)
        return self._trial_modifier

    def investigational(self, line: ServiceLine) -> bool:
        """Return whether the drug itself is under study: Q0 on the line, Z00.6 on the claim. It may have no
        NDC."""
        return "Q0" in line.modifiers_sent and self.trial_diagnosis


def per_claim(function: Callable[[Context], _Result]) -> Callable[[Context], _Result]:
    """Decorate a function of a context to run once per context; several rules and lines ask for its result."""

    @wraps(function)
    def memoized(ctx: Context) -> _Result:
        memo = ctx.memo
        if function not in memo:
            memo[function] = function(ctx)
        result: _Result = memo[function]
        return result

    return memoized


def per_line(
    function: Callable[[ServiceLine, Context], _Result],
) -> Callable[[ServiceLine, Context], _Result]:
    """Decorate a function of a line and a context to run once per line of the context.

    The key is where the line ends in the file, which no other line of the claim does.
    """

    @wraps(function)
    def memoized(line: ServiceLine, ctx: Context) -> _Result:
        memo, key = ctx.memo, (function, line.end)
        if key not in memo:
            memo[key] = function(line, ctx)
        result: _Result = memo[key]
        return result

    return memoized
