"""What is refused of an operator's orders."""

from domain.kernel.refusals import Unprocessable


class OrderRefused(Unprocessable):
    """Which generations are meant is not said, or said twice."""

    detail = "Name the generations either by ids or by a filter."
