"""What tells account owners of the log, as the edges see it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from domain.access.ports import Principal
from domain.ports import Recorded, SubjectKey


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """One event as its account is told: `body` is JSON {type, timestamp, position, data}, the same bytes whoever makes it.

    `data` in it is the object as GET gave it at that position.
    """

    type: str
    position: int
    account_id: UUID
    #: Set for `generation.*`.
    generation_id: UUID | None
    body: bytes


class Rendering(Protocol):
    """From the facts of the log to what is told of them. Every process that tells says the same of the same position."""

    async def payloads(self, event: Recorded, *, output_bytes_max: int | None = None) -> Sequence[Payload]:
        """What *event* is told as: nothing, one payload, or several of one position (`credits.low` before `credits.changed`).

        Which names are possible is in `names.STREAMED`, so that who is told nothing costs nothing. A generation's `output` that is
        longer than *output_bytes_max* as JSON is null in `data`.   Raises Erased.
        """


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a text that is being written: `offset` characters stand before it. `attempt`: whose text it is."""

    generation_id: UUID
    attempt: int
    offset: int
    text: str


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How far a running generation is, from 0 to 1."""

    generation_id: UUID
    share: float


class Voice(Protocol):
    """One attempt that writes a text, and whoever listens."""

    def say(self, text: str) -> None:
        """The next of it. Returns at once and never fails."""

    async def end(self) -> None:
        """All was said. What was kept of it goes soon."""


class Saying(Protocol):
    """The worker's side of texts as they are written. Only hints: they may be late or lost, and nobody waits for them."""

    def voice(self, generation_id: UUID, *, account_id: UUID, attempt: int, key: SubjectKey) -> Voice:
        """*key* seals what lies in between."""


class Hints(Protocol):
    """What passes while generations run, as told to whoever follows their account."""

    def follow(self, account_id: UUID) -> AbstractAsyncContextManager[AsyncIterator[Piece | Share | None]]:
        """From now on. None: something may have been missed, so look at what is kept."""

    async def written(self, account_id: UUID, generation_id: UUID, attempt: int) -> str:
        """The text as far as it was written, while it is kept; empty when nothing is known of it."""


class Place(Protocol):
    """One of an account's open streams."""

    def leave(self) -> None:
        """The stream has ended. Leaving twice is fine."""


class Places(Protocol):
    """How many streams an account has open, in all processes. Those of a process that was killed are gone with it."""

    @property
    def open(self) -> int:
        """In this process, of all accounts."""

    async def take(self, account_id: UUID) -> Place:
        """Raises TooManyStreams."""


class Tickets(Protocol):
    """For browsers, whose streams cannot carry a credential: each opens one stream of the account that asked for it."""

    async def issue(self, principal: Principal, *, now: datetime) -> tuple[str, datetime]:
        """The ticket, and until when it is good.   Raises TicketsUnavailable."""

    async def redeem(self, ticket: str) -> Principal:
        """Who asked for it; once.   Raises TicketInvalid, TicketsUnavailable."""
