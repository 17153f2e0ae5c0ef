"""Take downloads into the source tables of the reference edition: ``reference_sources.py FOLDER``.

The source tables lie in ``config/reference/sources`` and hold what the edition is made of and nothing else: few
columns, and of HCPCS only the codes of drugs and their administration. ``sources.toml`` says what each of them is;
change it together with them. Taken are, by their names:

- ``hcpcs_level2*.csv`` and ``hcpcs_*_changes.csv``, or CMS's own ``HCPC*_ANWEB*.txt``: codes that are listed no
  more stay, for older claims; a code of the changes has a short text only, and takes no unit from it
- ``asp_ndc_hcpcs*.csv``, one quarter of the CMS crosswalk; its quarter is read from the name (``2026q4``), and
  several files of one quarter become one table
- ``hcpcs_modifiers*.csv``, ``cms_place_of_service*.csv``, ``purple_book*.csv``, ``biologics*.csv``
- ``new_biologics*.csv``, ``codes_that_ended_noc*.csv``
- ``icd10cm_codes*.txt``: one fiscal year, read from the name (``2027``)
"""

from __future__ import annotations

import argparse
import csv
import io
import lzma
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reference_codes import CODES

from x12proc.reference import ndc as ndc_spelling
from x12proc.reference import official

SOURCES = Path(__file__).resolve().parents[1] / "config" / "reference" / "sources"
HCPCS, CROSSWALK = "hcpcs.csv", "crosswalk_{}.csv"
HCPCS_COLUMNS = ("code", "long", "short", "added", "effective", "terminated", "opps")
CROSSWALK_COLUMNS = ("code", "ndc", "name", "dosage", "size", "units")

Row = dict[str, str]

#: Tables of which only columns are left out: what is taken, where it goes, and the columns.
TRIMMED = (
    ("hcpcs_modifiers*.csv", "modifiers.csv", "modifier short_description add_date term_date"),
    ("cms_place_of_service*.csv", "places.csv", "pos name"),
    (
        "purple_book*.csv",
        "purple_book.csv",
        "application_no proprietary_name proper_name bla_type strength route presentation approval_date",
    ),
    (
        "biologics_ndc_derived.csv",
        "biologics_ndc.csv",
        "ndc11 proprietary_name nonproprietary_name route strength presentation application_no hcpcs",
    ),
    (
        "biologics.csv",
        "biologics.csv",
        (
            "brand generic specific_hcpcs billing_unit hcpcs_effective_date effective_date_source "
            "ndc11_hyphenated_with_pkg(units) strength route fda_application container "
            "pre_code_billing(NOC/C-code)"
        ),
    ),
    (
        "new_biologics*.csv",
        "new_biologics.csv",
        "brand generic bla approval_date route package ndc11 hcpcs interim_code",
    ),
    ("codes_that_ended_noc*.csv", "ended_noc.csv", "hcpcs brand"),
)


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV file, header as keys, values trimmed; UTF-8 first, then Windows-1252."""
    lines = decoded(path.read_bytes()).splitlines()
    return [{key: (value or "").strip() for key, value in row.items() if key} for row in csv.DictReader(lines)]


def decoded(raw: bytes) -> str:
    """The text of a file."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[Row]) -> None:
    """A source table; the same rows give the same bytes."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")


# -- HCPCS ---------------------------------------------------------------------------------------------


def take_hcpcs(records: Iterable[Row], target: Path) -> int:
    """Lay records over the table of codes: what they state replaces what was there, what they don't stays."""
    path = target / HCPCS
    codes = {row["code"]: row for row in read_rows(path)} if path.exists() else {}
    count = 0
    for record in records:
        if CODES.fullmatch(record["code"]):
            known = codes.get(record["code"], dict.fromkeys(HCPCS_COLUMNS, ""))
            codes[record["code"]] = {**known, **{key: value for key, value in record.items() if value}}
            count += 1
    write_rows(path, HCPCS_COLUMNS, (codes[code] for code in sorted(codes)))
    return count


