"""What a rule may know besides the claim: the narrative, the reference tables, today's date, its options."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from copy import copy
from datetime import date

from msgspec.structs import replace

from x12proc.claims.model import Claim, LazyLocation, Note, ServiceLine
from x12proc.narrative import Narrative, read
from x12proc.reference.edition import Reference
from x12proc.rules.base import OptionValue

_TRIAL_DIAGNOSIS = "Z006"
_TRIAL_MODIFIERS = frozenset(("Q0", "Q1"))
_NOTHING = Narrative()
LINE_NOTES = frozenset(("ADD", "DCP"))  # NTE*TPO is for third parties, such as ourselves


class Context:
    """One claim under scrutiny. Narratives are read once and only when a rule asks."""

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
    ) -> None:
        self.claim = claim
        self.targets = targets
        self.as_of = as_of
        self.reference = reference
        self._options = options
        self._seen_before = seen_before
        self._sent_before = sent_before
        self._seen: list[tuple[Hashable, bool]] = []  # few, and so not hashed a second time
        self._trial_diagnosis: bool | None = None
        self._trial_modifier: bool | None = None
        # By where a line ends in the file, which no other line does:
        self._notes: dict[int, tuple[Note, ...]] = {}
        self._spoken: dict[int, list[tuple[LazyLocation, str]]] = {}
        self._by_line: dict[int, Narrative] = {}
        self._asked: ServiceLine | None = None  # rules ask for one line's narrative again and again
        self._answer = _NOTHING
        self._narratives: dict[tuple[str, ...], Narrative] = {}

    def option(self, rule_id: str, name: str) -> OptionValue:
        """The value of a rule's option under the claim's profile."""
        return self._options[rule_id][name]

    def seen_before(self, key: Hashable) -> bool:
        """Whether an earlier claim of this file had the same key; remembers it."""
        for asked, answer in self._seen:  # asked a second time, the claim itself is no earlier one
            if asked == key:
                return answer
        self._seen.append((key, self._seen_before(key)))
        return self._seen[-1][1]

    @property
    def asked_for(self) -> tuple[Hashable, ...]:
        """The keys that :meth:`seen_before` was asked for."""
        return tuple(key for key, _ in self._seen)

    def sent_before(self) -> bool:
        """Whether an earlier file held the claim; False where nobody keeps a record of earlier files."""
        return self._sent_before is not None and self._sent_before(self.claim)

    def under(self, options: Mapping[str, Mapping[str, OptionValue]]) -> Context:
        """The same claim under other options; what was read of it is shared."""
        other = copy(self)
        other._options = options
        return other

    def with_line(self, line: ServiceLine, instead: ServiceLine) -> Context:
        """The same claim with another line in place of one; its texts must be the same."""
        other = copy(self)
        lines = tuple(instead if one is line else one for one in self.claim.lines)
        other.claim = replace(self.claim, lines=lines)
        other.targets = tuple(instead if one is line else one for one in self.targets)
        return other

    # -- free text ---------------------------------------------------------------------------------------

    def notes(self, line: ServiceLine) -> tuple[Note, ...]:
        """The notes that speak of a line: its own, and the claim's when this is the only target line."""
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
        """What SV101-7 / SV202-7 and the notes say together; the description speaks first."""
        if line is self._asked:
            return self._answer
        known = self._by_line.get(line.end)
        if known is None:
            known = self._by_line[line.end] = self.read(tuple([text for _, text in self.texts(line)]))
        self._asked, self._answer = line, known
        return known

    def texts(self, line: ServiceLine) -> list[tuple[LazyLocation, str]]:
        """Every text that speaks of a line and its place: the description first, then the notes."""
        known = self._spoken.get(line.end)
        if known is None:
            known = self._spoken[line.end] = self._texts(line)
        return known

    def _texts(self, line: ServiceLine) -> list[tuple[LazyLocation, str]]:
        texts: list[tuple[LazyLocation, str]] = []
        if line.service is not None and line.description.strip():
            texts.append((LazyLocation(line.service, 1 if line.service.tag == "SV1" else 2, 7), line.description))
        texts += [(LazyLocation(note.segment, 2), note.text) for note in self.notes(line) if note.text.strip()]
        return texts

    def description(self, line: ServiceLine) -> Narrative:
        """What SV101-7 / SV202-7 says by itself."""
        return self.read((line.description,) if line.description.strip() else ())

    def read(self, texts: tuple[str, ...]) -> Narrative:
        """Read texts together."""
        known = self._narratives.get(texts)
        if known is None:
            known = self._narratives[texts] = read(texts, self.reference.lexicon())
        return known

    def has_text(self, line: ServiceLine) -> bool:
        """Whether anything at all is said in words."""
        return bool(line.description.strip()) or any(note.text.strip() for note in self.notes(line))

    # -- clinical trials ---------------------------------------------------------------------------------

    @property
    def trial_diagnosis(self) -> bool:
        """Z00.6, examination of participant in a clinical research program."""
        if self._trial_diagnosis is None:
            codes = [code.code for code in self.claim.diagnoses if code.bare == _TRIAL_DIAGNOSIS]
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
        """The drug itself is under study: Q0 on the line and Z00.6 on the claim. It may have no NDC at all."""
        return "Q0" in line.modifiers_sent and self.trial_diagnosis
