"""Charts as rectangles and labels, which templates write as SVG."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from x12proc.service.web.rule_stats import DayStats, RuleStats

BAR_WIDTH, BAR_HEIGHT = 240, 16
DAYS_WIDTH, DAYS_HEIGHT = 720, 220
_BOTTOM = 24  # below the columns, for the day labels
_TOP = 18  # above them, for the number of the highest column
_LEFT = 44  # for the numbers of the axis
_MOST_NUMBERED = 15  # columns that have their numbers written above them
_STEPS = 4  # of the axis at most
_GAP = 0.2  # of a column's width
_MOST_LABELS = 12


class Box(msgspec.Struct, frozen=True):
    """A rectangle; ``kind`` is its CSS class."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Label(msgspec.Struct, frozen=True):
    """A text and its coordinates."""

    text: str
    x: float
    y: float


class DayChart(msgspec.Struct, frozen=True):
    """Columns of days: the claims received, and in front of them those that were rejected."""

    boxes: list[Box]
    labels: list[Label]  # days below the columns
    numbers: list[Label]  # claims, and those rejected, above the columns
    axis: list[Label]  # numbers of claims, each at the height of its line
    left: int  # where columns and lines begin
    most: int  # claims of the highest column


def rule_bar(stats: RuleStats, most: int) -> list[Box]:
    """Return the bar of one rule, divided by state; its length is relative to ``most`` claims."""
    shares = [("fixed", stats.fixed), ("bypassed", stats.bypassed), ("open", stats.open)]
    total = sum(count for _, count in shares)
    boxes: list[Box] = []
    start = 0.0
    for kind, count in shares:
        width = BAR_WIDTH * (stats.claims / most) * (count / total) if total and most else 0.0
        if count:
            boxes.append(Box(kind, round(start, 1), 0, round(width, 1), BAR_HEIGHT))
        start += width
    return boxes


def day_chart(days: Sequence[DayStats]) -> DayChart:
    """Return the chart of some days."""
    most = max((day.claims for day in days), default=0)
    step = _axis_step(most)
    top = max(-(-most // step) * step, 1)  # of the axis
    base = DAYS_HEIGHT - _BOTTOM
    scale = (base - _TOP) / top
    width = (DAYS_WIDTH - _LEFT) / max(len(days), 8)
    boxes: list[Box] = []
    labels: list[Label] = []
    numbers: list[Label] = []
    every = -(-len(days) // _MOST_LABELS)
    for index, day in enumerate(days):
        left = round(_LEFT + index * width + width * _GAP / 2, 1)
        middle = round(left + width * (1 - _GAP) / 2, 1)
        for kind, count in (("received", day.claims), ("rejected", day.rejected)):
            height = round(count * scale, 1)
            boxes.append(Box(kind, left, round(base - height, 1), round(width * (1 - _GAP), 1), height))
        if index % every == 0:
            labels.append(Label(day.day[5:], middle, DAYS_HEIGHT - 6))
        if len(days) <= _MOST_NUMBERED:
            text = f"{day.claims:,} / {day.rejected:,}"
            numbers.append(Label(text, middle, round(base - day.claims * scale - 4, 1)))
    axis = [Label(f"{value:,}", _LEFT - 6, round(base - value * scale, 1)) for value in range(0, top + 1, step)]
    return DayChart(boxes, labels, numbers, axis, _LEFT, most)


def _axis_step(most: int) -> int:
    """Return the distance of the axis' lines: 1, 2 or 5 times a power of ten, for at most ``_STEPS`` of them."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * _STEPS >= most:
                return factor * power
        power *= 10
