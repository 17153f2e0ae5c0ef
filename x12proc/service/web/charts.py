"""Charts as shapes in a plane, which templates write as SVG."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from x12proc.service.web.rule_stats import Day, RuleWork

BAR_WIDTH, BAR_HEIGHT = 240, 16
DAYS_WIDTH, DAYS_HEIGHT = 720, 200
_MARGIN = 24  # below the columns, for the days
_GAP = 0.2  # of a column's width
_MOST_LABELS = 12


class Box(msgspec.Struct, frozen=True):
    """A rectangle, and what kind of thing it stands for."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Label(msgspec.Struct, frozen=True):
    """A text at a place."""

    text: str
    x: float
    y: float


class DayChart(msgspec.Struct, frozen=True):
    """Columns of days: the claims that came, and on top of the axis those that were rejected."""

    boxes: list[Box]
    labels: list[Label]
    most: int  # claims of the highest column


def rule_bar(work: RuleWork, most: int) -> list[Box]:
    """A bar of what came of one rule's findings, as long against the longest as it was heard often."""
    shares = [("mended", work.mended), ("bypassed", work.bypassed), ("open", work.open)]
    whole = sum(count for _, count in shares)
    boxes: list[Box] = []
    start = 0.0
    for kind, count in shares:
        width = BAR_WIDTH * (work.heard / most) * (count / whole) if whole and most else 0.0
        if count:
            boxes.append(Box(kind, round(start, 1), 0, round(width, 1), BAR_HEIGHT))
        start += width
    return boxes


def day_chart(days: Sequence[Day]) -> DayChart:
    """The columns of some days."""
    most = max((day.claims for day in days), default=0)
    width = DAYS_WIDTH / max(len(days), 8)
    room = DAYS_HEIGHT - _MARGIN
    boxes: list[Box] = []
    labels: list[Label] = []
    every = -(-len(days) // _MOST_LABELS)
    for place, day in enumerate(days):
        left = round(place * width + width * _GAP / 2, 1)
        for kind, count in (("came", day.claims), ("rejected", day.rejected)):
            height = round(room * count / most, 1)
            boxes.append(Box(kind, left, round(room - height, 1), round(width * (1 - _GAP), 1), height))
        if place % every == 0:
            labels.append(Label(day.day[5:], round(left + width * (1 - _GAP) / 2, 1), DAYS_HEIGHT - 6))
    return DayChart(boxes, labels, most)
