"""The schedule of a feed: ``daily by 18:00``, ``weekdays by 18:00``, ``mon,thu by 07:30``. Local time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import msgspec

from x12proc.errors import ConfigError

_PATTERN = re.compile(r"([a-z,]+) by ([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_GROUPS = {"daily": _DAYS, "weekdays": _DAYS[:5]}


class Expectation(msgspec.Struct, frozen=True):
    """The days of the week (0 is Monday) on which a file is due, and the time of day."""

    weekdays: frozenset[int]
    by: time

    def deadlines(self, first: date, last: date) -> Iterator[datetime]:
        """Yield every deadline from ``first`` to ``last``, inclusive."""
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            if day.weekday() in self.weekdays:
                yield datetime.combine(day, self.by)


class MissingFile(msgspec.Struct, frozen=True):
    """A file that missed its deadline. ``arrived`` is its late arrival that day, or None."""

    feed: str
    due: datetime
    arrived: datetime | None


def parse_expectation(text: str, where: str) -> Expectation:
    """Parse the text of ``expect``. Raises ConfigError with a message that begins with ``where``."""
    found = _PATTERN.match(" ".join(text.lower().split()))
    days = _DAY_GROUPS.get(found[1], tuple(found[1].split(","))) if found else ()
    if found is None or not set(days) <= set(_DAYS):
        raise ConfigError(
            f"{where}: {text!r} is not understood; allowed are 'daily by HH:MM', 'weekdays by HH:MM',"
            " or days such as 'mon,thu by HH:MM'"
        )
    return Expectation(frozenset(map(_DAYS.index, days)), time(int(found[2]), int(found[3])))


def find_missing(
    feed: str, expectation: Expectation, arrivals: list[datetime], first: date, last: date, now: datetime
) -> list[MissingFile]:
    """Return the deadlines up to ``now`` for which no file arrived in time on their day."""
    earliest: dict[date, datetime] = {}
    for arrival in sorted(arrivals):
        earliest.setdefault(arrival.date(), arrival)
    found = []
    for due in expectation.deadlines(first, last):
        arrived = earliest.get(due.date())
        if due <= now and (arrived is None or arrived > due):
            found.append(MissingFile(feed, due, arrived))
    return found
