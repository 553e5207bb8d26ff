"""GET /v1/admin/generations/failures, POST /v1/admin/generations/retry and …/cancel"""

import asyncio
from uuid import UUID

import pytest

from domain.credits.credit_account import CreditAccount
from domain.generations.commands import FailGeneration, StartGeneration
from domain.generations.generation import Generation
from domain.kernel.ids import credit_stream, desk_stream
from domain.kernel.sealed_text import opened_text
from projections.audit.verify import verify
from tests.support.api_words import key, problem, up_to_now

pytestmark = pytest.mark.asyncio(loop_scope="module")
RETRY, CANCEL, FAILURES = "/v1/admin/generations/retry", "/v1/admin/generations/cancel", "/v1/admin/generations/failures"


async def failed(house, person, *, code="provider_error", message="The provider answered 500 after 12.5 s."):
    return await fail(house, person, await house.generation(person), code=code, message=message)


async def fail(house, person, generation_id, *, code="provider_error", message="The provider answered 500."):
    await house.execute(StartGeneration(generation_id=generation_id, worker="test"))
    await house.execute(
        FailGeneration(generation_id=generation_id, account_id=person.account_id, attempt=1, code=code, message=message, retryable=True)
    )
    return generation_id


async def order(house, operator, url, **body):
    headers = await up_to_now(house, operator) | body.pop("headers", {})
    await caught_up(house)
    return await house.client.post(url, json={"reason": "the vendor is back", **body}, headers=headers)


async def caught_up(house):
    """Orders select from the read model."""
    head = await house.platform.journal.head()
    async with asyncio.timeout(10):
        while (await house.platform.positions.current())["generations"] < head:
            await asyncio.sleep(0.02)


async def credits_of(house, person):
    found = await house.platform.journal.load(CreditAccount, credit_stream(person.account_id))
    grants = found.grants.values()
    return sum(each["free"] for each in grants), sum(each["held"] for each in grants)


async def load(house, generation_id):
    found = await house.platform.journal.load(Generation, UUID(str(generation_id)))
    assert found is not None
    return found


async def test_failures_are_grouped_by_code_model_and_sentence(house, operator):
    person, other = await house.person(), await house.person()
    alike = [
        await failed(house, person, code="timeout", message="No answer of job 17 within 30 s."),
        await failed(house, other, code="timeout", message="No answer of job 4,711 within 2.5 s."),
    ]
    await failed(house, person, code="timeout", message="The line was cut.")
    headers = await up_to_now(house, operator)
    groups = (await house.client.get(FAILURES, headers=headers)).json()["data"]
    [group] = [each for each in groups if each["message"] == "No answer of job # within # s."]
    assert (group["code"], group["model"], group["count"], group["accounts"]) == ("timeout", "builtin/sketch-1", 2, 2)
    assert sorted(group["sample_ids"]) == sorted(str(each) for each in alike)
    assert group["first_seen"] <= group["last_seen"]
    params = {"fingerprint": group["fingerprint"]}
    listed = (await house.client.get("/v1/admin/generations", params=params, headers=headers)).json()["data"]
    assert [row["id"] for row in listed] == [str(each) for each in reversed(alike)]

    await order(house, operator, RETRY, filter=params)
    groups = (await house.client.get(FAILURES, headers=await up_to_now(house, operator))).json()["data"]
    assert group["fingerprint"] not in [each["fingerprint"] for each in groups], "what was asked for once more is settled"


async def test_a_retry_is_a_new_generation_with_a_hold_of_its_own(house, operator):
    person = await house.person(credits=100)
    first = await failed(house, person)
    done = (await order(house, operator, RETRY, ids=[str(first)])).json()
    [item] = done["items"]
    assert (done["what"], done["matched"], done["done"], done["more"], item["outcome"]) == ("retry", 1, 1, False, "retried")
    before, again = await load(house, first), await load(house, item["again"])
    assert (before.status, str(before.repeated_as)) == ("failed", item["again"])
    assert (again.status, again.retry_of, again.quoted, again.sealed) == ("queued", first, 5, before.sealed)
    assert again.deadline - again.created_on == before.deadline - before.created_on
    assert await credits_of(house, person) == (95, 5)
    shown = (await house.client.get(f"/v1/generations/{item['again']}", headers=person.headers)).json()
    assert (shown["retry_of"], shown["prompt"]) == (str(first), "a cat")
    timeline = (await house.client.get(f"/v1/generations/{first}/timeline", headers=person.headers)).json()["data"]
    assert (timeline[-1]["type"], timeline[-1]["data"]) == ("generation.repeated", {"generation_id": item["again"], "charge": "account"})


async def test_an_order_is_a_fact_with_its_operator_and_his_reason_and_the_cause_of_what_follows(house, operator):
    person = await house.person()
    first = await failed(house, person)
    done = (await order(house, operator, RETRY, ids=[str(first)], reason="their vendor was down")).json()
    [ordered] = [
        each
        for each in await house.platform.journal.stream(desk_stream(operator.account_id))
        if str(getattr(each.fact, "order_id", "")) == done["order_id"]
    ]
    assert (ordered.actor, ordered.fact.generation_ids, ordered.fact.charge) == (f"account:{operator.account_id}", [first], "account")
    assert opened_text(await house.platform.vault.key(operator.account_id), ordered.fact.reason) == "their vendor was down"
    repeated = (await house.platform.journal.stream(first))[-1]
    assert (repeated.topic, repeated.actor, repeated.causation) == ("generations.repeated", ordered.actor, ordered.position)


