"""Every route × every way of not being allowed. Made from the routes, so a new one cannot be forgotten."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import jwt
from sanic import Sanic

from api.kit.route import Route
from domain.accounts.commands import RevokeApiToken
from tests.support.api_house import SCOPES, House

#: Refused as "no or bad credential", on every route that needs one.
CREDENTIALS = (
    *("no token", "garbage", "expired", "wrong audience", "wrong issuer", "alg none", "another key", "refresh token"),
    *("session that was logged out", "API token that was revoked", "API token that has expired"),
)
#: Who has the one role has not the other.
OTHER_ROLE = {"operator": "auditor", "auditor": "operator"}
ALL_SCOPES = (*SCOPES, "admin", "audit", "webhooks:read", "webhooks:write")
#: Bodies with which a request would be good, where `{}` is not.
BODIES: dict[str, dict[str, object]] = {
    "PATCH /v1/assets/{id}": {"filename": "mine.png"},
    "POST /v1/admin/accounts/{id}/grants": {"amount": 1, "reason": "test"},
}


@dataclass(frozen=True)
class Case:
    """One request that must be refused, and how."""

    route: Route
    way: str
    status: int
    code: str

    def __str__(self) -> str:
        return f"{self.route.name}: {self.way}"


def cases_of(route: Route) -> list[Case]:
    """How *route* must refuse; nothing for a public one, which has its own tests."""
    permission = route.permission
    if permission.public:
        return []
    cases = [Case(route, way, 401, "invalid_token") for way in CREDENTIALS]
    if not permission.while_suspended:
        cases.append(Case(route, "suspended", 403, "account_suspended"))
    if permission.role is not None:
        cases.append(Case(route, "missing role", 403, "role_missing"))
        cases.append(Case(route, f"{OTHER_ROLE[permission.role]} only", 403, "role_missing"))
    if permission.scope is not None:
        cases.append(Case(route, "missing scope", 403, "scope_missing"))
    if permission.session_only:
        cases.append(Case(route, "API token", 403, "session_required"))
    if permission.role is None and any(route.path_type(name) is uuid.UUID for name in route.path_names):
        cases += [Case(route, "another account's id", 404, "*"), Case(route, "nobody's id", 404, "*")]
    return cases


def undeclared(app: Sanic) -> set[str]:
    """What the router serves without a route of ours: nobody said who may call it."""
    served = {f"{method} /{route.path}" for route in app.router.routes for method in route.methods if method not in ("HEAD", "OPTIONS")}
    declared = {f"{route.method} {_as_served(route.template)}" for route in app.ctx.routes}
    return served - declared


def _as_served(template: str) -> str:
    return template.replace("{key}", "<key:path>").replace("{", "<").replace("}", ":str>")


class Matrix:
    """The people and things the cases need; `failure` says what is wrong with one case, None when it is refused rightly."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def prepare(self) -> None:
        house = self.house
        self.alice, self.mallory = await house.person("user", "operator", "auditor"), await house.person()
        self.suspended = await house.suspended()
        self.only = {f"{role} only": (await house.person("user", role)).headers for role in OTHER_ROLE}
        self.dead = {
            "session that was logged out": await self._logged_out(),
            "API token that was revoked": await self._revoked(),
            "API token that has expired": await self._expired(),
        }
        _, self.scopeless = await house.api_token(self.alice, "usage:write")
        generation, asset = await house.finished(self.alice)
        token, _ = await house.api_token(self.alice, "usage:read")
        #: Where an id stands in a template -> one of Alice's.
        self.owned = {
            "/v1/generations/{id}": generation,
            "/v1/assets/{id}": asset,
            "/v1/api-tokens/{id}": token,
            "/v1/credits/purchases/{id}": await house.order(self.alice),
            "/v1/subscriptions/{id}": await house.subscription(self.alice),
            "/v1/schedules/{id}": await house.schedule(self.alice),
            "/v1/webhook-endpoints/{id}": await house.webhook_endpoint(self.alice),
        }

    async def _logged_out(self) -> dict[str, str]:
        house, person = self.house, await self.house.person("user", "operator", "auditor")
        session = jwt.decode(person.access_token, options={"verify_signature": False})["sid"]
        await house.platform.sessions.end(uuid.UUID(session), now=house.platform.clock.now())
        return person.headers

    async def _revoked(self) -> dict[str, str]:
        token_id, headers = await self.house.api_token(self.alice, *ALL_SCOPES)
        await self.house.execute(RevokeApiToken(account_id=self.alice.account_id, token_id=token_id))
        self.house.platform.credentials.forget(self.alice.account_id)
        return headers

    async def _expired(self) -> dict[str, str]:
        _, headers = await self.house.api_token(self.alice, *ALL_SCOPES, expires_at=datetime.now(UTC) - timedelta(seconds=1))
        return headers

    async def failure(self, case: Case) -> str | None:
        response = await self._request(case)
        code = response.json().get("code", "") if response.content else ""
        if response.status_code != case.status or (case.code != "*" and code != case.code):
            return f"{case}: {response.status_code} {code}, not {case.status} {case.code}"
        if response.headers["content-type"] != "application/problem+json":
            return f"{case}: not a problem document"
        if case.status == 401 and "www-authenticate" not in response.headers:
            return f"{case}: does not say how to authenticate"
        return None

    async def _request(self, case: Case) -> httpx.Response:
        route = case.route
        path = route.template
        for name in route.path_names:
            path = path.replace(f"{{{name}}}", str(self._value(case, name)))
        body = None if route.method == "GET" else json.dumps(BODIES.get(route.name, {})).encode()
        headers = self._headers(case.way)
        if body is not None:
            headers["Content-Type"] = "application/json"
        return await self.house.client.request(route.method, path, headers=headers, content=body)

    def _value(self, case: Case, name: str) -> object:
        if case.route.path_type(name) is not uuid.UUID:
            return "image"
        if case.way == "nobody's id":
            return self.house.platform.ids.new()
        for template, owned in self.owned.items():
            if case.route.template.startswith(template):
                return owned
        if case.way == "another account's id":
            raise LookupError(f"{case.route.name}: the matrix owns nothing of this kind; give Matrix.prepare one")
        return self.house.platform.ids.new()

    def _headers(self, way: str) -> dict[str, str]:
        forged, alice = self.house.forged, self.alice
        now = int(datetime.now(UTC).timestamp())
        match way:
            case "no token":
                return {}
            case "garbage":
                return {"Authorization": "Bearer garbage"}
            case "expired":
                return forged(alice, iat=now - 4000, exp=now - 3000)
            case "wrong audience":
                return forged(alice, aud="another-api")
            case "wrong issuer":
                return forged(alice, iss="https://elsewhere.example")
            case "alg none":
                return forged(alice, alg="none")
            case "another key":
                return forged(alice, key=b"k" * 32)
            case "refresh token":
                return {"Authorization": f"Bearer {alice.refresh_token}"}
            case "suspended":
                return dict(self.suspended.headers)
            case "missing scope" | "API token":
                return dict(self.scopeless)
        return dict({**self.only, **self.dead}.get(way, self.mallory.headers))


def all_cases(routes: Sequence[Route]) -> list[Case]:
    return [case for route in routes for case in cases_of(route)]
