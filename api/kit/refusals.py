"""What the edge itself refuses, before or around an endpoint."""

from domain.access.refusals import InvalidToken as InvalidToken
from domain.kernel.limits import BODY_BYTES_MAX, JSON_DEPTH_MAX
from domain.kernel.refusals import (
    Conflicting,
    Forbidden,
    Malformed,
    Missing,
    Outdated,
    Refusal,
    Throttled,
    TooLarge,
    Unavailable,
    Unprocessable,
    Unsupported,
)


class NotAllowed(Refusal):
    """405: the resource exists, this method does not."""


class TimedOut(Refusal):
    """408: the request did not arrive in time."""


class Unsatisfiable(Refusal):
    """416: there is nothing in the range that was asked for."""


class HeadersTooLarge(Refusal):
    """431: the request's headers are over their limit."""


class Broken(Refusal):
    """500: our fault. Nothing of the cause is shown."""


class MalformedJson(Malformed):
    """The body is not one JSON document in UTF-8: syntax, a duplicate key, `NaN`, or too deep."""

    detail = "The body is not acceptable JSON: {reason}."
    shown = ("errors",)


class MalformedRequest(Malformed):
    """The request line or its headers cannot be read."""

    detail = "The request cannot be read: {reason}."


class InvalidHeader(Malformed):
    """A header has a value this API cannot read, or was sent twice."""

    detail = "The header {header} {reason}."


class CursorInvalid(Malformed):
    """A cursor belongs to one account, one list and one set of filters; take it from the page before, unchanged."""

    detail = "The cursor is not one this list gave you with these filters."


class PositionUnknown(Malformed):
    """`Daybook-Min-Position`, or the id that a stream resumes after, is not a number, or lies beyond the end of the log."""

    detail = "What was given as a position (Daybook-Min-Position, or the last event's id) is not one of the log."


class RoleMissing(Forbidden):
    """The account does not have the role that this needs."""

    detail = "This needs the role {role}."
    shown = ("role",)


class ScopeMissing(Forbidden):
    """The API token does not have the scope that this needs."""

    detail = "This needs an API token with the scope {scope}."
    shown = ("scope",)


class SessionRequired(Forbidden):
    """Passwords, erasure and API tokens are managed in a session (access token), never with an API token."""

    detail = "This needs a session: log in and use the access token."


class NotFound(Missing):
    """There is nothing here, or it belongs to someone else."""

    detail = "There is nothing here that you can see."


class MethodNotAllowed(NotAllowed):
    """The resource exists, but not with this method; the header `Allow` names those it has."""

    detail = "The method {method} is not allowed here."


class RequestTimeout(TimedOut):
    """The request did not arrive completely in time."""

    detail = "The request did not arrive in time."
    retryable = True


class IdempotencyInProgress(Conflicting):
    """The first request with this Idempotency-Key is still being worked on. Repeat after a moment."""

    detail = "A request with this Idempotency-Key is still in progress."
    retryable = True


class PreconditionFailed(Outdated):
    """The resource has changed since the version named in `If-Match`. Read it again."""

    detail = "The resource is not at the version named in If-Match."


class BodyTooLarge(TooLarge):
    """The body is over its limit."""

    detail = f"The body is larger than {BODY_BYTES_MAX} bytes."


class RequestHeaderTooLarge(HeadersTooLarge):
    """Request line and headers together are over their limit."""

    detail = "The request's headers are too large."


class MediaTypeUnsupported(Unsupported):
    """The body's `Content-Type` is not one that this endpoint reads."""

    detail = "Send the body as {expected}."
    shown = ("expected",)


class ValidationFailed(Unprocessable):
    """The JSON can be read, but its content breaks a rule. `errors` points to the place."""

    detail = "The request does not follow the schema: {reason}."


class RangeUnsatisfiable(Unsatisfiable):
    """The range begins behind the last byte."""

    detail = "There are no bytes in this range."


class RateLimited(Throttled):
    """A limit on requests is reached. `Retry-After` says when to come back."""

    detail = "Too many requests: the limit of bucket {bucket} is reached."
    shown = ("bucket",)


class ReadModelBehind(Unavailable):
    """The read model has not reached `Daybook-Min-Position` in time."""

    detail = "The read model has not reached this position yet."


class ServiceUnavailable(Unavailable):
    """The service is overloaded, stopping, or a dependency is down."""

    detail = "The service cannot answer now."


class InternalError(Broken):
    """Something broke on our side. Give the `request_id` to the operator."""

    detail = "Something broke on our side."


JSON_TOO_DEEP = f"nested deeper than {JSON_DEPTH_MAX} levels"
