"""A ledger whose file is deleted while it is open is an outage, not an empty ledger."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from x12proc.record.database import DatabaseUnavailable, open_engine


def test_a_deleted_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    engine = open_engine(f"sqlite:///{path}", "ledger")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE files (name TEXT)"))
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO files VALUES ('a')"))
    path.rename(tmp_path / "moved.db")
    with pytest.raises(DatabaseUnavailable, match="was deleted or replaced while it was open"), engine.begin():
        pass
    engine.dispose()
