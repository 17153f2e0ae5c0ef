"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from x12proc.service.api import routes as api
from x12proc.service.api.compression import ApiCompression
from x12proc.service.api.schemas import report_schemas
from x12proc.service.auth import Guard, error_response, is_api_path, require_scope
from x12proc.service.errors import HttpError
from x12proc.service.options import ServiceOptions
from x12proc.service.services import Services
from x12proc.service.web import claim_pages, pages
from x12proc.service.web.rendering import message
from x12proc.version import __version__

_PURGE_SECONDS = 3600
_ABOUT = """Pre-scrubber for X12 837P and 837I claims that bill HCPCS J3590, unclassified biologics.

Send a file to `POST /v1/scrub`; the response is the report, the annotated file or an acknowledgement. Every route
except `/healthz` requires a key: `Authorization: Bearer KEY`."""


def make_app(options: ServiceOptions) -> FastAPI:
    """Return the application. Raises ConfigError when the data folder or the configuration can't be used."""
    services = Services(options)
    app = FastAPI(
        title="x12proc",
        version=__version__,
        description=_ABOUT,
        docs_url=None,  # those pages load scripts from a CDN
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
        # The names of generated clients' functions: by default they would hold the route and method once more.
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.services = services
    for router in (api.router, pages.router, claim_pages.router):
        app.include_router(router)
    only_known = [Depends(api.reject_unknown_parameters)]
    app.add_api_route("/v1/openapi.json", _openapi, include_in_schema=False, dependencies=only_known)
    app.add_exception_handler(HttpError, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(ApiCompression)
    app.add_middleware(Guard, store=services.store, metrics=services.metrics)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    await run_in_threadpool(services.store.delete_orphans)
    services.jobs.start()
    await services.scrubbing.resume()
    purging = asyncio.create_task(_purge(services))
    yield
    purging.cancel()
    await run_in_threadpool(services.jobs.stop)
    services.store.close()


async def _purge(services: Services) -> None:
    """Delete expired runs every hour."""
    while services.options.keep_days:
        await run_in_threadpool(services.store.purge, services.options.keep_days)
        await asyncio.sleep(_PURGE_SECONDS)


# -- error responses -------------------------------------------------------------------------------------------


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpError)
    return _error_response_or_page(request, error)


async def _invalid(request: Request, error: Exception) -> Response:
    """Respond to an invalid parameter with its name, never its value."""
    assert isinstance(error, RequestValidationError)
    names = sorted({str(fault["loc"][-1]) for fault in error.errors()})
    return _error_response_or_page(request, HttpError(400, "bad-request", f"Invalid value: {', '.join(names)}"))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not-found", 405: "method-not-allowed"}
    headers = dict(error.headers or {})
    code = codes.get(error.status_code, "http-error")
    return _error_response_or_page(request, HttpError(error.status_code, code, "No such route", headers))


def _error_response_or_page(request: Request, error: HttpError) -> Response:
    """Return an error as JSON to programs, and as a page to browsers."""
    if is_api_path(request.url.path):
        return error_response(error)
    response = message(request, error.status, "That did not work", error.message)
    response.headers.update(error.headers)
    return response


# -- the OpenAPI document --------------------------------------------------------------------------------------


def _openapi(request: Request) -> Response:
    """Return the document to any key with scope read."""
    require_scope("read")(request)
    return JSONResponse(openapi_document(request.app))


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document. Invalid values get 400, where FastAPI would say 422."""
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
        app.openapi_schema = document
    return app.openapi_schema
