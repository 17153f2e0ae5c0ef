"""Fixtures of a running service: server, workers and database, on a local port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.services import Service


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run one service for all tests of a process."""
    running = Service(tmp_path_factory.mktemp("service") / "data")
    with running:
        yield running


@pytest.fixture
def api(service: Service) -> Iterator[httpx.Client]:
    """A client whose key has every scope."""
    with service.client() as client:
        yield client


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """Run a service for one test, with small limits."""
    running = Service(tmp_path / "data", queue=2, most_bytes=200_000)
    with running:
        yield running
