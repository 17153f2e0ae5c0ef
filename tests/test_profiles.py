"""Profiles: what they may say, what is refused and with which words, and what they do."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from support.edi import base

import x12proc
from x12proc.claims.model import Claim
from x12proc.errors import ConfigError
from x12proc.profiles.profiles import Bypass, Profiles, parse_profile
from x12proc.rules import all_rules
from x12proc.runner.settings import load_profiles, load_settings

RULES = all_rules()
TODAY = date(2026, 11, 23)
HEAD = 'name = "mine"\ntitle = "Mine"\nextends = "default"\n'
DEFAULT = parse_profile(b'name = "default"\ntitle = "All"\n', "default.toml", RULES)


def mine(text: str, *others: str) -> Profiles:
    """Profiles ``default``, ``mine`` and others."""
    files = [parse_profile((HEAD + text).encode(), "mine.toml", RULES), DEFAULT]
    files += [parse_profile(other.encode(), "other.toml", RULES) for other in others]
    return Profiles({file.name: file for file in files}, RULES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('color = "red"', ["mine.toml", "color", "title", "selection"]),
        ("[selection]\npayers = []", ["payers", "payer_ids", "filing_indicators"]),
        ('[[rule]]\nid = "NDC01"\nseverty = "warn"', ["severty", "severity", "options"]),
        ('[[rule]]\nid = "NDC01"\nseverity = "fatal"', ["fatal", "info, reject, shadow, warn"]),
        ('[[rule]]\nid = "NDC99"', ["NDC99", "x12proc rules"]),
        ('[[rule]]\nid = "QTY07"\noptions = { decimal = 2 }', ["decimal", "decimals"]),
        ('[[rule]]\nid = "QTY07"\noptions = { decimals = "2" }', ["'2'", "int"]),
        ('[[rule]]\nid = "NDC08"\noptions = { allowed_placeholders = 7 }', ["7", "list of texts"]),
        ('[[rule]]\nid = "NDC01"\nenabled = false\nreason = "because"', ["reason, by and until"]),
        ('[[rule]]\nid = "NDC01"\nuntil = 2026-12-31', ["reason, by and until"]),
        ('[[rule]]\nid = "NDC01"\nfrom = "soon"', ["from"]),
        ('[[rule]]\nid = "NDC01"\nfrom = 2024-02-01\nto = 2024-01-01', ["2024-01-01", "before 'from'"]),
        ('[selection]\nclaim_types = ["D"]', ["claim_types", "I, P"]),
        ("rule = " + "[" * 3000, ["TOML"]),
        ("[[rule]", ["TOML"]),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_choice(text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        mine(text)
    for word in words:
        assert word in str(caught.value)


def test_chains_are_checked() -> None:
    with pytest.raises(ConfigError, match="extends 'nobody'"):
        mine("", 'name = "x"\ntitle = "X"\nextends = "nobody"\n')
    with pytest.raises(ConfigError, match="extends itself"):
        mine("", 'name = "a"\ntitle = "A"\nextends = "b"\n', 'name = "b"\ntitle = "B"\nextends = "a"\n')
    with pytest.raises(ConfigError, match="no profile named 'default'"):
        Profiles({}, RULES)


def test_entries_hold_for_their_dates_only() -> None:
    text = '[[rule]]\nid = "NDC01"\nseverity = "info"\nfrom = 2024-01-01\nto = 2024-12-31\n'
    profile = mine(text).get("mine")
    for day, severity in [
        (date(2023, 12, 31), "reject"), (date(2024, 1, 1), "info"), (date(2024, 12, 31), "info"),
        (date(2025, 1, 1), "reject"), (None, "reject"),
    ]:  # fmt: skip
        assert profile.settings(day, TODAY)["NDC01"].severity == severity


def test_a_bypass_ends_on_its_day() -> None:
    text = '[[rule]]\nid = "NDC01"\nenabled = false\nreason = "payer agreed"\nby = "J. Ito"\nuntil = 2026-12-31\n'
    profile = mine(text).get("mine")
    assert not profile.settings(None, date(2026, 12, 31))["NDC01"].enabled
    bypass = profile.settings(None, TODAY)["NDC01"].bypass
    assert bypass == Bypass("NDC01", "payer agreed", "J. Ito", date(2026, 12, 31), "mine")
    assert profile.settings(None, date(2027, 1, 1))["NDC01"].enabled


def test_profiles_inherit() -> None:
    child = 'name = "child"\ntitle = "C"\nextends = "mine"\n[[rule]]\nid = "QTY07"\nseverity = "reject"\n'
    text = '[[rule]]\nid = "QTY07"\nseverity = "info"\noptions = { decimals = 2 }\n'
    setting = mine(text, child).get("child").settings(None, TODAY)["QTY07"]
    assert (setting.severity, setting.options["decimals"]) == ("reject", 2)


def claim(payer: str = "ACME1", filing: str = "CI", kind: str = "P") -> Claim:
    """A base claim of another payer."""
    data = (
        base(kind).replace(b"*PI*ACME1", f"*PI*{payer}".encode()).replace(b"******CI", f"******{filing}".encode())
    )
    return next(x12proc.read(data))


def test_choice_is_by_payer_then_by_filing_indicator() -> None:
    profiles = mine(
        '[selection]\npayer_ids = ["PAY77"]\n',
        'name = "blue"\ntitle = "B"\n[selection]\nfiling_indicators = ["BL"]\n',
        'name = "blue-out"\ntitle = "B"\n[selection]\nfiling_indicators = ["BL"]\nclaim_types = ["I"]\n'
        'facility_types = ["13"]\n',
    )
    assert profiles.choose(claim("PAY77", "BL")).name == "mine"
    assert profiles.choose(claim("OTHER", "BL")).name == "blue"
    assert profiles.choose(claim("OTHER", "BL", "I")).name == "blue-out"
    assert profiles.choose(claim("OTHER", "CI")).name == "default"


def test_a_users_folder_stands_beside_ours(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "mine.toml").write_text(HEAD + '[[rule]]\nid = "RTE01"\nenabled = false\n')
    (tmp_path / "x12proc.toml").write_text('profile = "mine"\nprofile_folders = ["profiles"]\n')
    settings = load_settings(config=tmp_path / "x12proc.toml")
    assert settings.profile == "mine"
    assert set(settings.profile_hashes) >= {"default.toml", "medicare-b.toml", "mine.toml"}
    data = base().replace(b" 80MG IV ", b" 80MG ")
    matched = [f.rule for c in x12proc.scrub(data, config=tmp_path / "x12proc.toml") for f in c.all_findings]
    assert matched == []
    with pytest.raises(ConfigError, match="no such profile folder"):
        load_profiles([tmp_path / "nowhere"])


def test_the_reading_of_hospital_and_advantage_claims() -> None:
    profiles, _ = load_profiles()
    assert profiles.choose(claim("01111", "MA", "I")).name == "medicare-a-noridian"
    assert profiles.choose(claim("01111", "MA", "P")).name == "default", "a Part A number on a professional claim"
    assert profiles.choose(claim("MEDA1", "MA", "I")).name == "medicare-opps"
    for kind in ("P", "I"):
        assert profiles.choose(claim("SENR1", "16", kind)).name == "medicare-advantage"
        assert profiles.choose(claim("60054", "16", kind)).name == "aetna"
    assert profiles.choose(claim("99727", "CH")).name == "tricare-east"
    assert profiles.choose(claim("99726", "CH")).name == "tricare"


@pytest.mark.parametrize(
    ("profile", "units", "words"),
    [
        ("medicaid-nc", b"1", "Use the unit of the state's bulletin (1 MG): 80 units."),
        ("medicaid", b"80", "*14880*UN*1***1~"),
    ],
)
def test_units_are_advised_as_the_payer_counts_them(profile: str, units: bytes, words: str) -> None:
    data = base().replace(b"*14880*UN*1*", b"*14880*UN*%s*" % units)
    claims = list(x12proc.scrub(data, profile=profile))
    assert [words in f.fix for c in claims for f in c.all_findings if f.rule == "BAL01"] == [True]


def folder(location: Path, **profiles: str) -> Path:
    """A folder with profiles."""
    location.mkdir()
    for name, text in profiles.items():
        (location / f"{name}.toml").write_text(text)
    return location


def test_a_users_profile_is_chosen_before_ours(tmp_path: Path) -> None:
    ours = 'name = "aaa"\ntitle = "A"\nextends = "uhc"\n[selection]\npayer_ids = ["87726"]\n'
    broad = 'name = "aab"\ntitle = "A"\n[selection]\nfiling_indicators = ["MB"]\n'
    profiles, _ = load_profiles([folder(tmp_path / "own", aaa=ours, aab=broad)])
    assert profiles.choose(claim("87726")).name == "aaa"
    assert profiles.choose(claim("SOME MAC", "MB")).name == "aab"
    assert profiles.choose(claim("01182", "MB")).name == "medicare-b-noridian", "the payer id decides first"


def test_a_users_profile_takes_the_place_of_ours(tmp_path: Path) -> None:
    mine = 'name = "uhc"\ntitle = "Mine"\n[selection]\npayer_ids = ["87726"]\n'
    profiles, hashes = load_profiles([folder(tmp_path / "own", anything=mine)])
    assert profiles.choose(claim("87726")).file.title == "Mine"
    assert "anything.toml" in hashes
    assert "uhc.toml" not in hashes, "reports name the files in force"


def test_users_files_that_clash_or_cannot_be_read_are_named(tmp_path: Path) -> None:
    one = 'name = "one"\ntitle = "One"\n'
    same = folder(tmp_path / "same", a=one, b=one)
    with pytest.raises(ConfigError, match=r"b\.toml: the name 'one' is taken by .*a\.toml"):
        load_profiles([same])
    with pytest.raises(ConfigError, match=r"c\.toml: the name 'one' is taken by .*d\.toml"):
        load_profiles([folder(tmp_path / "first", d=one), folder(tmp_path / "second", c=one)])
    odd = folder(tmp_path / "odd")
    (odd / "latin.toml").write_bytes(b'name = "\xe9"\n')
    with pytest.raises(ConfigError, match=r"latin\.toml: not valid TOML"):
        load_profiles([odd])
    broken = folder(tmp_path / "broken")
    (broken / "gone.toml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"gone\.toml: can't be read"):
        load_profiles([broken])


def test_the_reading_of_medicare_part_b() -> None:
    profiles, _ = load_profiles()
    assert profiles.choose(claim("SOME MAC", "MB")).name == "medicare-b"
    assert profiles.choose(claim("01182", "MB")).name == "medicare-b-noridian"
    assert profiles.choose(claim("05102", "MB", "I")).name == "default", "a Part B number on a hospital claim"
    assert profiles.choose(claim("DMA7384", "MC")).name == "medicaid-ma"
    assert profiles.choose(claim("CAMCD", "MC")).name == "medicaid"
    assert profiles.choose(claim("G84980", "BL")).name == "bcbs-tx"
    assert profiles.choose(claim("12502", "MB")).name == "medicare-b-novitas"
    assert profiles.choose(claim("09102", "MB")).name == "medicare-b-fcso"
    settings = profiles.get("medicare-b").settings(date(2024, 1, 1), TODAY)
    assert settings["BAL01"].severity == "reject"
    assert settings["NAR03"].options["ndc_is_enough"] is False
    assert profiles.get("medicare-b").settings(date(2013, 12, 31), TODAY)["TRI01"].severity == "warn"
