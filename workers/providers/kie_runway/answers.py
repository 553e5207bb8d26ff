"""What Runway's `record-detail` says of a job."""

from typing import Any

from domain.providers.jobs import ProviderFailure
from workers.providers.kie.envelope import failure_of_job

WAITING = frozenset({"wait", "waiting", "queueing", "queuing", "generating"})


def links_of(data: dict[str, Any]) -> list[str] | None:
    """None while it runs, which it also does in a state that nobody has heard of yet.   Raises ProviderFailure."""
    state = data.get("state")
    if state == "fail":
        raise failure_of_job(data.get("failMsg"))
    if state != "success":
        return None
    if data.get("expireFlag") == 1:
        raise ProviderFailure("provider_error", "The provider has deleted the result.", outcome_unknown=True)
    video = data.get("videoInfo")
    url = video.get("videoUrl") if isinstance(video, dict) else None
    return [url] if isinstance(url, str) and url else []
