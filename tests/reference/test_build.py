"""tools/build_reference.py on small sources: the same sources give the same bytes, and nothing is guessed."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from downloads import zipped

from x12proc.reference.edition import Reference

TOOL = Path(__file__).parents[2] / "tools" / "build_reference.py"

BIOLOGICS = (
    "brand,generic,specific_hcpcs,billing_unit,hcpcs_effective_date,effective_date_source,"
    "ndc11_hyphenated_with_pkg(units),labeler_product_9,strength,route,fda_application,container,"
    "pre_code_billing(NOC/C-code),hcpcs_unit_ndc_source,notes\n"
    "Soliris,eculizumab,J1299,2 mg,2025-04-01,memory,25682-0001-01 (30 mL=150u),256820001,300 mg/30 mL,IV,BLA,SDV,"
    "J3590,V:x,\n"
    "Bkemv,eculizumab-aeeb,Q5152,2 mg,unverified,memory,55513-0180-01,555130180,300 mg/30 mL,IV,BLA-biosimilar,"
    "SDV,J3590,V:x,\n"
)
DERIVED = (
    "ndc11,ndc9,proprietary_name,nonproprietary_name,dosage_form,route,strength,presentation,application_no,"
    "approval_date,hcpcs,labeler,match,ndc_source\n"
)
CROSSWALK = (
    "_2025_CODE,Short Description,LABELER NAME,NDC2,Drug Name,HCPCS dosage,PKG SIZE,PKG QTY,BILLUNITS,"
    "BILLUNITSPKG\n"
    "J1299,Ecu,Alexion,25682-0001-01,Soliris,2 MG,30,1,150,150\n"
)
HCPCS = (
    "hcpcs,long_description,short_description,add_date,action_effective_date,term_date,"
    "opps_status_indicator_2026q2,in_2024q4,in_2025q4,in_2026q3\n"
    'J1300,"Injection, eculizumab, 10 mg",Ecu,20080101,20080101,,,1,1,1\n'
    'J1299,"Injection, eculizumab, 2 mg",Ecu,,,,K,0,1,1\n'
    'Q5139,"Injection, eculizumab-aeeb (bkemv), biosimilar, 10 mg",,,,,,0,1,1\n'
    'Q5152,"Injection, eculizumab-aeeb (bkemv), biosimilar, 2 mg",Ecu,,,,G,0,1,1\n'
    "E0100,Cane,Cane,19820101,19820101,,Y,1,1,1\n"
)
PURPLE = (
    "application_no,proprietary_name,proper_name,bla_type,strength,dosage_form,route,presentation,marketing_status,"
    "licensure,approval_date,center,applicant,product_number\n"
    "BLA125166,Soliris,eculizumab,351(a),300MG,Injection,Intravenous,Vial,Rx,Licensed,2007-03-16,CDER,Alexion,1\n"
    "BLA761333,Bkemv,eculizumab-aeeb,351(k) Biosimilar,300MG,Injection,Intravenous,Vial,Rx,Licensed,2024-05-28,"
    "CDER,A,1\n"
)
CODE_LIST = "1\nA00-A09\nA00\nA000\nA009\nB20\nQA0\nQA08\n"


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    files = {
        "biologics.csv": BIOLOGICS,
        "biologics_ndc_derived.csv": DERIVED,
        "asp_ndc_hcpcs_crosswalk_2025q4.csv": CROSSWALK,
        "hcpcs_level2.csv": HCPCS,
        "purple_book_2025.csv": PURPLE,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    wheel = zipped({"simple_icd_10_cm/data/code-list-April-2026.txt": CODE_LIST.encode()})
    (folder / "simple_icd_10_cm-1.5.0-py3-none-any.whl").write_bytes(wheel)
    return folder


def build(sources: Path, target: Path, *, icd: bool = True) -> dict[str, bytes]:
    extra = ["--icd", str(sources)] if icd else []
    subprocess.run(
        [sys.executable, str(TOOL), str(sources), "-o", str(target), *extra], check=True, capture_output=True
    )
    return {path.name: path.read_bytes() for path in sorted(target.iterdir())}


def test_the_same_sources_give_the_same_bytes(sources: Path, tmp_path: Path) -> None:
    first = build(sources, tmp_path / "a")
    assert first == build(sources, tmp_path / "b") == build(sources, tmp_path / "a")
    assert build(sources, tmp_path / "a", icd=False) == first  # the diagnoses stay
    assert "diagnoses_2026.txt" not in build(sources, tmp_path / "c", icd=False)


def test_dates_are_found_or_stay_unknown(sources: Path, tmp_path: Path) -> None:
    files = build(sources, tmp_path / "a")
    reference = Reference(files.__getitem__)
    rows = {row["code"]: row for row in csv.DictReader(io.StringIO(files["codes.csv"].decode()))}
    told = {code: (row["added"], row["terminated"], row["confidence"]) for code, row in rows.items()}
    assert told == {
        "J1299": ("2025-04-01", "", "unverified"),  # from memory
        "J1300": ("2008-01-01", "2025-03-31", "unverified"),  # its end is the day before its successor's start
        "Q5139": ("", "", ""),  # the successor's date is unknown, so its end is
        "Q5152": ("", "", ""),
    }
    assert [code.code for code in reference.codes_for(None, "Bkemv")] == ["Q5152", "Q5139"]
    assert files["diagnoses_2026.txt"] == b"A00 :09\nB20 .\nQA0 :8\n"
    assert reference.validate()["codes"] == 4
