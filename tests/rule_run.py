"""Runs one rule case through the core and writes its findings the way fixtures name them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from msgspec.structs import replace
from rule_cases import Case

from x12proc.claims.builder import ClaimBuilder
from x12proc.engine import Engine
from x12proc.profiles import Entry, ProfileFile, Profiles, parse_profile
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
def profile_files() -> dict[str, ProfileFile]:
    """The shipped profiles as they stand in their files."""
    rules = all_rules()
    files = [parse_profile(path.read_bytes(), path.name, rules) for path in (CONFIG / "profiles").glob("*.toml")]
    return {file.name: file for file in files}


@lru_cache(maxsize=1)
def profiles() -> Profiles:
    """The shipped profiles."""
    return Profiles(profile_files(), all_rules())


def with_options(case: Case) -> Profiles:
    """The shipped profiles, the case's own with the options that the case sets."""
    if not case.options:
        return profiles()
    file = profile_files()[case.profile]
    entries = tuple(Entry(id=rule, options=options) for rule, options in case.options.items())
    return Profiles({**profile_files(), file.name: replace(file, rule=file.rule + entries)}, all_rules())


def found(case: Case) -> list[str]:
    """``RULE severity ELEMENT`` of every finding of every target claim, sorted."""
    engine = Engine(
        all_rules(), with_options(case), reference(), codes=case.codes, as_of=case.as_of, profile=case.profile
    )
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
