"""Where a request stands, and what came of it. COMPLETED only says that it is over."""

import re
from collections.abc import Callable
from typing import Any

from domain.providers.jobs import Parked, ProviderFailure
from workers.providers.wire.failures import failed, unreadable
from workers.providers.wire.results import links_in

ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
URLS = ("status_url", "response_url", "cancel_url")
LOOK_SECONDS = 5.0


def parked_of(answer: dict[str, Any], is_own: Callable[[str], bool]) -> Parked:
    """The URLs it names are followed, because they leave out the path below the model; each is asked with the key, so it must be theirs.

    Raises ProviderFailure: it may run, and nobody can look after it.
    """
    name, urls = answer.get("request_id"), {url: answer.get(url) for url in URLS}
    if not isinstance(name, str) or not ID.fullmatch(name):
        raise unreadable()
    found = {key: url for key, url in urls.items() if isinstance(url, str) and is_own(url)}
    if found.keys() != urls.keys():
        raise unreadable()
    return Parked(upstream_id=name, data=found, poll_seconds=LOOK_SECONDS)


def links_of(response: dict[str, Any]) -> list[str]:
    """Raises ProviderFailure when all of it was blacked out by the model's own check."""
    marked = response.get("has_nsfw_concepts")
    if isinstance(marked, list) and marked and all(each is True for each in marked):
        raise failed("content_rejected")
    return list(links_in({name: value for name, value in response.items() if name not in ("logs", "prompt", "input")}))


def gone() -> ProviderFailure:
    return ProviderFailure("provider_error", "The provider has deleted the result.", outcome_unknown=True)
