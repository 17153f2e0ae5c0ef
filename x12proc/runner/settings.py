"""The configuration of a run: the user's file, the shipped folder, the rules, profiles and reference tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from x12proc.claims.model import Claim
from x12proc.engine.engine import Engine
from x12proc.engine.fixes import FixLevel
from x12proc.errors import ConfigError
from x12proc.profiles.profiles import ProfileFile, Profiles, parse_profile
from x12proc.reference.edition import Reference
from x12proc.reports.acks.envelopes import AckSettings
from x12proc.rules import all_rules
from x12proc.rules.base import Rule
from x12proc.runner.custom_rules import CustomRules, load_own_rules
from x12proc.runner.pool import Conformance
from x12proc.typed_toml import LARGEST_TOML, decode

RULES_EDITION = "2026-11-23"
AUTO = "auto"
GuideErrorPolicy: TypeAlias = Literal["report", "reject"]


class ConfigFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``x12proc.toml``: what a user sets once. Files and folders are relative to it."""

    codes: tuple[str, ...] = ("J3590",)
    profile: str = AUTO
    profile_folders: tuple[str, ...] = ()
    rule_files: tuple[str, ...] = ()  # Python files with rules of the user's own
    reference_folder: str = ""  # an edition that 'x12proc reference import' made; empty: the shipped one
    emit: tuple[str, ...] = ("json", "html", "annotated")
    acknowledgement: AckSettings = AckSettings()
    conformance: Conformance = "targets"
    guide_errors: GuideErrorPolicy = "report"
    patient: bool = False


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run needs to know besides its inputs."""

    codes: tuple[str, ...]
    profile: str | None  # None: chosen by claim
    now: datetime  # when the run takes place, for the dates and times of what it writes
    rules: dict[str, Rule]  # ours and the user's own
    own_rules: CustomRules
    profiles: Profiles
    profile_hashes: dict[str, str]
    reference: Reference
    acknowledgement: AckSettings

    @property
    def as_of(self) -> date:
        """Today, for the rules."""
        return self.now.date()

    conformance: Conformance = "targets"
    guide_errors: GuideErrorPolicy = "report"
    patient: bool = False  # whether reports name the patient
    hidden: bool = False  # whether findings of rules that are bypassed or in shadow are kept, for a record
    sent_before: Callable[[Claim], bool] | None = None  # whether an earlier file held a claim, where that is known

    def engine(self, fix_level: FixLevel = "off") -> Engine:
        """Return a new engine, for one file."""
        return Engine(
            self.rules,
            self.profiles,
            self.reference,
            codes=self.codes,
            as_of=self.as_of,
            profile=self.profile,
            sent_before=self.sent_before,
            fix_level=fix_level,
            hidden=self.hidden,
        )


def config_folder() -> Path:
    """The shipped configuration: inside the installed package, or at the top of a source checkout."""
    return shipped_folder("config", "config")


def shipped_folder(inside: str, in_checkout: str) -> Path:
    """Return a folder that a wheel has inside the package and a checkout outside of it."""
    package = Path(__file__).parents[1]
    shipped = package / inside
    return shipped if shipped.is_dir() else package.parent / in_checkout


@lru_cache(maxsize=1)
def shipped_reference() -> Reference:
    """The shipped reference edition; its tables are read when first asked for."""
    folder = config_folder() / "reference"
    return Reference(lambda name: (folder / name).read_bytes())


def load_reference(folder: Path | None) -> Reference:
    """The reference edition in a folder, or the shipped one. Raises ConfigError when there is none that fits."""
    if folder is None:
        return shipped_reference()
    if not (folder / "edition.toml").is_file():
        raise ConfigError(f"{folder}: there is no reference edition; 'x12proc reference import' makes one")
    reference = Reference(lambda name: (folder / name).read_bytes())
    try:
        missing = reference.missing()
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if missing:
        raise ConfigError(
            f"{folder}: another version of x12proc made this edition, it lacks {', '.join(missing)}; "
            f"import its downloads again"
        )
    return reference


def load_config(path: Path | None) -> ConfigFile:
    """A user's configuration file, or the shipped one. Raises ConfigError."""
    path = path or config_folder() / "x12proc.toml"
    return decode(_read(path), ConfigFile, str(path))


def load_profiles(
    folders: Sequence[Path] = (), rules: Mapping[str, Rule] | None = None
) -> tuple[Profiles, dict[str, str]]:
    """The shipped profiles with those of further folders beside them, and the SHA-256 of each file in force.

    ``rules`` are all that profiles may speak of; ours when None. Raises ConfigError.
    """
    known = all_rules() if rules is None else rules
    shipped = _profiles_in(config_folder() / "profiles", known)
    own: dict[str, tuple[ProfileFile, Path, str]] = {}
    for folder in folders:
        for name, found in _profiles_in(folder, known).items():
            if name in own:
                raise ConfigError(f"{found[1]}: the name {name!r} is taken by {own[name][1]}")
            own[name] = found
    _check_payers([(file, path) for file, path, _ in own.values()])
    in_force = {**shipped, **own}
    hashes: dict[str, str] = {}
    for _, path, digest in in_force.values():
        hashes[path.name if path.name not in hashes else f"{path.parent.name}/{path.name}"] = digest
    return Profiles({name: file for name, (file, _, _) in in_force.items()}, known, own), hashes


