"""GET /v1/me/export"""

import json

import pytest

from api.personal_parts import SECRETS, opened
from api.shapes.personal_export import PersonalExport
from daybook.event_pages import facts
from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def exported(house, person):
    answer = await house.client.get("/v1/me/export", headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer


async def test_everything_of_a_person_is_in_it_and_opened(house, operator):
    person = await house.person(credits=100)
    await house.finished(person)
    grant = {"amount": 7, "reason": "for his patience"}
    await house.client.post(f"/v1/admin/accounts/{person.account_id}/grants", json=grant, headers=operator.headers)
    await house.client.post("/v1/generations", json={**CAT, "tags": ["striped"]}, headers=person.headers)
    token = {"name": "my laptop", "scopes": ["usage:read"]}
    secret = (await house.client.post("/v1/api-tokens", json=token, headers=person.headers)).json()["token"]
    await house.client.post("/v1/credits/purchases", json={"package": "starter"}, headers=person.headers)
    await house.client.post("/v1/subscriptions", json={"plan": "premium"}, headers=person.headers)
    endpoint = await house.webhook_endpoint(person)
    answer = await exported(house, person)
    found = answer.json()
    assert [(each["id"], each["url"]) for each in found["webhook_endpoints"]] == [(str(endpoint), "https://hooks.example/")]
    assert "whsec_" not in answer.text
    assert ([each["package"] for each in found["purchases"]], [each["plan"] for each in found["subscriptions"]]) == (
        ["starter"],
        ["premium"],
    )
    assert answer.headers["content-disposition"] == 'attachment; filename="daybook-export.json"'
    assert found["account"]["email"] == person.email
    assert [each["name"] for each in found["api_tokens"]] == ["my laptop"]
    assert [each["prompt"] for each in found["generations"]] == ["a cat", CAT["prompt"]]
    assert found["generations"][1]["tags"] == ["striped"]
    assert [entry["memo"] for entry in found["ledger"] if entry["amount"] == 7] == ["for his patience"]
    assert found["balance"]["available"] == 97
    assert len(found["sessions"]) == 1
    (asset,) = found["assets"]
    assert asset["asset"]["filename"] == "cat.png"
    bytes_ = await house.client.get(asset["download"].removeprefix("http://daybook.test"))
    assert bytes_.status_code == 200
    assert secret not in answer.text
    assert "s1." not in answer.text


async def test_the_log_is_in_it_without_what_proves_who_somebody_is(house, alice):
    await house.generation(alice)
    log = (await exported(house, alice)).json()["log"]
    facts_ = {each["topic"]: each["fact"] for each in log}
    assert facts_["accounts.registered"]["sealed_profile"]["email"] == alice.email
    assert facts_["generations.requested"]["sealed"]["prompt"] == "a cat"
    assert not any("hash" in name for fact in facts_.values() for name in fact)
    assert [each["position"] for each in log] == sorted(each["position"] for each in log)


async def test_many_pages_are_one_document(house):
    person = await house.person(credits=10_000)
    for _ in range(130):
        await house.generation(person)
    found = (await exported(house, person)).json()
    assert len(found["generations"]) == 130
    assert len({each["position"] for each in found["log"]}) == len(found["log"]) >= 262


async def test_it_needs_a_session_also_of_a_suspended_person(house, alice):
    _, token = await house.api_token(alice, "usage:read")
    problem(await house.client.get("/v1/me/export", headers=token), 403, "session_required")
    assert (await exported(house, await house.suspended())).json()["account"]["status"] == "suspended"
    head = await house.client.head("/v1/me/export", headers=alice.headers)
    assert (head.status_code, head.content) == (200, b"")


async def test_words_that_look_like_a_document_stay_words(house, alice):
    key = await house.platform.vault.key(alice.account_id)
    for text in ("[draft", "{x", "plain", '{"a": 1}'):
        shown = opened(key, {"sealed_words": key.seal(text), "token_secret": "x"})
        assert shown == {"sealed_words": json.loads(text) if text == '{"a": 1}' else text}


async def test_the_document_has_the_parts_that_its_shape_promises(house, alice):
    assert list((await exported(house, alice)).json()) == list(PersonalExport.__struct_fields__)


async def test_each_sealed_field_of_an_event_is_shown_or_known_as_a_secret(house):
    """A new secret in an event must be named like one, or it would be given out."""
    fields = {name for fact in facts() for name in fact.__dataclass_fields__}
    assert {name for name in fields if SECRETS.search(name)} == {"sealed_password_hash", "sealed_secret", "token_hash"}
