"""Payer profiles: which rules hold for a claim, how grave they are, and with which options.

A profile never decides anything a rule could; it selects, grades, switches off and sets declared options, each
with its dates and its source. Profiles are read from TOML by the outer ring and handed in as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from x12proc.claims.model import Claim
from x12proc.errors import ConfigError
from x12proc.findings import SEVERITIES, Severity
from x12proc.rules.base import Option, OptionValue, Rule

DEFAULT = "default"


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which claims a profile is for: by payer id, else by filing indicator with claim and facility type."""

    payer_ids: tuple[str, ...] = ()  # 2010BB NM109
    filing_indicators: tuple[str, ...] = ()  # SBR09
    claim_types: tuple[str, ...] = ()  # P, I; empty: both
    facility_types: tuple[str, ...] = ()  # beginnings of CLM05-1; empty: all


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a profile says of one rule, for service dates ``from`` to ``to``, both included."""

    id: str
    severity: Severity | None = None
    enabled: bool | None = None
    options: dict[str, Any] = {}
    first: date | None = msgspec.field(default=None, name="from")
    last: date | None = msgspec.field(default=None, name="to")
    source: str = ""
    reason: str = ""
    by: str = ""
    until: date | None = None

    def holds(self, service_date: date | None, as_of: date) -> bool:
        """Whether the entry counts for a service date (None: unknown, so undated entries only) today."""
        if self.until is not None and as_of > self.until:
            return False
        if service_date is None:
            return self.first is None and self.last is None
        return (self.first is None or self.first <= service_date) and (
            self.last is None or service_date <= self.last
        )


class ProfileFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A profile as written in its file."""

    name: str
    title: str
    extends: str = ""
    source: str = ""
    selection: Selection = Selection()
    rule: tuple[Entry, ...] = ()


class Setting(msgspec.Struct, frozen=True):
    """What holds for one rule on one claim. ``bypass`` is why, by whom, until when, if someone said so."""

    severity: Severity
    enabled: bool
    options: dict[str, OptionValue]
    bypass: str = ""


class Profile:
    """A profile with everything it inherits, ready to be asked."""

    def __init__(self, chain: Sequence[ProfileFile], rules: Mapping[str, Rule]) -> None:
        self.file = chain[-1]
        self.name = chain[-1].name
        self._entries = [entry for file in chain for entry in file.rule]
        self._rules = rules
        self._settings: dict[tuple[bool, ...], dict[str, Setting]] = {}

    def settings(self, service_date: date | None, as_of: date) -> dict[str, Setting]:
        """The setting of every rule for a service date."""
        holding = tuple([entry.holds(service_date, as_of) for entry in self._entries])
        known = self._settings.get(holding)
        if known is None:
            known = self._settings[holding] = self._resolve(holding)
        return known

    def _resolve(self, holding: tuple[bool, ...]) -> dict[str, Setting]:
        settings = {
            rule.id: Setting(rule.severity, True, {name: option.default for name, option in rule.options.items()})
            for rule in self._rules.values()
        }
        for entry, holds in zip(self._entries, holding, strict=True):
            if holds:
                settings[entry.id] = _changed(settings[entry.id], entry)
        return settings


def _changed(setting: Setting, entry: Entry) -> Setting:
    bypass = setting.bypass
    if entry.reason or entry.by:
        bypass = f"{entry.reason} ({entry.by}, until {entry.until})"
    return Setting(
        entry.severity or setting.severity,
        setting.enabled if entry.enabled is None else entry.enabled,
        {**setting.options, **{name: _plain(value) for name, value in entry.options.items()}},
        bypass,
    )


def _plain(value: Any) -> OptionValue:
    return tuple(value) if isinstance(value, list) else value