def _check_payers(own: Sequence[tuple[ProfileFile, Path]]) -> None:
    """Check that no two profiles of a user take the same claims of one payer id. Raises ConfigError."""
    for number, (file, path) in enumerate(own):
        for other, other_path in own[:number]:
            one, two = file.selection, other.selection
            shared = sorted(set(one.payer_ids) & set(two.payer_ids))
            apart = _are_apart(one.claim_types, two.claim_types) or _are_apart(
                one.facility_types, two.facility_types
            )
            if shared and not apart and one.filing_indicators == two.filing_indicators:
                raise ConfigError(f"{path}: payer id {shared[0]} is taken by {other_path}; name it in one of them")


def _are_apart(one: Sequence[str], two: Sequence[str]) -> bool:
    """Return whether two selections have nothing in common; an empty one takes all."""
    return bool(one) and bool(two) and not set(one) & set(two)


def _profiles_in(folder: Path, rules: Mapping[str, Rule]) -> dict[str, tuple[ProfileFile, Path, str]]:
    """The profiles of a folder by name, each with its file and the file's SHA-256."""
    if not folder.is_dir():
        raise ConfigError(f"{folder}: there is no such profile folder")
    found: dict[str, tuple[ProfileFile, Path, str]] = {}
    for path in sorted(folder.glob("*.toml")):
        text = _read(path)
        file = parse_profile(text, str(path), rules)
        if file.name in found:
            raise ConfigError(f"{path}: the name {file.name!r} is taken by {found[file.name][1]}")
        found[file.name] = (file, path, hashlib.sha256(text).hexdigest())
    return found


def _read(path: Path) -> bytes:
    return read_config(path)


def read_config(path: Path) -> bytes:
    """Read a configuration file. Raises ConfigError for one that can't be read or is larger than any can be."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_TOML + 1)
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror}") from None
    if len(text) > LARGEST_TOML:
        raise ConfigError(f"{path}: is larger than {LARGEST_TOML} bytes, which no configuration file is")
    return text


def load_settings(
    *,
    config: Path | None = None,
    codes: Sequence[str] | None = None,
    profile: str | None = None,
    as_of: date | None = None,
    ack_scope: Literal["all", "rejected"] | None = None,
    ack_control: int | None = None,
    conformance: Conformance | None = None,
    guide_errors: GuideErrorPolicy | None = None,
    patient: bool | None = None,
    hidden: bool = False,
) -> Settings:
    """Put a run's settings together; arguments win over the configuration file. Raises ConfigError.

    A run ``as_of`` a day takes place at its first minute.
    """
    file = load_config(config)
    base = config.parent if config else config_folder()
    own_rules = load_own_rules([base / name for name in file.rule_files])
    rules = own_rules.with_ours()
    profiles, hashes = load_profiles([base / folder for folder in file.profile_folders], rules)
    name = profile or file.profile
    if name != AUTO:
        profiles.get(name)
    return Settings(
        codes=target_codes(codes or file.codes),
        profile=None if name == AUTO else name,
        now=datetime.combine(as_of, time()) if as_of else _now(),
        rules=rules,
        own_rules=own_rules,
        profiles=profiles,
        profile_hashes=hashes,
        reference=load_reference(base / file.reference_folder if file.reference_folder else None),
        acknowledgement=msgspec.structs.replace(
            file.acknowledgement,
            scope=ack_scope or file.acknowledgement.scope,
            control=ack_control or file.acknowledgement.control,
        ),
        conformance=conformance or file.conformance,
        guide_errors=guide_errors or file.guide_errors,
        patient=file.patient if patient is None else patient,
        hidden=hidden,
    )


def _now() -> datetime:
    return datetime.now()  # noqa: DTZ005 - dates and times of claims and envelopes are local and without a zone


def target_codes(codes: Sequence[str]) -> tuple[str, ...]:
    """Procedure codes in upper case, each once. Raises ConfigError for what can't be one."""
    wanted = tuple(dict.fromkeys(code.strip().upper() for code in codes if code.strip()))
    wrong = [code for code in wanted if len(code) != 5 or not (code.isascii() and code.isalnum())]
    if wrong or not wanted:
        raise ConfigError(f"{', '.join(wrong) or 'no code'}: a procedure code has five letters or digits")
    return wanted
