"""Runs the rules on a claim: chooses the profile, grades the hits, drops what another rule has told."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Mapping
from datetime import date
from typing import TypeAlias

import msgspec

from x12proc.claims.model import Claim, ServiceLine
from x12proc.engine.rule_memo import NoHitCache
from x12proc.errors import RuleError
from x12proc.findings import REJECT, Finding, GuideError, Hit, Severity, weaker
from x12proc.profiles.profiles import Bypass, Profile, Profiles, Setting
from x12proc.reference.edition import Reference
from x12proc.rules.base import BIOLOGIC_CODES, Rule
from x12proc.rules.context import Context
from x12proc.wire.events import ClaimSpan

MOST_PLANS = 1024


class LineResult(msgspec.Struct, frozen=True):
    """A target line and what was found in it."""

    line: ServiceLine
    findings: tuple[Finding, ...]


class ClaimResult(msgspec.Struct, frozen=True):
    """A target claim, its target lines, what was found, and under which profile.

    ``guide_errors`` are faults against the implementation guide that no finding tells; ``refused`` says that the
    claim is rejected for faults against the guide.
    """

    claim: Claim
    profile: str
    findings: tuple[Finding, ...]  # claim-level
    lines: tuple[LineResult, ...]
    context: Context
    crashes: tuple[RuleError, ...]
    guide_errors: tuple[GuideError, ...] = ()
    bypasses: tuple[Bypass, ...] = ()  # those that held something back
    refused: bool = False

    @property
    def all_findings(self) -> list[Finding]:
        """Claim-level findings, then those of the lines."""
        found = [*self.findings]
        for line in self.lines:
            found += line.findings
        return found

    @property
    def span(self) -> ClaimSpan:
        """Where the claim stands."""
        return self.claim.span

    @property
    def charge(self) -> str:
        """CLM02 as sent."""
        return self.claim.charge

    @property
    def line_count(self) -> int:
        """How many target lines it has."""
        return len(self.lines)

    @property
    def heard(self) -> list[tuple[str, Severity]]:
        """Rule and severity of each finding."""
        return [(finding.rule, finding.severity) for finding in self.all_findings]

    @property
    def guide_error_count(self) -> int:
        """How many faults against the guide are told on it."""
        return len(self.guide_errors)

    @property
    def rejected(self) -> bool:
        """Whether anything found rejects the claim; a claim on which a rule crashed is not accepted either."""
        unfit = self.refused or bool(self.crashes)
        return unfit or REJECT in [finding.severity for finding in self.all_findings]


class ClaimFindings(msgspec.Struct, frozen=True, gc=False):
    """Of a claim that another process scrubbed: all that can't be read in the file."""

    profile: str
    findings: tuple[Finding, ...]
    line_findings: tuple[tuple[Finding, ...], ...]  # by target line
    guide_errors: tuple[GuideError, ...]
    bypasses: tuple[Bypass, ...]
    refused: bool


