"""When a feed's file is due: ``daily by 18:00``, ``weekdays by 18:00``, ``mon,thu by 07:30``. Local time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import msgspec

from x12proc.errors import ConfigError

_FORM = re.compile(r"([a-z,]+) by ([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMED = {"daily": _DAYS, "weekdays": _DAYS[:5]}


class Expectation(msgspec.Struct, frozen=True):
    """On which days of the week (0 is Monday) a file is due, and by which time."""

    weekdays: frozenset[int]
    by: time

    def deadlines(self, first: date, last: date) -> Iterator[datetime]:
        """Every deadline from one day to another, both included."""
        for ahead in range((last - first).days + 1):
            day = first + timedelta(days=ahead)
            if day.weekday() in self.weekdays:
                yield datetime.combine(day, self.by)


class Missing(msgspec.Struct, frozen=True):
    """A file that was due. ``came`` says when it came after all; None when it didn't that day."""

    feed: str
    due: datetime
    came: datetime | None


def parse_expectation(text: str, where: str) -> Expectation:
    """Read an expectation. Raises ConfigError, which begins with ``where``."""
    found = _FORM.match(" ".join(text.lower().split()))
    days = _NAMED.get(found[1], tuple(found[1].split(","))) if found else ()
    if found is None or not set(days) <= set(_DAYS):
        raise ConfigError(
            f"{where}: {text!r} is not understood; allowed are 'daily by HH:MM', 'weekdays by HH:MM',"
            " or days such as 'mon,thu by HH:MM'"
        )
    return Expectation(frozenset(map(_DAYS.index, days)), time(int(found[2]), int(found[3])))


def missing(
    feed: str, expectation: Expectation, arrivals: list[datetime], first: date, last: date, now: datetime
) -> list[Missing]:
    """The deadlines that have passed without a file on their day so far, or with one that came late."""
    earliest: dict[date, datetime] = {}
    for arrival in sorted(arrivals):
        earliest.setdefault(arrival.date(), arrival)
    found = []
    for due in expectation.deadlines(first, last):
        came = earliest.get(due.date())
        if due <= now and (came is None or came > due):
            found.append(Missing(feed, due, came))
    return found
