"""The sentences and shared components of the OpenAPI document."""

from typing import Any

DESCRIPTION = """A backend for products that sell AI generations for credits: it holds the credits, runs the work, stores the result,
settles the credits, and can prove where every credit went.

Ids are UUIDv7, times RFC 3339 in UTC, amounts whole credits. Unknown request fields and query parameters are refused; unknown fields
in answers must be ignored. Every error is a problem document (RFC 9457): switch on `code`."""

BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "An access token from `/v1/auth/login`, or an API token (`dbk_…`).",
}
TICKET = {
    "type": "apiKey",
    "in": "query",
    "name": "ticket",
    "description": "From `POST /v1/stream-tickets`: opens one stream, within a minute, where no header can be sent.",
}
ID_PATTERN = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
ID_SCHEMA = {"type": "string", "format": "uuid", "pattern": ID_PATTERN}
WORD_SCHEMA = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$"}

QUERY_TEXTS = {
    "created_from": "From this moment on.",
    "created_to": "Before this moment.",
    "cursor": "The `next_cursor` of the page before, unchanged.",
    "last_event_id": "As the header `Last-Event-ID`, which wins over it.",
    "limit": "Rows on a page.",
    "order": "Newest first, or oldest first.",
}

STATUS_TEXTS: dict[int, str] = {
    200: "Done.",
    201: "Created.",
    202: "Accepted: on disk, and it will end.",
    204: "Done; there is nothing to show.",
    302: "It is elsewhere.",
    304: "Not changed since the version you have.",
    400: "The request cannot be read.",
    401: "No credential, or a bad one.",
    402: "Credits are missing.",
    403: "The credential does not allow this.",
    404: "Absent, or someone else's.",
    405: "Not with this method.",
    408: "The request did not arrive in time.",
    409: "The state of the thing does not allow this.",
    410: "It was erased.",
    412: "It has changed since the version you named.",
    413: "The body is too large.",
    415: "The body has a type that is not read here.",
    422: "Understood, but refused.",
    429: "A limit is reached.",
    431: "The headers are too large.",
    500: "Something broke on our side.",
    503: "Overload, or a dependency is down.",
}


def _header(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": schema or {"type": "string"}}


HEADERS = {
    "DaybookPosition": _header("Position in the log: of this write, or how far this read has seen.", type="integer", minimum=0),
    "ETag": _header("The version of the resource."),
    "IdempotencyReplayed": _header("`true` when this is the answer to an earlier request with the same key.", type="string", const="true"),
    "Link": _header('The next page, as `<…>; rel="next"`.'),
    "Location": _header("Where it is, absolute."),
    "RateLimit": _header("The bucket with least left: `r` left, `t` seconds until more."),
    "RateLimitPolicy": _header("The buckets this request counted in: `q` per `w` seconds."),
    "RetryAfter": _header("Seconds to wait.", type="integer", minimum=1),
    "WwwAuthenticate": _header("How to authenticate."),
    "XRequestId": _header("The id of this request, yours if you sent one.", type="string", pattern="^[A-Za-z0-9._-]{1,128}$"),
}
HEADER_NAMES = {
    "DaybookPosition": "Daybook-Position",
    "ETag": "ETag",
    "IdempotencyReplayed": "Idempotency-Replayed",
    "Link": "Link",
    "Location": "Location",
    "RateLimit": "RateLimit",
    "RateLimitPolicy": "RateLimit-Policy",
    "XRequestId": "X-Request-Id",
}


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


PARAMETERS = {
    "IdempotencyKey": _parameter(
        "Idempotency-Key",
        "1 to 255 visible ASCII characters. Any repeat with the same key gets the same answer, for ever.",
        type="string",
    ),
    "IfMatch": _parameter("If-Match", "Only if the resource still has this ETag, or `*`.", type="string"),
    "IfNoneMatch": _parameter("If-None-Match", "Only if the resource no longer has this ETag.", type="string"),
    "LastEventId": _parameter("Last-Event-ID", "Go on after the event with this id.", type="string", pattern="^[0-9]{1,18}$"),
    "MinPosition": _parameter(
        "Daybook-Min-Position",
        "Wait until this read has seen that position of the log; 0: do not wait at all.",
        type="integer",
        minimum=0,
        maximum=2**53 - 1,
    ),
    "Prefer": _parameter("Prefer", "`wait=N`: wait up to N seconds for the final state.", type="string"),
}
