"""GET /v1/generations, /v1/generations/{id}, its timeline, DELETE"""

from datetime import UTC, datetime

import pytest

from tests.support.api_words import CAT, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def submit(house, person, **fields):
    return (await house.client.post("/v1/generations", json={**CAT, **fields}, headers=person.headers)).json()


async def listed(house, person, **params):
    answer = await house.client.get("/v1/generations", params=params, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer


def ids(page):
    return [row["id"] for row in page.json()["data"]]


async def test_read_model_and_log_show_the_same_object(house, alice):
    generation_id, asset_id = await house.finished(alice)
    path = f"/v1/generations/{generation_id}"
    read = await house.client.get(path, headers=alice.headers)
    waited = await house.client.get(path, headers={**alice.headers, "Prefer": "wait=5"})
    assert read.json() == waited.json()
    shown = read.json()
    assert (shown["status"], shown["progress"], shown["attempts"]) == ("succeeded", 1.0, 1)
    assert shown["credits"]["charge_id"] == str(generation_id)
    assert [asset["id"] for asset in shown["assets"]] == [str(asset_id)]
    assert shown["assets"][0]["filename"] == "cat.png"
    created, started, finished = (datetime.fromisoformat(shown[name]) for name in ("created_at", "started_at", "finished_at"))
    milliseconds = [round((end - begin).total_seconds() * 1000) for begin, end in ((created, started), (started, finished))]
    assert list(shown["metrics"].values()) == milliseconds
    assert (await listed(house, alice)).json()["data"][0] == shown


async def test_a_location_just_received_is_never_404_also_without_waiting(house, alice):
    for _ in range(5):
        made = await submit(house, alice)
        headers = {**alice.headers, "Daybook-Min-Position": "0"}
        found = (await house.client.get(f"/v1/generations/{made['id']}", headers=headers)).json()
        assert {**found, "queue_position": None} == made


async def test_somebody_elses_generation_is_not_there(house, alice, bob):
    made = await submit(house, alice)
    path = f"/v1/generations/{made['id']}"
    for method, suffix in (("GET", ""), ("DELETE", ""), ("GET", "/timeline"), ("POST", "/cancel")):
        problem(await house.client.request(method, path + suffix, headers=bob.headers), 404, "generation_not_found")
    waited = await house.client.get(path, headers={**bob.headers, "Prefer": "wait=5"})
    problem(waited, 404, "generation_not_found")


async def test_pages_neither_repeat_nor_skip_while_states_move(house):
    person = await house.person(credits=1_000)
    made = [(await submit(house, person))["id"] for _ in range(7)]
    first = await listed(house, person, limit=3)
    await house.client.post(f"/v1/generations/{made[6]}/cancel", headers=person.headers)
    newer = await submit(house, person)
    second = await listed(house, person, limit=3, cursor=first.json()["next_cursor"])
    third = await listed(house, person, limit=3, cursor=second.json()["next_cursor"])
    assert ids(first) + ids(second) + ids(third) == made[::-1]
    assert third.json()["next_cursor"] is None
    assert newer["id"] not in ids(first) + ids(second) + ids(third)
    link = first.headers["link"]
    assert link.startswith("<http://daybook.test/v1/generations?") and link.endswith('>; rel="next"')
    assert ids(await listed(house, person, order="asc", limit=100)) == [*made, newer["id"]]


async def test_a_cursor_belongs_to_its_account_and_filters(house, bob):
    person = await house.person(credits=1_000)
    for _ in range(3):
        await submit(house, person)
    cursor = (await listed(house, person, limit=1)).json()["next_cursor"]
    for who, params in ((bob, {}), (person, {"status": "queued"}), (person, {"order": "asc"})):
        answer = await house.client.get("/v1/generations", params={"cursor": cursor, **params}, headers=who.headers)
        problem(answer, 400, "cursor_invalid")
    answer = await house.client.get("/v1/assets", params={"cursor": cursor}, headers=person.headers)
    problem(answer, 400, "cursor_invalid")


async def test_filters_given_twice_mean_either(house):
    person = await house.person(credits=1_000)
    red, blue, both = [await submit(house, person, tags=tags) for tags in (["red"], ["blue"], ["red", "blue"])]
    canceled = await submit(house, person)
    await house.client.post(f"/v1/generations/{canceled['id']}/cancel", headers=person.headers)
    assert ids(await listed(house, person, tag="red")) == [both["id"], red["id"]]
    assert ids(await listed(house, person, tag=["red", "blue"])) == [both["id"], blue["id"], red["id"]]
    assert ids(await listed(house, person, status="canceled")) == [canceled["id"]]
    assert len(ids(await listed(house, person, status=["canceled", "queued"], kind="image", model="builtin/sketch-1"))) == 4
    assert ids(await listed(house, person, kind="video")) == []
    assert ids(await listed(house, person, created_to=red["created_at"])) == []
    assert len(ids(await listed(house, person, created_from=red["created_at"]))) == 4
    assert ids(await listed(house, person, created_from=datetime.now(UTC).isoformat())) == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "status=done", "colour=red", "order=up", "limit=1&limit=2", "created_from=today"]
)
async def test_unknown_or_bad_query_parameters_are_refused(house, alice, query):
    problem(await house.client.get(f"/v1/generations?{query}", headers=alice.headers), 422, "validation_failed")


