"""Elements and codes of guide errors that report the same fault as a rule: parts of ``same_as_guide``."""

from __future__ import annotations

from typing import Final

SAME_ELEMENT: Final = "="  # the element that the finding names, or one of its components
NUMBER_CODES: Final = "1 4 5 6"  # of an element that is no number
EMPTY_REFERENCE: Final = ((SAME_ELEMENT, "1 2"), ("REF", "8 SEG1"))
