"""Read the free text of a drug line: ``read(texts, lexicon)`` returns a `Narrative`."""

from x12proc.narrative.lexicon import Lexicon
from x12proc.narrative.model import Amount, Content, Narrative, Strength
from x12proc.narrative.reader import read

__all__ = ["Amount", "Content", "Lexicon", "Narrative", "Strength", "read"]
