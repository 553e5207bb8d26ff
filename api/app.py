"""The API as a Sanic application."""

from collections.abc import Sequence
from typing import Any

from sanic import Sanic
from sanic.config import Config
from sanic.response import HTTPResponse

from api.kit.framework import FrameworkErrors
from api.kit.kit import Kit
from api.kit.pipeline import Pipeline
from api.kit.prefer import given_request_id
from api.kit.route import Route
from api.kit.strict_request import StrictRequest
from api.platform import Platform
from api.routes import ROUTES
from domain.kernel.limits import BODY_BYTES_MAX

#: 75 s: more than the longest `Prefer: wait`. Sanic counts it from the last byte sent.
RESPONSE_SECONDS = 75
REQUEST_SECONDS = 15
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 10
REFUSED = 400
HEADER_BYTES_MAX = 16_384


def create_app(platform: Platform, routes: Sequence[Route] = ROUTES) -> Sanic:
    """The application that serves *routes* on *platform*."""
    kit = Kit(platform)
    app = Sanic(
        "daybook-api",
        config=_config(),
        error_handler=FrameworkErrors(kit),
        request_class=StrictRequest,
        strict_slashes=True,
        configure_logging=False,
    )
    # Sanic keeps a registry of applications by name; ours is passed around, and tests make many.
    Sanic.unregister_app(app)
    app.ctx.platform, app.ctx.kit, app.ctx.routes = platform, kit, tuple(routes)
    gets = {route.template: route for route in routes if route.method == "GET" and route.etag}
    for route in routes:
        _add(app, kit, route, gets.get(route.template))
    for template in dict.fromkeys(route.template for route in routes):
        _add_options(app, kit, template, methods_of(routes, template))
    return app


def methods_of(routes: Sequence[Route], template: str) -> list[str]:
    """Every method that *template* answers, also those that follow from others."""
    own = {method for route in routes if route.template == template for method in _methods(route)}
    return sorted(own | {"OPTIONS"})


def _config() -> Config:
    config = Config(env_prefix="")
    config.update(
        {
            "ACCESS_LOG": False,
            "AUTO_EXTEND": False,
            "GRACEFUL_SHUTDOWN_TIMEOUT": SHUTDOWN_SECONDS,
            "KEEP_ALIVE_TIMEOUT": KEEP_ALIVE_SECONDS,
            "MOTD": False,
            "REQUEST_MAX_HEADER_SIZE": HEADER_BYTES_MAX,
            "REQUEST_MAX_SIZE": BODY_BYTES_MAX,
            "REQUEST_TIMEOUT": REQUEST_SECONDS,
            "RESPONSE_TIMEOUT": RESPONSE_SECONDS,
        }
    )
    return config


def _add(app: Sanic, kit: Kit, route: Route, current: Route | None) -> None:
    pipeline = Pipeline(kit, route, current)
    app.add_route(_handler(pipeline), _template(route.template), methods=_methods(route), name=_name(route.name), stream=route.stream_body)


def _methods(route: Route) -> list[str]:
    return ["GET", "HEAD"] if route.method == "GET" and not route.events else [route.method]


def _handler(pipeline: Pipeline) -> Any:
    """For uploads a function of its own, because Sanic writes on their handlers, and a bound method cannot be written on."""
    if not pipeline.route.stream_body:
        return pipeline.serve

    async def serve(request: Any, **path: str) -> HTTPResponse | None:
        response = await pipeline.serve(request, **path)
        if response is not None and response.status >= REFUSED:
            # Sanic would ask for the body together with the answer that refuses it.
            request.stream.expecting_continue = False
        return response

    return serve


def _add_options(app: Sanic, kit: Kit, template: str, methods: list[str]) -> None:
    allow = ", ".join(methods)

    async def options(request: Any, **_: str) -> HTTPResponse:
        request_id = given_request_id(request.headers) or kit.platform.ids.new().hex
        return kit.responder.preflight(request, request_id, allow)

    app.add_route(options, _template(template), methods=["OPTIONS"], name=_name(f"OPTIONS {template}"))


def _template(template: str) -> str:
    """As Sanic spells it; a `{key}` may have slashes."""
    return template.replace("{key}", "<key:path>").replace("{", "<").replace("}", ":str>")


def _name(name: str) -> str:
    """Sanic's names allow letters, digits, `_` and `-` only."""
    return "".join(character if character.isalnum() else "_" for character in name)
