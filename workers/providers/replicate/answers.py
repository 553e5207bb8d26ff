"""A prediction: where it stands, and what came of it."""

import re
from typing import Any

from domain.providers.jobs import Parked, ProviderFailure, Running
from workers.providers.replicate.failures import failure_of_job
from workers.providers.wire.failures import unreadable
from workers.providers.wire.results import links_in

ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
#: `45%|` as progress bars write it into the logs.
SHARE = re.compile(r"(\d{1,3})%\|")
#: What the end of a log is looked at for it.
LOG_CHARS = 4_000
LOOK_SECONDS = 5.0


def parked_of(prediction: dict[str, Any]) -> Parked:
    """Raises ProviderFailure: it may run, and nobody can look after it."""
    name = prediction.get("id")
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise unreadable()
    return Parked(upstream_id=name, poll_seconds=LOOK_SECONDS)


def links_of(prediction: dict[str, Any]) -> list[str] | Running:
    """Raises ProviderFailure when it failed or was stopped, or when its result was deleted, which happens after an hour."""
    status = prediction.get("status")
    if status == "failed":
        raise failure_of_job(prediction.get("error"))
    if status in ("canceled", "cancelled", "aborted"):
        raise ProviderFailure("provider_error", "The job was stopped at the provider.", outcome_unknown=True)
    if status != "succeeded":
        return Running(progress=_share(prediction.get("logs")))
    if prediction.get("data_removed"):
        raise ProviderFailure("provider_error", "The provider has deleted the result.", outcome_unknown=True)
    return list(links_in(prediction.get("output")))


def _share(logs: Any) -> float | None:
    found = SHARE.findall(logs[-LOG_CHARS:]) if isinstance(logs, str) else []
    return min(int(found[-1]), 100) / 100 if found else None
