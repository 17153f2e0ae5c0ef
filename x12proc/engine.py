"""Runs the rules on a claim: chooses the profile, grades the hits, drops what another rule has told."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import date

import msgspec

from x12proc.claims.model import Claim, ServiceLine
from x12proc.errors import RuleCrash
from x12proc.findings import REJECT, Finding, Hit, weaker
from x12proc.profiles import Profiles, Setting
from x12proc.reference.edition import Reference
from x12proc.rules.base import Rule
from x12proc.rules.context import Context

BIOLOGIC_CODES = frozenset(("J3590",))


class ScrubbedLine(msgspec.Struct, frozen=True):
    """A target line and what was found in it."""

    line: ServiceLine
    findings: tuple[Finding, ...]


class ScrubbedClaim(msgspec.Struct, frozen=True):
    """A target claim, its target lines, what was found, and under which profile."""

    claim: Claim
    profile: str
    findings: tuple[Finding, ...]  # claim-level
    lines: tuple[ScrubbedLine, ...]
    context: Context
    crashes: tuple[RuleCrash, ...]

    @property
    def all_findings(self) -> list[Finding]:
        """Claim-level findings, then those of the lines."""
        return [*self.findings, *(finding for line in self.lines for finding in line.findings)]

    @property
    def rejected(self) -> bool:
        """Whether anything found rejects the claim; a claim on which a rule crashed is not accepted either."""
        return bool(self.crashes) or any(finding.severity == REJECT for finding in self.all_findings)


class Engine:
    """Rules, profiles and reference put together for one run over one file.

    ``profile`` overrides the choice by claim. The engine remembers the keys of the claims it has seen, so that
    one engine belongs to one file.
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
    ) -> None:
        self._rules = rules
        self._line_rules = [rule for rule in rules.values() if rule.level == "line"]
        self._claim_rules = [rule for rule in rules.values() if rule.level == "claim"]
        self._profiles = profiles
        self._fixed = profiles.get(profile) if profile else None
        self._reference = reference
        self._codes = frozenset(codes)
        self._as_of = as_of
        self._seen: set[int] = set()

    def targets(self, claim: Claim) -> tuple[ServiceLine, ...]:
        """The claim's target lines: one of the codes under qualifier HC."""
        return target_lines(claim, self._codes)

    def scrub(self, claim: Claim, targets: tuple[ServiceLine, ...]) -> ScrubbedClaim:
        """Run all rules on a claim with at least one target line."""
        profile = self._fixed or self._profiles.choose(claim)
        settings = profile.settings(_service_date(claim, targets), self._as_of)
        context = Context(
            claim,
            targets,
            as_of=self._as_of,
            reference=self._reference,
            options={rule_id: setting.options for rule_id, setting in settings.items()},
            seen_before=self._seen_before,
        )
        crashes: list[RuleCrash] = []
        own = self._run(self._claim_rules, claim, context, settings, crashes)
        lines = []
        for line in targets:
            found = self._run(self._line_rules, line, context, settings, crashes)
            lines.append(ScrubbedLine(line, self._told_once(found, own)))
        own = self._told_once(own, tuple(finding for line in lines for finding in line.findings))
        return ScrubbedClaim(claim, profile.name, own, tuple(lines), context, tuple(crashes))

    def _run(
        self,
        rules: list[Rule],
        subject: Claim | ServiceLine,
        context: Context,
        settings: Mapping[str, Setting],
        crashes: list[RuleCrash],
    ) -> tuple[Finding, ...]:
        found: list[Finding] = []
        claim = context.claim
        biologic = isinstance(subject, Claim) or subject.procedure.upper() in BIOLOGIC_CODES
        for rule in rules:
            setting = settings[rule.id]
            if not setting.enabled or claim.type not in rule.applies or (rule.biologics_only and not biologic):
                continue
            try:
                found.extend(_graded(rule, hit, setting) for hit in rule.check(subject, context))
            except Exception as error:
                crashes.append(RuleCrash(rule.id, claim.clm.index, error))
        return tuple(found)

    def _told_once(self, found: tuple[Finding, ...], elsewhere: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Leave out what another rule, found here or elsewhere on the claim, tells better."""
        told = {finding.rule for finding in found} | {finding.rule for finding in elsewhere}
        return tuple(
            finding for finding in found if not told.intersection(self._rules[finding.rule].suppressed_by)
        )

    def _seen_before(self, key: str) -> bool:
        mark = hash(key)
        if mark in self._seen:
            return True
        self._seen.add(mark)
        return False


def target_lines(claim: Claim, codes: Container[str]) -> tuple[ServiceLine, ...]:
    """The lines of a claim that bill one of the codes under qualifier HC (SV101-1, SV202-1)."""
    return tuple(line for line in claim.lines if line.procedure.upper() in codes and line.qualifier == "HC")


def _service_date(claim: Claim, targets: tuple[ServiceLine, ...]) -> date | None:
    for line in targets:
        period = line.service_date
        if period is not None and period.first is not None:
            return period.first
    return claim.statement.first if claim.statement else None


def _graded(rule: Rule, hit: Hit, setting: Setting) -> Finding:
    severity = weaker(hit.severity, setting.severity) if hit.severity else setting.severity
    return Finding(
        rule=rule.id,
        severity=severity,
        message=hit.message,
        fix=hit.fix or rule.fix,
        location=hit.location,
        value=hit.value,
        status=rule.status,
        second_status=rule.second_status,
        carc=rule.carc,
        rarc=rule.rarc,
        sources=rule.sources,
    )
