"""What operators send and see."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from api.kit.shapes import Body, Count, Id, ListQuery, Moment, Shown, When, moment
from api.shapes.accounts import Role
from api.shapes.submissions import Status
from domain.accounts.profile import Profile
from domain.kernel.limits import CREDITS_MAX, REASON_CHARS_MAX
from domain.kernel.patterns import END
from domain.ports import QueueState, WorkerState
from projections.accounts.accounts import AccountRow
from projections.generations.rows import GenerationRow

#: Sealed with the key of the person it is about: erased with him.
Reason = Annotated[str, Meta(min_length=1, max_length=REASON_CHARS_MAX, pattern=r"\S")]
Bucket = Literal["anonymous", "api", "auth", "generations", "inbound", "purchases", "sensitive", "video"]
#: "count/seconds"
Rate = Annotated[str, Meta(pattern="^[1-9][0-9]{0,8}/[1-9][0-9]{0,6}" + END)]
Amount = Annotated[int, Meta(ge=1, le=CREDITS_MAX)]
AccountStatus = Literal["active", "erased", "erasing", "suspended"]


class AdminAccount(Shown):
    """`email` and names are null for a person who was erased. "erasing": that was asked for and is under way."""

    id: Id
    email: str | None
    name: str | None
    first_name: str | None
    last_name: str | None
    roles: list[Role]
    status: AccountStatus
    limits: dict[str, str]
    password_changed_at: Moment
    created_at: Moment
    updated_at: Moment
    position: Count


class AdminAccountQuery(ListQuery):
    """`email` is compared whole."""

    email: Annotated[str, Meta(max_length=254)] | None = None
    role: list[Role] = []
    status: list[AccountStatus] = []


class AdminAccountPatch(Body):
    """`limits` replaces the account's own rate limits; an empty object gives it the defaults again."""

    reason: Reason
    roles: Annotated[list[Role], Meta(min_length=1, max_length=3)] | UnsetType = UNSET
    limits: dict[Bucket, Rate] | UnsetType = UNSET


class Because(Body):
    reason: Reason


class NewGrant(Body):
    """Lower `priority` burns first. A goodwill grant is a gift of the house, an operator's is not explained further."""

    amount: Amount
    reason: Reason
    source: Literal["goodwill", "operator"] = "operator"
    priority: Annotated[int, Meta(ge=-100, le=100)] = 0
    expires_at: When | None = None
    #: When it counts from: lately, or now (None).
    effective_at: When | None = None


class Grant(Shown):
    id: Id
    account_id: Id
    amount: Count
    source: str
    priority: int
    expires_at: Moment | None
    reason: str
    effective_at: Moment
    created_at: Moment
    position: Count


class NewAdjustment(Body):
    """Above 0 credits are given. Below 0 free ones are taken in burn order, and what is missing is owed."""

    amount: Annotated[int, Meta(ge=-CREDITS_MAX, le=CREDITS_MAX)]
    reason: Reason


class Adjustment(Shown):
    """A correction of the book. `amount` = `given` - `taken` - `owed`."""

    id: Id
    account_id: Id
    amount: int
    given: Count
    taken: Count
    owed: Count
    reason: str
    created_at: Moment
    position: Count


class NewRevocation(Body):
    reason: Reason


class Revocation(Shown):
    """Of a grant `taken` was free; `deferred` is held, and is taken when its holds end, or owed if they spend it."""

    grant_id: Id
    account_id: Id
    taken: Count
    deferred: Count
    reason: str
    created_at: Moment
    position: Count


class NewRefund(Body):
    """Without `amount`: all that is left of the charge."""

    reason: Reason
    amount: Amount | None = None


class Refund(Shown):
    """A refund is a new grant that names the charge; the charge stays in the book."""

    id: Id
    account_id: Id
    charge_id: Id
    generation_id: Id
    grant_id: Id
    amount: Count
    expires_at: Moment | None
    reason: str
    created_at: Moment
    position: Count


class ResetToken(Shown):
    """`token` is shown once: in a replay it is null and `secret_shown` is true."""

    account_id: Id
    token: str | None
    secret_shown: bool
    expires_at: Moment


class AdminGeneration(Shown):
    """Without anything its owner wrote: running a fleet needs no prompts."""

    id: Id
    account_id: Id
    kind: str
    status: str
    model: str
    provider: str
    queue: str
    priority: str
    quoted: Count
    charged: Count
    refunded: Count
    attempts: int
    error_code: str | None
    assets: Count
    created_at: Moment
    updated_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    deadline: Moment
    position: Count


class AdminGenerationQuery(ListQuery):
    """`older_than` is the same as `created_to`; the earlier of the two counts."""

    status: list[Status] = []
    error: list[str] = []
    account: Id | None = None
    kind: list[str] = []
    model: list[str] = []
    older_than: When | None = None


class Queue(Shown):
    """`ready` can begin now, `waiting` is due later, `running` is being worked on."""

    name: str
    paused: bool
    ready: Count
    waiting: Count
    running: Count
    oldest_ready_seconds: float | None


class AllQueues(Shown):
    data: list[Queue]
    next_cursor: None


class Worker(Shown):
    id: Id
    host: str
    pid: int
    queues: list[str]
    slots: Count
    running: Count
    draining: bool
    started_at: Moment
    last_beat: Moment


class AllWorkers(Shown):
    """Those that reported within the last minute, oldest first."""

    data: list[Worker]
    next_cursor: None


def shown_admin_account(row: AccountRow, profile: Profile | None) -> AdminAccount:
    return AdminAccount(
        id=str(row.id),
        email=profile.email if profile else None,
        name=profile.name if profile else None,
        first_name=profile.first_name if profile else None,
        last_name=profile.last_name if profile else None,
        roles=row.roles,  # type: ignore[arg-type]
        status=row.status,  # type: ignore[arg-type]
        limits=dict(sorted(row.limits.items())),
        password_changed_at=moment(row.password_changed_at),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        position=row.position,
    )


def shown_admin_generation(row: GenerationRow) -> AdminGeneration:
    return AdminGeneration(
        id=str(row.id),
        account_id=str(row.account_id),
        kind=row.kind,
        status=row.status,
        model=row.model,
        provider=row.provider,
        queue=row.queue,
        priority=row.priority,
        quoted=row.quoted,
        charged=row.charged,
        refunded=row.refunded,
        attempts=row.attempts,
        error_code=None if row.error is None else row.error["code"],
        assets=len(row.asset_ids),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        started_at=moment(row.started_at),
        finished_at=moment(row.finished_at),
        deadline=moment(row.deadline),
        position=row.position,
    )


def shown_queue(state: QueueState) -> Queue:
    return Queue(
        name=state.queue,
        paused=state.paused,
        ready=state.ready,
        waiting=state.waiting,
        running=state.running,
        oldest_ready_seconds=state.oldest_ready_seconds,
    )


def shown_worker(state: WorkerState) -> Worker:
    return Worker(
        id=str(state.worker),
        host=state.host,
        pid=state.pid,
        queues=state.queues,
        slots=state.slots,
        running=state.running,
        draining=state.draining,
        started_at=moment(state.started_at),
        last_beat=moment(state.last_beat),
    )
