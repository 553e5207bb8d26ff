"""Every endpoint × {no token, expired, wrong audience, `alg: none`, another account's id, missing role, …} is refused rightly."""

import pytest

from api.app import create_app
from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.permission import ANYONE, PUBLIC
from api.kit.route import Route
from api.routes import ROUTES
from tests.support.access_matrix import CREDENTIALS, Matrix, all_cases, cases_of, undeclared
from tests.support.api_house import open_house
from tests.support.api_world import fake_platform

#: What needs no credential. A new public route must be named here, so that nobody makes one by mistake.
OPEN = {
    "GET /docs",
    "GET /docs/search.js",
    "GET /docs/style.css",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /openapi.json",
    "GET /problems/{code}",
    "GET /v1/credits/packages",
    "GET /v1/meta",
    "GET /v1/shared/{token}",
    "GET /v1/models",
    "GET /v1/subscriptions/plans",
    "POST /v1/auth/login",
    "POST /v1/auth/refresh",
    "POST /v1/auth/register",
    "POST /v1/auth/reset-password",
    "POST /v1/callbacks/{provider}/{token}",
    "POST /v1/payments/stripe/webhook",
    "GET /v1/auth/verify",
    "POST /v1/auth/verify",
    "GET /objects/{key}",
}


async def failures(routes: list[Route], database_url: str, redis_url: str, folder) -> list[str]:
    """What is wrong in the whole matrix of *routes*."""
    async with open_house(database_url, redis_url, folder, routes=routes, DAYBOOK_RATE_LIMITS="off") as house:
        matrix = Matrix(house)
        await matrix.prepare()
        found = [await matrix.failure(case) for case in all_cases(routes)]
    return sorted(undeclared(house.app)) + [failure for failure in found if failure is not None]


async def test_every_route_refuses_whoever_may_not_call_it(database_url, redis_url, database_folder):
    assert await failures(list(ROUTES), database_url, redis_url, database_folder) == []


def test_the_matrix_is_counted_from_the_router():
    app = create_app(fake_platform(), ROUTES)
    served = [(route, method) for route in app.router.routes for method in route.methods if method not in ("HEAD", "OPTIONS")]
    closed = [route for route in ROUTES if not route.permission.public]
    assert len(served) == len(ROUTES)
    assert undeclared(app) == set()
    assert len(all_cases(ROUTES)) >= len(closed) * len(CREDENTIALS)
    assert all(cases_of(route) for route in closed)


def test_only_what_is_named_here_is_public():
    assert {route.name for route in ROUTES if route.permission.public} <= OPEN


async def leaky(call: Call, id: str) -> Answer:
    """Shows everybody's generations to everybody."""
    return ok({"id": str(id)})


async def test_a_new_route_that_shows_what_belongs_to_others_fails_the_matrix(database_url, redis_url, database_folder):
    route = Route("GET /v1/generations/{id}/leak", leaky, ANYONE)
    found = await failures([route], database_url, redis_url, database_folder)
    assert "GET /v1/generations/{id}/leak: another account's id: 200 , not 404 *" in found


async def test_a_new_kind_of_thing_fails_the_matrix_until_somebody_owns_one(database_url, redis_url, database_folder):
    route = Route("GET /v1/novelties/{id}", leaky, ANYONE)
    with pytest.raises(LookupError, match=r"GET /v1/novelties/\{id\}: the matrix owns nothing of this kind"):
        await failures([route], database_url, redis_url, database_folder)


def test_a_route_that_bypasses_the_table_fails_the_matrix():
    app = create_app(fake_platform(), ROUTES)
    app.add_route(leaky, "/v1/backdoor", methods=["GET"], name="backdoor")
    assert undeclared(app) == {"GET /v1/backdoor"}


def test_a_new_public_route_fails_until_it_is_named():
    routes = [*ROUTES, Route("GET /v1/generations/everything", leaky, PUBLIC)]
    assert {route.name for route in routes if route.permission.public} - OPEN == {"GET /v1/generations/everything"}
