"""GET /v1/assets, GET, PATCH, DELETE /v1/assets/{id}"""

import asyncio
import hashlib

import pytest

from tests.support.api_house import PNG
from tests.support.api_words import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_asset_says_what_it_is(house, alice):
    generation_id, asset_id = await house.finished(alice)
    url = f"http://daybook.test/v1/assets/{asset_id}"
    shown = (await house.client.get(f"/v1/assets/{asset_id}", headers=alice.headers)).json()
    assert shown == {
        "id": str(asset_id),
        "kind": "image",
        "source": "generation",
        "generation_id": str(generation_id),
        "filename": "cat.png",
        "content_type": "image/png",
        "bytes": len(PNG),
        "sha256": hashlib.sha256(PNG).hexdigest(),
        "width": 1,
        "height": 1,
        "duration_ms": None,
        "created_at": shown["created_at"],
        "share": None,
        "url": url,
        "content_url": f"{url}/content",
        "thumbnail_url": f"{url}/thumbnail",
    }


async def test_the_list_has_pages_and_filters(house):
    person = await house.person()
    made = [str((await house.finished(person))[1]) for _ in range(3)]
    first = (await house.client.get("/v1/assets?limit=2&kind=image&source=generation", headers=person.headers)).json()
    params = {"limit": 2, "kind": "image", "source": "generation", "cursor": first["next_cursor"]}
    rest = (await house.client.get("/v1/assets", params=params, headers=person.headers)).json()
    assert [row["id"] for row in first["data"] + rest["data"]] == made[::-1]
    assert (await house.client.get("/v1/assets?source=upload", headers=person.headers)).json()["data"] == []


async def test_a_new_name_is_read_back_at_once(house, alice):
    _, asset_id = await house.finished(alice)
    path = f"/v1/assets/{asset_id}"
    before = await house.client.get(path, headers=alice.headers)
    answer = await house.client.patch(path, json={"filename": "Müllers Katze.png"}, headers=alice.headers)
    assert (answer.status_code, answer.json()["filename"]) == (200, "Müllers Katze.png")
    assert (await house.client.get(path, headers=alice.headers)).json() == answer.json()
    stale = {**alice.headers, "If-Match": before.headers["etag"]}
    problem(await house.client.patch(path, json={"filename": "x.png"}, headers=stale), 412, "precondition_failed")
    assert (await house.client.patch(path, json={}, headers=alice.headers)).json() == answer.json()


@pytest.mark.parametrize("name", ["", " ", "a/b", "..\\x", "x" * 201, "a\u0000b", "a\nb.png", "a.png\n", None, 7])
async def test_what_is_no_file_name_is_refused(house, alice, name):
    _, asset_id = await house.finished(alice)
    answer = await house.client.patch(f"/v1/assets/{asset_id}", json={"filename": name}, headers=alice.headers)
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["pointer"] == "/filename"


async def test_a_deleted_asset_is_gone_also_from_its_generation(house, alice):
    generation_id, asset_id = await house.finished(alice)
    assert (await house.client.delete(f"/v1/assets/{asset_id}", headers=alice.headers)).status_code == 204
    problem(await house.client.get(f"/v1/assets/{asset_id}", headers=alice.headers), 404, "asset_not_found")
    problem(await house.client.get(f"/v1/assets/{asset_id}/content", headers=alice.headers), 404, "asset_not_found")
    problem(await house.client.delete(f"/v1/assets/{asset_id}", headers=alice.headers), 404, "asset_not_found")
    generation = (await house.client.get(f"/v1/generations/{generation_id}", headers=alice.headers)).json()
    assert generation["assets"] == []


async def test_somebody_elses_asset_is_not_there(house, alice, bob):
    _, asset_id = await house.finished(alice)
    path = f"/v1/assets/{asset_id}"
    for answer in (
        await house.client.get(path, headers=bob.headers),
        await house.client.get(f"{path}/content", headers=bob.headers),
        await house.client.get(f"{path}/thumbnail", headers=bob.headers),
        await house.client.patch(path, json={"filename": "mine.png"}, headers=bob.headers),
        await house.client.delete(path, headers=bob.headers),
    ):
        problem(answer, 404, "asset_not_found")


async def test_of_many_who_saw_the_same_version_one_may_change_it(house, alice):
    _, asset_id = await house.finished(alice)
    path = f"/v1/assets/{asset_id}"
    etag = (await house.client.get(path, headers=alice.headers)).headers["etag"]
    seen = {**alice.headers, "If-Match": etag}
    answers = await asyncio.gather(*(house.client.patch(path, json={"filename": f"{n}.png"}, headers=seen) for n in range(8)))
    [done] = [answer for answer in answers if answer.status_code == 200]
    for late in answers:
        if late is not done:
            problem(late, 412, "precondition_failed")
    assert (await house.client.get(path, headers=alice.headers)).json()["filename"] == done.json()["filename"]
