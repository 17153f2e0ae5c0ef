"""The uvicorn configuration of the service."""

from __future__ import annotations

import socket
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from x12proc.errors import ConfigError
from x12proc.service.connections import TimedProtocol

_MOST_CONNECTIONS = 1000


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on a port. Raises ConfigError where the port is taken or may not be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"port {port} of {host} can't be used: {error.strerror}; choose another with --port"
        ) from None
    return listener


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
        http=TimedProtocol,
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=30,
        limit_concurrency=_MOST_CONNECTIONS,
        ssl_certfile=tls_cert,
        ssl_keyfile=tls_key,
    )
