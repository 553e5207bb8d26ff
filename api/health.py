"""Is the process there, can it serve, what has it counted, which release is it."""

import asyncio
import hmac
from typing import Any, Literal

from api.kit.addresses import is_loopback
from api.kit.answer import Answer, ok
from api.kit.call import Call
from api.kit.pipeline import bearer_of
from api.kit.shapes import Shown
from domain.access.refusals import InvalidToken
from domain.kernel import limits

CHECK_SECONDS = 2.0
#: What `prometheus_client` and every scraper call this format.
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Live(Shown):
    status: Literal["ok"]


class Dependency(Shown):
    """`error` is the kind of failure, never its text."""

    status: Literal["ok", "down"]
    vital: bool
    error: str | None


class Ready(Shown):
    """`degraded`: something that is not vital is away; everything still works, slower or in part."""

    status: Literal["ok", "degraded", "unavailable"]
    dependencies: dict[str, Dependency]
    #: Read model -> events it has not seen yet; `notary`: events that no checkpoint covers yet.
    lag: dict[str, int]


class Meta(Shown):
    version: str
    features: list[str]
    limits: dict[str, int]
    #: bucket -> "count/seconds".
    rate_limits: dict[str, str]
    upload_types: list[str]


async def live(call: Call) -> Answer:
    return ok(Live(status="ok"))


async def ready(call: Call) -> Answer:
    """503 only without what is vital; the rest makes it `degraded`."""
    platform = call.platform
    states = await asyncio.gather(*(_state(name, check, name in platform.vital) for name, check in platform.checks.items()))
    dependencies = dict(zip(platform.checks, states, strict=True))
    down = [state for state in states if state.status == "down"]
    unavailable = call.draining or any(state.vital for state in down)
    lag = {} if unavailable else await _lag(call)
    status: Any = "unavailable" if unavailable else "degraded" if down else "ok"
    headers = {"retry-after": "1"} if unavailable else {}
    return Answer(503 if unavailable else 200, Ready(status=status, dependencies=dependencies, lag=lag), headers)


async def metrics(call: Call) -> Answer:
    """Open to this machine; from elsewhere it needs the metrics token."""
    info, headers = call.request.conn_info, call.request.headers
    # A proxy on this machine speaks for somebody elsewhere.
    forwarded = "forwarded" in headers or "x-forwarded-for" in headers
    if forwarded or not is_loopback(info.client_ip if info is not None else ""):
        _check_token(call)
    return Answer(200, await call.platform.metrics.render(), content_type=METRICS_TYPE)


async def meta(call: Call) -> Answer:
    platform = call.platform
    shown = Meta(
        version=platform.version,
        features=sorted(platform.features),
        limits={
            "body_bytes_max": limits.BODY_BYTES_MAX,
            "idempotency_key_chars_max": limits.IDEMPOTENCY_KEY_CHARS_MAX,
            "json_depth_max": limits.JSON_DEPTH_MAX,
            "page_size_max": limits.PAGE_SIZE_MAX,
            "prefer_wait_seconds_max": limits.PREFER_WAIT_SECONDS_MAX,
            "prompt_chars_max": limits.PROMPT_CHARS_MAX,
            "rendition_width_max": limits.RENDITION_WIDTH_MAX,
            "share_seconds_max": limits.SHARE_SECONDS_MAX,
            "upload_bytes_max": limits.UPLOAD_BYTES_MAX,
        },
        rate_limits={bucket: f"{count}/{seconds}" for bucket, (count, seconds) in sorted(call.kit.limits.buckets.items())},
        upload_types=sorted(platform.upload_types),
    )
    return ok(shown)


async def _state(name: str, check: Any, vital: bool) -> Dependency:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever a dependency's check raises, the answer is that it is down
        return Dependency(status="down", vital=vital, error=type(error).__name__)
    return Dependency(status="ok", vital=vital, error=None)


async def _lag(call: Call) -> dict[str, int]:
    head, positions = await asyncio.gather(call.platform.journal.head(), call.platform.positions.followers())
    return {name: max(0, head - position) for name, position in sorted(positions.items())}


def _check_token(call: Call) -> None:
    token = call.platform.metrics_token
    given = bearer_of(call.request.headers.getone("authorization", ""))
    if token is None or not hmac.compare_digest(given.encode(), token.encode()):
        raise InvalidToken()
