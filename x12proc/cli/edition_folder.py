"""The folder of a user's own reference edition: imported into, and replaced as a whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import IO

from x12proc.errors import ConfigError
from x12proc.reference.edition import Reference
from x12proc.reference.importing import Imported, Importer
from x12proc.runner.settings import load_reference, shipped_reference


def check_target(into: Path) -> None:
    """Check that a folder is an edition, empty, or absent. Raises ConfigError."""
    if into.exists() and not (into / "edition.toml").is_file() and any(into.iterdir()):
        raise ConfigError(f"{into}: this folder holds something else; name a new or empty one, or an edition")


def base_edition(into: Path) -> Reference:
    """Return the edition that an import renews: the one in the folder, else the shipped one."""
    return load_reference(into) if (into / "edition.toml").is_file() else shipped_reference()


def import_into(
    base: Reference, files: Sequence[Path], as_of: date | None
) -> tuple[list[Imported], dict[str, bytes], Reference]:
    """Import files into an edition; return what was imported, the new tables, and the new edition.

    Raises ConfigError for a file that can't be imported; nothing was changed then.
    """
    importer = Importer(base, as_of or date.today())  # noqa: DTZ011 - an edition is dated by the local day
    try:
        done = [imported for path in _products_first(files) for imported in _add(importer, path)]
        tables = importer.tables()
        fresh = Reference(tables.__getitem__)
    except ValueError as error:
        raise ConfigError(f"{error}. Nothing was changed") from None
    return done, tables, fresh


def _products_first(files: Sequence[Path]) -> list[Path]:
    """Return the files, package.txt after the product.txt that it refers to."""
    return sorted(files, key=lambda path: "package" in path.name.lower())


def _add(importer: Importer, path: Path) -> list[Imported]:
    def open_file() -> IO[bytes]:
        return path.open("rb")

    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file")
    return importer.add(path.name, open_file)


def replace_folder(folder: Path, tables: Mapping[str, bytes]) -> None:
    """Put a new edition in the place of the old one: written beside it, flushed, then exchanged as a whole."""
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".x12proc-", dir=folder.parent))
    fresh, old = aside / "new", aside / "old"
    try:
        fresh.mkdir()
        for name, data in tables.items():
            with (fresh / name).open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        if folder.exists():
            folder.rename(old)
        try:
            fresh.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
