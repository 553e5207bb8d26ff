"""What is asked. `upstream` is `owner/name` for official models, `owner/name:version` or a version's hash for all others."""

import re
from typing import Any

from domain.providers.jobs import Job
from workers.providers.wire.fields import told

OFFICIAL = re.compile(r"[a-z0-9][a-z0-9_.-]*/[a-z0-9][a-z0-9_.-]*")
#: Larger inputs go to their file store and are named by URL.
DATA_URL_BYTES_MAX = 256 << 10


def path_of(job: Job) -> str:
    return f"/models/{job.upstream}/predictions" if OFFICIAL.fullmatch(job.upstream) else "/predictions"


def body_of(job: Job, *, inputs: list[str], mask: str | None, callback_url: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {"input": told(job, inputs=inputs, mask=mask)}
    if not OFFICIAL.fullmatch(job.upstream):
        body["version"] = job.upstream
    if callback_url:
        body |= {"webhook": callback_url, "webhook_events_filter": ["completed"]}
    return body
