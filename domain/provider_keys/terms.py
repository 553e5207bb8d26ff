"""On whose key a generation runs, and what it costs then. Decided when it is asked for, and fixed with its quote."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from domain.generations.quote import Rate, rate_of
from domain.payments.price_book import PriceBook
from domain.provider_keys.refusals import ProviderKeyRequired
from domain.providers.catalogue import Model


class Terms(NamedTuple):
    """`own_key`: on the caller's own key, at the price book's rate for that."""

    rate: Rate
    own_key: bool


class KeyRules(NamedTuple):
    """`takes_keys`: providers that callers may bring keys for; `open_providers`: those that the installation can call by itself."""

    takes_keys: Collection[str]
    open_providers: Collection[str]
    book: PriceBook

    def terms(self, model: Model, params: Mapping[str, Any], own: Collection[str]) -> Terms:
        """*own*: the providers that the caller has keys for. They go before the installation's.

        Raises ProviderKeyRequired when there is neither.
        """
        if model.provider in self.takes_keys:
            if model.provider in own:
                return Terms(self.own_key_rate(model), True)
            if model.provider not in self.open_providers:
                refused = ("/model", "needs a key of your own at its provider")
                raise ProviderKeyRequired(model=model.id, provider=model.provider, errors=[refused])
        return Terms(rate_of(model, params), False)

    def own_key_rate(self, model: Model) -> Rate:
        return Rate(self.book.own_key_rate(model=model.id, kind=model.kind))
