"""Keys of one's own at providers. No shape of an answer has room for a key or any part of it."""

from typing import Annotated, Any

from msgspec import Meta

from api.kit.shapes import Body, Id, Moment, Shown, moment
from domain.kernel.limits import PROVIDER_KEY_CHARS_MAX
from domain.kernel.patterns import END

#: What can stand in a header: visible ASCII.
Key = Annotated[str, Meta(min_length=8, max_length=PROVIDER_KEY_CHARS_MAX, pattern="^[!-~]+" + END, extra_json_schema={"writeOnly": True})]


class NewProviderKey(Body):
    """`key` as the provider issued it (`twilio`: `AccountSid:AuthToken`). It is never shown again, not even in part."""

    key: Key


class ProviderKey(Shown):
    """`id` is new with each key that is set: two answers with the same `id` speak of the same key."""

    provider: str
    id: Id
    created_at: Moment
    updated_at: Moment


class ProviderKeys(Shown):
    """All of them are one page."""

    data: list[ProviderKey]
    next_cursor: None


def shown_key(provider: str, kept: dict[str, Any]) -> ProviderKey:
    return ProviderKey(
        provider=provider,
        id=str(kept["key_id"]),
        created_at=moment(kept["created_at"]),
        updated_at=moment(kept["updated_at"]),
    )