async def test_an_etag_saves_sending_what_has_not_changed(house, alice):
    made = await submit(house, alice)
    path = f"/v1/generations/{made['id']}"
    first = await house.client.get(path, headers=alice.headers)
    again = await house.client.get(path, headers={**alice.headers, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await house.client.post(f"{path}/cancel", headers=alice.headers)
    changed = await house.client.get(path, headers={**alice.headers, "If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    stale = await house.client.delete(path, headers={**alice.headers, "If-Match": first.headers["etag"]})
    problem(stale, 412, "precondition_failed")
    fresh = await house.client.delete(path, headers={**alice.headers, "If-Match": changed.headers["etag"]})
    assert fresh.status_code == 204


async def test_head_is_get_without_its_body(house, alice):
    made = await submit(house, alice)
    got = await house.client.get(f"/v1/generations/{made['id']}", headers=alice.headers)
    head = await house.client.head(f"/v1/generations/{made['id']}", headers=alice.headers)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])


async def test_the_timeline_tells_everything_durable(house, alice):
    generation_id, asset_id = await house.finished(alice)
    answer = await house.client.get(f"/v1/generations/{generation_id}/timeline", headers=alice.headers)
    events = answer.json()["data"]
    assert [event["type"] for event in events] == ["generation.queued", "generation.started", "generation.succeeded"]
    assert events[-1]["data"] == {"charged": 5, "released": 0, "attempt": 1, "asset_ids": [str(asset_id)]}
    assert [event["position"] for event in events] == sorted(event["position"] for event in events)


async def test_only_a_final_generation_can_be_deleted_and_its_assets_go_too(house, alice):
    made = await submit(house, alice)
    refused = problem(await house.client.delete(f"/v1/generations/{made['id']}", headers=alice.headers), 409, "generation_open")
    assert refused["status"] == 409
    generation_id, asset_id = await house.finished(alice)
    path = f"/v1/generations/{generation_id}"
    charged = (await house.client.get("/v1/credits/balance", headers=alice.headers)).json()
    assert (await house.client.delete(path, headers=alice.headers)).status_code == 204
    problem(await house.client.get(path, headers=alice.headers), 404, "generation_not_found")
    problem(await house.client.get(f"/v1/assets/{asset_id}", headers=alice.headers), 404, "asset_not_found")
    problem(await house.client.delete(path, headers=alice.headers), 404, "generation_not_found")
    assert (await house.client.get("/v1/credits/balance", headers=alice.headers)).json() == charged


@pytest.mark.parametrize("name", ["x", "01936B2E-0000-7000-8000-000000000001", "00000000-0000-0000-0000-000000000000", "{id}"])
async def test_what_is_no_id_names_nothing(house, alice, name):
    assert (await house.client.get(f"/v1/generations/{name}", headers=alice.headers)).status_code == 404


async def test_a_queued_generation_says_its_place_in_the_queue(house):
    person = await house.person(credits=100)
    first, second = [f"/v1/generations/{(await submit(house, person))['id']}" for _ in range(2)]
    place = (await house.client.get(first, headers=person.headers)).json()["queue_position"]
    before = await house.client.get(second, headers=person.headers)
    assert 1 <= place < before.json()["queue_position"]
    await house.client.post(first + "/cancel", headers=person.headers)
    assert (await house.client.get(first, headers=person.headers)).json()["queue_position"] is None
    after = await house.client.get(second, headers=person.headers)
    assert after.json()["queue_position"] == before.json()["queue_position"] - 1
    # Moving up is no change of the resource.
    assert after.headers["etag"] == before.headers["etag"]
