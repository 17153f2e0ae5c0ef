"""Rule fixtures as a vendor writes them: read, edited, compared, and refused with words that help."""

from __future__ import annotations

import pytest
from support.rules import profiles, reference

from x12proc.errors import ConfigError
from x12proc.replay.rule_cases import Case, builtin_base, differences, findings, parse_cases
from x12proc.rules import all_rules

MISSING = (("delete", "LIN"), ("delete", "CTP"))


def run(case: Case) -> list[str]:
    return differences(case, all_rules(), profiles(), reference())


def test_differences_name_both_sides() -> None:
    expected = ("NDC01 reject LIN03",)
    assert run(Case(name="a", edits=MISSING, expect=expected)) == []
    assert run(Case(name="a", edits=MISSING)) == ["not expected: NDC01 reject LIN03"]
    assert run(Case(name="a", expect=expected)) == ["not found: NDC01 reject LIN03"]
    twice = Case(name="a", edits=MISSING, expect=expected * 2)
    assert run(twice) == ["not found: NDC01 reject LIN03"], "findings are counted"


def test_a_base_of_ones_own() -> None:
    mine = builtin_base("P").replace(b"ACME1", b"87726")
    case = Case(name="a", base="mine.edi", edits=(("replace", "LIN", "LIN**N4"),))
    read = {"mine.edi": mine}.__getitem__
    assert b"87726" in case.data(read)
    assert findings(case, all_rules(), profiles(), reference(), read) == ["NDC01 reject LIN03"]
    with pytest.raises(ConfigError, match=r"base 'mine\.edi': there are P and I"):
        run(case)


def test_se01_is_recounted_and_the_claim_can_be_repeated() -> None:
    assert b"SE*35*0001" in Case(name="a", edits=MISSING).data()
    assert Case(name="a", edits=(("copy", "CLM"),)).data().count(b"CLM*B1001") == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[case]]\nname = "a"\nedit = []', ["own.toml", "edit", "edits"]),
        ('[[cases]]\nname = "a"', ["own.toml", "cases", "case"]),
        ('[[case]]\nbase = "P"', ["own.toml", "name"]),
        ('[[case]]\nname = "a"\nexpect = "NDC01"', ["own.toml", "expect"]),
        ("[[case]", ["own.toml", "TOML"]),
        ('[[case]]\nname = "a"\nedits = [["delete", "XYZ"]]', ["case a", "no segment 'XYZ'"]),
        ('[[case]]\nname = "a"\nedits = [["delete", "REF*6R#7"]]', ["case a", "REF*6R#7"]),
        ('[[case]]\nname = "a"\nedits = [["remove", "LIN"]]', ["case a", "'remove'", "delete"]),
        ('[[case]]\nname = "a"\nedits = [["delete"]]', ["case a", "action and a selector"]),
        ('[[case]]\nname = "a"\nedits = [["delete", "SE"]]', ["case a", "'SE*'"]),
        ('[[case]]\nname = "a"\nedits = [["delete", "IEA"]]', ["case a", "can't be read"]),
        ('[[case]]\nname = "a"\nprofile = "nobody"', ["nobody", "medicare-b"]),
        ('[[case]]\nname = "a"\noptions = { QTY07 = { decimal = 2 } }', ["case a", "decimal", "decimals"]),
        ('[[case]]\nname = "a"\noptions = { QTY99 = { decimal = 2 } }', ["case a", "QTY99"]),
    ],
)
def test_what_does_not_fit_is_named(text: str, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        run(parse_cases(text.encode(), "own.toml")[0])
    for word in words:
        assert word in str(caught.value)
