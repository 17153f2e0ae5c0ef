"""Payer profiles: the rules that apply to a claim, their severities and their options.

A profile has no logic of its own: it selects rules, sets severities and declared options and switches rules off,
each with its dates and its source. `runner.settings` reads profiles as TOML and passes the text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from x12proc.claims.model import Claim
from x12proc.errors import ConfigError
from x12proc.findings import Grade, Severity
from x12proc.rules.base import Option, OptionValue, Rule
from x12proc.typed_toml import decode

DEFAULT = "default"

# The meaning of each key of a profile file; the JSON Schema and the manual repeat it.
_Name: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="The profile's name, as in reports and after --profile: letters, digits, hyphens.",
    ),
]
_Title: TypeAlias = Annotated[
    str, msgspec.Meta(min_length=1, description="For whom the profile is, in a few words.")
]
_Extends: TypeAlias = Annotated[str, msgspec.Meta(description="The profile whose entries this one begins with.")]
_About: TypeAlias = Annotated[str, msgspec.Meta(description="What the payer asks for, in sentences for billers.")]
_Sources: TypeAlias = Annotated[
    str,
    msgspec.Meta(description="The documents that say so: keys of known ones or any words, with commas between."),
]
_Checked: TypeAlias = Annotated[
    date, msgspec.Meta(description="The day on which the documents were last compared.")
]
_PayerIds: TypeAlias = Annotated[
    tuple[str, ...], msgspec.Meta(description="Payer ids (loop 2010BB NM109) of the claims it is for.")
]
_FilingIndicators: TypeAlias = Annotated[
    tuple[str, ...],
    msgspec.Meta(description="Claim filing indicators (SBR09) of the claims it is for, when no payer id decides."),
]
_ClaimTypes: TypeAlias = Annotated[
    tuple[Literal["P", "I"], ...], msgspec.Meta(description="P for 837P, I for 837I; none: both.")
]
_FacilityTypes: TypeAlias = Annotated[
    tuple[str, ...], msgspec.Meta(description="Beginnings of the facility type (CLM05-1), e.g. 13; none: all.")
]
_RuleId: TypeAlias = Annotated[str, msgspec.Meta(description="The rule that the entry is about, e.g. NDC01.")]
_Severity: TypeAlias = Annotated[
    Grade,
    msgspec.Meta(
        description="The severity of its findings here. shadow: the rule runs for a record of predictions "
        "only; no report has its findings, and they reject nothing."
    ),
]
_Enabled: TypeAlias = Annotated[bool, msgspec.Meta(description="false: the rule is off here.")]
_Options: TypeAlias = Annotated[
    dict[str, Any], msgspec.Meta(description="The rule's options that differ here; 'x12proc rules ID' lists them.")
]
_From: TypeAlias = Annotated[date, msgspec.Meta(description="First service date that the entry holds for.")]
_To: TypeAlias = Annotated[date, msgspec.Meta(description="Last service date that the entry holds for.")]
_Why: TypeAlias = Annotated[str, msgspec.Meta(description="Why it is different here, in a sentence for billers.")]
_Reason: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        description="Makes the entry a bypass: why the rule is set aside. Needs by and until as well.",
    ),
]
_By: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, description="Who decided the bypass.")]
_Until: TypeAlias = Annotated[date, msgspec.Meta(description="The last day on which the bypass holds.")]


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The claims that a profile is for: by payer id, else by filing indicator with claim and facility type."""

    payer_ids: _PayerIds = ()
    filing_indicators: _FilingIndicators = ()
    claim_types: _ClaimTypes = ()
    facility_types: _FacilityTypes = ()


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one rule in a profile, for service dates ``from`` to ``to``, both included.

    With ``reason``, ``by`` and ``until`` it is a bypass: somebody's decision to set a rule aside for a while.
    """

    id: _RuleId
    severity: _Severity | None = None
    enabled: _Enabled | None = None
    options: _Options = {}
    first: _From | None = msgspec.field(default=None, name="from")
    last: _To | None = msgspec.field(default=None, name="to")
    why: _Why = ""
    source: _Sources = ""
    reason: _Reason = ""
    by: _By = ""
    until: _Until | None = None

    def applies(self, service_date: date | None, as_of: date) -> bool:
        """Return whether the entry applies to a service date (None: unknown, so only if undated) today."""
        if self.until is not None and as_of > self.until:
            return False
        if service_date is None:
            return self.first is None and self.last is None
        return (self.first is None or self.first <= service_date) and (
            self.last is None or service_date <= self.last
        )


class ProfileFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A profile as written in its file."""

    name: _Name
    title: _Title
    extends: _Extends = ""
    about: _About = ""
    source: _Sources = ""
    checked: _Checked | None = None
    selection: Selection = Selection()
    rule: tuple[Entry, ...] = ()


