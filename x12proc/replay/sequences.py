"""Compare two files as sequences of segments or lines, in short lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

SHOWN = 12  # differences that are listed; the rest is counted
_WIDTH = 110  # characters of a segment or line
_BEFORE = 40  # of them, how many come before the first difference
_LARGEST = 4000  # entries up to which matches are searched; longer sequences are compared entry by entry


def sequence_differences(old: Sequence[str], new: Sequence[str], word: str, first: int) -> list[str]:
    """List what was expected (``-``) and found (``+``), numbered from ``first``; empty if they are equal."""
    lines: list[str] = []
    count = 0
    for old_index, new_index in _differing_indexes(old, new):
        count += 1
        if count <= SHOWN:
            lines += _difference_lines(old, new, old_index, new_index, word, first)
    if count > SHOWN:
        lines.append(f"... and {count - SHOWN} more {word}s that differ")
    return lines


def _differing_indexes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Yield the indexes of differing entries in both; None if one of them has no entry."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    left, right = old[start : len(old) - end], new[start : len(new) - end]
    for old_from, old_to, new_from, new_to in _unequal(left, right):
        yield from zip_longest(
            range(start + old_from, start + old_to), range(start + new_from, start + new_to), fillvalue=None
        )


def _unequal(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    if len(left) + len(right) > _LARGEST:
        for index in range(max(len(left), len(right))):
            if left[index : index + 1] != right[index : index + 1]:
                yield (
                    min(index, len(left)),
                    min(index + 1, len(left)),
                    min(index, len(right)),
                    min(index + 1, len(right)),
                )
        return
    for tag, *borders in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            yield borders[0], borders[1], borders[2], borders[3]


def _difference_lines(
    old: Sequence[str], new: Sequence[str], old_index: int | None, new_index: int | None, word: str, first: int
) -> list[str]:
    before = old[old_index] if old_index is not None else None
    after = new[new_index] if new_index is not None else None
    change = 0 if before is None or after is None else _first_change(before, after)
    lines = []
    if before is not None and old_index is not None:
        lines.append(f"{word} {old_index + first}  - {shorten(before, change)}")
    if after is not None and new_index is not None:
        lines.append(f"{word} {new_index + first}  + {shorten(after, change)}")
    return lines


def _first_change(before: str, after: str) -> int:
    for index, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return index
    return min(len(before), len(after))


def shorten(text: str, index: int = 0) -> str:
    """Shorten a text to one line that contains the character at ``index``."""
    start = max(0, index - _BEFORE) if len(text) > _WIDTH else 0
    piece = text[start : start + _WIDTH]
    shown = "".join(character if character.isprintable() else "?" for character in piece)
    return f"{'...' if start else ''}{shown}{'...' if start + _WIDTH < len(text) else ''}"
