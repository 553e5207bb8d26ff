"""GET /v1/admin/queues, pause, resume, /v1/admin/workers, /v1/admin/generations"""

from datetime import UTC, datetime

import pytest

from domain.kernel.ids import desk_stream
from domain.kernel.sealed_text import opened_text
from tests.support.api_words import CAT, problem, up_to_now

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHY = {"reason": "the vendor is down"}
BEAT = """
    INSERT INTO dispatch.workers (worker, host, pid, queues, slots, running, last_beat)
    VALUES (%s, 'node-1', 4711, '{image}', 8, 2, clock_timestamp() - make_interval(secs => %s))
"""


async def queue(house, operator, name="image"):
    rows = (await house.client.get("/v1/admin/queues", headers=operator.headers)).json()["data"]
    return next(row for row in rows if row["name"] == name)


async def test_a_queue_says_what_waits_and_for_how_long(house, operator, alice):
    before = await queue(house, operator)
    await house.client.post("/v1/generations", json=CAT, headers=alice.headers)
    after = await queue(house, operator)
    assert after["ready"] == before["ready"] + 1
    assert after["oldest_ready_seconds"] >= 0
    assert (after["paused"], after["running"]) == (False, 0)


async def test_a_queue_can_be_paused_and_resumed(house, operator):
    for _ in range(2):
        answer = await house.client.post("/v1/admin/queues/image/pause", json=WHY, headers=operator.headers)
        assert (answer.status_code, answer.json()["paused"]) == (200, True)
    assert (await queue(house, operator))["paused"] is True
    answer = await house.client.post("/v1/admin/queues/image/resume", json=WHY, headers=operator.headers)
    assert answer.json() == {**(await queue(house, operator)), "oldest_ready_seconds": answer.json()["oldest_ready_seconds"]}
    problem(await house.client.post("/v1/admin/queues/imagge/pause", json=WHY, headers=operator.headers), 404, "not_found")


async def test_workers_are_those_that_reported_lately(house, operator):
    ids = house.platform.ids.new(), house.platform.ids.new()
    async with house.platform.reads.connection() as connection:
        for worker, ago in zip(ids, (1, 300), strict=True):
            await connection.execute(BEAT, [worker, ago])
    rows = (await house.client.get("/v1/admin/workers", headers=operator.headers)).json()["data"]
    assert [row["id"] for row in rows] == [str(ids[0])]
    assert (rows[0]["host"], rows[0]["pid"], rows[0]["queues"], rows[0]["slots"], rows[0]["running"]) == ("node-1", 4711, ["image"], 8, 2)


async def test_a_worker_is_asked_to_drain(house, operator):
    worker = house.platform.ids.new()
    async with house.platform.reads.connection() as connection:
        await connection.execute(BEAT, [worker, 1])
    for _ in range(2):
        answer = await house.client.post(f"/v1/admin/workers/{worker}/drain", json=WHY, headers=operator.headers)
        assert (answer.status_code, answer.json()["id"], answer.json()["draining"]) == (200, str(worker), True)
    nobody = house.platform.ids.new()
    problem(await house.client.post(f"/v1/admin/workers/{nobody}/drain", json=WHY, headers=operator.headers), 404, "not_found")


async def test_everybodys_generations_without_their_words(house, operator):
    person = await house.person()
    generation_id, _ = await house.finished(person)
    params = {"account": str(person.account_id), "status": "succeeded", "older_than": datetime.now(UTC).isoformat()}
    headers = await up_to_now(house, operator)
    (row,) = (await house.client.get("/v1/admin/generations", params=params, headers=headers)).json()["data"]
    assert (row["id"], row["account_id"], row["charged"], row["assets"]) == (str(generation_id), str(person.account_id), 5, 1)
    assert not {"prompt", "tags", "params", "output"} & set(row)
    for other in ({"error": "timeout"}, {"status": "failed"}, {"older_than": "2020-01-01T00:00:00Z"}):
        answer = await house.client.get("/v1/admin/generations", params={**params, **other}, headers=operator.headers)
        assert answer.json()["data"] == []


async def test_what_is_no_account_id_is_refused(house, operator):
    for account in ("x", f"{operator.account_id}\n", str(operator.account_id).upper()):
        answer = await house.client.get("/v1/admin/generations", params={"account": account}, headers=operator.headers)
        assert problem(answer, 422, "validation_failed")["errors"][0]["pointer"] == "/account"


async def test_an_api_token_needs_the_scope_and_the_role(house, operator):
    _, without = await house.api_token(operator, "generations:read")
    _, with_ = await house.api_token(operator, "admin")
    problem(await house.client.get("/v1/admin/queues", headers=without), 403, "scope_missing")
    assert (await house.client.get("/v1/admin/queues", headers=with_)).status_code == 200


@pytest.mark.parametrize("given", [{}, {"json": {}}, {"content": b""}])
async def test_a_pause_a_resume_and_a_drain_need_no_reason(house, operator, given):
    worker = house.platform.ids.new()
    async with house.platform.reads.connection() as connection:
        await connection.execute(BEAT, [worker, 1])
    for path in ("queues/image/pause", "queues/image/resume", f"workers/{worker}/drain"):
        answer = await house.client.post(f"/v1/admin/{path}", headers=operator.headers, **given)
        assert answer.status_code == 200, answer.text
        fact = (await house.platform.journal.stream(desk_stream(operator.account_id)))[-1].fact
        assert opened_text(await house.platform.vault.key(operator.account_id), fact.reason) == "no reason given"
