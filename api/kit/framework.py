"""What Sanic itself refuses, as the same problem documents."""

from contextlib import suppress
from typing import Any

from sanic import exceptions
from sanic.handlers import ErrorHandler
from sanic.response import HTTPResponse

from api.kit import refusals
from api.kit.kit import Kit
from api.kit.prefer import given_request_id
from domain.kernel.refusals import Refusal

HTTP_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
#: Said by the framework when the head, not the body, is over its limit.
_HEADER_LIMIT = "Request header exceeds"


class FrameworkErrors(ErrorHandler):
    """Unknown paths and methods, unreadable, slow or too large requests, and whatever escapes."""

    def __init__(self, kit: Kit) -> None:
        super().__init__()
        self._kit = kit

    def response(self, request: Any, exception: BaseException) -> HTTPResponse:
        refusal = self._refusal(request, exception)
        request_id = given_request_id(request.headers) or self._kit.platform.ids.new().hex
        response = self._kit.responder.refusal(request, request_id, refusal, {})
        self._kit.platform.metrics.request("unmatched", request.method, response.status, 0.0)
        fields = {"method": request.method, "route": "unmatched", "status": response.status, "request_id": request_id, "code": refusal.code}
        self._kit.log.info("request", log="access", **fields)
        return response

    @staticmethod
    def _allowed(request: Any, exception: exceptions.MethodNotAllowed) -> list[str]:
        """Sanic names no methods when the asked one is none it knows; then the router is asked with each that it knows."""
        allowed = set(exception.allowed_methods or ())
        for method in () if allowed else HTTP_METHODS:
            with suppress(exceptions.NotFound, exceptions.MethodNotAllowed):
                request.app.router.get(request.path, method, None)
                allowed.add(method)
        return sorted(allowed)

    def _refusal(self, request: Any, exception: BaseException) -> Refusal:
        match exception:
            case Refusal():
                return exception
            case exceptions.MethodNotAllowed():
                return refusals.MethodNotAllowed(method=request.method, allow=", ".join(self._allowed(request, exception)))
            case exceptions.NotFound():
                return refusals.NotFound()
            case exceptions.RequestTimeout():
                return refusals.RequestTimeout()
            case exceptions.PayloadTooLarge():
                return refusals.RequestHeaderTooLarge() if _HEADER_LIMIT in str(exception) else refusals.BodyTooLarge()
            case exceptions.ServiceUnavailable() | exceptions.RequestCancelled():
                return refusals.ServiceUnavailable(retry_after=1)
            case exceptions.SanicException() if 400 <= exception.status_code < 500:
                return refusals.MalformedRequest(reason="not a valid HTTP request")
        self._kit.log.error("framework error", log="error", exc_info=exception)
        return refusals.InternalError()
