"""GET /v1/admin/queues, …/scale, /v1/admin/providers, /v1/admin/deliveries, and accounts with their credits"""

import asyncio

import pytest

from domain.generations.commands import FailGeneration, RetryGeneration, StartGeneration
from domain.kernel.ids import desk_stream
from tests.support.api_words import problem, up_to_now

pytestmark = pytest.mark.asyncio(loop_scope="module")

BEAT = "INSERT INTO dispatch.workers (worker, host, pid, queues, slots, running) VALUES (%s, 'node-1', 4711, '{image}', 8, 1)"
DELIVERED = """
    INSERT INTO webhooks.deliveries (id, account_id, endpoint_id, target_id, event_id, type, position, state, due_at, finished_at)
    VALUES (%(id)s, %(account)s, %(endpoint)s, coalesce(%(endpoint)s, %(id)s), 'evt', 'generation.succeeded', 1, %(state)s, now(),
            CASE WHEN %(state)s = 'pending' THEN NULL ELSE now() END)
"""


async def read(house, operator, path, **params):
    """With everything so far in the read model, which rates are told by."""
    head = await house.platform.journal.head()
    async with asyncio.timeout(20):
        while (await house.platform.positions.current())["generations"] < head:
            await asyncio.sleep(0.02)
    answer = await house.client.get(path, params=params, headers=await up_to_now(house, operator))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def attempted(house, person, code=None):
    """A generation whose first attempt failed, or ended well."""
    if code is None:
        return (await house.finished(person))[0]
    generation_id = await house.generation(person)
    await house.execute(StartGeneration(generation_id=generation_id, worker="test"))
    again = RetryGeneration(generation_id=generation_id, account_id=person.account_id, attempt=1, code=code, run_at=None)
    await house.execute(again)
    return generation_id


async def test_a_queue_says_how_much_ends_in_a_minute(house, operator, alice):
    await attempted(house, alice)
    [image] = [row for row in (await read(house, operator, "/v1/admin/queues"))["data"] if row["name"] == "image"]
    assert image["ended_per_minute"] >= 1
    assert (image["held"], image["parked"]) == (0, 0)


async def test_a_pause_is_a_fact_in_one_commit_with_the_row(house, operator):
    headers = operator.headers | {"Idempotency-Key": "pause-1"}
    body = {"reason": "the vendor is down"}
    for _ in range(2):
        assert (await house.client.post("/v1/admin/queues/text/pause", json=body, headers=headers)).status_code == 200
    facts = await house.platform.journal.stream(desk_stream(operator.account_id))
    assert [each.topic for each in facts] == ["operators.desk_opened", "operators.queue_paused"]
    assert (facts[-1].fact.queue, facts[-1].actor) == ("text", f"account:{operator.account_id}")
    async with house.platform.reads.connection() as connection:
        row = await (await connection.execute("SELECT paused, changed_at FROM dispatch.queues WHERE queue = 'text'")).fetchone()
    assert row == (True, facts[-1].recorded_at)
    problem(await house.client.post("/v1/admin/queues/text/pause", json={"reason": ""}, headers=operator.headers), 422, "validation_failed")


