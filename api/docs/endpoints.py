"""The endpoints of the documents. They are the same for everybody, so they may be cached, and the large ones are made once per process."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from api.docs.pages import operations_page, problem_page
from api.kit.answer import Answer
from api.kit.call import Call
from api.kit.openapi import document
from api.kit.problems import known_refusals
from api.kit.refusals import NotFound

CACHE = "public, max-age=300"
CSP = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
HTML = "text/html; charset=utf-8"
_HERE = Path(__file__).parent


async def openapi(call: Call) -> Answer:
    """This document: OpenAPI 3.1."""
    return Answer(200, _openapi(call.request.app), {"cache-control": CACHE}, content_type="application/json")


async def docs(call: Call) -> Answer:
    """The documents for people."""
    return _page(_operations(call.request.app))


async def problem(call: Call, code: str) -> Answer:
    """What a problem code means, for people."""
    kind = known_refusals().get(code)
    if kind is None:
        raise NotFound()
    return _page(problem_page(code, kind))


async def style(call: Call) -> Answer:
    """The style sheet of these pages."""
    return Answer(200, _asset("style.css"), {"cache-control": CACHE}, content_type="text/css; charset=utf-8")


async def script(call: Call) -> Answer:
    """The search of the documents."""
    return Answer(200, _asset("search.js"), {"cache-control": CACHE}, content_type="text/javascript; charset=utf-8")


@cache
def _openapi(app: Any) -> bytes:
    platform = app.ctx.platform
    return msgspec.json.encode(document(app.ctx.routes, version=platform.version, public_url=platform.public_url))


@cache
def _operations(app: Any) -> str:
    return operations_page(msgspec.json.decode(_openapi(app)), known_refusals())


@cache
def _asset(name: str) -> bytes:
    return (_HERE / name).read_bytes()


def _page(html: str) -> Answer:
    return Answer(200, html.encode(), {"cache-control": CACHE, "content-security-policy": CSP}, content_type=HTML)
