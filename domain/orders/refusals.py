"""What an order refuses."""

from domain.kernel.refusals import Conflicting, Missing, Unprocessable


class OrderClosed(Conflicting):
    detail = "The purchase is {status}. Begin a new one."
    shown = ("status",)

    @property
    def code(self) -> str:
        return "purchase_closed"


class OrderNotFound(Missing):
    detail = "There is no such purchase."

    @property
    def code(self) -> str:
        return "purchase_not_found"


class OrderPaidAlready(Conflicting):
    """Another payment has paid it; this one must go back to the buyer."""

    detail = "The purchase was paid by another payment already."

    @property
    def code(self) -> str:
        return "purchase_paid_already"


class PackageNotFound(Unprocessable):
    detail = "There is no package {package!r}. GET /v1/credits/packages lists them."


class MethodNotOffered(Unprocessable):
    detail = "This installation takes money by {offered!r} only."


class UrlRefused(Unprocessable):
    """Where a buyer is sent after paying must be a place in the web, or on the buyer's own machine."""

    detail = "The field {field} {reason}."