class Profiles:
    """All profiles at hand, and the choice among them."""

    def __init__(self, files: Mapping[str, ProfileFile], rules: Mapping[str, Rule]) -> None:
        self._profiles = {name: Profile(_chain(name, files), rules) for name in files}
        self._chosen: dict[tuple[str, str, str, str], Profile] = {}
        if DEFAULT not in files:
            raise ConfigError(f"There is no profile named {DEFAULT!r}; it is the one that all others extend")

    def names(self) -> tuple[str, ...]:
        """The names of all profiles."""
        return tuple(sorted(self._profiles))

    def get(self, name: str) -> Profile:
        """The profile of a name. Raises ConfigError when there is none."""
        if name not in self._profiles:
            raise ConfigError(f"There is no profile {name!r}; there are: {', '.join(self.names())}")
        return self._profiles[name]

    def choose(self, claim: Claim) -> Profile:
        """The profile for a claim: by payer id, else by filing indicator, else ``default``."""
        payer = claim.payer
        key = (payer.id if payer else "", claim.filing_indicator, claim.type, claim.facility_code)
        known = self._chosen.get(key)
        if known is None:
            if len(self._chosen) > 4096:  # payers are few; whoever sends ever new ones must not grow the memory
                self._chosen.clear()
            known = self._chosen[key] = self._choose(claim, key[0])
        return known

    def _choose(self, claim: Claim, payer: str) -> Profile:
        by_payer = [profile for profile in self._profiles.values() if payer in profile.file.selection.payer_ids]
        by_filing = [
            profile
            for profile in self._profiles.values()
            if claim.filing_indicator in profile.file.selection.filing_indicators
        ]
        for candidates in (by_payer if payer else [], by_filing if claim.filing_indicator else []):
            fitting = [profile for profile in candidates if _fits(profile.file.selection, claim)]
            if fitting:
                # The profile that says more about the claims it is for is the closer one.
                return max(fitting, key=lambda profile: (_detail(profile.file.selection), profile.name))
        return self._profiles[DEFAULT]


def _fits(selection: Selection, claim: Claim) -> bool:
    if selection.claim_types and claim.type not in selection.claim_types:
        return False
    return not selection.facility_types or claim.facility_code.startswith(selection.facility_types)


def _detail(selection: Selection) -> int:
    return bool(selection.claim_types) + bool(selection.facility_types)


def _chain(name: str, files: Mapping[str, ProfileFile]) -> list[ProfileFile]:
    chain = [files[name]]
    while chain[0].extends:
        parent = chain[0].extends
        if parent not in files:
            raise ConfigError(f"Profile {chain[0].name!r} extends {parent!r}, which does not exist")
        if any(file.name == parent for file in chain):
            raise ConfigError(f"Profile {name!r} extends itself by way of {parent!r}")
        chain.insert(0, files[parent])
    return chain


def parse_profile(text: bytes, where: str, rules: Mapping[str, Rule]) -> ProfileFile:
    """A profile from its TOML. Raises ConfigError with the file, the key and what is allowed."""
    try:
        file = msgspec.toml.decode(text, type=ProfileFile)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}{_allowed(str(error))}") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from None
    for entry in file.rule:
        _check_entry(entry, where, rules)
    return file


def _allowed(error: str) -> str:
    if "severity" in error:
        return f"; allowed are {', '.join(SEVERITIES)}"
    if "unknown field" in error:
        place = Entry if ".rule[" in error else Selection if ".selection" in error else ProfileFile
        return f"; allowed are {', '.join(field.encode_name for field in msgspec.structs.fields(place))}"
    return ""


def _check_entry(entry: Entry, where: str, rules: Mapping[str, Rule]) -> None:
    rule = rules.get(entry.id)
    if rule is None:
        raise ConfigError(f"{where}: rule {entry.id!r} does not exist; 'x12proc rules' lists all of them")
    for name, value in entry.options.items():
        if name not in rule.options:
            allowed = ", ".join(rule.options) or "none"
            raise ConfigError(f"{where}: rule {entry.id} has no option {name!r}; it has: {allowed}")
        _check_option(rule.options[name], value, f"{where}: rule {entry.id}, option {name}")
    if (entry.reason or entry.by) and not (entry.reason and entry.by and entry.until):
        raise ConfigError(f"{where}: rule {entry.id}: a bypass needs reason, by and until")


def _check_option(option: Option, value: Any, where: str) -> None:
    if isinstance(option.default, tuple):
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise ConfigError(f"{where}: {value!r} is not a list of texts")
    elif type(value) is not type(option.default):
        raise ConfigError(f"{where}: {value!r} is not of type {type(option.default).__name__}")
