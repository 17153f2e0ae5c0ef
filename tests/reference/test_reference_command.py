"""``x12proc reference`` from outside."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.downloads import crosswalk, package_txt, product_txt, zipped
from test_importing import ULTOMIRIS_ROW, ZYXOMAB, ZYXOMAB_VIAL

from x12proc.cli.reference import command
from x12proc.errors import ConfigError
from x12proc.runner.settings import config_folder, load_settings


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def directory(tmp_path: Path) -> tuple[Path, Path]:
    product, package = tmp_path / "product.txt", tmp_path / "package.txt"
    product.write_bytes(product_txt(ZYXOMAB))
    package.write_bytes(package_txt(ZYXOMAB_VIAL))
    return product, package


def test_list_shows_what_is_in_force() -> None:
    text = run("list").output
    assert text.startswith("Edition 2026-12-01 (shipped with x12proc)\n")
    assert "diagnoses          75005 rows  2022-10-01 to 2027-09-30  icd10cm_2023, " in text
    assert (
        "crosswalk_2025q4    8218 rows  CMS ASP NDC-HCPCS crosswalk October-December 2025 (crosswalk_2025q4"
        in text
    )


@pytest.mark.parametrize(
    "spelled", ["25682-0025-01", "25682-025-01", "N425682002501", "25682002501", "NDC: 25682 0025 01"]
)
def test_lookup_explains_an_ndc_in_any_spelling(spelled: str) -> None:
    assert run("lookup", spelled).output == (
        "NDC      25682-0025-01 (25682002501 in a claim)\n"
        "Product  Ultomiris (ravulizumab-cwvz)\n"
        "         BLA; 300 mg/3 mL; SDV; IV\n"
        "Code     J1303 from 2019-10-01, per 10 MG (by this NDC)\n"
        "Code     C9052 from 2019-07-01 to 2019-09-30, per 10 MG (by the drug's name)\n"
        "Edition  2026-12-01\n"
    )


def test_lookup_tells_the_readings_of_ten_digits() -> None:
    text = run("lookup", "5024206001").output
    assert text.startswith("5024206001 has 10 digits and no hyphens: 3 products can be meant.\n")
    assert "  05024-2060-01  not in the tables\n  50242-0060-01  Avastin (bevacizumab)\n" in text
    assert "\nClass    antineoplastic\n" in text
    assert run("lookup", "9999912345").output.count("not in the tables") == 3


@pytest.mark.parametrize(
    ("dates", "reported"),
    [
        ("2025-04-01,,,unverified,,", "J1299 from 2025-04-01, date unverified"),
        (",,,,,", "J1299 from an unknown day, per 2 MG"),
        (",,,verified,,2025-10-01", "J1299 from 2025-10-01 at the latest, per 2 MG"),
    ],
)
def test_lookup_says_how_sure_a_date_is(tmp_path: Path, dates: str, reported: str) -> None:
    shutil.copytree(config_folder() / "reference", tmp_path / "mine")
    codes = tmp_path / "mine" / "codes.csv"
    row = re.compile(r"(?m)^(J1299,.*?,2 MG,,).*$")
    codes.write_text(row.sub(rf"\g<1>{dates}", codes.read_text()))
    config = tmp_path / "x12proc.toml"
    config.write_text('reference_folder = "mine"\n')
    assert f"Code     {reported}" in run("lookup", "25682000101", "--config", config).output


def test_lookup_says_what_it_does_not_know() -> None:
    assert "That proves nothing" in run("lookup", "98765432198").output
    assert "placeholder" in run("lookup", "99999-9999-99").output
    assert "This package isn't listed" in run("lookup", "25682002599").output


@pytest.mark.parametrize("text", ["123", "25682-0025", "256820-0025-01"])
def test_lookup_of_no_ndc(text: str) -> None:
    with pytest.raises(ConfigError, match="is no NDC"):
        run("lookup", text)


def test_an_edition_of_another_version_is_refused(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(config_folder() / "reference", mine)
    manifest = (mine / "edition.toml").read_text()
    (mine / "edition.toml").write_text(manifest.replace("[tables.dosing]", "[tables.doses]"))
    with pytest.raises(
        ConfigError, match=r"another version of x12proc made this edition, it lacks dosing.csv; import"
    ):
        run("diff", mine)
    (mine / "edition.toml").write_text("edition =")
    with pytest.raises(ConfigError, match=r"edition.toml: "):
        run("diff", mine)


def test_lookup_computes_a_dose_and_shows_how() -> None:
    text = run("lookup", "25682-0025-01", "--dose", "3300MG", "--on", "2026-01-01").output
    assert "\nUnits    J1303 x 330: 3300 MG / 10 MG = 330\n" in text
    assert "\nQuantity 25682-0025-01  ML 33 (3300 MG at 300 mg/3 mL = 33 ML), in a claim CTP****33*ML\n" in text
    assert (
        "C9052 from 2019-07-01 to 2019-09-30, per 10 MG (by the drug's name): not in force on 2026-01-01" in text
    )
    assert "C9052 x" not in text


def test_lookup_of_a_name_lists_packages_and_codes() -> None:
    text = run("lookup", "imaavy", "--dose", "1200 mg", "--on", "2026-03-01").output
    assert "\nPackage  57894-0801-01  Imaavy; BLA; 1200 mg/6.5 mL; SDV; IV\n" in text
    assert "\nUnits    J9256 x 400: 1200 MG / 3 MG = 400" in text
    assert "\nQuantity 57894-0800-01  ML 6.48 (" in text
    assert run("lookup", "vyvg").output.count("\nDrug     ") + 1 == 2


def test_lookup_takes_what_is_printed_on_a_form() -> None:
    text = run("lookup", "N4", "25682-0025-01", "UN", "1", "--dose", "3300MG", "--on", "2026-01-01").output
    assert text.startswith("Printed  unit UN, quantity 1: in a claim CTP****1*UN\nNDC      25682-0025-01")
    assert "What is printed differs from it." in text
    assert "This agrees with" in run("lookup", "N425682002501ML33.0", "--dose", "3300MG").output


def test_lookup_says_where_the_table_of_codes_ends() -> None:
    text = run("lookup", "J1303", "--dose", "300MG", "--on", "2099-01-01").output
    assert "The table of codes ends" in text


def test_lookup_of_what_has_no_code_names_the_unclassified_one() -> None:
    text = run("lookup", "J1303", "--dose", "300MG", "--on", "2001-01-01").output
    assert "Units    no code of its own is known for 2001-01-01: an unclassified code, mostly with 1 unit" in text


def test_lookup_writes_json() -> None:
    reported = json.loads(
        run("lookup", "N425682002501UN1", "--dose", "3300MG", "--on", "2026-01-01", "--json").output
    )
    assert reported["query"] == {"kind": "ndc", "value": "25682002501", "printed": {"unit": "UN", "quantity": "1"}}
    assert (reported["dose"], reported["on"]) == ({"value": "3300", "unit": "MG"}, "2026-01-01")
    (hit,) = reported["hits"]
    assert hit["codes"][0]["units"] == {"value": "330", "unit": "units", "explanation": "3300 MG / 10 MG = 330"}
    assert hit["packages"][0]["quantity"]["value"] == "33"
    assert json.loads(run("lookup", "9999912345", "--json").output)["hits"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["imavy"], "no drug 'imavy'; near it are imaavy"),
        (["abc"], "no drug 'abc'; try the generic name"),
        (["Z9999"], "no code Z9999"),
        (["imaavy", "--dose", "much"], "is no dose"),
    ],
)
def test_lookup_refuses_what_nobody_knows(arguments: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        run("lookup", *arguments)


def test_an_edition_is_imported_and_used(directory: tuple[Path, Path], tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    text = run("import", directory[1], directory[0], "--into", mine, "--as-of", "2027-01-15").output
    assert "product.txt: ndc-product, 1 rows\npackage.txt: ndc-package, 1 rows\n" in text
    assert f'reference_folder = "{mine.as_posix()}"' in text
    config = tmp_path / "x12proc.toml"
    config.write_text('reference_folder = "mine"\n')
    reference = load_settings(config=config).reference
    assert reference.editions()["edition"] == "2027-01-15"
    assert reference.product("99998012301") is not None
    assert "Edition 2027-01-15 (" in run("list", "--config", config).output
    assert "Zyxomab" in run("lookup", "99998012301", "--config", config).output
    reported = run("diff", mine).output
    assert reported == run("diff", "--config", config).output
    assert "products: 1 added, 0 removed, 0 changed\n  + 99998012301 | Zyxomab" in reported
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_shipped_edition_is_never_changed(directory: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--into DIR; the shipped edition is never changed"):
        run("import", *directory)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    with pytest.raises(ConfigError, match="holds something else"):
        run("import", *directory, "--into", tmp_path / "letters")
    assert contents(tmp_path / "letters") == {"a.txt": b"dear"}


def test_a_bad_file_leaves_the_old_edition_untouched(directory: tuple[Path, Path], tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    run("import", *directory, "--into", mine)
    before = contents(mine)
    bad = tmp_path / "asp.csv"
    bad.write_bytes(crosswalk(ULTOMIRIS_ROW, "J13,x,x,25682-0025-01,x,1 MG,1,1,1,1"))
    with pytest.raises(ConfigError, match=r"asp.csv, row 8, column _2027_CODE: found 'J13'.*Nothing was changed"):
        run("import", *directory, bad, "--into", mine)
    assert contents(mine) == before
    with pytest.raises(ConfigError, match="there is no such file"):
        run("import", tmp_path / "gone.csv", "--into", mine)
    assert contents(mine) == before
    assert not (tmp_path / "other").exists()


def test_a_full_disk_leaves_the_old_edition_untouched(
    directory: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    run("import", *directory, "--into", mine)
    before = contents(mine)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        run("import", *directory, "--into", mine)
    assert contents(mine) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_zip_as_it_was_downloaded(tmp_path: Path) -> None:
    archive = tmp_path / "january.zip"
    archive.write_bytes(zipped({"ASP.csv": crosswalk(ULTOMIRIS_ROW), "AWP.csv": crosswalk(title="AWP")}))
    text = run("import", archive, "--into", tmp_path / "mine").output
    assert "january.zip/ASP.csv: asp-crosswalk, 1 rows\n" in text
    assert "january.zip/AWP.csv: awp-crosswalk, 0 rows (left out: " in text


def test_a_broken_edition_is_a_faulty_configuration(directory: tuple[Path, Path], tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    run("import", *directory, "--into", mine)
    config = tmp_path / "x12proc.toml"
    config.write_text('reference_folder = "mine"\n')
    (mine / "products.csv").write_text("ndc\n")
    with pytest.raises(ConfigError, match=r"products.csv, row 1, column name"):
        run("lookup", "25682002501", "--config", config)
    config.write_text('reference_folder = "elsewhere"\n')
    with pytest.raises(ConfigError, match="there is no reference edition"):
        load_settings(config=config)
    with pytest.raises(ConfigError, match="names none"):
        run("diff")
