"""Runs one rule case through the core and writes its findings the way fixtures name them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rule_cases import Case

from x12proc.claims.builder import ClaimBuilder
from x12proc.engine import Engine
from x12proc.profiles import Profiles, parse_profile
from x12proc.reference.edition import Reference
from x12proc.rules import all_rules
from x12proc.wire.events import ClaimSpan
from x12proc.wire.scanner import scan

CONFIG = Path(__file__).parent.parent / "config"


@lru_cache(maxsize=1)
def reference() -> Reference:
    """The shipped edition, loaded once for all tests."""
    return Reference(lambda name: (CONFIG / "reference" / name).read_bytes())


@lru_cache(maxsize=1)
def profiles() -> Profiles:
    """The shipped profiles."""
    rules = all_rules()
    files = [parse_profile(path.read_bytes(), path.name, rules) for path in (CONFIG / "profiles").glob("*.toml")]
    return Profiles({file.name: file for file in files}, rules)


def found(case: Case) -> list[str]:
    """``RULE severity ELEMENT`` of every finding of every target claim, sorted."""
    engine = Engine(all_rules(), profiles(), reference(), codes=case.codes, as_of=case.as_of, profile=case.profile)
    data = case.data()
    builder = ClaimBuilder(data)
    findings: list[str] = []
    for event in scan(data, case.codes):
        if isinstance(event, ClaimSpan):
            claim = builder.build(event)
            targets = engine.targets(claim)
            scrubbed = engine.scrub(claim, targets)
            for crash in scrubbed.crashes:
                raise crash from crash.__cause__
            findings += [f"{f.rule} {f.severity} {f.location.element}" for f in scrubbed.all_findings]
    return sorted(findings)
