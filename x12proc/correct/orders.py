"""Decide which claims of a file are corrected: those that the payer denied, and for which it gave one number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from x12proc.claims.model import Claim

Frequency: TypeAlias = Literal["7", "8"]
REPLACEMENT: Frequency = "7"
VOID: Frequency = "8"
_LONGEST_REFERENCE = 50  # characters of REF02

NO_NUMBER = "the answer has no claim number of the payer (CLP07) that can be sent"
SEVERAL_NUMBERS = "the payer answered it under several claim numbers: a person has to choose"
SEVERAL_CLAIMS = "the file has several claims of this number"
OTHER_PROVIDER = "the answer is for another provider"
NOT_IN_FILE = "the file has no claim of this number"
UNPROCESSABLE = "the payer could not process it and keeps no claim to replace: send it as a new claim"
NOT_ANSWERED = "no answer has this claim"


class AnsweredClaim(msgspec.Struct, frozen=True):
    """One claim in a payer's answer.

    ``number`` is CLP01, ``payer_number`` CLP07, ``provider`` the payee's NPI ("" where it isn't known). ``codes``
    are the adjustment and remark codes, to be shown. ``unprocessable``: the payer asks for a new claim (MA130).
    """

    number: str
    payer_number: str
    provider: str = ""
    denied: bool = True
    unprocessable: bool = False
    codes: tuple[str, ...] = ()


class Order(msgspec.Struct, frozen=True):
    """A claim to be written: its number in the file, the payer's number of it, and why it was denied."""

    number: str
    payer_number: str
    codes: tuple[str, ...]


class NotWritten(msgspec.Struct, frozen=True):
    """A claim that is not written, and why."""

    number: str
    reason: str


class Orders:
    """The claims to be written, from answers in the order in which they came.

    Without ``numbers`` (CLM01) these are all denied claims; with them, these claims whatever was answered.
    """

    def __init__(self, answers: Iterable[AnsweredClaim], numbers: Iterable[str] = ()) -> None:
        self.skipped: list[NotWritten] = []
        self._answers: dict[str, list[AnsweredClaim]] = {}
        for answer in answers:
            self._answers.setdefault(answer.number.strip(), []).append(answer)
        asked = list(dict.fromkeys(number.strip() for number in numbers))
        self.skipped += [NotWritten(number, NOT_ANSWERED) for number in asked if number not in self._answers]
        # The last answer to a claim holds: a denial may have been corrected since.
        wanted = asked or [number for number, given in self._answers.items() if given[-1].denied]
        self._orders: dict[str, Order] = {}
        for number in wanted:
            self._add(number)

    @property
    def numbers(self) -> frozenset[str]:
        """The numbers (CLM01) of the claims to be written."""
        return frozenset(self._orders)

    def of(self, number: str) -> Order:
        """Return the order for a number."""
        return self._orders[number]

    def is_for(self, claim: Claim) -> bool:
        """Return whether the answers to a claim's number are for its billing provider, as far as they say."""
        npi = claim.billing_provider.id if claim.billing_provider else ""
        providers = {answer.provider for answer in self._answers[claim.id.strip()] if answer.provider}
        return not providers or not npi or npi in providers

    def skip(self, number: str, reason: str) -> None:
        """Take a claim out."""
        if self._orders.pop(number, None) is not None:
            self.skipped.append(NotWritten(number, reason))

    def _add(self, number: str) -> None:
        given = self._answers.get(number)
        if given is None:
            return
        numbers = list(dict.fromkeys(answer.payer_number.strip() for answer in given))
        reason = ""
        if given[-1].unprocessable:
            reason = UNPROCESSABLE
        elif len(numbers) > 1:
            reason = SEVERAL_NUMBERS
        elif not _can_be_sent(numbers[0]):
            reason = NO_NUMBER
        if reason:
            self.skipped.append(NotWritten(number, reason))
        else:
            self._orders[number] = Order(number, numbers[0], _codes(given))


def _can_be_sent(text: str) -> bool:
    """Return whether a text can be an element; delimiters of the file are looked for when it is written."""
    return bool(text) and len(text) <= _LONGEST_REFERENCE and text.isascii() and text.isprintable()


def _codes(answers: Iterable[AnsweredClaim]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_each_code(answers)))


def _each_code(answers: Iterable[AnsweredClaim]) -> Iterator[str]:
    for answer in answers:
        yield from answer.codes
