"""Runs the rules on a claim: chooses the profile, grades the hits, drops what another rule reports better."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from datetime import date
from traceback import walk_tb
from typing import TypeAlias

from msgspec.structs import replace

from x12proc.claims.mentions import target_lines
from x12proc.claims.model import Claim, ServiceLine
from x12proc.engine.fixes import FixLevel, find_fixes
from x12proc.engine.result import ClaimResult, LineResult, RuleCrash
from x12proc.engine.rule_memo import NoHitCache
from x12proc.findings import Finding, HiddenFinding, HiddenState, Hit, weaker
from x12proc.profiles.profiles import Bypass, Profile, Profiles, Setting
from x12proc.reference.coverage import NEEDS, RuleNeeds, RulesByNeed
from x12proc.reference.edition import Reference
from x12proc.reference.model import Product
from x12proc.reference.ndc import normalize
from x12proc.rules.base import BIOLOGIC_CODES, Rule
from x12proc.rules.context import Context

MOST_PLANS = 1024
_PACKAGE = __package__.partition(".")[0]


class Engine:
    """Rules, profiles and reference combined for one run over one file.

    ``profile`` overrides the choice by claim; ``sent_before`` returns whether an earlier file held a claim;
    ``fix_level`` is which fixes are applied; ``hidden`` says whether findings of rules that are bypassed or in
    shadow are kept for a record. The engine remembers the keys of the claims it has seen, so that one engine
    belongs to one file.
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
        fix_level: FixLevel = "off",
        hidden: bool = False,
    ) -> None:
        self._rules = rules
        self._profiles = profiles
        self._fixed = profiles.get(profile) if profile else None
        self._reference = reference
        self._codes = frozenset(codes)
        self._as_of = as_of
        self._sent_before = sent_before
        self._fix_level = fix_level
        self._hidden = hidden
        self._seen: set[int] = set()
        self._plans: dict[tuple[str, date | None, str], _Plan] = {}
        self._distinct_plans: dict[tuple[str, str], list[_Plan]] = {}  # by profile and claim type
        self._no_hit_cache = NoHitCache(rules.values())
        #: The keys that the rules looked up among those of earlier claims, of the claim scrubbed last.
        self.last_keys: tuple[Hashable, ...] = ()

    def targets(self, claim: Claim) -> tuple[ServiceLine, ...]:
        """Return the claim's target lines: those that bill one of the codes under qualifier HC."""
        return target_lines(claim, self._codes)

    @property
    def codes(self) -> frozenset[str]:
        """The procedure codes of target lines."""
        return self._codes

    def scrub(self, claim: Claim, targets: tuple[ServiceLine, ...]) -> ClaimResult:
        """Run all rules on a claim; one without a target line has stray codes, and only their rule runs."""
        profile = self._fixed or self._profiles.choose(claim)
        plan, context = self._ready(profile, claim, targets)
        crashes: list[RuleCrash] = []
        own, by_line = self._run_rules(plan, context, crashes)
        bypasses = (
            () if plan.without_bypasses is None else self._bypasses_in_effect(plan, plan.without_bypasses, context)
        )
        lines = tuple(
            [self._line_result(line, found, context) for line, found in zip(targets, by_line, strict=True)]
        )
        result = ClaimResult(claim, profile.name, own, lines, tuple(crashes), bypasses=bypasses)
        if self._hidden:
            result = self._with_hidden(result, plan, context)
        self.last_keys = context.duplicate_keys
        return result

    def _with_hidden(self, result: ClaimResult, plan: _Plan, context: Context) -> ClaimResult:
        """Return the result with the findings of the rules that are bypassed or in shadow.

        A rule of these that crashes has none: it decides nothing here.
        """
        unhidden = plan.unhidden
        if unhidden is None:
            return result
        own, by_line = self._run_rules(unhidden, context.with_options(unhidden.options), [])
        lines = tuple(
            [
                replace(line, hidden=_hidden(found, plan.hidden)) if found else line
                for line, found in zip(result.lines, by_line, strict=True)
            ]
        )
        return replace(result, lines=lines, hidden=_hidden(own, plan.hidden))

    def add_keys(self, keys: Iterable[Hashable]) -> bool:
        """Remember the keys of a claim unless an earlier claim had one of them; return whether they were added."""
        hashes = [hash(key) for key in keys]
        if not self._seen.isdisjoint(hashes):
            return False
        self._seen.update(hashes)
        return True

    def reset(self) -> None:
        """Forget all earlier claims."""
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
            needs=plan.needs,
        )
        return plan, context

    def _line_result(self, line: ServiceLine, findings: tuple[Finding, ...], context: Context) -> LineResult:
        fixes = find_fixes(line, findings, context, self._fix_level) if findings else ()
        product, unchecked = self._product(line), context.unchecked(line)
        return LineResult(line, findings, context.narrative(line), product, fixes, unchecked)

    def _product(self, line: ServiceLine) -> Product | None:
        ndc = normalize(line.ndc) if line.ndc else None
        return self._reference.product(ndc) if ndc else None

    def _run_rules(
        self, plan: _Plan, context: Context, crashes: list[RuleCrash]
    ) -> tuple[tuple[Finding, ...], list[tuple[Finding, ...]]]:
        """Run the rules of a plan; return the findings of the claim, and those of each target line."""
        steps = plan.claim if context.targets else [step for step in plan.claim if step[1].without_targets]
        own = _run(steps, context.claim, context, crashes)
        of_claim = {finding.rule for finding in own}
        lines = []
        for line, without_hits in zip(
            context.targets, self._no_hit_cache.rules_without_hits(context, plan.options_key), strict=True
        ):
            found = _run(plan.line_steps(line, without_hits), line, context, crashes)
            lines.append(self._drop_suppressed(found, of_claim))
        if own:
            own = self._drop_suppressed(own, {finding.rule for found in lines for finding in found})
        return own, lines

    def _bypasses_in_effect(self, plan: _Plan, without_bypasses: _Plan, context: Context) -> tuple[Bypass, ...]:
        """Return the bypasses that suppress a finding or a crash of their rule on the claim."""
        crashes: list[RuleCrash] = []
        own, lines = self._run_rules(without_bypasses, context.with_options(without_bypasses.options), crashes)
        hit = {finding.rule for finding in own} | {crash.rule for crash in crashes}
        hit.update(finding.rule for found in lines for finding in found)
        return tuple(bypass for bypass in plan.bypasses if bypass.rule in hit)

    def _plan(self, profile: Profile, service_date: date | None, claim_type: str) -> _Plan:
        """Return the rules to run: the same for all claims of a profile, a date and a type."""
        key = (profile.name, service_date, claim_type)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= MOST_PLANS:  # a file with ever new dates must not grow the memory
                self._plans.clear()
                self._distinct_plans.clear()
            settings = profile.settings(service_date, self._as_of)
            plan = self._plans[key] = self._plan_of(profile.name, settings, claim_type)
        return plan

    def _plan_of(self, profile: str, settings: Mapping[str, Setting], claim_type: str) -> _Plan:
        """Return the plan of some settings. Few dates change the settings of a profile: most share a plan."""
        plans = self._distinct_plans.setdefault((profile, claim_type), [])
        for plan in plans:
            if plan.settings == settings:
                return plan
        plans.append(_Plan(self._rules, settings, claim_type))
        plans[-1].needs = RuleNeeds(self._reference, plans[-1].rules_by_need)
        return plans[-1]

    def _drop_suppressed(self, found: tuple[Finding, ...], elsewhere: set[str]) -> tuple[Finding, ...]:
        """Drop the findings that another rule reports better, here or elsewhere on the claim."""
        if not found:
            return found
        reported = elsewhere.union([finding.rule for finding in found])
        rules = self._rules
        return tuple([finding for finding in found if reported.isdisjoint(rules[finding.rule].suppressed_by)])

    def _seen_before(self, key: Hashable) -> bool:
        hashed = hash(key)
        if hashed in self._seen:
            return True
        self._seen.add(hashed)
        return False


