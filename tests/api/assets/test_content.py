"""GET /v1/assets/{id}/content, its thumbnail, and the signed links of the directory store"""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.support.api_house import PNG
from tests.support.api_words import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def link(house, person, asset_id, what="content"):
    """The signed link without its host."""
    answer = await house.client.get(f"/v1/assets/{asset_id}/{what}?redirect=false", headers=person.headers)
    assert answer.status_code == 200, answer.text
    parts = urlsplit(answer.json()["url"])
    return f"{parts.path}?{parts.query}"


async def test_content_redirects_to_a_link_that_needs_no_credential(house, alice):
    _, asset_id = await house.finished(alice)
    answer = await house.client.get(f"/v1/assets/{asset_id}/content", headers=alice.headers)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("http://daybook.test/objects/")
    parts = urlsplit(answer.headers["location"])
    bytes_ = await house.client.get(f"{parts.path}?{parts.query}")
    assert (bytes_.status_code, bytes_.content) == (200, PNG)
    assert bytes_.headers["content-type"] == "image/png"
    assert bytes_.headers["x-content-type-options"] == "nosniff"
    assert bytes_.headers["content-disposition"].startswith('inline; filename="cat.png"')
    assert bytes_.headers["content-length"] == str(len(PNG))
    assert bytes_.headers["cache-control"].startswith("private, max-age=")
    assert (await house.client.get(await link(house, alice, asset_id, "thumbnail"))).content == PNG


async def test_head_gives_the_headers_alone(house, alice):
    _, asset_id = await house.finished(alice)
    path = await link(house, alice, asset_id)
    head = await house.client.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(PNG)))
    whole = await house.client.get(path)
    assert [head.headers[name] for name in ("etag", "content-type")] == [whole.headers[name] for name in ("etag", "content-type")]
    # The connection went on being used: the answer had ended where it said.
    assert _socket(head) == _socket(whole)


def _socket(answer):
    return answer.extensions["network_stream"].get_extra_info("client_addr")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=10-", 10, len(PNG) - 1), ("bytes=-5", len(PNG) - 5, len(PNG) - 1), ("bytes=0-99999", 0, len(PNG) - 1)],
)
async def test_a_range_gives_its_bytes(house, alice, asked, first, last):
    _, asset_id = await house.finished(alice)
    answer = await house.client.get(await link(house, alice, asset_id), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, PNG[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(PNG)}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=-", "lines=1-2", "bytes=9-3"])
async def test_a_range_that_is_none_is_ignored(house, alice, asked):
    _, asset_id = await house.finished(alice)
    answer = await house.client.get(await link(house, alice, asset_id), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, PNG)


async def test_a_range_behind_the_end_is_refused(house, alice):
    _, asset_id = await house.finished(alice)
    answer = await house.client.get(await link(house, alice, asset_id), headers={"Range": "bytes=5000-"})
    problem(answer, 416, "range_unsatisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(PNG)}"


async def test_conditions_on_the_version(house, alice):
    _, asset_id = await house.finished(alice)
    path = await link(house, alice, asset_id)
    etag = (await house.client.get(path)).headers["etag"]
    unchanged = await house.client.get(path, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    part = await house.client.get(path, headers={"Range": "bytes=0-1", "If-Range": etag})
    whole = await house.client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (part.status_code, whole.status_code) == (206, 200)


@pytest.mark.parametrize(
    "changed", [{"expires": "99999999999"}, {"content_type": "text/html"}, {"filename": "x.html"}, {"signature": "AAAA"}, {"signature": ""}]
)
async def test_an_altered_link_is_refused(house, alice, changed):
    _, asset_id = await house.finished(alice)
    path, _, query = (await link(house, alice, asset_id)).partition("?")
    problem(await house.client.get(f"{path}?{urlencode({**dict(parse_qsl(query)), **changed})}"), 403, "signed_url_refused")


async def test_a_link_opens_one_object_only(house, alice):
    (_, mine), (_, other) = await house.finished(alice), await house.finished(alice)
    query = (await link(house, alice, mine)).partition("?")[2]
    path = (await link(house, alice, other)).partition("?")[0]
    problem(await house.client.get(f"{path}?{query}"), 403, "signed_url_refused")
    for key in ("../../etc/passwd", "%2e%2e/x", "generations//x", "GENERATIONS/x"):
        assert (await house.client.get(f"/objects/{key}?{query}")).status_code in (403, 404)


async def test_what_is_deleted_in_the_store_is_missing(house, alice):
    generation_id, asset_id = await house.finished(alice)
    path = await link(house, alice, asset_id)
    await house.platform.objects.delete([f"generations/{generation_id}/{asset_id}.png"])
    problem(await house.client.get(path), 404, "object_missing")
