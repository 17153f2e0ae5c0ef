"""Charts as rectangles and labels, which templates write as SVG."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from x12proc.service.web.rule_stats import DayStats, RuleStats

BAR_WIDTH, BAR_HEIGHT = 240, 16
DAYS_WIDTH, DAYS_HEIGHT = 720, 200
_MARGIN = 24  # below the columns, for the day labels
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
    labels: list[Label]
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
    width = DAYS_WIDTH / max(len(days), 8)
    height_of_most = DAYS_HEIGHT - _MARGIN
    boxes: list[Box] = []
    labels: list[Label] = []
    every = -(-len(days) // _MOST_LABELS)
    for index, day in enumerate(days):
        left = round(index * width + width * _GAP / 2, 1)
        for kind, count in (("received", day.claims), ("rejected", day.rejected)):
            height = round(height_of_most * count / most, 1)
            boxes.append(Box(kind, left, round(height_of_most - height, 1), round(width * (1 - _GAP), 1), height))
        if index % every == 0:
            labels.append(Label(day.day[5:], round(left + width * (1 - _GAP) / 2, 1), DAYS_HEIGHT - 6))
    return DayChart(boxes, labels, most)
