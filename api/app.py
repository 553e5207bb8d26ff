"""The API as a Sanic application."""

from collections.abc import Sequence

from sanic import Sanic

from api.kit.route import Route
from api.platform import Platform
from api.routes import ROUTES


def create_app(platform: Platform, routes: Sequence[Route] = ROUTES) -> Sanic:
    """The application that serves *routes* on *platform*."""
    app = Sanic("daybook-api")
    app.ctx.platform = platform
    return app
