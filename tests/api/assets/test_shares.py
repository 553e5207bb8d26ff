"""POST, DELETE /v1/assets/{id}/share, and what a public link gives"""

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from api.sharing import hash_of
from domain.accounts.commands import SuspendAccount
from domain.assets.commands import ShareAsset
from tests.support.api_words import key, problem, same_answer
from tests.support.media_files import media_file
from tests.support.uploading import fetched, uploaded

pytestmark = pytest.mark.asyncio(loop_scope="module")
PNG = media_file("image/png")


async def shared(house, person, shown, **body):
    answer = await house.client.post(f"/v1/assets/{shown['id']}/share", json=body, headers=person.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["share"]


async def test_a_link_works_without_any_credential_whole_and_in_parts(house, alice):
    link = (await shared(house, alice, await uploaded(house, alice, PNG)))["url"]
    answer = await fetched(house, link)
    assert (answer.status_code, answer.headers["cache-control"]) == (302, "no-store")
    assert (await fetched(house, answer.headers["location"])).content == PNG
    part = await fetched(house, answer.headers["location"], Range="bytes=2-5")
    assert (part.status_code, part.content) == (206, PNG[2:6])
    head = await fetched(house, link, "HEAD")
    assert (head.status_code, head.headers["content-length"], head.headers["content-type"]) == (200, str(len(PNG)), "image/png")


async def test_the_asset_shows_its_link_until_it_is_ended(house, alice):
    shown = await uploaded(house, alice, PNG)
    path = f"/v1/assets/{shown['id']}"
    made = await house.client.post(f"{path}/share", headers=alice.headers)
    link = made.json()["share"]
    assert made.headers["location"] == link["url"]
    assert (await house.client.get(path, headers=alice.headers)).json()["share"] == link
    [listed] = [row for row in (await house.client.get("/v1/assets", headers=alice.headers)).json()["data"] if row["id"] == shown["id"]]
    assert listed["share"] == link
    for _ in range(2):
        assert (await house.client.delete(f"{path}/share", headers=alice.headers)).status_code == 204
    problem(await fetched(house, link["url"]), 404, "share_not_found")
    assert (await house.client.get(path, headers=alice.headers)).json()["share"] is None


async def test_a_new_link_ends_the_one_before(house, alice):
    shown = await uploaded(house, alice, PNG)
    first, second = await shared(house, alice, shown), await shared(house, alice, shown, expires_in=60)
    assert first["expires_at"] > second["expires_at"]
    problem(await fetched(house, first["url"]), 404, "share_not_found")
    assert (await fetched(house, second["url"])).status_code == 302


@pytest.mark.parametrize(("seconds", "status"), [(-1, 404), (60, 302)])
async def test_a_link_works_until_its_time(house, alice, seconds, status):
    shown, token = await uploaded(house, alice, PNG), f"{seconds}-{'t' * 30}"
    until = house.platform.clock.now() + timedelta(seconds=seconds)
    sealed = (await house.platform.vault.key(alice.account_id)).seal(token)
    link = {"token_hash": hash_of(token), "sealed_token": sealed, "expires_at": until}
    await house.execute(ShareAsset(asset_id=UUID(shown["id"]), account_id=alice.account_id, **link))
    assert (await fetched(house, f"http://daybook.test/v1/shared/{token}")).status_code == status


async def test_what_was_never_a_link_gives_nothing(house):
    for token in ("x", "0" * 32):
        problem(await fetched(house, f"http://daybook.test/v1/shared/{token}"), 404, "share_not_found")


async def test_a_link_ends_with_its_asset_and_with_its_owner(house):
    person = await house.person()
    deleted, kept = await uploaded(house, person, PNG), await uploaded(house, person, PNG)
    links = [(await shared(house, person, each))["url"] for each in (deleted, kept)]
    await house.client.delete(urlsplit(deleted["url"]).path, headers=person.headers)
    problem(await fetched(house, links[0]), 404, "share_not_found")
    assert (await fetched(house, links[1])).status_code == 302
    await house.execute(SuspendAccount(account_id=person.account_id, reason="test"))
    problem(await fetched(house, links[1]), 404, "share_not_found")


async def test_a_repeat_with_the_same_key_is_the_same_link(house, alice):
    shown = await uploaded(house, alice, PNG)
    headers = {**alice.headers, "Idempotency-Key": key()}
    first, second = [await house.client.post(f"/v1/assets/{shown['id']}/share", json={}, headers=headers) for _ in range(2)]
    assert same_answer(first, second)


@pytest.mark.parametrize("seconds", [59, 30 * 86_400 + 1, "7", None])
async def test_a_time_outside_the_limits_is_refused(house, alice, seconds):
    shown = await uploaded(house, alice, PNG)
    answer = await house.client.post(f"/v1/assets/{shown['id']}/share", json={"expires_in": seconds}, headers=alice.headers)
    assert problem(answer, 422, "validation_failed")["errors"][0]["pointer"] == "/expires_in"


async def test_somebody_elses_asset_cannot_be_shared(house, alice, bob):
    shown = await uploaded(house, alice, PNG)
    for method in ("POST", "DELETE"):
        problem(await house.client.request(method, f"/v1/assets/{shown['id']}/share", headers=bob.headers), 404, "asset_not_found")
