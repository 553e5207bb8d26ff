"""What a generation may cost at most, and what it did cost."""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.generations.kinds.table import KINDS
from domain.providers.catalogue import Model


class Rate(msgspec.Struct, frozen=True):
    """`amount` credits for each started `per` of `unit`, such as 1 for each started 1,000 tokens."""

    amount: int
    unit: str = "item"
    per: int = 1

    def price_of(self, usage: Mapping[str, int]) -> int:
        """The price of what was delivered, *usage* as the provider counted it. The ledger caps it at the hold."""
        return -(-usage.get(self.unit, 0) // self.per) * self.amount


def rate_of(model: Model, params: Mapping[str, Any]) -> Rate:
    """What the model costs with these params: a video's rate depends on its quality."""
    return Rate(model.rates.get(str(params.get("quality")), model.price), model.price_unit, model.price_per)


def quote(model: Model, params: dict[str, Any], prompt: str, rate: Rate | None = None) -> int:
    """The most that complete *params* can cost on *model* at *rate*, in whole credits: the amount of the hold."""
    most = KINDS[model.kind].most(params, len(prompt))
    rate = rate or rate_of(model, params)
    # Another unit than the model's own, as for the caller's own key, counts the generation's results.
    return rate.price_of({rate.unit: most if rate.unit == model.price_unit else int(params.get("count", 1))})
