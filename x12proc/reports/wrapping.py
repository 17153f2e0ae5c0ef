"""Text on a terminal: lines break between words, and what follows keeps its indent."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

_NARROWEST = 20  # columns that the text itself gets, however far it is indented


def print_wrapped(console: Console, text: Text, indent: int = 0) -> None:
    """Print a line; on a terminal it breaks between words, and further lines are indented by ``indent`` columns.

    Into a file or pipe a line stays whole. A word is divided only if it is longer than a line.
    """
    if not console.is_terminal:
        console.print(text, soft_wrap=True)
        return
    first = len(text.plain) - len(text.plain.lstrip(" "))
    indent = max(first, indent)
    lines = text[first:].wrap(console, max(_NARROWEST, console.width - indent))
    for number, line in enumerate(lines or [Text()]):
        line.rstrip()
        console.print(Text(" " * (indent if number else first)) + line, soft_wrap=True)