class Bypass(msgspec.Struct, frozen=True):
    """A decision to set a rule aside: why, by whom, its last day, and the profile that has it."""

    rule: str
    reason: str
    by: str
    until: date
    profile: str


class Setting(msgspec.Struct, frozen=True):
    """The setting of one rule for one claim; with a bypass, ``without`` is the setting without it.

    A rule in ``shadow`` is off for reports; ``severity`` is the one that its findings would have.
    """

    severity: Severity
    enabled: bool
    options: dict[str, OptionValue]
    shadow: bool = False
    bypass: Bypass | None = None
    without: Setting | None = None


class Profile:
    """A profile with everything it inherits."""

    def __init__(self, chain: Sequence[ProfileFile], rules: Mapping[str, Rule]) -> None:
        self.chain = tuple(chain)  # base profiles first, itself last
        self.file = chain[-1]
        self.name = chain[-1].name
        self._entries = [(file.name, entry) for file in chain for entry in file.rule]
        self._rules = rules
        self._settings: dict[tuple[bool, ...], dict[str, Setting]] = {}

    def settings(self, service_date: date | None, as_of: date) -> dict[str, Setting]:
        """Return the setting of every rule for a service date."""
        applying = tuple([entry.applies(service_date, as_of) for _, entry in self._entries])
        cached = self._settings.get(applying)
        if cached is None:
            cached = self._settings[applying] = self._resolve(applying)
        return cached

    def _resolve(self, applying: tuple[bool, ...]) -> dict[str, Setting]:
        settings = {
            rule.id: Setting(rule.severity, True, {name: option.default for name, option in rule.options.items()})
            for rule in self._rules.values()
        }
        for (profile, entry), applies in zip(self._entries, applying, strict=True):
            if applies:
                settings[entry.id] = _with_bypass(settings[entry.id], entry, profile)
        return settings


def _with_bypass(setting: Setting, entry: Entry, profile: str) -> Setting:
    changed = _with_entry(setting, entry)
    if entry.until is not None:
        bypass = Bypass(entry.id, entry.reason, entry.by, entry.until, profile)
        without = setting.without or setting
    elif setting.bypass is not None and setting.without is not None:
        bypass, without = setting.bypass, _with_entry(setting.without, entry)
    else:
        return changed
    # A bypass that changes nothing (any more) is dropped.
    return without if changed == without else replace(changed, bypass=bypass, without=without)


def _with_entry(setting: Setting, entry: Entry) -> Setting:
    severity, shadow = setting.severity, setting.shadow
    if entry.severity == "shadow":
        shadow = True
    elif entry.severity is not None:
        severity, shadow = entry.severity, False
    return Setting(
        severity,
        setting.enabled if entry.enabled is None else entry.enabled,
        {**setting.options, **{name: _plain(value) for name, value in entry.options.items()}},
        shadow,
    )


def _plain(value: Any) -> OptionValue:
    return tuple(value) if isinstance(value, list) else value


