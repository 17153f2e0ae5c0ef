"""A segment as a form with one field per element or component, and back. Pure: texts in, texts out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from x12proc.service.jobs.claim_job import ClaimView, codec_of
from x12proc.service.web.editing import EditRejected, find_segment
from x12proc.service.web.element_names import NAMES

_MOST_FIELDS = 100  # of a form


class ElementField(msgspec.Struct, frozen=True):
    """A field of the form: ``element`` is its name in the guide, LIN03 or SV101-7."""

    element: str
    name: str
    may_hold: str
    value: str
    faulty: bool


def element_fields(view: ClaimView, index: int, given: Mapping[str, str] | None = None) -> list[ElementField]:
    """Return the fields of a segment; ``given`` are values to show instead of its own. Raises EditRejected.

    A segment that has more fields than a form may have is edited as text: it has none.
    """
    given = given or {}
    tag, values = _values(view, index)
    faulty = _faulty_elements(view, index)
    fields = []
    for element, value in _divided(view, tag, values):
        name, may_hold = NAMES.get(element, ("", ""))
        shown = given.get(element, value)
        fields.append(ElementField(element, name, may_hold, shown, element in faulty or element[:5] in faulty))
    return fields if len(fields) <= _MOST_FIELDS else []


def join_elements(view: ClaimView, index: int, given: Mapping[str, str]) -> str:
    """Return a segment's text with the values of a form; an element that the form lacks stays. Raises
    EditRejected."""
    tag, values = _values(view, index)
    new: list[list[str]] = []
    for number, value in enumerate(_padded(tag, values), 1):
        components = _components(view, tag, number, value)
        new.append([])
        for position, component in enumerate(components, 1):
            name = _name(tag, number, position if _is_composite(tag, number) else 0)
            text = given.get(name, component)
            if text != component:
                _check(view, name, text, composite=_is_composite(tag, number))
            new[-1].append(text.strip() if text != component else text)
    component_separator = _shown(view, view.component)
    elements = [component_separator.join(_trimmed(parts)) for parts in new]
    sent = values if len(values) > len(_trimmed(elements)) and _trimmed(values) == _trimmed(elements) else None
    return _shown(view, view.element).join((tag, *(sent or _trimmed(elements))))


def _values(view: ClaimView, index: int) -> tuple[str, list[str]]:
    """Return a segment's tag and elements, with the pictures of separators that are control characters."""
    segment = find_segment(view, index)
    raw = view.data[segment.start : segment.end]
    tag, *values = raw.decode(codec_of(raw)).split(view.element.decode("latin-1"))
    return tag, [_shown_in(view, value) for value in values]


def _divided(view: ClaimView, tag: str, values: list[str]) -> Iterator[tuple[str, str]]:
    for number, value in enumerate(_padded(tag, values), 1):
        if not _is_composite(tag, number):
            yield _name(tag, number, 0), value
            continue
        for position, component in enumerate(_components(view, tag, number, value), 1):
            yield _name(tag, number, position), component


def _padded(tag: str, values: list[str]) -> list[str]:
    """Return the elements with empty ones up to the last that has a name; of an HI only the next code."""
    named = [int(name[len(tag) : len(tag) + 2]) for name in NAMES if _belongs(name, tag)]
    last = len(values) + 1 if tag == "HI" else max(named, default=0)
    return values + [""] * (min(last, max(named, default=0)) - len(values))


def _belongs(name: str, tag: str) -> bool:
    return (
        name.startswith(tag) and name[len(tag) : len(tag) + 2].isdigit() and name[len(tag) + 2 :][:1] in ("", "-")
    )


def _is_composite(tag: str, number: int) -> bool:
    return _name(tag, number, 1) in NAMES


def _components(view: ClaimView, tag: str, number: int, value: str) -> list[str]:
    if not _is_composite(tag, number):
        return [value]
    parts = value.split(_shown(view, view.component)) if view.component else [value]
    known = sum(_name(tag, number, position) in NAMES for position in range(1, 10))
    return parts + [""] * (known - len(parts))


def _name(tag: str, number: int, component: int) -> str:
    return f"{tag}{number:02d}" + (f"-{component}" if component else "")


def _trimmed(parts: list[str]) -> list[str]:
    """Return the parts without empty ones at the end."""
    last = max((position for position, part in enumerate(parts, 1) if part), default=0)
    return parts[:last]


def _check(view: ClaimView, name: str, text: str, *, composite: bool) -> None:
    separators = [view.element, view.terminator, *([view.component] if composite else [])]
    for separator in separators:
        shown = _shown(view, separator)
        if separator and (separator.decode("latin-1") in text or shown in text):
            raise EditRejected(
                f"{name}: {shown} separates elements or segments in this file and can't be part of one"
            )


def _shown(view: ClaimView, separator: bytes) -> str:
    """Return a separator as forms show it: a control character by its picture."""
    return _shown_in(view, separator.decode("latin-1"))


def _shown_in(view: ClaimView, text: str) -> str:
    for picture, separator in view.control_pictures.items():
        text = text.replace(separator, picture)
    return text


def _faulty_elements(view: ClaimView, index: int) -> frozenset[str]:
    document = view.document
    holders = (document, *document["lines"])
    locations = [finding["location"] for holder in holders for finding in holder["findings"]]
    locations += [error["location"] for error in document["guide_errors"]]
    position = document["segment_index"] + index
    return frozenset(location["element"] for location in locations if location["segment_index"] == position)
