"""Signs that a claim belongs to a clinical trial."""

from __future__ import annotations

from x12proc.claims.model import Reference
from x12proc.rules.context import Context

TRIAL_NUMBER = "P4"
TRIAL_CONDITION = ("BG", "30")  # the condition code for a qualifying clinical trial
_DEMONSTRATION_DIGITS = 3


def is_trial_claim(ctx: Context) -> bool:
    """Return whether the claim says anywhere, by a code, a number or a word, that it belongs to a trial."""
    number = ctx.claim.reference(TRIAL_NUMBER)
    return bool(trial_signals(ctx)) or (number is not None and not is_demonstration(number, ctx))


def trial_signals(ctx: Context) -> list[str]:
    """Return the signs that the claim belongs to a trial, without its number."""
    signals = coded_signals(ctx)
    if ctx.claim.code(*TRIAL_CONDITION) is not None:
        signals.append("condition code 30")
    stated = [ctx.narrative(line) for line in ctx.targets]
    if [narrative for narrative in stated if narrative.trial or narrative.investigational]:
        signals.append("a text about a trial")
    return signals


def coded_signals(ctx: Context) -> list[str]:
    signals = ["diagnosis Z00.6"] if ctx.trial_diagnosis else []
    return [*signals, "modifier Q0 or Q1"] if ctx.trial_modifier else signals


def is_demonstration(reference: Reference, ctx: Context) -> bool:
    """Return whether REF*P4 has the short number of a Medicare demonstration project, which is no trial."""
    value = reference.value.strip()
    return (
        0 < len(value) <= _DEMONSTRATION_DIGITS and value.isascii() and value.isdigit() and not trial_signals(ctx)
    )
