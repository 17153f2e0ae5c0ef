"""Pages made of templates. Every value is escaped; what is marked in a segment is put together here, of escaped
parts."""

from __future__ import annotations

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
from x12proc.service.keys import Principal
from x12proc.version import __version__

_MARK = Markup('<mark class="{}" data-rules="{}"{}>{}</mark>')
_EMPTY = Markup(' data-empty="{}"')
_ABSENT = Markup('<em class="{}">{} is missing here <b>{}</b></em>')
STATIC = {"style.css": "text/css", "icon.svg": "image/svg+xml"}
_STATIC_AGE = "public, max-age=86400"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page. ``values`` are what its template shows."""
    who: Principal | None = getattr(request.state, "who", None)
    known = {
        "who": who if who is not None and who.csrf else None,
        "version": __version__,
        "today": date.today(),  # noqa: DTZ011 - days of claims are local
        "path": request.url.path,
    }
    return HTMLResponse(_environment().get_template(template).render(known | values), status)


def message(request: Request, status: int, title: str, text: str) -> HTMLResponse:
    """A page that says one thing, such as why something can't be done."""
    return page(request, "message.html", status, title=title, text=text)


def static(name: str) -> Response:
    """A file of the pages. Their addresses name the version, so that it may be kept."""
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
    environment.filters["segment"] = segment_markup
    environment.filters["money"] = money
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["moment"] = lambda stamp: stamp[:16].replace("T", " ") + " UTC" if stamp else ""
    return environment


def segment_markup(form: str) -> Markup:
    """The XML form of a segment as HTML: its tag bold, what is wrong in ``mark`` elements."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(form, parser)
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
        return _ABSENT.format(severity, node.get("name", ""), rules)
    inside = _inside(node)
    empty = "" if inside else _EMPTY.format(node.get("element", ""))
    return _MARK.format(severity, rules, empty, inside)