async def test_a_retry_on_the_house_costs_its_owner_nothing(house, operator):
    person = await house.person(credits=7)
    first = await failed(house, person)
    await order(house, operator, RETRY, ids=[str(first)], charge="house")
    assert await credits_of(house, person) == (7, 5)
    found = await house.platform.journal.load(CreditAccount, credit_stream(person.account_id))
    assert [grant["held"] for grant in found.grants.values() if grant["source"] == "goodwill"] == [5]


async def test_a_retry_on_the_house_is_paid_out_of_what_is_left_of_its_gifts_first(house, operator):
    person = await house.person(credits=7)
    again = str(await failed(house, person))
    for _ in range(3):
        answer = await order(house, operator, RETRY, ids=[again], charge="house")
        again = answer.json()["items"][0]["again"]
        await fail(house, person, UUID(again))
        assert await credits_of(house, person) == (12, 0)


async def test_the_same_request_twice_does_nothing_twice(house, operator):
    person = await house.person()
    first = await failed(house, person)
    once = {"headers": {"Idempotency-Key": key()}, "ids": [str(first)]}
    one = await order(house, operator, RETRY, **once)
    two = await order(house, operator, RETRY, **once)
    assert one.json() == two.json()
    other = (await order(house, operator, RETRY, ids=[str(first)])).json()
    assert (other["done"], other["items"][0]["outcome"]) == (0, "generation_already_repeated")
    assert await credits_of(house, person) == (95, 5)


async def test_a_filter_is_bounded_says_what_is_left_and_can_be_tried_dry(house, operator):
    person = await house.person()
    ids = [str(await failed(house, person)) for _ in range(3)]
    chosen = {"filter": {"account": str(person.account_id)}, "limit": 2}
    dry = (await order(house, operator, RETRY, dry_run=True, **chosen)).json()
    assert (dry["order_id"], dry["matched"], dry["done"], dry["more"]) == (None, 2, 0, True)
    assert [(item["generation_id"], item["outcome"]) for item in dry["items"]] == [(each, "matched") for each in ids[:2]]
    wet = (await order(house, operator, RETRY, **chosen)).json()
    assert ([item["generation_id"] for item in wet["items"]], wet["done"], wet["more"]) == (ids[:2], 2, True)
    rest = (await order(house, operator, RETRY, **chosen)).json()
    assert ([item["generation_id"] for item in rest["items"]], rest["more"]) == (ids[2:], False)


async def test_each_generation_is_refused_for_itself(house, operator):
    poor, rich = await house.person(credits=5), await house.person()
    broke, fine = await failed(house, poor), await failed(house, rich)
    await house.generation(poor)  # binds all he has
    queued, done = await house.generation(rich), (await house.finished(rich))[0]
    unknown = house.platform.ids.new()
    answer = await order(house, operator, RETRY, ids=[str(each) for each in (broke, fine, queued, done, unknown)])
    assert [item["outcome"] for item in answer.json()["items"]] == [
        "insufficient_credits",
        "retried",
        "generation_not_repeatable",
        "generation_not_repeatable",
        "generation_not_found",
    ]
    assert (answer.json()["matched"], answer.json()["done"]) == (5, 1)


async def test_open_generations_are_canceled_and_running_ones_asked_to_stop(house, operator):
    person = await house.person()
    queued, running = await house.generation(person), await house.generation(person)
    await house.execute(StartGeneration(generation_id=running, worker="test"))
    done = (await order(house, operator, CANCEL, filter={"account": str(person.account_id)})).json()
    assert {item["generation_id"]: item["outcome"] for item in done["items"]} == {
        str(queued): "canceled",
        str(running): "cancel_requested",
    }
    assert (await load(house, queued)).status == "canceled"
    assert (await load(house, running)).cancel_requested_at is not None
    assert (await house.platform.journal.stream(queued))[-1].fact.actor == "operator"
    assert await credits_of(house, person) == (95, 5)


@pytest.mark.parametrize("body", [{}, {"ids": [], "filter": {}}, {"ids": ["0" * 36]}])
async def test_an_order_names_its_generations_in_one_way(house, operator, body):
    assert (await order(house, operator, RETRY, **body)).status_code == 422


async def test_neither_ids_nor_filter_is_refused_by_name(house, operator):
    refused = problem(await order(house, operator, CANCEL), 422, "order_refused")
    assert {each["pointer"] for each in refused["errors"]} == {"/ids", "/filter"}


async def test_the_book_verifies_after_all_of_it(house, database_url):
    await caught_up(house)
    async with asyncio.timeout(20):
        while min((await house.platform.positions.current()).values()) < await house.platform.journal.head():
            await asyncio.sleep(0.02)
    report = await verify(database_url)
    assert report.ok, report.first_difference
