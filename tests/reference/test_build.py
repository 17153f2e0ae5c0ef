"""The edition out of its source tables: the same sources give the same bytes, and nothing is guessed."""

from __future__ import annotations

import csv
import io
import lzma
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.downloads import hcpcs_line, hcpcs_txt

from x12proc.reference.edition import Reference

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "build_reference.py"
SHIPPED = ROOT / "config" / "reference"

BIOLOGICS = (
    "brand,generic,specific_hcpcs,billing_unit,hcpcs_effective_date,effective_date_source,"
    "ndc11_hyphenated_with_pkg(units),strength,route,fda_application,container,pre_code_billing(NOC/C-code)\n"
    "Soliris,eculizumab,J1299,2 mg,2025-04-01,memory,25682-0001-01 (30 mL=150u),300 mg/30 mL,IV,BLA,SDV,J3590\n"
    "Bkemv,eculizumab-aeeb,Q5152,2 mg,unverified,memory,55513-0180-01,300 mg/30 mL,IV,BLA-biosimilar,SDV,J3590\n"
)
HCPCS = (
    "code,long,short,added,effective,terminated,opps\n"
    'J1300,"Injection, eculizumab, 10 mg",Ecu,2008-01-01,2025-04-01,2025-03-31,\n'
    'J1299,"Injection, eculizumab, 2 mg",Ecu,,,,K\n'
    'Q5139,"Injection, eculizumab-aeeb (bkemv), biosimilar, 10 mg",,,,,\n'
    'Q5152,"Injection, eculizumab-aeeb (bkemv), biosimilar, 2 mg",Ecu,,,,G\n'
    'J1757,,"Inj, zyxomab-abcd, 1 mg",2026-10-01,2026-10-01,,\n'
)
PURPLE = (
    "application_no,proprietary_name,proper_name,bla_type,strength,route,presentation,approval_date\n"
    "BLA125166,Soliris,eculizumab,351(a),300MG/30ML,Intravenous,Single-Dose Vial,2007-03-16\n"
    "BLA125166,Soliris,eculizumab,351(a),600MG/2ML,Subcutaneous,Pre-Filled Syringe,2026-05-05\n"
    "BLA761333,Bkemv,eculizumab-aeeb,351(k) Biosimilar,300MG,Intravenous,Vial,2024-05-28\n"
)
DERIVED = "ndc11,proprietary_name,nonproprietary_name,route,strength,presentation,application_no,hcpcs\n"
NEW = (
    "brand,generic,bla,approval_date,route,package,ndc11,hcpcs,interim_code\n"
    "Zyxo,zyxomab-abcd,BLA769999,2026-02-23,IV or SC [memory],size 1.62 = 100 x 3 MG; size 1 = 20 x 1 MG,"
    "99998-0123-01; 99998-0124-01,J1757,\n"
    '"(abcomab, no brand)",abcomab-wxyz,BLA769998,2026-02-24,intravitreal,,,,\n'
)
SOURCES = {
    "biologics.csv": BIOLOGICS,
    "biologics_ndc.csv": DERIVED,
    "crosswalk_2025q4.csv": "code,ndc,name,dosage\nJ1299,25682000101,Soliris,2 MG\nQ5152,55513018001,Bkemv,2 MG\n",
    "crosswalk_2026q4.csv": "code,ndc,name,dosage\nQ5152,55513018001,Bkemv,2 MG\n",
    "hcpcs.csv": HCPCS,
    "purple_book.csv": PURPLE,
    "new_biologics.csv": NEW,
    "ended_noc.csv": "hcpcs,brand\nQ5152,Bkemv (from Q5139)\n",
    "modifiers.csv": "modifier,short_description,add_date,term_date\nJG,340b,2018-01-01,2024-12-31\n",
    "places.csv": "pos,name\n11,Office\n",
    "dosing.csv": "name,kind,pieces,why\neculizumab,piece,vial,because\n",
    "maximum_doses.csv": "name,most,why\neculizumab,1200 mg,Soliris label 2\n",
    "packages.csv": "name,generic,container,strength,first,last,why\n",
}
KEYS = {
    "biologics_ndc": "derived",
    "purple_book": "purple",
}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    plan = ['edition = "2026-12-01"', "[covers]", "codes = 2026-12-31"]
    for name, text in SOURCES.items():
        (folder / name).write_text(text)
        key = name.removesuffix(".csv")
        plan += [f"[sources.{KEYS.get(key, key)}]", f'file = "{name}"', 'edition = "a test"']
    for year, codes in ((2026, "A000\nA009\nB20\n"), (2027, "A000\nB20\nQA08\n")):
        (folder / f"icd10cm_{year}.txt.xz").write_bytes(lzma.compress(codes.encode()))
        plan += [f"[sources.icd10cm_{year}]", f'file = "icd10cm_{year}.txt.xz"', 'edition = "a test"']
    (folder / "sources.toml").write_text("\n".join(plan) + "\n")
    return folder


def build(sources: Path, target: Path, *arguments: str | Path) -> dict[str, bytes]:
    subprocess.run(
        [sys.executable, str(TOOL), "--sources", str(sources), "-o", str(target), *map(str, arguments)],
        check=True,
        capture_output=True,
    )
    return {path.name: path.read_bytes() for path in sorted(target.iterdir())}


def test_the_shipped_edition_is_what_its_sources_give(tmp_path: Path) -> None:
    shipped = {path.name: path.read_bytes() for path in sorted(SHIPPED.iterdir()) if path.is_file()}
    assert build(SHIPPED / "sources", tmp_path) == shipped