class Profiles:
    """All loaded profiles, and the selection among them. Those named in ``own``, the user's, come first."""

    def __init__(
        self, files: Mapping[str, ProfileFile], rules: Mapping[str, Rule], own: Collection[str] = ()
    ) -> None:
        self._profiles = {name: Profile(_chain(name, files), rules) for name in files}
        self._own = frozenset(own)
        self._files, self._rules = dict(files), rules
        self._chosen: dict[tuple[str, str, str, str], Profile] = {}
        if DEFAULT not in files:
            raise ConfigError(f"There is no profile named {DEFAULT!r}; it is the one that all others extend")

    def names(self) -> tuple[str, ...]:
        """Return the names of all profiles."""
        return tuple(sorted(self._profiles))

    def get(self, name: str) -> Profile:
        """Return the profile of a name. Raises ConfigError if there is none."""
        if name not in self._profiles:
            raise ConfigError(f"There is no profile {name!r}; there are: {', '.join(self.names())}")
        return self._profiles[name]

    def with_entries(self, entries: tuple[Entry, ...]) -> Profiles:
        """Return the same profiles with further, checked entries, which override all others."""
        files = {name: replace(file, rule=file.rule + entries) for name, file in self._files.items()}
        return Profiles(files, self._rules, self._own)

    def choose(self, claim: Claim) -> Profile:
        """Return the profile for a claim: by payer id, else by filing indicator, else ``default``."""
        payer = claim.payer
        key = (payer.id if payer else "", claim.filing_indicator, claim.type, claim.facility_code)
        cached = self._chosen.get(key)
        if cached is None:
            if len(self._chosen) > 4096:  # a file with ever new payers must not grow the memory
                self._chosen.clear()
            cached = self._chosen[key] = self._choose(claim, key[0])
        return cached

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
                return max(fitting, key=self._precedence)
        return self._profiles[DEFAULT]

    def _precedence(self, profile: Profile) -> tuple[bool, int, str]:
        """Rank a user's own profile before a shipped one, and a more specific selection before others."""
        return profile.name in self._own, _specificity(profile.file.selection), profile.name


def _fits(selection: Selection, claim: Claim) -> bool:
    if selection.claim_types and claim.type not in selection.claim_types:
        return False
    return not selection.facility_types or claim.facility_code.startswith(selection.facility_types)


def _specificity(selection: Selection) -> int:
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
    """Parse a profile from TOML. Raises ConfigError with the file, the key and the allowed values."""
    file = decode(text, ProfileFile, where)
    for entry in file.rule:
        check_entry(entry, where, rules)
    return file


def check_entry(entry: Entry, where: str, rules: Mapping[str, Rule]) -> None:
    """Check an entry against its rule. Raises ConfigError, which begins with ``where``."""
    rule = rules.get(entry.id)
    if rule is None:
        raise ConfigError(f"{where}: rule {entry.id!r} does not exist; 'x12proc rules' lists all of them")
    here = f"{where}: rule {entry.id}"
    for name, value in entry.options.items():
        if name not in rule.options:
            allowed = ", ".join(rule.options) or "none"
            raise ConfigError(f"{here} has no option {name!r}; it has: {allowed}")
        _check_option(rule.options[name], value, f"{here}, option {name}")
    if entry.first and entry.last and entry.last < entry.first:
        raise ConfigError(f"{here}: 'to' is {entry.last}, before 'from', which is {entry.first}")
    given = (entry.reason.strip(), entry.by.strip(), entry.until)
    if any(given) and not all(given):
        raise ConfigError(f"{here}: a bypass needs reason, by and until (why, who, and the last day it holds)")


def _check_option(option: Option, value: Any, where: str) -> None:
    if isinstance(option.default, tuple):
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise ConfigError(f"{where}: {value!r} is not a list of texts")
    elif type(value) is not type(option.default):
        raise ConfigError(f"{where}: {value!r} is not of type {type(option.default).__name__}")
