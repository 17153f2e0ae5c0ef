"""Ledger databases for tests: SQLite always, PostgreSQL if a server is installed (required in CI)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest
from support.postgres import binaries, cluster, new_database


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server and yield its URL, with {} for the database."""
    if binaries() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs a PostgreSQL server (apt package postgresql)")
        pytest.skip("no PostgreSQL server is installed")
    with cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of an empty ledger on each database."""
    if request.param == "sqlite":
        return "sqlite:///ledger.db"
    return new_database(request.getfixturevalue("postgres"), f"ledger_{secrets.token_hex(4)}")
