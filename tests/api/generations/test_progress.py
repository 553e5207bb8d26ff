"""`progress` of a generation that runs: the last tick of its worker."""

import pytest

from domain.generations.commands import FailGeneration, StartGeneration

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def running(house, person):
    generation_id = await house.generation(person)
    receipt = await house.execute(StartGeneration(generation_id=generation_id, worker="test"))
    return generation_id, {**person.headers, "Daybook-Min-Position": str(receipt.position)}


async def told(house, generation_id, share):
    house.platform.progress.tell(generation_id, share)
    await house.platform.progress.close()


async def test_a_running_generation_shows_how_far_it_is_alone_and_in_the_list(house, alice):
    generation_id, headers = await running(house, alice)
    path = f"/v1/generations/{generation_id}"
    before = await house.client.get(path, headers=headers)
    assert (before.json()["status"], before.json()["progress"]) == ("running", 0.0)
    await told(house, generation_id, 0.5)
    after = await house.client.get(path, headers=headers)
    assert after.json() == {**before.json(), "progress": 0.5}
    listed = await house.client.get("/v1/generations", headers=headers)
    assert [each["progress"] for each in listed.json()["data"]] == [0.5]
    # A tick is no change of the resource.
    assert after.headers["etag"] == before.headers["etag"]


async def test_only_what_runs_has_a_share_in_between(house, bob):
    generation_id, headers = await running(house, bob)
    await told(house, generation_id, 0.5)
    command = FailGeneration(
        generation_id=generation_id, account_id=bob.account_id, attempt=1, code="provider_error", message="No.", retryable=False
    )
    receipt = await house.execute(command)
    shown = await house.client.get(f"/v1/generations/{generation_id}", headers={**headers, "Daybook-Min-Position": str(receipt.position)})
    assert (shown.json()["status"], shown.json()["progress"]) == ("failed", 0.0)


async def test_without_redis_a_running_generation_is_shown_as_just_begun(house, alice, monkeypatch):
    generation_id, headers = await running(house, alice)
    await told(house, generation_id, 0.5)
    monkeypatch.setattr(house.platform.progress, "_rests_until", float("inf"))
    shown = await house.client.get(f"/v1/generations/{generation_id}", headers=headers)
    assert (shown.status_code, shown.json()["progress"]) == (200, 0.0)