def hcpcs_table(path: Path) -> list[Row]:
    """A whole HCPCS table."""
    return [
        {
            "code": row["hcpcs"],
            "long": row["long_description"],
            "short": row["short_description"],
            "added": iso(row["add_date"]),
            "effective": iso(row["action_effective_date"]),
            "terminated": iso(row["term_date"]),
            "opps": row.get("opps_status_indicator_2026q2", ""),
        }
        for row in read_rows(path)
    ]


def hcpcs_changes(path: Path) -> list[Row]:
    """The codes that a quarter added or ended. There are no long texts in it, and so no units."""
    return [
        {
            "code": row["hcpcs"],
            "short": row["short_description"] if row["what"] == "added" else "",
            "added": iso(row["add_date"]),
            "effective": iso(row["add_date"]) if row["what"] == "added" else "",
            "terminated": iso(row["term_date"]),
        }
        for row in read_rows(path)
    ]


def hcpcs_anweb(path: Path) -> list[Row]:
    """CMS's own file of fixed width."""
    with path.open("rb") as file:
        return [record._asdict() for record in official.hcpcs_text(path.name, file)]


def iso(day: str) -> str:
    """``20191001`` as ``2019-10-01``; an ISO date stays."""
    return re.sub(r"\A(\d{4})(\d\d)(\d\d)\Z", r"\1-\2-\3", day)


# -- the rest ------------------------------------------------------------------------------------------


def take_crosswalks(paths: list[Path], quarter: str, target: Path) -> int:
    """One quarter of the crosswalk, of all its files, as published or with our own column names."""
    rows = []
    for path in paths:
        for row in read_rows(path):
            first = next(iter(row.values()))  # the name of the code's column carries the year
            spelled = row.get("ndc11") or row.get("NDC2") or row.get("NDC") or ""
            number = ndc_spelling.normalize(spelled) if "-" in spelled else ""  # else another kind of number
            name = row.get("drug_name") or row.get("Drug Name", "")
            dosage = row.get("hcpcs_dosage") or row.get("HCPCS dosage", "")
            size = row.get("pkg_size") or row.get("PKG SIZE", "")  # of one item; in ML when it is a liquid
            units = row.get("billunits") or row.get("BILLUNITS", "")  # of the code, in one item
            rows.append(
                {"code": first, "ndc": number or "", "name": name, "dosage": dosage, "size": size, "units": units}
            )
    write_rows(target / CROSSWALK.format(quarter), CROSSWALK_COLUMNS, rows)
    return len(rows)


def take_icd(path: Path, target: Path) -> int:
    """The codes of one fiscal year, one a line; packed, for there are 74,000."""
    year = official.icd_year(path.name)
    codes = sorted({line.split()[0] for line in path.read_text("ascii").splitlines() if line.strip()})
    packed = lzma.compress("".join(code + "\n" for code in codes).encode("ascii"), preset=9)
    (target / f"icd10cm_{year}.txt.xz").write_bytes(packed)
    return len(codes)


def take(folder: Path, target: Path) -> None:
    """Take everything that a folder holds, and say what it was."""
    readers: tuple[tuple[str, Callable[[Path], list[Row]]], ...] = (
        ("hcpcs_level2*.csv", hcpcs_table),
        ("HCPC*ANWEB*.txt", hcpcs_anweb),
        ("hcpcs_*_changes.csv", hcpcs_changes),
    )
    for pattern, read in readers:
        for path in sorted(folder.glob(pattern)):
            print(f"{path.name}: {take_hcpcs(read(path), target)} codes")
    quarters: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("asp_ndc_hcpcs*.csv")):
        if found := re.search(r"20\d\dq\d", path.name):
            quarters.setdefault(found[0], []).append(path)
    for quarter, paths in quarters.items():
        print(f"crosswalk {quarter}: {take_crosswalks(paths, quarter, target)} rows")
    for pattern, name, columns in TRIMMED:
        for path in sorted(folder.glob(pattern)):
            write_rows(target / name, columns.split(), read_rows(path))
            print(f"{path.name}: taken")
    for path in sorted(folder.glob("icd10cm_codes*.txt")):
        print(f"{path.name}: {take_icd(path, target)} codes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with the downloads")
    parser.add_argument("-o", "--output", type=Path, default=SOURCES, help="folder of the source tables")
    arguments = parser.parse_args()
    take(arguments.folder, arguments.output)


if __name__ == "__main__":
    main()
