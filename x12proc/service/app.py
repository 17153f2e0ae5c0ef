"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from x12proc.service.access import Guard, for_program, needs, refusal
from x12proc.service.api import routes as api
from x12proc.service.api.schemas import report_schemas
from x12proc.service.api.upload import HttpError
from x12proc.service.options import Options
from x12proc.service.services import Services
from x12proc.service.web import claim_pages, pages
from x12proc.service.web.rendering import message
from x12proc.version import __version__

_PURGE_SECONDS = 3600
_ABOUT = """Pre-scrubber for X12 837P and 837I claims that bill HCPCS J3590, unclassified biologics.

Send a file to `POST /v1/scrub` and get the report, the annotated file or an acknowledgement back. Every route but
`/healthz` needs a key: `Authorization: Bearer KEY`."""


def make_app(options: Options) -> FastAPI:
    """The application. Raises ConfigError when the data folder or the configuration can't be used."""
    desk = Services(options)
    app = FastAPI(
        title="x12proc",
        version=__version__,
        description=_ABOUT,
        docs_url=None,  # those pages load their scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
    )
    app.state.desk = desk
    for router in (api.router, pages.router, claim_pages.router):
        app.include_router(router)
    app.add_api_route("/v1/openapi.json", _openapi, include_in_schema=False)
    app.add_exception_handler(HttpError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Guard, store=desk.store, metrics=desk.metrics)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    desk: Services = app.state.desk
    await run_in_threadpool(desk.store.drop_strays)
    desk.jobs.start()
    await desk.scrubbing.resume()
    purging = asyncio.create_task(_purge(desk))
    yield
    purging.cancel()
    await run_in_threadpool(desk.jobs.stop)
    desk.store.close()


async def _purge(desk: Services) -> None:
    """Every hour delete what is older than it may get."""
    while desk.options.keep_days:
        await run_in_threadpool(desk.store.purge, desk.options.keep_days)
        await asyncio.sleep(_PURGE_SECONDS)


# -- answers that are no results -------------------------------------------------------------------------------


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpError)
    return _told(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    """A parameter that can't be; which one, and never what was sent."""
    assert isinstance(error, RequestValidationError)
    places = sorted({str(fault["loc"][-1]) for fault in error.errors()})
    return _told(request, HttpError(400, "bad-request", f"Not a value that can stand there: {', '.join(places)}"))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not-found", 405: "method-not-allowed"}
    headers = dict(error.headers or {})
    code = codes.get(error.status_code, "refused")
    return _told(request, HttpError(error.status_code, code, "There is no such address", headers))


def _told(request: Request, refused: HttpError) -> Response:
    """To programs as JSON, to people as a page."""
    if for_program(request.url.path):
        return refusal(refused)
    answer = message(request, refused.status, "That did not work", refused.message)
    answer.headers.update(refused.headers)
    return answer


# -- the OpenAPI document --------------------------------------------------------------------------------------


def _openapi(request: Request) -> Response:
    """The document, for every key."""
    needs("read")(request)
    return JSONResponse(openapi_document(request.app))


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """What the service answers to what. Ours says 400 where FastAPI would say 422."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = document["components"]
        parts["schemas"] |= report_schemas()
        for unused in ("HTTPValidationError", "ValidationError"):
            parts["schemas"].pop(unused, None)
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        for path, operations in document["paths"].items():
            for operation in operations.values():
                operation["security"] = [] if path == "/healthz" else [{"key": []}]
                _drop_default_error(operation["responses"])
        app.openapi_schema = document
    return app.openapi_schema


def _drop_default_error(responses: dict[str, Any]) -> None:
    content = responses.get("422", {}).get("content", {}).get("application/json", {})
    if "HTTPValidationError" in str(content.get("schema", "")):
        del responses["422"]
