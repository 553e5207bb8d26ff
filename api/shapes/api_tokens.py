"""API tokens as their owner sees them."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from api.kit.shapes import Body, Id, ListQuery, Moment, Shown, When, moment
from api.shapes.accounts import Name
from domain.ports import SubjectKey
from projections.accounts.api_tokens import ApiTokenRow

Scope = Literal[
    "admin",
    "assets:read",
    "assets:write",
    "audit",
    "credits:read",
    "credits:write",
    "generations:read",
    "generations:write",
    "provider-keys:read",
    "provider-keys:write",
    "usage:read",
    "usage:write",
    "webhooks:read",
    "webhooks:write",
]


class NewApiToken(Body):
    """A scope never gives what the account's roles lack."""

    name: Name
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=14)]
    expires_at: When | None = None


class ApiToken(Shown):
    id: Id
    name: str
    scopes: list[Scope]
    expires_at: Moment | None
    created_at: Moment


class IssuedApiToken(ApiToken):
    """`token` is shown once: in a replay it is null and `secret_shown` is true."""

    token: str | None
    secret_shown: bool


class ApiTokenQuery(ListQuery):
    """By creation."""


def shown_api_token(key: SubjectKey, row: ApiTokenRow) -> ApiToken:
    return ApiToken(**_fields(key, row))


def issued_api_token(key: SubjectKey, row: ApiTokenRow, token: str | None) -> IssuedApiToken:
    return IssuedApiToken(**_fields(key, row), token=token, secret_shown=token is None)


def _fields(key: SubjectKey, row: ApiTokenRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": key.open(row.sealed_name),
        "scopes": row.scopes,
        "expires_at": moment(row.expires_at),
        "created_at": moment(row.created_at),
    }