def test_the_same_sources_give_the_same_bytes(sources: Path, tmp_path: Path) -> None:
    first = build(sources, tmp_path / "a")
    assert first == build(sources, tmp_path / "b") == build(sources, tmp_path / "a")


def test_dates_are_found_or_stay_unknown(sources: Path, tmp_path: Path) -> None:
    files = build(sources, tmp_path / "a")
    reference = Reference(files.__getitem__)
    rows = {row["code"]: row for row in csv.DictReader(io.StringIO(files["codes.csv"].decode()))}
    columns = ("added", "terminated", "confidence", "known_since")
    assert {code: tuple(row[column] for column in columns) for code, row in rows.items()} == {
        "J1299": ("2025-04-01", "", "unverified", ""),  # from memory
        "J1300": ("2008-01-01", "2025-03-31", "verified", ""),
        "J1757": ("2026-10-01", "", "verified", ""),
        "Q5139": ("", "", "", ""),
        "Q5152": ("", "", "verified", "2025-10-01"),  # the oldest crosswalk that lists it
    }
    assert [code.code for code in reference.codes_for(None, "Bkemv")] == ["Q5152", "Q5139"]
    assert files["diagnoses.txt"] == b"2026 2027\nA00 :0 :9@-2026\nB20 .\nQA0 :8@2027-\n"
    assert reference.validate()["codes"] == 5


def test_a_short_text_gives_no_unit(sources: Path, tmp_path: Path) -> None:
    reference = Reference(build(sources, tmp_path / "a").__getitem__)
    (code,) = reference.codes_for("99998012301", None)
    assert (code.code, code.billing_unit) == ("J1757", "")


def test_new_biologics_are_products_and_licences(sources: Path, tmp_path: Path) -> None:
    reference = Reference(build(sources, tmp_path / "a").__getitem__)
    product = reference.product("99998012301")
    assert product is not None
    assert (product.name, product.generic, product.routes) == ("Zyxo", "zyxomab-abcd", ("IV", "SC"))
    assert product.strength == "300 mg/1.62 mL"
    small = reference.product("99998012401")
    assert small is not None
    assert small.strength == "20 mg"  # a size of 1 is also what dry powders have
    (licence,) = reference.licences("zyxo")
    assert (licence.application, str(licence.licensed)) == ("BLA769999", "2026-02-23")
    assert [licence.routes for licence in reference.licences("abcomab")] == [("INTRAVITREAL",)]
    assert [licence.routes for licence in reference.licences("soliris")] == [("IV", "SC")]


def test_hand_made_dosing_wins_and_units_tell_the_rest(sources: Path, tmp_path: Path) -> None:
    files = build(sources, tmp_path / "a")
    assert files["dosing.csv"].decode().splitlines()[1:] == [
        "eculizumab,piece,vial,because",
        "eculizumab-aeeb,mass,,unit of Q5139: 10 MG",
        "zyxomab-abcd,mass,,strength of its packages",
    ]
    assert files["packages.csv"].decode().splitlines()[1:] == [
        "bkemv,eculizumab-aeeb,,300 mg,2024-05-28,,purple",
        "bkemv,eculizumab-aeeb,SDV,300 mg/30 mL,2024-05-28,,biologics",
        "soliris,eculizumab,PFS,600 mg/2 mL,2026-05-05,,purple",
        "soliris,eculizumab,SDV,300 mg/30 mL,2007-03-16,,purple",
        "zyxo,zyxomab-abcd,,20 mg,2026-02-23,,new-biologics",
        "zyxo,zyxomab-abcd,,300 mg/1.62 mL,2026-02-23,,new-biologics",
    ]


def test_downloads_are_taken_into_the_sources(sources: Path, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    changed = hcpcs_line("J1299", "3", "Injection, eculizumab, 2 mg", "Ecu", ("20250401", "20250401", "20271231"))
    (downloads / "HCPC2027_JAN_ANWEB.txt").write_bytes(hcpcs_txt(changed))
    (downloads / "hcpcs_2027q1_changes.csv").write_text(
        "hcpcs,short_description,add_date,term_date,what\n"
        "J1300,Ecu,2008-01-01,2025-03-30,terminated\n"
        "J1758,Inj new,2027-01-01,,added\n"
        "E0100,Cane,2027-01-01,,added\n"
    )
    (downloads / "asp_ndc_hcpcs_2027q1.csv").write_text(
        "_2027_CODE,Short Description,LABELER NAME,NDC,Drug Name,HCPCS dosage\n"
        "J1758,Inj new,X,99998-0999-01,Newmab,5 MG\nJ1758,Inj new,X,A-1,Newmab kit,5 MG\n"
    )
    (downloads / "icd10cm_codes_2028.txt").write_text("A000    Cholera\n")
    shutil.copytree(sources, tmp_path / "taken")
    plan = tmp_path / "taken" / "sources.toml"
    for key, name in (("crosswalk_2027q1", "crosswalk_2027q1.csv"), ("icd10cm_2028", "icd10cm_2028.txt.xz")):
        plan.write_text(f'{plan.read_text()}[sources.{key}]\nfile = "{name}"\nedition = "a test"\n')
    reference = Reference(build(tmp_path / "taken", tmp_path / "a", "--take", downloads).__getitem__)
    ends = {code: str(known.terminated) for code in ("J1299", "J1300") if (known := reference.code(code))}
    assert ends == {"J1299": "2027-12-31", "J1300": "2025-03-30"}
    product = reference.product("99998099901")
    assert product is not None
    assert (product.specific_code, product.specific_from, product.billing_unit) == ("J1758", "2027-01-01", "5 MG")
    assert reference.code("E0100") is None
    assert str(reference.manifest().tables["diagnoses"].last) == "2028-09-30"