class RemoteClaimResult(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A target claim that another process scrubbed: what is counted of it, and what was made for the artifacts."""

    span: ClaimSpan
    charge: str  # CLM02 as sent
    rejected: bool
    line_count: int  # target lines
    heard: tuple[tuple[str, Severity], ...]  # rule and severity of each finding
    guide_error_count: int
    fixes: tuple[int, int]  # applied, offered
    found: bytes  # WhatWasFound as MessagePack: most claims are never opened again
    document: bytes | None = None  # its entry in the JSON report
    notes: tuple[tuple[int, bytes], ...] | None = None  # what is put into the annotated file, and at which byte


class Engine:
    """Rules, profiles and reference put together for one run over one file.

    ``profile`` overrides the choice by claim; ``sent_before`` says of a claim whether an earlier file held it. The
    engine remembers the keys of the claims it has seen, so that one engine belongs to one file.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule],
        profiles: Profiles,
        reference: Reference,
        *,
        codes: Iterable[str],
        as_of: date,
        profile: str | None = None,
        sent_before: Callable[[Claim], bool] | None = None,
    ) -> None:
        self._rules = rules
        self._profiles = profiles
        self._fixed = profiles.get(profile) if profile else None
        self._reference = reference
        self._codes = frozenset(codes)
        self._as_of = as_of
        self._sent_before = sent_before
        self._seen: set[int] = set()
        self._plans: dict[tuple[str, date | None, str], _Plan] = {}
        self._made: dict[tuple[int, str], _Plan] = {}
        self._silence = NoHitCache(rules.values())

    def targets(self, claim: Claim) -> tuple[ServiceLine, ...]:
        """The claim's target lines: one of the codes under qualifier HC."""
        return target_lines(claim, self._codes)

    def scrub(self, claim: Claim, targets: tuple[ServiceLine, ...]) -> ClaimResult:
        """Run all rules on a claim with at least one target line."""
        profile = self._fixed or self._profiles.choose(claim)
        plan, context = self._ready(profile, claim, targets)
        crashes: list[RuleError] = []
        own, lines = self._run_rules(plan, context, crashes)
        bypasses = () if plan.without is None else self._bypasses_in_effect(plan, plan.without, context)
        return ClaimResult(claim, profile.name, own, lines, context, tuple(crashes), bypasses=bypasses)

    def restore(self, claim: Claim, told: ClaimFindings) -> ClaimResult:
        """A claim with what another process found in it."""
        targets = self.targets(claim)
        _, context = self._ready(self._profiles.get(told.profile), claim, targets)
        lines = zip(targets, told.line_findings, strict=True)
        return ClaimResult(
            claim,
            told.profile,
            told.findings,
            tuple(LineResult(line, findings) for line, findings in lines),
            context,
            (),
            told.guide_errors,
            told.bypasses,
            told.refused,
        )

    def has_seen(self, keys: Iterable[Hashable]) -> bool:
        """Whether an earlier claim had one of these keys; when none had, they are remembered."""
        marks = [hash(key) for key in keys]
        if not self._seen.isdisjoint(marks):
            return True
        self._seen.update(marks)
        return False

    def forget(self) -> None:
        """Know of no earlier claim any more."""
        self._seen.clear()

    def _ready(self, profile: Profile, claim: Claim, targets: tuple[ServiceLine, ...]) -> tuple[_Plan, Context]:
        plan = self._plan(profile, _service_date(claim, targets), claim.type)
        context = Context(
            claim,
            targets,
            as_of=self._as_of,
            reference=self._reference,
            options=plan.options,
            seen_before=self._seen_before,
            sent_before=self._sent_before,
        )
        return plan, context

    def _run_rules(
        self, plan: _Plan, context: Context, crashes: list[RuleError]
    ) -> tuple[tuple[Finding, ...], tuple[LineResult, ...]]:
        """What the rules of a plan find: in the claim, and in its lines."""
        own = _run(plan.claim, context.claim, context, crashes)
        told = {finding.rule for finding in own}
        lines = []
        for line, silent in zip(
            context.targets, self._silence.rules_without_hits(context, plan.mark), strict=True
        ):
            found = _run(plan.line_steps(line, silent), line, context, crashes)
            lines.append(LineResult(line, self._told_once(found, told)))
        if own:
            own = self._told_once(own, {finding.rule for line in lines for finding in line.findings})
        return own, tuple(lines)

    def _bypasses_in_effect(self, plan: _Plan, without: _Plan, context: Context) -> tuple[Bypass, ...]:
        """The bypasses without which their rule would be heard on the claim, or would crash on it."""
        crashes: list[RuleError] = []
        own, lines = self._run_rules(without, context.with_options(without.options), crashes)
        heard = {finding.rule for finding in own} | {crash.rule_id for crash in crashes}
        heard.update(finding.rule for line in lines for finding in line.findings)
        return tuple(bypass for bypass in plan.bypasses if bypass.rule in heard)

    def _plan(self, profile: Profile, service_date: date | None, claim_type: str) -> _Plan:
        """Which rules to run; the same for all claims of a profile, a date and a type."""
        key = (profile.name, service_date, claim_type)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MOST_PLANS:  # a file with ever new dates must not grow the memory
                self._plans.clear()
            settings = profile.settings(service_date, self._as_of)
            # Few dates change what holds: a profile gives the same settings, and they the same plan, for most.
            made = (id(settings), claim_type)
            if made not in self._made:
                self._made[made] = _Plan(self._rules, settings, claim_type)
            plan = self._plans[key] = self._made[made]
        return plan

    def _told_once(self, found: tuple[Finding, ...], elsewhere: set[str]) -> tuple[Finding, ...]:
        """Leave out what another rule, heard here or elsewhere on the claim, tells better."""
        if not found:
            return found
        told = elsewhere.union([finding.rule for finding in found])
        rules = self._rules
        return tuple([finding for finding in found if told.isdisjoint(rules[finding.rule].suppressed_by)])

    def _seen_before(self, key: Hashable) -> bool:
        mark = hash(key)
        if mark in self._seen:
            return True
        self._seen.add(mark)
        return False