_Step: TypeAlias = tuple[Callable[..., Iterable[Hit]], Rule, Setting]


class _Plan:
    """The enabled rules for claims of one type under one profile on one date, with their settings."""

    __slots__ = (
        "_line",
        "_line_steps",
        "bypasses",
        "claim",
        "hidden",
        "needs",
        "options",
        "options_key",
        "rules_by_need",
        "settings",
        "unhidden",
        "without_bypasses",
    )

    def __init__(self, rules: Mapping[str, Rule], settings: Mapping[str, Setting], claim_type: str) -> None:
        steps = [
            (rule.check, rule, settings[rule.id])
            for rule in rules.values()
            if claim_type in rule.claim_types and _is_enabled(settings[rule.id])
        ]
        self.settings = settings
        self.claim = [step for step in steps if step[1].level == "claim"]
        self.options = {rule_id: setting.options for rule_id, setting in settings.items()}
        #: Equal for plans with equal options.
        self.options_key = repr(
            sorted((rule_id, sorted(options.items())) for rule_id, options in self.options.items())
        )
        self._line = [step for step in steps if step[1].level == "line"]
        self.rules_by_need: RulesByNeed = tuple(
            (need, tuple(rule.id for _, rule, _ in steps if need in rule.needs)) for need in NEEDS
        )
        self.needs: RuleNeeds | None = None  # with the reference, once the engine has it
        self._line_steps: dict[tuple[bool, frozenset[str]], list[_Step]] = {}
        self.bypasses = [setting.bypass for setting in settings.values() if setting.bypass is not None]
        bypassed = {bypass.rule for bypass in self.bypasses}
        without = {rule_id: setting.without or setting for rule_id, setting in settings.items()}
        self.without_bypasses = _part_of_plan(rules, without, claim_type, bypassed)
        #: Rules with findings that no report has, and why; ``unhidden`` is the plan that finds them.
        self.hidden: dict[str, HiddenState] = {
            rule_id: "bypassed" if setting.bypass else "shadowed"
            for rule_id, setting in settings.items()
            if rule_id in rules and (setting.bypass or setting.shadow)
        }
        lit = {rule_id: replace(setting, shadow=False) for rule_id, setting in without.items()}
        self.unhidden = _part_of_plan(rules, lit, claim_type, self.hidden)

    def line_steps(self, line: ServiceLine, without_hits: frozenset[str]) -> list[_Step]:
        """Return the rules for a target line by its code, without those known to have no hit on it."""
        key = (line.procedure.upper() in BIOLOGIC_CODES, without_hits)
        steps = self._line_steps.get(key)
        if steps is None:
            if len(self._line_steps) >= MOST_PLANS:
                self._line_steps.clear()
            steps = [step for step in self._line if step[1].id not in without_hits]
            if not key[0]:
                steps = [step for step in steps if not step[1].biologics_only]
            self._line_steps[key] = steps
        return steps


