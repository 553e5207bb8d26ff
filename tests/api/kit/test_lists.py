"""Pages, cursors and the link to the next one."""

import pytest

from tests.api.kit.tiny import TINY
from tests.support.api_world import bearer, fake_platform, served


@pytest.fixture
async def client():
    async with served(TINY, fake_platform(limits_off=True)) as client:
        yield client


async def get(client, query: str = "", token: str = "alice"):
    return await client.get(f"/v1/things{query}", headers=bearer(token))


async def test_a_page_has_twenty_rows_unless_asked_otherwise(client):
    assert len((await get(client)).json()["data"]) == 20
    assert len((await get(client, "?limit=7")).json()["data"]) == 7


async def test_the_cursors_lead_through_the_whole_list_once(client):
    seen, query = [], "?limit=15"
    while query:
        page = (await get(client, query)).json()
        seen += page["data"]
        query = f"?limit=15&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == list(range(60))[: len(seen)]
    assert len(seen) == 60


async def test_the_link_is_the_next_page_absolute_and_the_last_page_has_none(client):
    response = await get(client, "?limit=30&status=a&status=b")
    link = response.links["next"]["url"]
    assert link.startswith("http://daybook.test/v1/things?limit=30&status=a&status=b&cursor=")
    following = await get(client, link.removeprefix("http://daybook.test/v1/things"))
    assert (following.json()["data"][0], following.json()["next_cursor"]) == (30, None)
    assert "link" not in following.headers


async def test_limit_may_change_between_pages(client):
    cursor = (await get(client, "?limit=5")).json()["next_cursor"]
    assert (await get(client, f"?limit=2&cursor={cursor}")).json()["data"] == [5, 6]


async def test_a_cursor_is_bound_to_its_account(client):
    cursor = (await get(client)).json()["next_cursor"]
    response = await get(client, f"?cursor={cursor}", token="bob")
    assert (response.status_code, response.json()["code"]) == (400, "cursor_invalid")


async def test_a_cursor_is_bound_to_its_filters(client):
    cursor = (await get(client, "?status=a")).json()["next_cursor"]
    assert (await get(client, f"?status=b&cursor={cursor}")).status_code == 400
    assert (await get(client, f"?status=a&order=asc&cursor={cursor}")).status_code == 400


@pytest.mark.parametrize(
    "change", [lambda c: c[:-1], lambda c: c + "A", lambda c: "A" + c[1:], lambda c: c + "=", lambda c: "", lambda c: "💥"]
)
async def test_an_altered_cursor_is_a_400(client, change):
    cursor = (await get(client)).json()["next_cursor"]
    response = await client.get("/v1/things", params={"cursor": change(cursor)}, headers=bearer("alice"))
    assert (response.status_code, response.json()["code"]) == (400, "cursor_invalid")
