"""GET, PATCH /v1/me"""

import asyncio

import pytest

from tests.support.api_words import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def patch(house, person, body, **headers):
    return await house.client.patch("/v1/me", json=body, headers={**person.headers, **headers})


async def test_an_absent_field_stays_and_null_clears(house):
    person = await house.person()
    named = await patch(house, person, {"name": "Ada", "first_name": "Ada", "last_name": "Lovelace"})
    assert named.status_code == 200
    cleared = await patch(house, person, {"name": None, "last_name": "King"})
    shown = cleared.json()
    assert (shown["name"], shown["first_name"], shown["last_name"], shown["email"]) == (None, "Ada", "King", person.email)
    assert shown["updated_at"] > named.json()["updated_at"]
    assert (await house.client.get("/v1/me", headers=person.headers)).json() == shown


async def test_a_change_that_changes_nothing_leaves_no_trace(house):
    person = await house.person()
    before = await house.platform.journal.last_position(person.account_id)
    assert (await patch(house, person, {})).status_code == 200
    assert (await patch(house, person, {"name": None})).status_code == 200
    assert await house.platform.journal.last_position(person.account_id) == before


@pytest.mark.parametrize("body", [{"email": "x@example.com"}, {"roles": ["operator"]}, {"name": ""}, {"name": "x" * 101}, {"name": 7}])
async def test_only_names_can_be_changed(house, alice, body):
    problem(await patch(house, alice, body), 422, "validation_failed")


async def test_a_change_on_an_older_version_is_refused(house):
    person = await house.person()
    etag = (await house.client.get("/v1/me", headers=person.headers)).headers["etag"]
    assert (await patch(house, person, {"name": "one"}, **{"If-Match": etag})).status_code == 200
    problem(await patch(house, person, {"name": "two"}, **{"If-Match": etag}), 412, "precondition_failed")


async def test_of_many_changes_on_one_version_one_wins(house):
    person = await house.person()
    etag = (await house.client.get("/v1/me", headers=person.headers)).headers["etag"]
    answers = await asyncio.gather(*(patch(house, person, {"name": f"n{number}"}, **{"If-Match": etag}) for number in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7


async def test_changes_of_different_fields_at_once_are_all_kept(house):
    person = await house.person()
    names = {"name": "Countess", "first_name": "Ada", "last_name": "King"}
    answers = await asyncio.gather(*(patch(house, person, {field: name}) for field, name in names.items()))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert names.items() <= (await house.client.get("/v1/me", headers=person.headers)).json().items()


async def test_a_suspended_person_still_sees_who_he_is(house):
    person = await house.suspended()
    shown = await house.client.get("/v1/me", headers=person.headers)
    assert (shown.status_code, shown.json()["status"]) == (200, "suspended")
    problem(await patch(house, person, {"name": "x"}), 403, "account_suspended")
    assert (await house.client.post("/v1/auth/logout", headers=person.headers)).status_code == 204
