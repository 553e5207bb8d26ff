"""The adapter of the parking server, and models that use it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from domain.ports import LongProvider, Provider
from domain.providers.catalogue import Catalogue, Model
from domain.providers.jobs import Artefact, Job, Parked, ProviderFailure, Result, Running
from tests.support.fleet_providers import ScriptedProvider, picture
from workers.ports import Run

POLICIES = ("look_up", "at_most_once", "at_least_once")


def make_parking_providers(*, run_in_child: Run) -> Mapping[str, Provider | LongProvider]:
    return {"parking": ParkingProvider(), "scripted": ScriptedProvider(run_in_child)}


def parking_catalogue(url: str, **changes: Any) -> Catalogue:
    """A model of 5 credits for each policy, named after it, whose server is at *url*."""
    values: dict[str, Any] = {"kind": "image", "provider": "parking", "title": "", "description": "", "price": 5, "long": True, **changes}
    adapter = {"url": url, **values.pop("adapter", {})}
    models = [Model(id=policy, on_unknown_submit=policy, adapter=adapter, **values) for policy in POLICIES]
    return Catalogue(price_version=1, models=models, defaults={"image": "look_up"})


class ParkingProvider:
    """Implements `domain.ports.LongProvider`."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=10, verify=False, trust_env=False)

    async def submit(self, job: Job, callback_url: str | None) -> Parked:
        said = {"reference": str(job.generation_id), "callback_url": callback_url}
        answer = await self._ask("POST", job, "/jobs", json=said)
        return Parked(upstream_id=answer["id"], poll_seconds=job.adapter.get("poll_seconds", 0.0))

    async def poll(self, job: Job, parked: Parked) -> Running | Result:
        assert not job.inputs
        found = await self._ask("GET", job, f"/jobs/{parked.upstream_id}")
        if found["status"] == "failed":
            raise ProviderFailure(found["code"], "As the server says.")
        if found["status"] == "running":
            return Running(progress=found.get("progress"), poll_seconds=found.get("poll_seconds"))
        made = [Artefact(data=picture(), content_type="image/png")] if job.adapter.get("picture") else []
        return Result(artefacts=made, usage={"item": 1})

    async def cancel(self, job: Job, parked: Parked) -> None:
        await self._ask("POST", job, f"/jobs/{parked.upstream_id}/cancel", json={})

    async def look_up(self, job: Job) -> Parked | None:
        found = await self._ask("GET", job, f"/jobs?reference={job.generation_id}")
        return Parked(upstream_id=found["ids"][0], poll_seconds=0.0) if found["ids"] else None

    def heard(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        return headers.get("x-forged") is None

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, job: Job, path: str, **values: Any) -> Any:
        try:
            answer = await self._client.request(method, job.adapter["url"] + path, **values)
        except httpx.HTTPError as error:
            raise ProviderFailure("provider_error", "No answer.", outcome_unknown=True) from error
        if answer.status_code >= 400:
            raise ProviderFailure("overloaded" if answer.status_code >= 500 else "invalid_request", "The server said no.")
        return answer.json()
