"""Every number of the rule catalogue is a rule, a profile, or documented as neither."""

from __future__ import annotations

from x12proc.rules import all_rules, retired

FAMILIES = {
    "SYN": 11, "NDC": 17, "QTY": 10, "NAR": 17, "RTE": 7, "DX": 8, "COD": 14, "MOD": 14, "ADM": 6, "AUT": 7,
    "TRI": 8, "INS": 9, "CMP": 6, "DAT": 7, "BAL": 9, "DUP": 4, "PAY": 6,
}  # fmt: skip
CATALOGUE = {f"{family}{number:02d}" for family, last in FAMILIES.items() for number in range(1, last + 1)}
ELSEWHERE = (retired.CARRIED, retired.WAITING, retired.RETIRED, retired.PROFILES)


def test_the_catalogue_is_accounted_for() -> None:
    assert len(CATALOGUE) == 160
    listed = [rule_id for entries in ELSEWHERE for rule_id in entries]
    assert len(listed) == len(set(listed))
    assert set(listed).isdisjoint(all_rules())
    assert set(listed) | set(all_rules()) == CATALOGUE


def test_whoever_carries_a_number_is_a_rule() -> None:
    for reason in retired.CARRIED.values():
        assert reason.split()[0] in all_rules()
