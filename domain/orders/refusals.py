"""What an order refuses."""

from domain.kernel.refusals import Conflicting, Missing, Unprocessable


class OrderCanceled(Conflicting):
    detail = "The order is canceled. Place a new one."


class OrderNotFound(Missing):
    detail = "There is no such purchase."

    @property
    def code(self) -> str:
        return "purchase_not_found"


class OrderPaidAlready(Conflicting):
    """Another payment has paid it; this one must go back to the buyer."""

    detail = "The order was paid by another payment already."


class PackageNotFound(Unprocessable):
    detail = "There is no package {package!r}. GET /v1/credits/packages lists them."


class MethodNotOffered(Unprocessable):
    detail = "This installation takes money by {offered!r} only."


class ReturnUrlRefused(Unprocessable):
    """Where a buyer is sent after paying must be a place in the web."""

    detail = "The field {field} {reason}."
