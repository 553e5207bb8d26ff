"""What Veo's `record-info` says of a job."""

from typing import Any

from workers.providers.kie.envelope import failure_of_job
from workers.providers.wire.failures import document_of

DONE, FAILED = 1, frozenset({2, 3})


def links_of(data: dict[str, Any]) -> list[str] | None:
    """None while it runs.   Raises ProviderFailure."""
    flag = data.get("successFlag")
    if flag in FAILED:
        raise failure_of_job(data.get("errorMessage") or data.get("failMsg"))
    if flag != DONE:
        return None
    response = data.get("response")
    urls = response.get("resultUrls") if isinstance(response, dict) else None
    if isinstance(urls, str):
        # Some of their answers carry the list as JSON within JSON.
        listed = document_of(urls.encode())
        urls = listed if isinstance(listed, list) else [urls]
    return [url for url in urls if isinstance(url, str) and url] if isinstance(urls, list) else []
