"""A masker put together for one file, one key and one shift of dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from x12proc.claims.builder import parse_date
from x12proc.mask.masker import Masker
from x12proc.mask.pseudonyms import Key, Pseudonyms, oldest_year
from x12proc.narrative import Narrative, read
from x12proc.narrative.lexicon import Lexicon
from x12proc.narrative.vocabulary import is_common_word
from x12proc.wire.events import Interchange
from x12proc.wire.scanner import scan
from x12proc.wire.window import Buffer


def make_masker(buffer: Buffer, key: Key, shift: int, today: date, lexicon: Lexicon) -> Masker:
    """A masker of a file under a key and a shift in days.

    Who is older than 89 is counted from the file's own date (ISA09), so that the same file gives the same bytes on
    any day; ``today`` stands in where that can't be read.
    """
    written = _written(buffer) or today
    pseudonyms = Pseudonyms(key.value, shift, oldest_year(written), _meaning(lexicon))
    return Masker(buffer, pseudonyms, lexicon)


def _written(buffer: Buffer) -> date | None:
    """ISA09 of the first interchange."""
    for event in scan(buffer, ()):
        if isinstance(event, Interchange):
            return parse_date("20" + event.header.fields[9])
    return None


def _meaning(lexicon: Lexicon) -> Callable[[str], bool]:
    """Whether a word would be read as something else than a name."""

    def means_something(word: str) -> bool:
        if len(word) < 2:
            return False
        return is_common_word(word) or bool(lexicon.find(word)) or read((word,), lexicon) != Narrative()

    return means_something
