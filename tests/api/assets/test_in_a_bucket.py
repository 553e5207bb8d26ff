"""Uploads, renditions and links of assets in a store that speaks S3"""

import asyncio
from io import BytesIO

import pytest
import pytest_asyncio
from PIL import Image

from tests.support.api_house import open_house
from tests.support.api_words import key, problem, same_answer
from tests.support.media_files import media_file
from tests.support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from tests.support.uploading import content_of, fetched, uploaded

pytestmark = pytest.mark.asyncio(loop_scope="module")
PNG = media_file("image/png")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bucket():
    """`requests` is what it was asked."""
    with S3Server() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_url, redis_url, database_folder, bucket):
    environ = {
        "S3_ENDPOINT": bucket.url,
        "S3_ACCESS_KEY": ACCESS_KEY,
        "S3_SECRET_KEY": SECRET_KEY,
        "S3_BUCKET": "daybook",
        "S3_REGION": bucket.region,
        "DAYBOOK_RATE_LIMITS": "off",
    }
    async with open_house(database_url, redis_url, database_folder, **environ) as served:
        yield served


async def test_an_upload_lies_in_the_bucket_and_nothing_beside_it(house, alice, bucket, database_folder):
    clip = media_file("video/mp4")
    shown = await uploaded(house, alice, clip)
    assert await content_of(house, alice, shown) == clip
    assert {f"assets/{shown['id']}/original.mp4", f"assets/{shown['id']}/thumbnail.webp"} <= bucket.buckets["daybook"].keys()
    assert list((database_folder / "staging").iterdir()) == []
    thumbnail = await house.client.get(f"/v1/assets/{shown['id']}/thumbnail?redirect=false", headers=alice.headers)
    small = await fetched(house, thumbnail.json()["url"])
    assert (small.headers["content-type"], Image.open(BytesIO(small.content)).size) == ("image/webp", (96, 64))


async def test_what_is_refused_leaves_nothing_in_the_bucket(house, alice, bucket, database_folder):
    before = set(bucket.buckets["daybook"])
    answer = await house.client.post("/v1/assets", files={"file": ("a.png", PNG[:-20])}, headers=alice.headers)
    problem(answer, 422, "media_rejected")
    assert set(bucket.buckets["daybook"]) == before
    assert list((database_folder / "staging").iterdir()) == []


async def test_a_repeat_stores_nothing_again(house, alice, bucket):
    async def sent():
        return await house.client.post("/v1/assets", files={"file": ("a.png", PNG)}, headers={**alice.headers, "Idempotency-Key": again})

    again = key()
    first, before = await sent(), set(bucket.buckets["daybook"])
    assert same_answer(first, await sent())
    assert set(bucket.buckets["daybook"]) == before


async def test_while_the_bucket_is_away_nothing_is_half_stored(house, alice, bucket):
    bucket.failing = 503
    try:
        answer = await house.client.post("/v1/assets", files={"file": ("a.png", PNG)}, headers=alice.headers)
    finally:
        bucket.failing = None
    assert problem(answer, 503, "store_unavailable")["retryable"] is True


async def test_a_link_works_from_a_bucket_too(house, alice):
    shown = await uploaded(house, alice, PNG)
    url = (await house.client.post(f"/v1/assets/{shown['id']}/share", headers=alice.headers)).json()["share"]["url"]
    answer = await fetched(house, url)
    part = await fetched(house, answer.headers["location"], Range="bytes=0-3")
    assert (part.status_code, part.content) == (206, PNG[:4])
    assert (await fetched(house, url, "HEAD")).headers["content-length"] == str(len(PNG))


async def test_however_many_ask_for_a_rendition_at_once_one_is_made(house, alice, bucket):
    shown = await uploaded(house, alice, PNG)
    found = await asyncio.gather(*(content_of(house, alice, shown, width=48) for _ in range(5)))
    assert {Image.open(BytesIO(each)).size for each in found} == {(48, 32)}
    stored = [request for request in bucket.requests if request.startswith("PUT") and "w48.png" in request]
    read = [request for request in bucket.requests if request.startswith("GET") and f"{shown['id']}/original.png" in request]
    assert (len(stored), len(read)) == (1, 1)
