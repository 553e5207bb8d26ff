"""POST /v1/generations, /v1/generations/estimate"""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = {
    "id", "kind", "status", "prompt", "model", "provider", "params", "inputs", "priority", "tags", "batch_id", "schedule_id", "retry_of",
    "credits", "progress", "queue_position", "attempts", "cancel_requested_at", "assets", "output", "error", "metrics", "created_at",
    "updated_at", "run_at", "started_at", "finished_at", "start_deadline", "deadline", "position", "urls",
}  # fmt: skip


async def submit(house, person, headers=None, **fields):
    return await house.client.post("/v1/generations", json={**CAT, **fields}, headers={**person.headers, **(headers or {})})


async def balance(house, person):
    return (await house.client.get("/v1/credits/balance", headers=person.headers)).json()


async def count(house, topic, person):
    query = "SELECT count(*) FROM journal.events WHERE topic = %s AND account_id = %s"
    async with house.platform.reads.connection() as connection:
        row = await (await connection.execute(query, [topic, person.account_id])).fetchone()
    return row[0]


def in_(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def test_an_accepted_request_holds_its_price_and_says_where_it_is(house, alice):
    answer = await submit(house, alice, params={"size": "64x64", "count": 2, "negative_prompt": "dogs"}, tags=["pets", "neon"])
    assert answer.status_code == 202
    made = answer.json()
    assert set(made) == KEYS
    assert (made["status"], made["prompt"], made["model"], made["tags"]) == ("queued", CAT["prompt"], "builtin/sketch-1", ["pets", "neon"])
    assert made["params"] == {
        "count": 2, "format": "png", "negative_prompt": "dogs", "seed": None, "size": "64x64", "style": None,
    }  # fmt: skip
    assert made["credits"] == {
        "quoted": 10, "held": 10, "charged": 0, "released": 0, "refunded": 0, "charge_id": None, "price_version": 1,
    }  # fmt: skip
    assert answer.headers["location"] == made["urls"]["self"] == f"http://daybook.test/v1/generations/{made['id']}"
    assert answer.headers["retry-after"] == "1"
    assert int(answer.headers["daybook-position"]) == made["position"]
    assert (await balance(house, alice))["held"] == 10
    read = await house.client.get(f"/v1/generations/{made['id']}", headers=alice.headers)
    assert {**read.json(), "queue_position": None} == made


async def test_the_work_row_is_there_with_the_request(house, alice):
    generation_id = (await submit(house, alice, priority="high")).json()["id"]
    async with house.platform.reads.connection() as connection:
        query = "SELECT queue, state, priority, account_id FROM dispatch.work WHERE generation_id = %s"
        row = await (await connection.execute(query, [generation_id])).fetchone()
    assert row == ("image", "ready", 1, alice.account_id)


async def test_what_the_caller_wrote_is_nowhere_in_the_clear(house, alice):
    made = (await submit(house, alice, prompt="xylophonist", tags=["zanzibar"], params={"negative_prompt": "quokka"})).json()
    assert (await house.client.get("/v1/generations?tag=zanzibar", headers=alice.headers)).json()["data"] == [made]
    async with house.platform.reads.connection() as connection:
        events = await (await connection.execute("SELECT state FROM journal.events WHERE stream = %s", [made["id"]])).fetchall()
        rows = await (await connection.execute("SELECT g::text FROM read.generations_v1 g WHERE id = %s", [made["id"]])).fetchall()
    everything = b"".join(bytes(state) for (state,) in events) + rows[0][0].encode()
    assert not any(word in everything for word in (b"xylophonist", b"zanzibar", b"quokka"))


async def test_too_few_credits_say_what_is_missing(house):
    poor = await house.person(credits=3)
    document = problem(await submit(house, poor), 402, "insufficient_credits")
    assert (document["required"], document["available"], document["missing"]) == (5, 3, 2)
    assert (await house.client.get("/v1/generations", headers=poor.headers)).json()["data"] == []


async def test_of_ten_at_once_on_fifteen_credits_exactly_three_are_accepted(house):
    person = await house.person(credits=15)
    answers = await asyncio.gather(*(submit(house, person) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [402] * 7
    now = await balance(house, person)
    assert (now["available"], now["held"]) == (0, 15)
    assert await count(house, "credits.held", person) == 3


async def test_a_request_for_later_is_scheduled(house, alice):
    made = (await submit(house, alice, run_at=in_(3600))).json()
    assert (made["status"], made["credits"]["held"]) == ("scheduled", 5)
    assert made["run_at"] is not None
    timeline = (await house.client.get(f"/v1/generations/{made['id']}/timeline", headers=alice.headers)).json()
    assert [event["type"] for event in timeline["data"]] == ["generation.scheduled"]


async def test_a_time_that_has_passed_means_now(house, alice):
    made = (await submit(house, alice, run_at=in_(-5))).json()
    assert (made["status"], made["run_at"]) == ("queued", None)


@pytest.mark.parametrize(
    ("fields", "code", "pointer"),
    [
        ({"deadline": in_(-1)}, "times_refused", "/deadline"),
        ({"deadline": in_(8 * 86_400)}, "times_refused", "/deadline"),
        ({"run_at": in_(400 * 86_400)}, "times_refused", "/run_at"),
        ({"run_at": in_(600), "deadline": in_(300)}, "times_refused", "/deadline"),
        ({"start_deadline": in_(7200)}, "times_refused", "/start_deadline"),
        ({"deadline": "2026-01-01T00:00:00"}, "validation_failed", "/deadline"),
        ({"kind": "opera"}, "validation_failed", "/kind"),
        ({"prompt": ""}, "want_refused", "/prompt"),
        ({"prompt": " \n\u200b\u3000"}, "want_refused", "/prompt"),
        ({"kind": "text", "prompt": " ", "params": {}}, "want_refused", "/prompt"),
        ({"prompt": "x" * 8001}, "validation_failed", "/prompt"),
        ({"model": "nobody/none"}, "model_not_found", "/model"),
        ({"params": {"size": "10x10"}}, "params_refused", "/params/size"),
        ({"params": {"colour": "red"}}, "params_refused", "/params/colour"),
        ({"params": {"count": 5}}, "params_refused", "/params/count"),
        ({"params": []}, "validation_failed", "/params"),
        ({"inputs": ["x"]}, "validation_failed", "/inputs/0"),
        ({"inputs": [{"url": "https://example.com/a.png"}]}, "want_refused", "/inputs"),
        ({"tags": ["x"] * 17}, "validation_failed", "/tags"),
        ({"tags": [""]}, "validation_failed", "/tags/0"),
        ({"priority": "urgent"}, "validation_failed", "/priority"),
        ({"webhook_url": "https://example.com"}, "webhook_secret_missing", "/webhook_url"),
    ],
)
async def test_what_cannot_be_done_is_refused_with_the_place_of_the_fault(house, alice, fields, code, pointer):
    document = problem(await submit(house, alice, **fields), 422, code)
    assert document["errors"][0]["pointer"] == pointer


async def test_a_suspended_account_submits_nothing(house):
    person = await house.suspended()
    problem(await submit(house, person), 403, "account_suspended")


async def test_an_estimate_says_the_price_and_holds_nothing(house):
    poor = await house.person(credits=0)
    body = {"kind": "image", "prompt": "x", "params": {"count": 3}}
    answer = await house.client.post("/v1/generations/estimate", json=body, headers=poor.headers)
    assert answer.status_code == 200
    quoted = answer.json()
    assert (quoted["credits"], quoted["params"]["count"], quoted["on_cancel"]) == (15, 3, "free")
    assert await count(house, "generations.requested", poor) == 0


async def test_an_estimate_takes_what_a_submission_takes_and_refuses_the_same(house, alice):
    estimate = "/v1/generations/estimate"
    whole = {**CAT, "tags": ["pets"], "priority": "high", "run_at": in_(60), "deadline": in_(600)}
    assert (await house.client.post(estimate, json=whole, headers=alice.headers)).status_code == 200
    late = await house.client.post(estimate, json={**CAT, "deadline": in_(-60)}, headers=alice.headers)
    assert problem(late, 422, "times_refused")["errors"][0]["pointer"] == "/deadline"
