"""What a generation may cost at most, and what it did cost."""

from typing import Any

from domain.providers.catalogue import Model


def quote(model: Model, params: dict[str, Any]) -> int:
    """The most that *params* can cost on *model*, in whole credits: the amount of the hold."""
    return model.price * int(params.get("count", 1))


def price_of(model_price: int, usage: dict[str, int]) -> int:
    """The actual price of what was delivered, `usage` as the provider counted it. The ledger caps it at the hold."""
    return model_price * usage.get("item", 0)
