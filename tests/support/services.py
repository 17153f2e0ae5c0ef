"""Runs the service in a thread, configured as by `x12proc serve`."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any, Self

import httpx
import uvicorn

from x12proc.service.app import make_app
from x12proc.service.auth import SCOPES, create_key
from x12proc.service.options import ServiceOptions
from x12proc.service.server import server_config
from x12proc.service.services import Services

AS_OF = "2024-04-01"
EDI = "application/edi-x12"


class Service:
    """A running service, its URL, and a key with every scope."""

    def __init__(self, data: Path, **limits: Any) -> None:
        self.options = ServiceOptions(data=data, **limits)
        self.app = make_app(self.options)
        self.services: Services = self.app.state.services
        self.key = create_key(self.services.store, "tester", tuple(SCOPES))
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self._socket = listening
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self._server = uvicorn.Server(server_config(self.app))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the service did not start"
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def client(self, key: str | None = None) -> httpx.Client:
        """Return a client with a key: the one with every scope when None, no key when empty."""
        key = self.key if key is None else key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120, trust_env=False)

    def key_for(self, name: str, *scopes: str) -> str:
        """Create another key."""
        return create_key(self.services.store, name, scopes)


def post(client: httpx.Client, data: bytes, accept: str = "application/json", **query: Any) -> httpx.Response:
    """Submit a file as the body of a request."""
    headers = {"Content-Type": EDI, "Accept": accept}
    return client.post("/v1/scrub", content=data, headers=headers, params={"as_of": AS_OF, **query})
