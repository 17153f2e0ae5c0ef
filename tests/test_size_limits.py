"""Files of one's own are refused by size before they are read: configuration, and downloads in a ZIP."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pytest
from support.rules import reference

from x12proc.errors import ConfigError
from x12proc.feed.feed_file import load_feed_file
from x12proc.reference import importing
from x12proc.runner.settings import load_settings
from x12proc.typed_toml import LARGEST_TOML


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"#" * (LARGEST_TOML + 1), "larger than 1048576 bytes"),
        (b"a" + b".a" * 200_000 + b" = 1", "a key of over 1000 parts"),
        (b"a = " + b"9" * 5000, "not valid TOML"),
    ],
    ids=["size", "key", "number"],
)
def test_a_configuration_file_out_of_bounds_is_an_error(text: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "FEED.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigError, match=message):
        load_feed_file(path)
    with pytest.raises(ConfigError, match=message):
        load_settings(config=path)


def test_an_endless_configuration_file_is_an_error() -> None:
    with pytest.raises(ConfigError, match="larger than"):
        load_settings(config=Path("/dev/zero"))


def test_a_zip_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_LARGEST_FILE", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("product.txt", b"A" * 1001)
    importer = importing.Importer(reference(), date(2026, 11, 23))
    with pytest.raises(ValueError, match=r"product\.txt: over 1000 bytes when unpacked"):
        importer.add("ndc.zip", lambda: io.BytesIO(packed.getvalue()))
