"""A minimal browser: signs in, keeps its cookie, submits forms with their token."""

from __future__ import annotations

import re
from typing import Any, Self

import httpx
from lxml import html

from support.edi import base
from support.services import AS_OF, Service

FAULTY = base().replace(b"CTP****40*ML", b"CTP****0*ML")


class Browser:
    """A browser session. After sign-in it has only its cookie, not the key."""

    def __init__(self, service: Service, key: str | None = None) -> None:
        self._client = httpx.Client(base_url=service.url, timeout=60, trust_env=False, follow_redirects=True)
        self.first = self._client.post("/sign-in", data={"key": service.key if key is None else key})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, address: str, **query: Any) -> httpx.Response:
        """Get a page."""
        return self._client.get(address, params=query or None)

    def post(self, address: str, fields: dict[str, Any], **rest: Any) -> httpx.Response:
        """Submit a form without adding its token."""
        return self._client.post(address, data=fields, **rest)

    def token(self) -> str:
        """Return the session's token from a form."""
        found = re.search(r'name="token" value="([^"]+)"', self.get("/claims").text)
        assert found
        return found[1]

    def send(self, address: str, **fields: Any) -> httpx.Response:
        """Submit a form with its token, and with the claim's version unless given."""
        claim = re.match(r"/claims/\d+", address)
        if claim and "version" not in fields:
            fields["version"] = self.version(claim[0])
        return self.post(address, {"token": self.token(), **fields})

    def version(self, address: str) -> str:
        """Return the version of a claim from its forms; 0 without a form."""
        found = re.search(r'name="version" value="(\d+)"', self.get(address, edit=0).text)
        return found[1] if found else "0"

    def upload(self, data: bytes, name: str = "claims.edi", **fields: str) -> httpx.Response:
        """Submit a file with the upload form."""
        return self._client.post(
            "/runs",
            data={"token": self.token(), "as_of": AS_OF, **fields},
            files={"file": (name, data, "application/octet-stream")},
        )

    def only_claim(self, data: bytes = FAULTY) -> str:
        """Submit a file with one claim and return the claim's path."""
        answer = self.upload(data)
        assert answer.status_code == 200, answer.text
        run = answer.url.path.rpartition("/")[2]
        (address,) = claim_addresses(self.get("/claims", run=run, view="all"))
        return address


def claim_addresses(answer: httpx.Response) -> list[str]:
    """Return the paths of the claims in a list, in its order."""
    return [str(link).partition("?")[0] for link in html.fromstring(answer.text).xpath("//tbody//td[1]/a/@href")]


def text_of(answer: httpx.Response, path: str) -> str:
    """Return the text of the elements that match an XPath."""
    found = html.fromstring(answer.text).xpath(path)
    return " ".join(" ".join(node.text_content() for node in found).split())