_Step: TypeAlias = tuple[Callable[..., Iterable[Hit]], Rule, Setting]


class _Plan:
    """The rules that hold for claims of one type under one profile on one date, with their settings."""

    __slots__ = ("_line", "_line_steps", "bypasses", "claim", "mark", "options", "without")

    def __init__(self, rules: Mapping[str, Rule], settings: Mapping[str, Setting], claim_type: str) -> None:
        steps = [
            (rule.check, rule, settings[rule.id])
            for rule in rules.values()
            if claim_type in rule.claim_types and _is_enabled(settings[rule.id])
        ]
        self.claim = [step for step in steps if step[1].level == "claim"]
        self.options = {rule_id: setting.options for rule_id, setting in settings.items()}
        #: The same for plans whose options are all the same.
        self.mark = repr(sorted((rule_id, sorted(options.items())) for rule_id, options in self.options.items()))
        self._line = [step for step in steps if step[1].level == "line"]
        self._line_steps: dict[tuple[bool, frozenset[str]], list[_Step]] = {}
        self.bypasses = [setting.bypass for setting in settings.values() if setting.bypass is not None]
        self.without = _without(rules, settings, claim_type, self.bypasses) if self.bypasses else None

    def line_steps(self, line: ServiceLine, silent: frozenset[str]) -> list[_Step]:
        """The rules for a target line by its code, without those that are known to be silent on it."""
        key = (line.procedure.upper() in BIOLOGIC_CODES, silent)
        steps = self._line_steps.get(key)
        if steps is None:
            if len(self._line_steps) >= MOST_PLANS:
                self._line_steps.clear()
            heard = [step for step in self._line if step[1].id not in silent]
            steps = heard if key[0] else [step for step in heard if not step[1].biologics_only]
            self._line_steps[key] = steps
        return steps


def _without(
    rules: Mapping[str, Rule], settings: Mapping[str, Setting], claim_type: str, bypasses: Iterable[Bypass]
) -> _Plan:
    """The bypassed rules as if they were not, and those that decide whether they are heard."""
    wanted = {bypass.rule for bypass in bypasses}
    waiting = list(wanted)
    while waiting:
        more = set(rules[waiting.pop()].suppressed_by) - wanted
        wanted |= more
        waiting += more
    bare = {rule_id: setting.without or setting for rule_id, setting in settings.items()}
    return _Plan({rule_id: rules[rule_id] for rule_id in rules if rule_id in wanted}, bare, claim_type)


def _is_enabled(setting: Setting) -> bool:
    """Whether a rule is on; one with an option ``enabled`` says nothing where it is false."""
    return setting.enabled and setting.options.get("enabled") is not False


def _run(
    steps: list[_Step], subject: Claim | ServiceLine, context: Context, crashes: list[RuleError]
) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for check, rule, setting in steps:
        try:
            for hit in check(subject, context):
                found.append(_to_finding(rule, hit, setting))
        except Exception as error:
            crashes.append(RuleError(rule.id, context.claim.clm.index, error))
    return tuple(found)


def target_lines(claim: Claim, codes: Container[str]) -> tuple[ServiceLine, ...]:
    """The lines of a claim that bill one of the codes under qualifier HC (SV101-1, SV202-1)."""
    return tuple(line for line in claim.lines if line.procedure.upper() in codes and line.qualifier == "HC")


def _service_date(claim: Claim, targets: tuple[ServiceLine, ...]) -> date | None:
    for line in targets:
        period = line.service_period
        if period is not None and period.first is not None:
            return period.first
    return claim.statement_period.first if claim.statement_period else None


def _to_finding(rule: Rule, hit: Hit, setting: Setting) -> Finding:
    severity = weaker(hit.severity, setting.severity) if hit.severity else setting.severity
    return Finding(
        rule.id,
        severity,
        hit.message,
        hit.fix or rule.fix,
        hit.location,
        hit.value,
        rule.status,
        rule.second_status,
        rule.carc,
        rule.rarc,
        rule.sources,
    )
