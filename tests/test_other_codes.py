"""Codes beside J3590 (--codes J3490,J9999,C9399): clean claims pass, messages name the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner
from support.edi import FIXTURES, base
from support.rule_cases import all_cases, load
from support.rules import found, reference, with_options

from x12proc.cli.app import app
from x12proc.engine.engine import Engine
from x12proc.engine.result import ClaimResult
from x12proc.engine.stream import scrub_buffer
from x12proc.replay.rule_cases import Case
from x12proc.rules import all_rules

CODES = ("J3490", "J9999", "C9399")
FILES = {path.stem: load(path) for path in sorted((FIXTURES / "codes").glob("*.toml"))}
CASES = [(code, case) for code, cases in FILES.items() for case in cases]
VERDICTS = ("clean", "not-rejected", "warn", "reject", "untouched")
SCHEMA = json.loads((Path(__file__).parent.parent / "x12proc" / "reports" / "report.schema.json").read_text())
RULE_CASES = [(rule, case) for rule, case in all_cases() if case.codes == ("J3590",)]


@pytest.mark.parametrize(("code", "case"), CASES, ids=[f"{code}-{case.name}" for code, case in CASES])
def test_case_finds_exactly_what_it_names(code: str, case: Case) -> None:
    graves = {line.split()[1] for line in case.expect}
    allowed = {
        "clean": graves <= {"info"}, "not-rejected": "reject" not in graves, "warn": graves <= {"warn", "info"},
        "reject": "reject" in graves, "untouched": not graves,
    }  # fmt: skip
    assert allowed[next(verdict for verdict in VERDICTS if case.name.endswith(f"-{verdict}"))]
    assert found(case) == sorted(case.expect)


def test_every_code_has_clean_and_faulty_claims_of_both_kinds() -> None:
    assert tuple(sorted(FILES)) == tuple(sorted(CODES))
    for cases in FILES.values():
        for kind in "PI":
            names = [case.name for case in cases if case.base == kind]
            assert any(name.endswith("-clean") for name in names)
            assert any(name.endswith("-reject") for name in names)


def scrubbed(case: Case, code: str) -> list[ClaimResult]:
    """A case of our rule fixtures, billed under another code."""
    engine = Engine(
        all_rules(), with_options(case), reference(), codes=(code,), as_of=case.as_of, profile=case.profile
    )
    data = case.data().replace(b"J3590", code.encode())
    return [one for one in scrub_buffer(data, engine, (code,)) if isinstance(one, ClaimResult)]


@pytest.mark.parametrize("code", CODES)
def test_no_finding_speaks_of_another_code_or_proposes_the_one_that_is_there(code: str) -> None:
    """All cases of all rules under another code: some hundred claims of every kind of fault."""
    matched: set[str] = set()
    for rule, case in RULE_CASES:
        for claim in scrubbed(case, code):
            assert not claim.crashes
            for finding in claim.all_findings:
                matched.add(finding.rule)
                reported = f"{rule} {case.name}: {finding.message} Fix: {finding.fix}"
                assert "J3590" not in reported
                if finding.rule.startswith("COD"):  # other rules show the line's own code in what to send
                    advice = re.sub(rf"(?:instead of|not|requires) {code}\b", "", finding.fix)
                    assert code not in advice, reported
    assert len(matched) > 100
    assert not {rule.id for rule in all_rules().values() if rule.biologics_only} & matched


def line(code: str, number: int, text: str) -> bytes:
    return (
        f"LX*{number}~\nSV1*HC:{code}:JZ::::{text}*14880*UN*1***1~\nDTP*472*D8*20231114~\nREF*6R*B-{number}~\n"
        "LIN**N4*10122016002~\nCTP****40*ML~\n"
    ).encode()


def test_several_codes_in_one_claim_and_file(tmp_path: Path) -> None:
    drug = "ELFABRIO (PEGUNIGALSIDASE ALFA-IWXJ) 80MG IV 4X20MG/10ML SDV"
    symptom = base().replace(b"HI*ABK:E7521", b"HI*ABK:R509")
    head, rest = symptom.split(b"LX*1~\n", 1)
    tail = rest[rest.index(b"LX*2~") :].replace(b"LX*2~", b"LX*5~").replace(b"SE*37*", b"SE*55*")
    mixed = (
        head.replace(b"*15125*", b"*59765*")
        + b"".join(line(code, location, drug) for location, code in enumerate(("J3590", *CODES), 1))
        + tail
    )
    (tmp_path / "in.edi").write_bytes(mixed + base().replace(b"J3590", b"J9999") + base())
    command = ["scrub", str(tmp_path / "in.edi"), "-o", str(tmp_path), "--emit", "json", "--as-of", "2024-04-01"]

    def claims(codes: str) -> list[list[tuple[str, bool]]]:
        """Return, by claim and target line, the procedure and whether DX04 (for biologics) has a finding."""
        CliRunner().invoke(app, [*command, "--codes", codes])
        document = json.loads((tmp_path / "in.report.json").read_text())
        jsonschema.Draft202012Validator(SCHEMA).validate(document)
        assert document["summary"]["claims"] == 3
        return [
            [(one["procedure"], "DX04" in {f["rule"] for f in one["findings"]}) for one in claim["lines"]]
            for claim in document["claims"]
        ]

    others = [("J3490", False), ("J9999", False), ("C9399", False)]
    assert claims("J3490,j9999, C9399") == [others, [("J9999", False)]]
    assert claims("J3590,J3490,J9999,C9399") == [
        [("J3590", True), *others],
        [("J9999", False)],
        [("J3590", False)],
    ]
    assert claims("C9399") == [[("C9399", False)]]
