"""Schedules: what is wanted, when, and what came of the last time."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.kit.shapes import Body, Count, Id, Moment, Shown, moment
from api.shapes.submissions import Asked, Tag, WebhookUrl
from domain.generations.wanted import Wanted
from domain.kernel.limits import CRON_CHARS_MAX, TAGS_MAX, TIME_ZONE_CHARS_MAX
from domain.ports import SubjectKey
from projections.schedules.schedules import ScheduleRow

Cron = Annotated[str, Meta(min_length=1, max_length=CRON_CHARS_MAX, examples=["30 6 * * mon-fri"])]
TimeZone = Annotated[str, Meta(min_length=1, max_length=TIME_ZONE_CHARS_MAX, examples=["Europe/Berlin"])]


class Recurring(Asked):
    """What is asked for each time: a submission without moments of its own."""

    priority: Literal["low", "normal", "high"] = "normal"
    tags: Annotated[list[Tag], Meta(max_length=TAGS_MAX)] = []
    webhook_url: WebhookUrl | None = None


class NewSchedule(Body):
    """`cron`: minute, hour, day of month, month, day of week, read in `time_zone`. `paused`: nothing is asked for until it is resumed."""

    generation: Recurring
    cron: Cron
    time_zone: TimeZone = "UTC"
    paused: bool = False


class SchedulePatch(Body):
    """What is left out stays."""

    generation: Recurring | UnsetType = UNSET
    cron: Cron | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    paused: bool | UnsetType = UNSET


class LastRun(Shown):
    """`code`: why no generation was asked for, such as insufficient_credits."""

    due_at: Moment
    generation_id: Id | None
    code: str | None


class Schedule(Shown):
    """`next_at` is null while it is paused. `runs`: generations that were asked for. Moments missed while nobody looked are passed over."""

    id: Id
    generation: dict[str, Any]
    cron: str
    time_zone: str
    paused: bool
    next_at: Moment | None
    runs: Count
    last_run: LastRun | None
    created_at: Moment
    updated_at: Moment
    position: Count


def shown_schedule(key: SubjectKey, row: ScheduleRow) -> Schedule:
    return Schedule(
        id=str(row.id),
        generation=_shown_wanted(wanted_in(key, row.sealed)),
        cron=row.cron,
        time_zone=row.time_zone,
        paused=row.paused,
        next_at=moment(row.next_at),
        runs=row.runs,
        last_run=None
        if row.last_at is None
        else LastRun(
            due_at=moment(row.last_at),
            generation_id=None if row.last_generation_id is None else str(row.last_generation_id),
            code=row.last_code,
        ),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        position=row.position,
    )


def wanted_in(key: SubjectKey, sealed: str) -> Wanted:
    return msgspec.json.decode(key.open(sealed), type=Wanted)


def _shown_wanted(wanted: Wanted) -> dict[str, Any]:
    """In the words of a submission, complete."""
    return {
        "kind": wanted.kind,
        "prompt": wanted.prompt,
        "model": wanted.model,
        "params": wanted.params,
        "inputs": msgspec.to_builtins(wanted.inputs),
        "priority": wanted.priority,
        "tags": wanted.tags,
        "webhook_url": wanted.webhook_url,
    }
