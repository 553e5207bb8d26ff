"""Whose key a caller's generations run on."""

from collections.abc import Collection, Mapping
from typing import Any

from api.kit.call import Call
from domain.generations.quote import Rate
from domain.kernel.ids import provider_keys_stream
from domain.provider_keys.provider_keys import ProviderKeys
from domain.provider_keys.terms import KeyRules, Terms
from domain.providers.catalogue import Model


async def terms_of(call: Call, model: Model, params: Mapping[str, Any]) -> Terms:
    """A key of the caller's own goes before the installation's.   Raises ProviderKeyRequired when there is neither."""
    own = await own_keys(call) if model.provider in call.platform.own_key_providers else ()
    return _rules(call).terms(model, params, own)


def own_key_rate(call: Call, model: Model) -> Rate:
    return _rules(call).own_key_rate(model)


def _rules(call: Call) -> KeyRules:
    platform = call.platform
    return KeyRules(platform.own_key_providers, platform.catalogue.open_providers, platform.price_books.now)


async def own_keys(call: Call) -> Collection[str]:
    """The providers that the caller has keys for; none without a credential."""
    if call.principal is None:
        return ()
    keys = await call.platform.journal.load(ProviderKeys, provider_keys_stream(call.account_id))
    return keys.keys if keys else ()
