"""A running service to talk to: the real server, its workers and its database, on a port of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.services import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests of a process."""
    running = Service(tmp_path_factory.mktemp("service") / "data")
    with running:
        yield running


@pytest.fixture
def api(service: Service) -> Iterator[httpx.Client]:
    """A client whose key may do everything."""
    with service.client() as client:
        yield client


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """A service that only this test uses, with little room."""
    running = Service(tmp_path / "data", queue=2, most_bytes=200_000)
    with running:
        yield running
