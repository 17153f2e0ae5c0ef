"""Make the masker of one file, one key and one shift of dates."""

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
    """Make the masker of a file for a key and a shift in days.

    Ages above 89 are counted from the file's own date (ISA09), so that the same file gives the same bytes on any
    day; ``today`` is used if that cannot be read.
    """
    written = _written(buffer) or today
    pseudonyms = Pseudonyms(key.value, shift, oldest_year(written), _meaning(lexicon))
    return Masker(buffer, pseudonyms, lexicon)


def _written(buffer: Buffer) -> date | None:
    """Return ISA09 of the first interchange."""
    for event in scan(buffer, ()):
        if isinstance(event, Interchange):
            return parse_date("20" + event.header.fields[9])
    return None


def _meaning(lexicon: Lexicon) -> Callable[[str], bool]:
    """Return a check whether a word would be read as something other than a name."""

    def means_something(word: str) -> bool:
        if len(word) < 2:
            return False
        return is_common_word(word) or bool(lexicon.find(word)) or read((word,), lexicon) != Narrative()

    return means_something