def _part_of_plan(
    rules: Mapping[str, Rule], settings: Mapping[str, Setting], claim_type: str, some: Collection[str]
) -> _Plan | None:
    """Return a plan of some rules and of those that may suppress them; None where there are none."""
    if not some:
        return None
    wanted = set(some)
    waiting = list(wanted)
    while waiting:
        more = set(rules[waiting.pop()].suppressed_by) - wanted
        wanted |= more
        waiting += more
    return _Plan({rule_id: rules[rule_id] for rule_id in rules if rule_id in wanted}, settings, claim_type)


def _hidden(found: Iterable[Finding], states: Mapping[str, HiddenState]) -> tuple[HiddenFinding, ...]:
    return tuple([HiddenFinding(one, states[one.rule]) for one in found if one.rule in states])


def _is_enabled(setting: Setting) -> bool:
    """Return whether a rule runs for the reports; an option ``enabled`` that is false disables it as well."""
    return setting.enabled and not setting.shadow and setting.options.get("enabled") is not False


def _run(
    steps: list[_Step], subject: Claim | ServiceLine, context: Context, crashes: list[RuleCrash]
) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for check, rule, setting in steps:
        try:
            for hit in check(subject, context):
                found.append(_to_finding(rule, hit, setting))
        except Exception as error:
            crashes.append(
                RuleCrash(rule.id, context.claim.clm.index, type(error).__name__, _own_frames(rule, error))
            )
    return tuple(found)


def _own_frames(rule: Rule, error: Exception) -> tuple[str, ...]:
    """Return the lines of a traceback that a user's own rule led to; none for a rule of x12proc."""
    found: list[str] = []
    if rule.check.__module__.partition(".")[0] == _PACKAGE:
        return ()
    for frame, line in walk_tb(error.__traceback__):
        if frame.f_globals.get("__name__", "").partition(".")[0] != _PACKAGE:
            file = frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
            found.append(f"{file}, line {line}, in {frame.f_code.co_name}")
    return tuple(found)


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