async def test_an_autoscaler_reads_plain_numbers(house, operator, alice):
    before = await read(house, operator, "/v1/admin/queues/image/scale", slots=2)
    for _ in range(5):
        await house.generation(alice)
    worker = house.platform.ids.new()
    async with house.platform.reads.connection() as connection:
        await connection.execute(BEAT, [worker])
    after = await read(house, operator, "/v1/admin/queues/image/scale", slots=2)
    assert all(isinstance(value, int | float) for value in after.values())
    assert (after["ready"], after["workers"]) == (before["ready"] + 5, before["workers"] + 1)
    assert after["wanted_workers"] == -(-(after["ready"] + after["running"]) // 2)
    reason = {"reason": "night"}
    await house.client.post("/v1/admin/queues/image/pause", json=reason, headers=operator.headers)
    paused = await read(house, operator, "/v1/admin/queues/image/scale", slots=2)
    assert paused["wanted_workers"] == -(-paused["running"] // 2)
    await house.client.post("/v1/admin/queues/image/resume", json=reason, headers=operator.headers)
    problem(await house.client.get("/v1/admin/queues/imagge/scale", headers=operator.headers), 404, "not_found")


async def test_a_worker_says_what_it_runs(house, operator, alice):
    generation_id, worker = await house.generation(alice), house.platform.ids.new()
    async with house.platform.reads.connection() as connection:
        await connection.execute(BEAT, [worker])
        await connection.execute(
            "UPDATE dispatch.work SET state = 'leased', lease_owner = %s, lease_until = now() + interval '30 s' WHERE generation_id = %s",
            [worker, generation_id],
        )
    [found] = [row for row in (await read(house, operator, "/v1/admin/workers"))["data"] if row["id"] == str(worker)]
    assert (found["alive"], found["generation_ids"]) == (True, [str(generation_id)])


async def test_providers_say_how_their_attempts_end(house, operator):
    person = await house.person()
    await attempted(house, person)
    await attempted(house, person, "rate_limited")
    failed = await attempted(house, person, "timeout")
    await house.execute(StartGeneration(generation_id=failed, worker="test"))
    end = FailGeneration(
        generation_id=failed, account_id=person.account_id, attempt=2, code="timeout", message="No answer.", retryable=True
    )
    await house.execute(end)
    await house.platform.health.failed("builtin", "timeout")
    found = {row["name"]: row for row in (await read(house, operator, "/v1/admin/providers", seconds=300))["data"]}
    builtin = found["builtin"]
    assert (builtin["circuit"], builtin["failures_in_a_row"], builtin["last_error"]) == ("closed", 1, "timeout")
    assert {"code": "timeout", "count": 2} in builtin["errors"]
    assert {"code": "rate_limited", "count": 1} in builtin["errors"]
    assert builtin["failed"] == 3
    assert builtin["succeeded"] >= 1
    assert builtin["ms_p50"] <= builtin["ms_p95"]
    assert 'daybook_attempts_failed{code="timeout",provider="builtin"} 2.0' in (await house.client.get("/metrics")).text
    assert found.keys() == {model.provider for model in house.platform.catalogue.models}


async def test_everybodys_deliveries_without_where_they_go(house, operator, alice):
    ids = [house.platform.ids.new() for _ in range(3)]
    rows = [("pending", house.platform.ids.new()), ("failed", house.platform.ids.new()), ("delivered", None)]
    async with house.platform.reads.connection() as connection:
        for id, (state, endpoint) in zip(ids, rows, strict=True):
            await connection.execute(DELIVERED, {"id": id, "account": alice.account_id, "endpoint": endpoint, "state": state})
    mine = {"account": str(alice.account_id)}
    first = await read(house, operator, "/v1/admin/deliveries", **mine, limit=2)
    rest = await read(house, operator, "/v1/admin/deliveries", **mine, limit=2, cursor=first["next_cursor"])
    assert [row["id"] for row in [*first["data"], *rest["data"]]] == [str(each) for each in reversed(ids)]
    assert first["data"][0]["endpoint_id"] is None
    [failed] = (await read(house, operator, "/v1/admin/deliveries", **mine, state="failed"))["data"]
    assert (failed["id"], failed["account_id"], "url" in failed) == (str(ids[1]), str(alice.account_id), False)


async def test_accounts_with_their_credits_and_what_holds_them(house, operator):
    person = await house.person(credits=30)
    generation_id = await house.generation(person)
    [row] = (await read(house, operator, "/v1/admin/accounts", email=person.email))["data"]
    assert row["credits"] == {"available": 25, "held": 5, "owed": 0}
    balance = await read(house, operator, f"/v1/admin/accounts/{person.account_id}/balance")
    assert (balance["available"], balance["held"], balance["owed"]) == (25, 5, 0)
    assert balance["holds"] == [{"generation_id": str(generation_id), "kind": "image", "amount": 5}]
    problem(
        await house.client.get(f"/v1/admin/accounts/{house.platform.ids.new()}/balance", headers=operator.headers), 404, "account_not_found"
    )


async def test_the_gauges_say_what_stands_still(house, operator, alice):
    worker, held = house.platform.ids.new(), await house.generation(alice)
    await house.generation(alice)
    async with house.platform.reads.connection() as connection:
        await connection.execute(BEAT, [worker])
        await connection.execute(
            "UPDATE dispatch.work SET state = 'leased', lease_owner = %s, lease_until = now() - interval '1 s' WHERE generation_id = %s",
            [worker, held],
        )
    await house.client.post("/v1/admin/queues/speech/pause", json={"reason": "test"}, headers=operator.headers)
    for _ in range(5):
        await house.platform.health.failed("fal", "timeout")
    text = (await house.client.get("/metrics")).text
    found = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if not line.startswith("#")}
    assert found["daybook_leases_expired"] >= 1
    assert found['daybook_queue_paused{queue="speech"}'] == 1
    assert found['daybook_queue_workers{queue="image"}'] >= 1
    assert found['daybook_dispatch_lag_seconds{queue="image"}'] > 0
    assert found['daybook_queue_oldest_seconds{queue="image",state="ready"}'] > 0
    assert found['daybook_provider_circuit_open{provider="fal"}'] == 1
    assert found['daybook_provider_failures_in_a_row{provider="fal"}'] == 5
    assert found["daybook_parked_overdue_seconds"] == 0
    assert found["daybook_deliveries_waiting"] >= 0
    assert found["daybook_deliveries_overdue_seconds"] >= 0


async def test_what_was_scheduled_has_not_waited_before_its_time(house, operator, alice):
    generation_id = await house.generation(alice)
    async with house.platform.reads.connection() as connection:
        await connection.execute(
            "UPDATE dispatch.work SET state = 'waiting', run_at = now(), created_at = now() - interval '9 days' WHERE generation_id = %s",
            [generation_id],
        )
        await connection.execute("UPDATE dispatch.work SET state = 'ready' WHERE generation_id = %s", [generation_id])
    [image] = [row for row in (await read(house, operator, "/v1/admin/queues"))["data"] if row["name"] == "image"]
    assert image["oldest_ready_seconds"] < 3_600
