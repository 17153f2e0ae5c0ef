"""Renders pages from templates. Every value is escaped; highlighted segments are built here from escaped parts."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from lxml import etree
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from x12proc.reports.html.view import money
from x12proc.service.auth import Principal
from x12proc.service.db.tables import Run
from x12proc.version import __version__

_HIGHLIGHT = Markup('<mark class="{}" data-rules="{}"{}>{}</mark>')
_EMPTY = Markup(' data-empty="{}"')
_MISSING = Markup('<em class="{}">{} is missing here <b>{}</b></em>')
STATIC = {"style.css": "text/css", "icon.svg": "image/svg+xml"}
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_ENDINGS = (".edi", ".x12", ".txt", ".837", ".837p", ".837i", ".clm")
_STATIC_AGE = "public, max-age=86400"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page; ``values`` are the variables of its template."""
    principal: Principal | None = getattr(request.state, "principal", None)
    common = {
        "principal": principal if principal is not None and principal.csrf else None,
        "version": __version__,
        "today": date.today(),  # noqa: DTZ011 - days of claims are local
        "path": request.url.path,
    }
    return HTMLResponse(_environment().get_template(template).render(common | values), status)


def message(request: Request, status: int, title: str, text: str) -> HTMLResponse:
    """Render a page with one message, such as the reason of an error."""
    return page(request, "message.html", status, title=title, text=text)


def static_response(name: str) -> Response:
    """Return a static file. Its URL names the version, so that browsers may cache it."""
    media_type = STATIC[name]
    content = files("x12proc.service.web").joinpath("static", name).read_bytes()
    return Response(content, media_type=media_type, headers={"Cache-Control": _STATIC_AGE})


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("x12proc.service.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["download_name"] = download_name
    environment.filters["segment"] = segment_markup
    environment.filters["money"] = money
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["moment"] = lambda time: time[:16].replace("T", " ") + " UTC" if time else ""
    return environment


def download_name(run: Run, kind: str) -> str:
    """Return the name of a download of a run: that of its file without the ending, and what it is."""
    stem = _UNSAFE.sub("_", run.name).strip("._")
    for ending in _ENDINGS:
        stem = stem[: -len(ending)] if stem.lower().endswith(ending) else stem
    return f"{stem[:80] or run.id}.{kind}.edi"


def segment_markup(xml: str) -> Markup:
    """Convert the XML form of a segment to HTML: its tag bold, faulty elements in ``mark`` elements."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(xml, parser)
    return Markup("").join(_inside(child) if child.tag == "segment" else _markup(child) for child in root)


def _inside(node: etree._Element) -> Markup:
    parts = [escape(node.text or "")]
    for child in node:
        parts += (_markup(child), escape(child.tail or ""))
    return Markup("").join(parts)


def _markup(node: etree._Element) -> Markup:
    if node.tag == "tag":
        return Markup("<b>{}</b>").format(_inside(node))
    rules, severity = node.get("rules", ""), node.get("severity", "")
    if node.tag == "absent":
        return _MISSING.format(severity, node.get("name", ""), rules)
    inside = _inside(node)
    empty = "" if inside else _EMPTY.format(node.get("element", ""))
    return _HIGHLIGHT.format(severity, rules, empty, inside)
