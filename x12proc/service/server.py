"""How the application is served."""

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
    """uvicorn's configuration. Its own log of requests stays off: addresses may not be told."""
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
