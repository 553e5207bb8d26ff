"""Commands and what is decided on them.

A handler is two plain functions: which streams the command needs, and one domain call on them. Loading, ordering,
appending and repeating belong to the journal's writer, so `decide` may run more than once and does no I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from domain.kernel.facts import Root

Aggregate = TypeVar("Aggregate", bound=Root)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is asked for, in the imperative. Subclasses live in `<feature>/commands.py`."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, when, and why. Becomes columns of every event the command makes.

    `command_id` is 16 bytes: derived from (account, Idempotency-Key) when the client sent a key, fixed by its cause for
    our own commands, a new UUIDv7 otherwise. `fingerprint` is the keyed hash of the request, None without a key.
    """

    actor: str
    now: datetime
    command_id: UUID
    fingerprint: bytes | None = None
    #: The HTTP status the first answer has; kept so that a replay gives the same.
    status: int | None = None
    correlation: str = ""
    causation: int | None = None
    #: A stream and the version it must still have, else the command is refused as Overtaken.
    bound_to: tuple[UUID, int] | None = None


class Need(msgspec.Struct, frozen=True):
    """One stream a command is decided on. `exists=None`: it may be absent."""

    kind: type[Root]
    id: UUID


class Streams(Protocol):
    """The loaded streams of one command."""

    def get(self, kind: type[Aggregate], stream: UUID) -> Aggregate | None: ...


class OpenWork(msgspec.Struct, frozen=True, kw_only=True):
    """Make a generation claimable, in the same commit as its request."""

    generation_id: UUID
    account_id: UUID
    queue: str
    model: str
    provider: str
    priority: int
    run_at: datetime | None
    start_deadline: datetime | None
    deadline: datetime


class RequeueWork(msgspec.Struct, frozen=True, kw_only=True):
    """Give a claimed generation back: it becomes claimable at `run_at` (None: now)."""

    generation_id: UUID
    run_at: datetime | None


class RerouteWork(msgspec.Struct, frozen=True, kw_only=True):
    """Another model makes the generation from now on: its limits count."""

    generation_id: UUID
    model: str
    provider: str


class ParkWork(msgspec.Struct, frozen=True, kw_only=True):
    """The provider has the generation's job: nobody holds it, and it is looked after from `poll_at` on."""

    generation_id: UUID
    poll_at: datetime


class CancelWork(msgspec.Struct, frozen=True, kw_only=True):
    """Tell the worker that holds the generation to stop."""

    generation_id: UUID


class CloseWork(msgspec.Struct, frozen=True, kw_only=True):
    """The generation is final: its work row goes."""

    generation_id: UUID


class PauseWork(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing of `queue` begins any more; or the end of that."""

    queue: str
    paused: bool


class DrainWork(msgspec.Struct, frozen=True, kw_only=True):
    """The worker process finishes what it has, and ends."""

    worker: UUID


class LimitWork(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many generations of the account run at once; None: as many as of any account."""

    account_id: UUID
    most: int | None


Work = OpenWork | RequeueWork | RerouteWork | CancelWork | CloseWork | ParkWork | LimitWork | PauseWork | DrainWork


class Decision(msgspec.Struct, kw_only=True):
    """What a command changes, all in one commit.

    `saved`: the aggregates with pending facts, in the order their facts enter the log. `account_id`: the subject, a
    column of each event. `result`: ids the answer needs; kept with the command id and given again to a repeat. `taken`
    and `freed`: unique claims (`email:<index>`, `api_token:<hash>`); a taken claim points to its stream.
    """

    account_id: UUID | None
    saved: Sequence[Root] = ()
    result: dict[str, Any] = msgspec.field(default_factory=dict)
    taken: Sequence[tuple[str, UUID]] = ()
    freed: Sequence[str] = ()
    work: Sequence[Work] = ()
    #: Number of a stream -> topics, with a space between: facts of these, appended to it by others meanwhile, do not change what was
    #: decided.
    beside: Mapping[int, str] = msgspec.field(default_factory=dict)
    #: The refusal raised when one of `taken` belongs to somebody already.
    when_taken: Callable[[], Exception] | None = None


class Handler(NamedTuple):
    """A command's streams and its one domain call."""

    needs: Callable[[Any], Sequence[Need]]
    decide: Callable[[Any, Streams, datetime], Decision]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command. `position` is the log position of its last fact (0: nothing happened).

    `repeated`: the command id had been used before with the same fingerprint; `status` and `result` are the first answer's.
    `fingerprint` is the one stored with the command id; `Journal.receipt` gives it, so that an edge can tell a replay.
    """

    position: int
    result: dict[str, Any]
    status: int | None = None
    repeated: bool = False
    fingerprint: bytes | None = None
