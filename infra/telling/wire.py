"""How hints stand in Redis: names of channels and keys, and the messages on them."""

from uuid import UUID

import msgspec

#: So long Redis may take. Only texts and tickets wait for it, neither the work nor the facts.
BUDGET_SECONDS = 1.0
#: After a failure Redis is left alone so long.
REST_SECONDS = 2.0
#: A text that is being written is kept so long after its last piece, …
KEPT_SECONDS = 600
#: … and so long after its end: the generation's own fact says it then.
KEPT_AFTER_END_SECONDS = 30


class Shared(msgspec.Struct, frozen=True, tag="share", tag_field="is"):
    """How far a generation is."""

    generation_id: UUID
    share: float


class Written(msgspec.Struct, frozen=True, tag="text", tag_field="is"):
    """Some of a text, sealed with its account's key."""

    generation_id: UUID
    attempt: int
    offset: int
    sealed: str


Message = Shared | Written
encoded = msgspec.json.Encoder().encode
decoded = msgspec.json.Decoder(Message).decode


def channel_of(account_id: UUID) -> str:
    """Where the hints of an account are told."""
    return f"telling:{account_id}"


def text_key(generation_id: UUID, attempt: int) -> str:
    """Where the pieces of an attempt's text are kept, in order."""
    return f"telling:text:{generation_id}:{attempt}"


def about(generation_id: UUID) -> str:
    """What a sealed piece is bound to beside its account."""
    return f"text of {generation_id}"
