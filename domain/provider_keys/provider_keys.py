"""An account's own keys at providers: which provider has one, and since when."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.kernel.commands import Streams
from domain.kernel.facts import Root, when
from domain.kernel.ids import provider_keys_stream
from domain.provider_keys import events, refusals
from domain.providers.catalogue import KEYLESS
from domain.providers.vendors import VENDORS

#: Everybody that an adapter or a message goes to.
PROVIDERS = frozenset({"twilio", *(provider for vendor in VENDORS for provider in vendor.providers)})


def check_provider(provider: str, catalogue: frozenset[str]) -> None:
    """Whether keys can be kept for *provider*; *catalogue*: providers of the installation's models.

    Raises ProviderNotFound, ProviderTakesNoKey.
    """
    if provider in KEYLESS:
        raise refusals.ProviderTakesNoKey(provider=provider)
    if provider not in PROVIDERS | catalogue:
        raise refusals.ProviderNotFound(provider=provider)


class ProviderKeys(Root):
    """Stream id: `provider_keys_stream(account_id)`. `keys`: provider -> {"key_id", "created_at", "updated_at"}."""

    TOPIC = "provider_keys.account"

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Any]] = {}

    @classmethod
    def among(cls, streams: Streams, account_id: UUID, *, now: datetime) -> "ProviderKeys":
        """The account's keys out of *streams*, begun when it never had any."""
        found = streams.get(cls, provider_keys_stream(account_id))
        if found is None:
            found = cls._create(events.ProviderKeysOpened, id=provider_keys_stream(account_id), timestamp=now, account_id=account_id)
        return found

    def key_id(self, provider: str) -> UUID | None:
        kept = self.keys.get(provider)
        return kept["key_id"] if kept else None

    def set(self, provider: str, key_id: UUID, *, now: datetime) -> None:
        if self.key_id(provider) != key_id:
            self.record(events.ProviderKeySet, now=now, provider=provider, key_id=key_id)

    def remove(self, provider: str, *, now: datetime) -> None:
        """Raises ProviderKeyNotFound."""
        key_id = self.key_id(provider)
        if key_id is None:
            raise refusals.ProviderKeyNotFound(provider=provider)
        self.record(events.ProviderKeyRemoved, now=now, provider=provider, key_id=key_id)

    @when(events.ProviderKeysOpened)
    def _opened(self, fact: events.ProviderKeysOpened) -> None:
        self.account_id = fact.account_id

    @when(events.ProviderKeySet)
    def _set(self, fact: events.ProviderKeySet) -> None:
        since = self.keys[fact.provider]["created_at"] if fact.provider in self.keys else fact.timestamp
        self.keys[fact.provider] = {"key_id": fact.key_id, "created_at": since, "updated_at": fact.timestamp}

    @when(events.ProviderKeyRemoved)
    def _removed(self, fact: events.ProviderKeyRemoved) -> None:
        del self.keys[fact.provider]

    # Set from ProviderKeysOpened.
    account_id: UUID
