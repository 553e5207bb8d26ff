"""The table of contents of the API: URL -> endpoint, with what each needs, takes and answers. Alphabetical by template."""

from api import health
from api.docs import endpoints as documents
from api.kit.permission import PUBLIC
from api.kit.route import Route
from domain.access.refusals import InvalidToken

# fmt: off
ROUTES: list[Route] = [
    Route("GET /docs", documents.docs, PUBLIC, {200: "text/html"}),
    Route("GET /docs/search.js", documents.script, PUBLIC, {200: "text/javascript"}, free=True),
    Route("GET /docs/style.css", documents.style, PUBLIC, {200: "text/css"}, free=True),
    Route("GET /health/live", health.live, PUBLIC, {200: health.Live}, "Is the process there", free=True),
    Route("GET /health/ready", health.ready, PUBLIC, {200: health.Ready, 503: health.Ready}, "Can it serve", free=True),
    Route("GET /metrics", health.metrics, PUBLIC, {200: "text/plain"}, "Prometheus metrics", free=True, refusals=[InvalidToken]),
    Route("GET /openapi.json", documents.openapi, PUBLIC, {200: "application/json"}),
    Route("GET /problems/{code}", documents.problem, PUBLIC, {200: "text/html"}),
    Route("GET /v1/meta", health.meta, PUBLIC, {200: health.Meta}, "Release, features and limits"),
]
# fmt: on
