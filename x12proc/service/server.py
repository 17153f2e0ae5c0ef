"""The uvicorn configuration of the service."""

from __future__ import annotations

from pathlib import Path

import uvicorn
from fastapi import FastAPI

_MOST_CONNECTIONS = 1000


def server_config(
    app: FastAPI,
    host: str = "127.0.0.1",
    port: int = 0,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> uvicorn.Config:
    """Return the configuration. The access log of uvicorn is off, because it logs URLs with their query."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=30,
        limit_concurrency=_MOST_CONNECTIONS,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
    )
