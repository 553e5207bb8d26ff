"""Facts of the stream of an account's own provider keys. The key itself lies in the vault and goes with its removal."""

from uuid import UUID

from domain.kernel.facts import Fact, FirstFact


class ProviderKeysOpened(FirstFact):
    TOPIC = "provider_keys.opened"
    account_id: UUID


class ProviderKeySet(Fact):
    """From now on `key_id` names the key that the account uses at the provider; an earlier one is no longer used."""

    TOPIC = "provider_keys.set"
    provider: str
    key_id: UUID


class ProviderKeyRemoved(Fact):
    TOPIC = "provider_keys.removed"
    provider: str
    key_id: UUID
