"""What operators see of queues, workers, providers and deliveries."""

from typing import Annotated, Literal

from msgspec import Meta

from api.kit.shapes import Body, Count, Id, ListQuery, Moment, Query, Shown, moment
from api.shapes.admin import Reason
from api.shapes.webhooks import State, WebhookDelivery, shown_delivery
from domain.dispatch.ports import QueueState, WorkerState
from domain.kernel.limits import HEALTH_SECONDS_MAX, WORKER_SLOTS_MAX
from domain.webhooks.ports import Delivery

#: What stands in the fact when an operator does not say why.
UNSTATED = "no reason given"


class FleetOrder(Body):
    """Why, for whoever looks at it later."""

    reason: Reason = UNSTATED


class Queue(Shown):
    """`ready` can begin now; `waiting` is due later, or kept by a limit (`held`); `running` is being worked on, also by a provider that
    nobody waits for (`parked`). `ended_per_minute`: generations that ended, as in the last minute.
    """

    name: str
    paused: bool
    ready: Count
    waiting: Count
    held: Count
    running: Count
    parked: Count
    oldest_ready_seconds: float | None
    ended_per_minute: float


class AllQueues(Shown):
    data: list[Queue]
    next_cursor: None


class QueueScale(Shown):
    """Plain numbers, for whatever starts and stops workers. `wanted_workers`: as many as have slots for all that is ready or held by a
    worker; a paused queue needs only those that are at work. `workers` serve it now.
    """

    ready: Count
    running: Count
    parked: Count
    oldest_ready_seconds: float
    workers: Count
    wanted_workers: Count


class ScaleQuery(Query):
    """`slots`: how many generations one worker runs at once."""

    slots: Annotated[int, Meta(ge=1, le=WORKER_SLOTS_MAX)] = 16


class Worker(Shown):
    """`alive`: it reported within the last seconds. `generation_ids`: what it holds."""

    id: Id
    host: str
    pid: int
    queues: list[str]
    slots: Count
    running: Count
    generation_ids: list[Id]
    alive: bool
    draining: bool
    started_at: Moment
    last_beat: Moment


class AllWorkers(Shown):
    """Those that reported within the last minute, oldest first."""

    data: list[Worker]
    next_cursor: None


class ProviderErrors(Shown):
    """Attempts that ended so; those that are tried again are counted, too."""

    code: str
    count: Count


class Provider(Shown):
    """How a provider did in the last `window_seconds`, by attempts. `circuit` "open": nothing of it begins until `open_until`; "half_open":
    one generation tries. Times are those of generations that succeeded, from their first start to their end.
    """

    name: str
    models: Count
    circuit: Literal["closed", "half_open", "open"]
    failures_in_a_row: Count
    last_error: str | None
    last_failed_at: Moment | None
    last_succeeded_at: Moment | None
    open_until: Moment | None
    window_seconds: float
    succeeded: Count
    failed: Count
    errors: list[ProviderErrors]
    ms_p50: Count | None
    ms_p95: Count | None


class AllProviders(Shown):
    """Those of the catalogue, and others that failed before, by name."""

    data: list[Provider]
    next_cursor: None


class ProviderQuery(Query):
    seconds: Annotated[int, Meta(ge=60, le=HEALTH_SECONDS_MAX)] = 900


class AdminDeliveryQuery(ListQuery):
    state: list[State] = []
    account: Id | None = None


class AdminDelivery(WebhookDelivery):
    """`endpoint_id` is null for the `webhook_url` of a generation. Where it goes, only its owner sees."""

    account_id: Id
    endpoint_id: Id | None  # type: ignore[assignment]


def shown_queue(state: QueueState, ended_per_minute: float) -> Queue:
    return Queue(
        name=state.queue,
        paused=state.paused,
        ready=state.ready,
        waiting=state.waiting,
        held=state.held,
        running=state.running,
        parked=state.parked,
        oldest_ready_seconds=state.oldest_ready_seconds,
        ended_per_minute=ended_per_minute,
    )


def shown_worker(state: WorkerState) -> Worker:
    return Worker(
        id=str(state.worker),
        host=state.host,
        pid=state.pid,
        queues=state.queues,
        slots=state.slots,
        running=state.running,
        generation_ids=[str(each) for each in state.generation_ids],
        alive=state.alive,
        draining=state.draining,
        started_at=moment(state.started_at),
        last_beat=moment(state.last_beat),
    )


def shown_admin_delivery(row: Delivery) -> AdminDelivery:
    shown = shown_delivery(row)
    values = {name: getattr(shown, name) for name in WebhookDelivery.__struct_fields__}
    values |= {"account_id": str(row.account_id), "endpoint_id": None if row.endpoint_id is None else str(row.endpoint_id)}
    return AdminDelivery(**values)
