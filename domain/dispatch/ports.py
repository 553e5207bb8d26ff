"""Work rows, leases, queues and workers, as workers, dispatcher, scheduler and operators see them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import Enum
from typing import Protocol
from uuid import UUID

import msgspec

from domain.dispatch.limits import Limit


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A generation that this worker may begin. `isolate`: a worker died on it, so it runs in a child process of its own."""

    generation_id: UUID
    account_id: UUID
    claims: int
    deaths: int
    isolate: bool


class Claims(Protocol):
    """Work rows, as the worker `owner` holds them."""

    async def claim(self, owner: UUID, queues: Sequence[str], limit: int) -> list[Claimed]:
        """At most *limit* of the best claimable rows, leased to *owner*: of the first of *queues*, then of the next."""

    async def release(self, owner: UUID, generation_ids: Collection[UUID]) -> None:
        """Give back what was claimed and not begun."""

    async def isolate(self, owner: UUID, generation_id: UUID) -> None:
        """From now on the generation runs in a child process of its own."""

    async def count_death(self, owner: UUID, generation_id: UUID) -> int:
        """A child process of its own died on the generation. Returns how often that has happened."""

    async def drop(self, owner: UUID, generation_id: UUID) -> None:
        """The generation is final or gone, so its row is left over."""


class DueJob(msgspec.Struct, frozen=True, kw_only=True):
    """A parked generation that is to be looked at. Nobody else is given it before `until`."""

    generation_id: UUID
    account_id: UUID
    #: How often it was looked at, this time included.
    polls: int
    cancel_requested: bool
    until: datetime


class ParkedJobs(Protocol):
    """Generations whose job a provider has: nobody holds them, and whoever serves their queue looks after them when they are due."""

    async def claim(self, queues: Sequence[str], limit: int, seconds: float) -> list[DueJob]:
        """At most *limit* that are due, for so many seconds."""

    async def keep(self, jobs: Sequence[DueJob], seconds: float) -> list[DueJob]:
        """These take longer. Those that somebody woke meanwhile are left out."""

    async def look_again(self, jobs: Sequence[tuple[DueJob, float]]) -> None:
        """All of these at once, each in its number of seconds; what somebody woke meanwhile stays due."""

    async def wake(self, generation_id: UUID) -> bool:
        """It is due now. False: it is not parked."""

    async def drop(self, generation_id: UUID) -> None:
        """The generation is final or gone, so its row is left over."""


class Limits(Protocol):
    """What may run now. What may not is held: it is not ready, so it stands in nobody's way."""

    async def replace(self, limits: Sequence[Limit]) -> None:
        """From now on these hold, beside the accounts' own."""

    async def admit(self, limit: int) -> int:
        """What is held becomes ready as far as there is room, best first. How many did; again until none did."""

    async def reserve(self, generation_id: UUID, model: str) -> float:
        """In so many seconds the generation may be given to its provider: that place in the window is taken."""


