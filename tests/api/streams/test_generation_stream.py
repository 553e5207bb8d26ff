"""The stream of one generation: what it is now, what follows, and its end."""

from datetime import timedelta

import pytest

from domain.generations.commands import FailGeneration, RetryGeneration, StartGeneration
from tests.support.event_stream import ids, listening

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_stream_begins_with_what_the_generation_is_and_ends_with_its_end(house, alice):
    generation_id = await house.generation(alice)
    path = f"/v1/generations/{generation_id}/events"
    async with listening(house.client, path, alice.headers) as stream:
        (snapshot,) = await stream.read(until="snapshot")
        assert (snapshot.id, snapshot.data["data"]["status"], snapshot.data["data"]["id"]) == (None, "queued", str(generation_id))
        assert stream.retry == 2000
        assert stream.response.headers["x-accel-buffering"] == "no"
