"""The table of generations, from each stream's facts."""

from collections.abc import Sequence
from typing import Any

from projections.audit.entries import Entry
from projections.audit.recomputed.rows import Row, time_of

TABLE = "read.generations_v1"
KEY = ("id",)
ROWS = "SELECT * FROM read.generations_v1 WHERE id BETWEEN %(low)s AND %(high)s"

_TAKEN = (
    "fallback_models",
    "inputs",
    "kind",
    "model",
    "on_cancel",
    "params",
    "price_version",
    "priority",
    "provider",
    "queue",
    "quoted",
    "sealed",
    "tag_index",
)
_TIMES = ("deadline", "run_at", "start_deadline")
_IDS = ("batch_id", "retry_of", "schedule_id")
_ENDS = {"generations.canceled": "canceled", "generations.failed": "failed", "generations.succeeded": "succeeded"}


def expected(entries: Sequence[Entry]) -> list[Row]:
    """The row of one stream; none when nothing was requested yet."""
    row: Row = {}
    for entry in entries:
        fact = entry.fact()
        at = time_of(fact["timestamp"])
        if entry.topic == "generations.requested":
            row = _first(entry, fact, at)
        elif entry.topic in _ENDS:
            _end(row, entry, fact, at)
        else:
            _move(row, entry, fact, at)
        row |= {"updated_at": at, "position": entry.position}
    return [row] if row else []


def _first(entry: Entry, fact: dict[str, Any], at: Any) -> Row:
    scheduled = fact["run_at"] is not None
    return {
        **{name: fact[name] for name in _TAKEN},
        **{name: time_of(fact[name]) for name in _TIMES},
        **{name: fact[name] for name in _IDS},
        **dict.fromkeys(("charged", "released", "refunded", "attempt", "attempts"), 0),
        **dict.fromkeys(("sealed_output", "cancel_requested_at", "error", "started_at", "finished_at")),
        "id": entry.stream,
        "account_id": entry.account_id,
        "status": "scheduled" if scheduled else "queued",
        "held": fact["quoted"],
        "asset_ids": [],
        "usage": {},
        "queued_at": None if scheduled else at,
        "created_at": at,
        "created_position": entry.position,
        "deleted": False,
    }


def _move(row: Row, entry: Entry, fact: dict[str, Any], at: Any) -> None:
    match entry.topic:
        case "generations.queued":
            row |= {"status": "queued", "queued_at": at}
        case "generations.started":
            burned = row["attempts"] + (0 if row["status"] == "running" else 1)
            row |= {"status": "running", "attempt": fact["attempt"], "attempts": max(burned, 1)}
            row["started_at"] = at if row["started_at"] is None else row["started_at"]
        case "generations.retrying":
            row["status"] = "queued"
            row["attempts"] -= 1 if fact["code"] in ("handed_back", "worker_lost") else 0
            if fact.get("model") is not None:
                row |= {"model": fact["model"], "provider": fact["provider"], "attempts": 0}
                row["fallback_models"] = _after(fact["model"], row["fallback_models"])
        case "generations.cancel_requested":
            row["cancel_requested_at"] = at
        case "generations.charge_refunded":
            row["refunded"] += fact["amount"]
        case "generations.deleted":
            row["deleted"] = True


def _after(model: str, order: list[str]) -> list[str]:
    """Those behind *model*."""
    return order[order.index(model) + 1 :] if model in order else []


def _end(row: Row, entry: Entry, fact: dict[str, Any], at: Any) -> None:
    row |= {"status": _ENDS[entry.topic], "held": 0, "charged": fact["charged"], "released": fact["released"], "finished_at": at}
    # What ended early may have delivered something; facts of earlier releases never did.
    row |= {"usage": fact.get("usage") or {}, "sealed_output": fact.get("sealed_output")}
    if entry.topic == "generations.succeeded":
        row["asset_ids"] = list(fact["asset_ids"])
    if entry.topic == "generations.failed":
        row["error"] = {name: fact[name] for name in ("code", "message", "retryable")}
