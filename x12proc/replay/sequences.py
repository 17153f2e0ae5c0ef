"""Two files as sequences of segments or lines: where they differ, told by number and short enough to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

SHOWN = 12  # places that are told; the rest is counted
_WIDTH = 110  # characters of a segment or line
_BEFORE = 40  # of them, how many stand before the first difference
_LARGEST = 4000  # entries in which matching ones are sought; beyond, entries are compared by number


def sequence_differences(old: Sequence[str], new: Sequence[str], word: str, first: int) -> list[str]:
    """What was expected (``-``) and what was found (``+``), numbered from ``first``; empty when they are equal."""
    told: list[str] = []
    places = 0
    for old_place, new_place in _places(old, new):
        places += 1
        if places <= SHOWN:
            told += _told(old, new, old_place, new_place, word, first)
    if places > SHOWN:
        told.append(f"... and {places - SHOWN} more {word}s that differ")
    return told


def _places(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Places that differ, each as its number in both; None where one of them has nothing."""
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
        for place in range(max(len(left), len(right))):
            if left[place : place + 1] != right[place : place + 1]:
                yield (
                    min(place, len(left)),
                    min(place + 1, len(left)),
                    min(place, len(right)),
                    min(place + 1, len(right)),
                )
        return
    for tag, *borders in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag != "equal":
            yield borders[0], borders[1], borders[2], borders[3]


def _told(
    old: Sequence[str], new: Sequence[str], old_place: int | None, new_place: int | None, word: str, first: int
) -> list[str]:
    before = old[old_place] if old_place is not None else None
    after = new[new_place] if new_place is not None else None
    change = 0 if before is None or after is None else _first_change(before, after)
    told = []
    if before is not None and old_place is not None:
        told.append(f"{word} {old_place + first}  - {shorten(before, change)}")
    if after is not None and new_place is not None:
        told.append(f"{word} {new_place + first}  + {shorten(after, change)}")
    return told


def _first_change(before: str, after: str) -> int:
    for place, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return place
    return min(len(before), len(after))


def shorten(text: str, place: int = 0) -> str:
    """A text on one line and not too long, cut so that what stands at ``place`` is seen."""
    start = max(0, place - _BEFORE) if len(text) > _WIDTH else 0
    piece = text[start : start + _WIDTH]
    shown = "".join(character if character.isprintable() else "?" for character in piece)
    return f"{'...' if start else ''}{shown}{'...' if start + _WIDTH < len(text) else ''}"
