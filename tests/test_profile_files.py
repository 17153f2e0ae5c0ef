"""The shipped profile files, their JSON Schema, and what the commands and the manual say of them."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from x12proc.cli.app import app
from x12proc.errors import ConfigError
from x12proc.profiles.profiles import parse_profile
from x12proc.profiles.schema import profile_schema
from x12proc.rules import all_rules
from x12proc.rules.sources import SOURCES
from x12proc.runner.settings import load_profiles

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "config" / "profiles").glob("*.toml"))
RULES = all_rules()
SCHEMA = json.loads((ROOT / "config" / "profile.schema.json").read_text())
EDITOR = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
HEAD = 'name = "mine"\ntitle = "Mine"\n'


def as_editors_see(text: str) -> Any:
    """A TOML document with its dates as texts, which is how TOML editors hold it against a schema."""
    return json.loads(json.dumps(tomllib.loads(text), default=date.isoformat))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_profile_is_told_in_full(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("#:schema ../profile.schema.json\n"), "the line by which editors find the schema"
    assert list(EDITOR.iter_errors(as_editors_see(text))) == []
    file = parse_profile(text.encode(), path.name, RULES)
    assert file.name == path.stem
    assert file.about.strip()
    assert file.checked is not None
    for entry, later in pairwise(sorted(file.rule, key=lambda entry: (entry.id, entry.first or date.min))):
        if entry.id == later.id:
            assert (entry.last or date.max) < (later.first or date.min), f"{entry.id}: periods overlap"
    for entry in file.rule:
        assert entry.why, entry.id
        assert entry.until is None, "a bypass is a user's"
        assert entry.source, entry.id
    cited = [key for source in (file.source, *(entry.source for entry in file.rule)) for key in source.split(", ")]
    assert set(cited) - {""} <= SOURCES.keys()


# How grave a rule is for a payer, and for whom it is not so.
FACTS = [
    ("medicare-b-wps", "RTE01", "reject"), ("medicare-b-ngs", "RTE01", "warn"),
    ("medicare-b-cgs", "RTE01", "warn"), ("medicare-opps", "RTE01", "warn"),
    ("medicare-b-wps", "NAR06", "reject"), ("medicare-b-cgs", "NAR06", "warn"),
    ("medicare-b-palmetto", "NAR05", "reject"), ("medicare-b-noridian", "NAR05", "reject"),
    ("medicare-b-noridian", "COD07", "reject"), ("medicare-b-fcso", "COD07", "warn"),
    ("medicare-b-fcso", "COD01", "reject"), ("medicare-opps", "COD01", "reject"),
    ("medicaid-or", "COD01", "reject"), ("uhc", "COD01", "warn"), ("medicare-b", "BAL01", "reject"),
    ("medicare-opps", "BAL01", "reject"), ("medicaid", "BAL01", "warn"), ("uhc", "NDC02", "reject"),
    ("medicaid-ny", "NDC02", "reject"), ("bcbs-ibx", "NDC02", "reject"), ("bcbs-tx", "NDC02", "reject"),
    ("bcbs", "NDC02", "warn"), ("medicare-b", "NDC02", "warn"), ("medicare-b", "NDC03", "reject"),
    ("medicare-opps", "NDC03", "reject"), ("bcbs-tx", "NDC03", "reject"), ("uhc", "NDC03", "warn"),
    ("medicaid-ma", "QTY04", "reject"), ("uhc", "QTY04", "warn"), ("medicare-opps", "NAR14", "reject"),
    ("medicare-b", "NAR14", "warn"), ("medicaid-wv", "AUT05", "reject"), ("medicaid-ny", "AUT05", "warn"),
    ("medicaid-nc", "NDC09", "warn"), ("tricare", "NDC01", "reject"), ("uhc", "NDC01", "reject"),
    ("tricare", "COD01", "warn"), ("tricare-east", "COD01", "reject"), ("tricare-east", "NDC01", "reject"),
    ("tricare-east", "QTY01", "reject"), ("tricare-east", "QTY02", "reject"), ("aetna", "NDC01", "warn"),
    ("cigna", "NDC01", "warn"), ("humana", "NDC01", "warn"), ("medicare-advantage", "NDC01", "warn"),
    ("medicare-advantage", "MOD01", "warn"), ("medicare-advantage", "COD01", "warn"),
    ("medicare-advantage", "BAL01", "warn"), ("elevance", "NDC01", "reject"), ("elevance", "NDC02", "reject"),
    ("elevance", "COD01", "warn"), ("priority-health", "NDC02", "reject"), ("priority-health", "COD01", "reject"),
    ("priority-health", "NDC09", "warn"), ("bridgespan-regence", "NDC02", "reject"), ("hmsa", "COD08", "info"),
    ("hmsa", "BAL03", "warn"), ("medicare-b-novitas", "COD01", "reject"), ("medicare-b-novitas", "COD07", "warn"),
    ("medicare-opps", "INS01", "reject"), ("medicaid", "INS01", "warn"), ("medicare-opps", "TRI04", "reject"),
    ("medicare-b", "TRI01", "reject"), ("medicare-a-ngs", "RTE01", "reject"),
    ("medicare-a-palmetto", "RTE01", "warn"), ("medicare-a-palmetto", "BAL01", "reject"),
    ("medicare-a-noridian", "COD07", "reject"), ("medicare-a-cgs", "COD07", "warn"),
    ("medicare-opps", "INS08", "info"), ("medicaid-nc", "QTY04", "warn"), ("medicare-b", "MOD01", "reject"),
    ("medicare-b", "DX08", "reject"), ("medicare-b", "MOD04", "reject"), ("medicare-b-noridian", "NDC01", "info"),
    ("medicare-b-fcso", "NDC01", "info"), ("medicare-b-novitas", "NDC01", "info"),
    ("medicare-b-wps", "NDC01", "info"), ("medicare-b-cgs", "NDC01", "reject"),
    ("medicaid-ny", "NDC09", "warn"), ("default", "COD12", "warn"), ("medicaid-nj", "QTY06", "reject"),
    ("medicaid-nj", "QTY08", "reject"), ("hmsa-quest", "COD01", "warn"),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "rule", "severity"), FACTS)
def test_what_the_catalogue_says_of_a_payer(profile: str, rule: str, severity: str) -> None:
    profiles, _ = load_profiles()
    assert profiles.get(profile).settings(date(2024, 2, 1), date(2024, 4, 1))[rule].severity == severity


@pytest.mark.parametrize(
    ("profile", "rule", "option", "value"),
    [
        ("medicare-b-noridian", "MOD06", "required", True),
        ("medicaid-mi", "MOD06", "required", True),
        ("medicaid-ny", "AUT05", "required", True),
        ("medicaid-ma", "NDC01", "exempt", ("vaccine",)),
        ("medicare-b-palmetto", "NAR17", "enabled", True),
        ("bcbs-tx", "NAR03", "ndc_is_enough", False),
        ("medicaid-wv", "NAR06", "always", True),
        ("medicaid-nc", "BAL01", "unit", "1 MG"),
        ("medicaid-nc", "QTY04", "liquid_in_pieces", True),
        ("medicaid-nc", "MOD14", "modifier", "UD"),
        ("medicaid-ma", "MOD14", "modifier", "UD"),
        ("medicare-a-ngs", "RTE01", "codes", ("C9399",)),
    ],
)
def test_what_a_payer_is_asked_for_by_option(profile: str, rule: str, option: str, value: object) -> None:
    profiles, _ = load_profiles()
    assert profiles.get(profile).settings(None, date(2024, 4, 1))[rule].options[option] == value
    assert profiles.get("default").settings(None, date(2024, 4, 1))[rule].options[option] != value


def test_medicare_returns_claims_without_jw_or_jz_since_october_2023() -> None:
    """The policy began in July 2023, the edits of the claims system in October."""
    part_b = load_profiles()[0].get("medicare-b")
    days = (date(2023, 6, 30), date(2023, 7, 1), date(2023, 9, 30), date(2023, 10, 1))
    given = [part_b.settings(day, date(2026, 12, 1))["MOD01"].severity for day in days]
    assert given == ["info", "warn", "warn", "reject"]


def test_hmsa_wants_the_unlisted_code_and_the_ndc_units() -> None:
    hmsa = load_profiles()[0].get("hmsa")
    for day, matched in ((date(2015, 9, 30), True), (date(2015, 10, 1), False)):
        settings = hmsa.settings(day, date(2026, 12, 1))
        assert {settings[rule].enabled for rule in ("COD01", "COD03", "BAL01")} == {matched}


def test_palmetto_demands_jw_on_c9399_from_its_page_on() -> None:
    palmetto = load_profiles()[0].get("medicare-a-palmetto")
    for day, wanted in ((date(2025, 2, 17), False), (date(2025, 2, 18), True)):
        assert palmetto.settings(day, date(2026, 12, 1))["INS08"].options["wanted"] is wanted


def test_no_two_shipped_profiles_claim_a_payer() -> None:
    payers = [
        payer
        for path in FILES
        for payer in tomllib.loads(path.read_text()).get("selection", {}).get("payer_ids", [])
    ]
    assert len(payers) == len(set(payers)) > 60


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ('[[rule]]\nid = "NDC01"\nseverity = "warn"\nfrom = 2024-01-01\nto = 2024-12-31', True),
        ('[[rule]]\nid = "QTY07"\noptions = { decimals = 2 }', True),
        ('[[rule]]\nid = "NDC08"\noptions = { allowed_placeholders = ["00000000070"] }', True),
        ('[[rule]]\nid = "NDC01"\nenabled = false\nreason = "r"\nby = "b"\nuntil = 2026-12-31', True),
        ("checked = 2026-11-23\n[selection]\nclaim_types = [\"P\"]", True),
        ('color = "red"', False),
        ("[selection]\npayers = []", False),
        ('[selection]\nclaim_types = ["D"]', False),
        ('[[rule]]\nid = "NDC99"', False),
        ('[[rule]]\nid = "ndc01"', False),
        ('[[rule]]\nid = "NDC01"\nseverity = "fatal"', False),
        ('[[rule]]\nid = "NDC01"\nseverty = "warn"', False),
        ('[[rule]]\nid = "QTY07"\noptions = { decimal = 2 }', False),
        ('[[rule]]\nid = "QTY07"\noptions = { decimals = "2" }', False),
        ('[[rule]]\nid = "NDC08"\noptions = { allowed_placeholders = 7 }', False),
        ('[[rule]]\nid = "NDC04"\noptions = { any = 1 }', False),
        ('[[rule]]\nid = "NDC01"\nfrom = "soon"', False),
        ('[[rule]]\nid = "NDC01"\nenabled = false\nreason = "r"', False),
        ('[[rule]]\nid = "NDC01"\nenabled = false\nreason = ""\nby = "b"\nuntil = 2026-12-31', False),
        ('[[rule]]\nid = "NDC01"\nuntil = 2026-12-31', False),
    ],
)  # fmt: skip
def test_editor_and_program_agree(said: str, accepted: bool) -> None:
    """What the schema passes the program reads, and what it marks the program refuses."""
    assert EDITOR.is_valid(as_editors_see(HEAD + said)) is accepted
    if accepted:
        parse_profile((HEAD + said).encode(), "mine.toml", RULES)
    else:
        with pytest.raises(ConfigError, match=r"mine\.toml"):
            parse_profile((HEAD + said).encode(), "mine.toml", RULES)


def test_the_schema_passes_rules_that_are_not_ours() -> None:
    assert EDITOR.is_valid(as_editors_see(HEAD + '[[rule]]\nid = "XHD01"\noptions = { most = 3 }'))
    assert json.loads(CliRunner().invoke(app, ["profiles", "--schema"]).output) == SCHEMA == profile_schema(RULES)


def test_the_example_of_the_manual_is_a_profile() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "profiles.md").read_text(), re.DOTALL)
    assert EDITOR.is_valid(as_editors_see(example))
    file = parse_profile(example.encode(), "docs/profiles.md", RULES)
    assert file.extends in load_profiles()[0].names()
    assert file.rule[-1].by == "J. Ito, billing"


def test_a_profile_is_explained_with_what_it_inherits() -> None:
    text = CliRunner().invoke(app, ["profiles", "medicare-b-wps"]).output
    own, inherited = text.split("Inherited from medicare-b")
    for words in ("05102", "RTE01  rejects (before: warns)", "method of administration", "(WPS)", "2026-11-23"):
        assert words in own
    for words in ("TRI01", "from 2014-01-01", "ndc_is_enough = false", "only warn if", SOURCES["PAL"].url):
        assert words in inherited


def test_a_users_profile_is_explained_with_its_bypass(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    who = 'enabled = false\nreason = "payer agreed"\nby = "J. Ito"\nuntil = 2026-12-31\n'
    (tmp_path / "profiles" / "mine.toml").write_text(HEAD + f'source = "A mail"\n[[rule]]\nid = "NDC01"\n{who}')
    (tmp_path / "x12proc.toml").write_text('profile_folders = ["profiles"]\n')
    config = ["--config", str(tmp_path / "x12proc.toml")]
    text = CliRunner().invoke(app, ["profiles", "mine", *config]).output
    for words in ("NDC01  is off", "Bypass until 2026-12-31, decided by J. Ito: payer agreed", "A mail"):
        assert words in text
    assert "nobody by itself" in text
    assert "mine " in CliRunner().invoke(app, ["profiles", *config]).output
