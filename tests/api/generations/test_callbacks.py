"""POST /v1/callbacks/{provider}/{token}"""

from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from domain.dispatch.callbacks import callback_path, called
from domain.generations.commands import FinishCancel, ParkGeneration, StartGeneration, SubmitGeneration
from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: What Replicate calls back with; without a secret of ours its name is enough.
SAID = {"id": "prediction1", "status": "succeeded"}
DUE = "SELECT poll_at <= clock_timestamp() FROM dispatch.work WHERE generation_id = %s"


@pytest_asyncio.fixture(loop_scope="module")
async def parked(house):
    """(account, generation) of a job that is with its provider, to be looked at in an hour."""
    person = await house.person()
    answer = await house.client.post("/v1/generations", json=CAT, headers=person.headers)
    generation_id = UUID(answer.json()["id"])
    await house.execute(StartGeneration(generation_id=generation_id, worker="test"))
    names = {"generation_id": generation_id, "account_id": person.account_id, "attempt": 1}
    await house.execute(SubmitGeneration(**names, submit=1))
    later = house.platform.clock.now() + timedelta(minutes=30)
    await house.execute(ParkGeneration(**names, submit=1, sealed_job="s1.sealed", poll_at=later))
    return person, generation_id


async def due(house, generation_id) -> bool | None:
    async with house.platform.reads.connection() as connection:
        row = await (await connection.execute(DUE, (generation_id,))).fetchone()
    return row and row[0]


async def test_a_callback_makes_a_parked_job_due_however_often_it_comes(house, parked):
    person, generation_id = parked
    place = callback_path(house.platform.vault, "replicate", generation_id, 1)
    assert await due(house, generation_id) is False
    for _ in range(2):
        assert (await house.client.post(place, json=SAID)).status_code == 204
        assert await due(house, generation_id) is True
    timeline = await house.client.get(f"/v1/generations/{generation_id}/timeline", headers=person.headers)
    told = [(event["type"], event["data"]) for event in timeline.json()["data"]]
    assert told[2:] == [("generation.submitting", {"attempt": 1, "submit": 1}), ("generation.submitted", {"attempt": 1, "submit": 1})]
    await house.execute(FinishCancel(generation_id=generation_id, account_id=person.account_id, attempt=1, delivered_price=0))
    assert (await house.client.post(place, json=SAID)).status_code == 204
    assert await due(house, generation_id) is None


async def test_what_is_not_believed_changes_nothing(house, parked):
    place = callback_path(house.platform.vault, "replicate", parked[1], 1)
    for body in (b"", b"{}", b"\xff", b"[" * 5_000):
        assert (await house.client.post(place, content=body)).status_code == 204
    assert await due(house, parked[1]) is False


async def test_a_place_that_we_did_not_name_is_not_there(house, parked):
    place = callback_path(house.platform.vault, "replicate", parked[1], 1)
    token = place.rpartition("/")[2]
    for forged in ("x", token[:-4], token + "AAAA", token.swapcase(), "A" * len(token), "%00"):
        problem(await house.client.post(f"/v1/callbacks/replicate/{forged}", json=SAID), 404, "not_found")
    problem(await house.client.post(place.replace("replicate", "fal"), json=SAID), 404, "not_found")
    assert await due(house, parked[1]) is False


async def test_canceling_a_parked_job_makes_it_due_for_whoever_looks_after_it(house, parked):
    person, generation_id = parked
    answer = await house.client.post(f"/v1/generations/{generation_id}/cancel", headers=person.headers)
    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert await due(house, generation_id) is True


async def test_a_place_says_whose_it_is_and_stays_good_for_its_attempt(house, parked):
    vault = house.platform.vault
    place = callback_path(vault, "replicate", parked[1], 7)
    assert called(vault, "replicate", place.rpartition("/")[2]) == (parked[1], 7)
    assert called(vault, "replicate", "ü") is None