class ProviderState(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that failed at least once. `circuit`: closed; open, nothing of it begins; half_open, one generation tries."""

    provider: str
    circuit: str
    #: In a row, up to now.
    failures: int
    code: str | None
    failed_at: datetime | None
    succeeded_at: datetime | None
    open_until: datetime | None


class ProviderHealth(Protocol):
    """How providers do, in all processes together."""

    async def failed(self, provider: str, code: str) -> bool:
        """One more failure. True: it opened the circuit."""

    async def succeeded(self, provider: str) -> None:
        """Its circuit is closed."""

    async def failing(self) -> set[str]:
        """Those whose last answer was a failure."""

    async def states(self) -> list[ProviderState]:
        """All that ever failed, by name."""


class Hearing(Protocol):
    """What providers say of themselves."""

    async def believed(self, provider: str, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Whether a callback is from *provider*, as far as it can be told. Header names are in lower case."""


class News(Enum):
    """What a worker must know about a generation it runs."""

    CANCELED = "its owner asked to stop it"
    HANDED_BACK = "this worker is being drained"
    LOST = "another worker has it, or it ended"
    EXPIRED = "its deadline has passed"


class WorkerCard(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process as others see it. `worker` owns leases and is new at each start."""

    worker: UUID
    host: str
    pid: int
    queues: Sequence[str]
    slots: int


class Leases(Protocol):
    """Keeps this worker's leases and its card, from a thread of its own, however busy the process is."""

    def hold(self, generation_ids: Collection[UUID]) -> None: ...

    def let_go(self, generation_id: UUID) -> None: ...


class Listener(Protocol):
    """Called from the leases' thread."""

    def news(self, generation_id: UUID, news: News) -> None: ...

    def drain(self) -> None:
        """An operator wants this worker to end."""


KeepLeases = Callable[[WorkerCard, Listener], AbstractContextManager[Leases]]


class Group(msgspec.Struct, frozen=True):
    """Worker processes that serve the same queues; they share one wake queue."""

    queues: tuple[str, ...]
    workers: int


class Board(Protocol):
    """Work and workers, as the dispatcher sees them."""

    async def now(self) -> datetime:
        """The database's clock."""

    async def groups(self) -> list[Group]:
        """Of the workers that reported lately and are not being drained."""

    async def ready(self, queues: Sequence[str], limit: int) -> int:
        """How many rows could be claimed, counted up to *limit*."""

    async def promote(self, limit: int) -> int:
        """Retries whose time has come become claimable."""

    async def reap(self, limit: int, *, since: datetime | None = None) -> list[UUID]:
        """Rows whose lease has lapsed (after *since*) become claimable again, to be run in isolation."""

    async def lift(self, queues: Sequence[str], limit: int) -> int:
        """Claimable rows of *queues* that stand where no claim looks come to the front of the line."""

    async def forget_workers(self) -> None:
        """Cards of processes that have not reported for a long time."""


class Expired(msgspec.Struct, frozen=True, kw_only=True):
    """A generation that ran out of time. `which`: "start_deadline" or "deadline"."""

    generation_id: UUID
    account_id: UUID
    which: str


class Due(Protocol):
    """What the scheduler has to do now, by the database's clock."""

    async def scheduled(self, limit: int) -> list[UUID]:
        """Scheduled generations whose `run_at` has come."""

    async def expired(self, limit: int) -> list[Expired]: ...

    async def grants(self, after: str, limit: int) -> tuple[list[UUID], str]:
        """Accounts with grants that expired after the mark *after* (first ""), and the next mark."""

    async def deleted_objects(self, after: int, limit: int) -> tuple[list[str], list[UUID], int]:
        """Object keys and ids of assets deleted after log position *after*, and the position seen."""

    async def head(self) -> int:
        """The position of the last event."""

    async def living(self, asset_ids: Sequence[UUID]) -> set[UUID]:
        """Those that were stored and not deleted."""


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in one queue. `ready` is claimable now, `running` is being worked on; `waiting` is due later or held by a limit.

    `held` are those of `waiting` whom a limit keeps, `parked` those of `running` whose job a provider has.
    """

    queue: str
    paused: bool
    ready: int
    waiting: int
    running: int
    held: int = 0
    parked: int = 0
    #: For so many seconds the oldest claimable generation has been claimable; None when none is.
    oldest_ready_seconds: float | None


class WorkerState(msgspec.Struct, frozen=True, kw_only=True):
    """A worker process as it last reported itself. `worker` is new at each process start. `alive`: it reported just now."""

    worker: UUID
    host: str
    pid: int
    queues: list[str]
    slots: int
    running: int
    started_at: datetime
    last_beat: datetime
    draining: bool
    alive: bool
    #: What it holds.
    generation_ids: list[UUID]


class Queues(Protocol):
    """Queues and workers, as an operator sees them. What he does with them are commands of `domain.operators`."""

    async def states(self, queues: Sequence[str]) -> list[QueueState]:
        """One row for each of *queues* and for every other queue that holds work or was paused, by name."""

    async def workers(self) -> list[WorkerState]:
        """Those that reported within the last minute, oldest first."""

    async def position(self, generation_id: UUID) -> int | None:
        """Its place in its queue, 1 is the next; counted up to 10,000. None: it does not wait for a worker now."""
