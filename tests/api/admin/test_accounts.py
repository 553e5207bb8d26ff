"""GET /v1/admin/accounts, GET, PATCH …/{id}, suspend, reactivate"""

import pytest

from tests.support.api_words import CAT, problem, up_to_now

pytestmark = pytest.mark.asyncio(loop_scope="module")


def path(person, suffix=""):
    return f"/v1/admin/accounts/{person.account_id}{suffix}"


async def test_an_operator_finds_accounts_by_address_role_and_status(house, operator):
    person = await house.person()
    suspended = await house.suspended()
    headers = await up_to_now(house, operator)
    for params, wanted in (
        ({"email": person.email.upper()}, person),
        ({"status": "suspended"}, suspended),
        ({"role": "operator"}, operator),
    ):
        answer = await house.client.get("/v1/admin/accounts", params=params, headers=headers)
        rows = answer.json()["data"]
        assert wanted.email in [row["email"] for row in rows]
        assert len(rows) == 1 or "role" in params or "status" in params
    assert (await house.client.get("/v1/admin/accounts?email=nobody", headers=operator.headers)).json()["data"] == []


async def test_the_list_has_pages(house, operator):
    for _ in range(3):
        await house.person()
    headers = await up_to_now(house, operator)
    first = (await house.client.get("/v1/admin/accounts?limit=2", headers=headers)).json()
    rest = await house.client.get("/v1/admin/accounts", params={"limit": 2, "cursor": first["next_cursor"]}, headers=operator.headers)
    ids = [row["id"] for row in first["data"] + rest.json()["data"]]
    assert len(set(ids)) == 4


async def test_new_roles_open_doors_at_once_and_close_them(house, operator):
    person = await house.person()
    body = {"roles": ["user", "operator", "operator"], "reason": "joins the team"}
    answer = await house.client.patch(path(person), json=body, headers=operator.headers)
    assert (answer.status_code, answer.json()["roles"]) == (200, ["operator", "user"])
    assert (await house.client.get("/v1/admin/queues", headers=person.headers)).status_code == 200
    await house.client.patch(path(person), json={"roles": ["user"], "reason": "leaves"}, headers=operator.headers)
    problem(await house.client.get("/v1/admin/queues", headers=person.headers), 403, "role_missing")


async def test_limits_are_the_accounts_own_until_they_are_emptied(house, operator):
    person = await house.person()
    both = {"limits": {"api": "6000/60", "concurrency": "3", "generations": "9/3600"}, "roles": ["user"], "reason": "test"}
    shown = (await house.client.patch(path(person), json=both, headers=operator.headers)).json()
    assert shown["limits"] == both["limits"]
    assert (await house.client.get(path(person), headers=operator.headers)).json() == shown
    assert (await house.client.patch(path(person), json={"limits": {}, "reason": "test"}, headers=operator.headers)).json()["limits"] == {}


@pytest.mark.parametrize(
    "body",
    [
        {"roles": []},
        {"roles": ["king"]},
        {"limits": {"api": "many"}},
        {"limits": {"tea": "1/1"}},
        {"limits": {"api": "0/60"}},
        {"limits": {"api": "9/60\n"}},
        {"limits": {"api": "9"}},
        {"limits": {"concurrency": "9/60"}},
        {"status": "x"},
    ],
)
async def test_roles_and_limits_that_do_not_exist_are_refused(house, operator, alice, body):
    answer = await house.client.patch(path(alice), json={"reason": "test", **body}, headers=operator.headers)
    problem(answer, 422, "validation_failed")


@pytest.mark.parametrize("reason", [{}, {"reason": ""}, {"reason": " \t\u00a0"}, {"reason": "x" * 501}])
async def test_every_write_has_a_reason(house, operator, alice, reason):
    for method, suffix, body in (
        ("PATCH", "", {"roles": ["user"]}),
        ("POST", "/suspend", {}),
        ("POST", "/grants", {"amount": 1}),
    ):
        answer = await house.client.request(method, path(alice, suffix), json={**body, **reason}, headers=operator.headers)
        problem(answer, 422, "validation_failed")


