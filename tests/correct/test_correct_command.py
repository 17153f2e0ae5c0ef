"""Corrected claims: whole files of the denied claims, each as it was but for what makes it a correction."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.edi import CLINIC, HOSPITAL, STYLES, base, restyle, segments
from support.mutations import mutated
from support.remittances import answer, remittance

import x12proc
from x12proc.claims.model import Claim
from x12proc.cli.app import app
from x12proc.errors import ConfigError

DAY = "2026-11-30"
CHANGED = re.compile(rb"CLM\*.*?~|REF\*F8\*.*?~\s*")


class Folder:
    """A folder with an 837, an 835, and what the command makes of them."""

    def __init__(self, path: Path, claims: bytes, *answers: list[str], npi: str = "1457002313") -> None:
        self.path = path
        self.output = path / "corrected.edi"
        (path / "claims.edi").write_bytes(claims)
        (path / "remit.835").write_bytes(remittance(*answers, npi=npi))

    def run(self, *options: str) -> Result:
        command = ["correct", str(self.path / "claims.edi"), "--answers", str(self.path / "remit.835")]
        result = CliRunner().invoke(app, [*command, "-o", str(self.output), "--as-of", DAY, *options])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def claims(self) -> list[Claim]:
        return list(x12proc.read(self.output))


def check_sound(path: Path, count: int) -> None:
    """Check that a file is read without a fault, breaks no rule of its guide, and that DUP03 finds nothing."""
    run = x12proc.scrub(path, as_of=date(2026, 11, 30), conformance="full")
    results = list(run)
    assert run.result is not None
    assert run.result.faults == []
    assert (run.result.summary.claims, run.result.summary.guide_errors) == (count, 0)
    assert "DUP03" not in {one.rule for result in results for one in result.all_findings}


def clinic(*numbers: str) -> list[list[str]]:
    return [answer(number, f"ICN-{number}") for number in numbers]


def test_denied_claims_become_replacements(tmp_path: Path) -> None:
    folder = Folder(tmp_path, CLINIC.read_bytes(), *clinic("P1001", "P1003"),
                    answer("P1002", adjustments=("CAS*PR*1*500",)))  # fmt: skip
    result = folder.run()
    written = folder.claims()
    assert [(claim.id, claim.frequency) for claim in written] == [("P1001", "7"), ("P1003", "7")]
    assert [[one.value for one in claim.references if one.qualifier == "F8"] for claim in written] == [
        ["ICN-P1001"], ["ICN-P1003"],
    ]  # fmt: skip
    check_sound(folder.output, 2)
    assert result.exit_code == 1
    assert "claim P1003: written (answered CO-16)\n  reject NAR05 SV101-7" in result.output
    assert "2 claims written, 0 not written" in result.output


@pytest.mark.parametrize("source", [CLINIC, HOSPITAL], ids=lambda path: path.stem)
def test_every_claim_can_be_corrected_and_keeps_all_other_bytes(source: Path, tmp_path: Path) -> None:
    data = source.read_bytes()
    originals = {claim.id: claim for claim in x12proc.read(data)}
    folder = Folder(tmp_path, data, *(answer(number, "ICN1", paid="0") for number in originals), npi="")
    folder.run()
    check_sound(folder.output, len(folder.claims()))
    written = folder.output.read_bytes()
    assert len(folder.claims()) > len(originals) * 0.9
    for claim in folder.claims():
        before = originals[claim.id]
        one, other = data[before.start : before.end], written[claim.start : claim.end]
        assert CHANGED.sub(b"", one) == CHANGED.sub(b"", other)
        assert (claim.frequency, claim.charge, claim.facility_code) == ("7", before.charge, before.facility_code)


def test_a_void_by_option_and_a_claim_by_number(tmp_path: Path) -> None:
    folder = Folder(tmp_path, CLINIC.read_bytes(), *clinic("P1001"),
                    answer("P1002", "ICN2", paid="500", adjustments=()))  # fmt: skip
    assert folder.run("--void", "--claim", "P1002").exit_code == 0
    (claim,) = folder.claims()
    assert (claim.id, claim.frequency) == ("P1002", "8")
    check_sound(folder.output, 1)


def test_an_earlier_original_number_is_replaced(tmp_path: Path) -> None:
    data = (
        base()
        .replace(b"11:B:1*", b"11:B:7*")
        .replace(b"HI*", b"REF*F8*OLD~\nHI*", 1)
        .replace(b"SE*37*", b"SE*38*")
    )
    folder = Folder(tmp_path, data, answer("B1001", "NEW"))
    assert folder.run().exit_code == 0
    assert folder.output.read_bytes().count(b"REF*F8*NEW~") == 1
    assert b"OLD" not in folder.output.read_bytes()
    check_sound(folder.output, 1)


def test_envelopes_are_new_and_always_the_same_for_the_same_input(tmp_path: Path) -> None:
    folder = Folder(tmp_path, CLINIC.read_bytes(), *clinic("P1001"))
    folder.run()
    first = folder.output.read_bytes()
    found = {segment.split("*")[0]: segment.split("*") for segment in segments(first)}
    assert found["ISA"][13] == found["IEA"][2] != "240329101"
    assert found["GS"][6] == found["GE"][2] != "101"
    assert (found["ISA"][9], found["GS"][4], found["BHT"][4]) == ("261130", "20261130", "20261130")
    assert found["BHT"][3] == f"{found['ISA'][13]}-0001"
    folder.run()
    assert folder.output.read_bytes() == first
    folder.run("--void", "--control", "4711")
    found = {segment.split("*")[0]: segment.split("*") for segment in segments(folder.output.read_bytes())}
    assert (found["ISA"][13], found["IEA"][2], found["GS"][6]) == ("000004711", "000004711", "000004712")


@pytest.mark.parametrize("style", [name for name in STYLES if name != "newline"])
def test_other_delimiters_and_line_ends(style: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path, restyle(CLINIC.read_bytes(), style), *clinic("P1001", "P3004"))
    folder.run()
    assert [claim.frequency for claim in folder.claims()] == ["7"] * len(folder.claims()) != []
    check_sound(folder.output, len(folder.claims()))


def test_several_interchanges_of_which_one_has_no_denied_claim(tmp_path: Path) -> None:
    folder = Folder(tmp_path, base("I") + CLINIC.read_bytes() + base(), *clinic("P1001"), answer("B1001"))
    folder.run()
    assert [claim.id for claim in folder.claims()] == ["P1001", "B1001"]
    assert folder.output.read_bytes().count(b"ISA*") == 2
    check_sound(folder.output, 2)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([answer("P1001", "")], "no claim number of the payer"),
        ([answer("P1001", "A"), answer("P1001", "B")], "several claim numbers"),
        ([answer("P1001", more=("MOA***MA130",))], "send it as a new claim"),
        ([answer("P9999")], "the file has no claim of this number"),
        ([answer("P1001", "X:Y")], "can be sent"),
    ],
)
def test_what_is_not_written_is_listed(answers: list[list[str]], words: str, tmp_path: Path) -> None:
    folder = Folder(tmp_path, CLINIC.read_bytes(), *answers)
    result = folder.run()
    assert (result.exit_code, folder.output.exists()) == (1, False)
    assert words in result.output
    assert "0 claims written, 1 not written" in result.output


def test_a_claim_that_is_twice_in_the_file_or_of_another_provider_is_not_written(tmp_path: Path) -> None:
    folder = Folder(tmp_path, base() + base(), answer("B1001"))
    assert "several claims of this number" in folder.run().output
    folder = Folder(tmp_path, base(), answer("B1001"), npi="1234567893")
    assert "for another provider" in folder.run().output
    assert not folder.output.exists()


def test_the_last_answer_holds(tmp_path: Path) -> None:
    folder = Folder(tmp_path, base(), answer("B1001"), answer("B1001", paid="500", adjustments=()))
    result = folder.run()
    assert (result.exit_code, folder.output.exists()) == (0, False)
    assert "no answer has this claim" in folder.run("--claim", "B1002").output


def test_broken_files_leave_nothing_behind(tmp_path: Path) -> None:
    folder = Folder(tmp_path, CLINIC.read_bytes()[:-40], *clinic("P1001"))
    folder.output.write_bytes(b"earlier")
    assert folder.run().exit_code == 3
    folder = Folder(tmp_path, CLINIC.read_bytes(), *clinic("P1001"))
    (tmp_path / "remit.835").write_bytes(remittance(*clinic("P1001"))[:-30])
    assert folder.run().exit_code == 3
    (tmp_path / "remit.835").write_bytes(CLINIC.read_bytes())
    assert "no 835" in folder.run().output
    assert folder.output.read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["claims.edi", "corrected.edi", "remit.835"]


def test_the_input_is_never_replaced(tmp_path: Path) -> None:
    folder = Folder(tmp_path, CLINIC.read_bytes(), *clinic("P1001"))
    folder.output = tmp_path / "claims.edi"
    with pytest.raises(ConfigError, match="can't take the place of its source"):
        folder.run()


def test_standard_output_takes_the_file(tmp_path: Path) -> None:
    folder = Folder(tmp_path, CLINIC.read_bytes(), *clinic("P1001"))
    folder.run()
    command = ["correct", str(tmp_path / "claims.edi"), "--answers", str(tmp_path), "-o", "-", "--as-of", DAY]
    (tmp_path / "answers").mkdir()
    (tmp_path / "remit.835").rename(tmp_path / "answers" / "remit.835")
    command[3] = str(tmp_path / "answers")
    assert CliRunner().invoke(app, command).stdout_bytes == folder.output.read_bytes()


def test_text_that_is_not_ascii_keeps_its_bytes(tmp_path: Path) -> None:
    data = base().replace(b"HARTLEY", "MÜLLER".encode()).replace(b"11:B:1*", "11:É:1*".encode())
    folder = Folder(tmp_path, data, answer("B1001"))
    folder.run()
    written = folder.output.read_bytes()
    assert "MÜLLER".encode() in written
    assert "*11:É:7*".encode() in written


@pytest.mark.parametrize("seed", range(40))
def test_broken_input_gives_a_sound_file_or_a_named_error(seed: int, tmp_path: Path) -> None:
    data = mutated((CLINIC, HOSPITAL)[seed % 2].read_bytes(), seed, faults=3)
    numbers = {claim[1].decode() for claim in re.finditer(rb"CLM\*([A-Z0-9]{1,20})\*", data)}
    folder = Folder(tmp_path, data, *(answer(number) for number in sorted(numbers)), npi="")
    result = folder.run()
    assert result.exit_code in (0, 1, 3)
    if result.exit_code == 3:
        assert not folder.output.exists()
        assert result.output.startswith("Error: ")
    else:
        assert {claim.frequency for claim in folder.claims()} == {"7"}
