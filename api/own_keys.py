"""On whose key a generation runs, and what it costs then. Decided when it is asked for, and fixed with its quote."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from api.kit.call import Call
from domain.generations.quote import Rate, rate_of
from domain.kernel.ids import provider_keys_stream
from domain.provider_keys.provider_keys import ProviderKeys
from domain.provider_keys.refusals import ProviderKeyRequired
from domain.providers.catalogue import Model


class Terms(NamedTuple):
    """`own_key`: on the caller's own key, at the price book's rate for that."""

    rate: Rate
    own_key: bool


async def terms_of(call: Call, model: Model, params: Mapping[str, Any]) -> Terms:
    """A key of the caller's own goes before the installation's.   Raises ProviderKeyRequired when there is neither."""
    if model.provider in call.platform.own_key_providers:
        if model.provider in await own_keys(call):
            return Terms(own_key_rate(call, model), True)
        if model.provider not in call.platform.catalogue.open_providers:
            refused = ("/model", "needs a key of your own at its provider")
            raise ProviderKeyRequired(model=model.id, provider=model.provider, errors=[refused])
    return Terms(rate_of(model, params), False)


def own_key_rate(call: Call, model: Model) -> Rate:
    return Rate(call.platform.price_books.now.own_key_rate(model=model.id, kind=model.kind))


async def own_keys(call: Call) -> Collection[str]:
    """The providers that the caller has keys for; none without a credential."""
    if call.principal is None:
        return ()
    keys = await call.platform.journal.load(ProviderKeys, provider_keys_stream(call.account_id))
    return keys.keys if keys else ()