async def test_roles_and_limits_change_in_one_commit(house, operator):
    person = await house.person()
    both = {"limits": {"api": "7/60"}, "roles": ["auditor", "user"], "reason": "both at once"}
    answer = await house.client.patch(path(person), json=both, headers=operator.headers)
    events = (await house.platform.journal.stream(person.account_id))[-2:]
    assert [event.topic for event in events] == ["accounts.roles_changed", "accounts.limits_changed"]
    assert len({event.command_id for event in events}) == 1
    assert answer.headers["daybook-position"] == str(events[-1].position)
    assert (await house.client.patch(path(person), json=both, headers=operator.headers)).json() == answer.json()
    assert (await house.platform.journal.stream(person.account_id))[-1] == events[-1]


async def test_nobody_suspends_himself(house, operator):
    answer = await house.client.post(path(operator, "/suspend"), json={"reason": "oops"}, headers=operator.headers)
    problem(answer, 409, "own_suspension")
    assert (await house.client.get("/v1/admin/queues", headers=operator.headers)).status_code == 200


async def test_a_change_on_an_older_version_is_refused(house, operator, alice):
    etag = (await house.client.get(path(alice), headers=operator.headers)).headers["etag"]
    await house.client.patch(path(alice), json={"limits": {"api": "5/5"}, "reason": "test"}, headers=operator.headers)
    stale = {**operator.headers, "If-Match": etag}
    problem(await house.client.patch(path(alice), json={"limits": {}, "reason": "test"}, headers=stale), 412, "precondition_failed")


async def test_a_suspension_stops_new_work_at_once_until_it_ends(house, operator):
    person = await house.person()
    because = {"reason": "chargeback"}
    answer = await house.client.post(path(person, "/suspend"), json=because, headers=operator.headers)
    assert (answer.status_code, answer.json()["status"]) == (200, "suspended")
    problem(await house.client.post("/v1/generations", json=CAT, headers=person.headers), 403, "account_suspended")
    again = await house.client.post(path(person, "/suspend"), json=because, headers=operator.headers)
    assert (again.status_code, again.json()) == (200, answer.json())
    answer = await house.client.post(path(person, "/reactivate"), json=because, headers=operator.headers)
    assert answer.json()["status"] == "active"
    assert (await house.client.post("/v1/generations", json=CAT, headers=person.headers)).status_code == 202


async def test_each_write_names_its_actor_and_reason_in_the_log(house, operator):
    person = await house.person()
    await house.client.post(path(person, "/suspend"), json={"reason": "chargeback"}, headers=operator.headers)
    event = (await house.platform.journal.stream(person.account_id))[-1]
    assert event.actor == f"account:{operator.account_id}"
    key = await house.platform.vault.key(person.account_id)
    assert "chargeback" not in event.fact.reason
    assert key.open(event.fact.reason) == "chargeback"


async def test_an_unknown_account_is_not_there(house, operator):
    unknown = f"/v1/admin/accounts/{house.platform.ids.new()}"
    problem(await house.client.get(unknown, headers=operator.headers), 404, "account_not_found")
    problem(
        await house.client.patch(unknown, json={"roles": ["user"], "reason": "leaves"}, headers=operator.headers), 404, "account_not_found"
    )
    problem(await house.client.post(f"{unknown}/suspend", json={"reason": "x"}, headers=operator.headers), 404, "account_not_found")
    grant = await house.client.post(f"{unknown}/grants", json={"reason": "x", "amount": 1}, headers=operator.headers)
    assert grant.status_code == 404


async def test_an_erased_person_has_no_name_but_the_list_goes_on(house, operator):
    person = await house.person()
    async with house.platform.reads.connection() as connection:
        query = "UPDATE vault.subject_keys SET wrapped = NULL, destroyed_at = now() WHERE account_id = %s"
        await connection.execute(query, [person.account_id])
    house.platform.vault._known.clear()
    headers = await up_to_now(house, operator)
    rows = (await house.client.get("/v1/admin/accounts", headers=headers)).json()["data"]
    erased = next(row for row in rows if row["id"] == str(person.account_id))
    assert (erased["email"], erased["name"]) == (None, None)
