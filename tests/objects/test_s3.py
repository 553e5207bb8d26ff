"""What only S3 can get wrong: regions, public addresses, credentials, bad answers, and the documents of a bucket."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from domain.assets.storage import StoreUnavailable
from infra.objects.s3 import S3Store
from infra.objects.s3_client import S3Settings
from tests.support.s3_server import ACCESS_KEY, SECRET_KEY, XMLNS, S3Server

ORIGINS = ["https://app.example", "http://localhost:3000"]


@pytest.fixture
def server() -> Iterator[S3Server]:
    with S3Server() as running:
        yield running


def settings(server: S3Server, **changes: str) -> S3Settings:
    given = {"endpoint": server.url, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY, "bucket": "daybook", "region": server.region}
    return S3Settings(**given | changes)


@pytest.fixture
async def store(server: S3Server) -> AsyncIterator[S3Store]:
    made = S3Store(settings(server), cors_origins=ORIGINS)
    yield made
    await made.close()


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "auto"])
async def test_every_region_works(region: str):
    with S3Server(region) as server:
        store = S3Store(settings(server))
        await store.prepare()
        await store.put("one", b"1", "text/plain")
        url = store.url("one", now=datetime.now(UTC), expires_seconds=60, content_type="text/plain")
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(url)).content == b"1"
        await store.close()


async def test_presigning_makes_no_call_and_uses_the_public_address(server: S3Server):
    store = S3Store(settings(server, public_endpoint="https://cdn.example"))
    url = store.url("a/one.png", now=datetime.now(UTC), expires_seconds=60, content_type="image/png")
    assert url.startswith("https://cdn.example/daybook/a/one.png?")
    assert server.requests == []
    await store.close()


async def test_a_url_is_bound_to_its_host(server: S3Server):
    store = S3Store(settings(server))
    await store.prepare()
    await store.put("one", b"1", "text/plain")
    url = store.url("one", now=datetime.now(UTC), expires_seconds=60, content_type="text/plain")
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(url.replace(server.url, server.other_url))).status_code == 403
    await store.close()


@pytest.mark.parametrize("endpoint", ["", "127.0.0.1:9000", "ftp://host", "http://host/path", "http://"])
def test_an_endpoint_that_is_none_is_named(server: S3Server, endpoint: str):
    with pytest.raises(ValueError, match="not an S3 endpoint"):
        S3Store(settings(server, endpoint=endpoint))


async def test_a_wrong_secret_is_an_unavailable_store(server: S3Server):
    store = S3Store(settings(server, secret_key="wrong" * 8))
    with pytest.raises(StoreUnavailable) as refusal:
        await store.put("one", b"1", "text/plain")
    assert refusal.value.fields["reason"] == "SignatureDoesNotMatch"
    await store.close()


async def test_a_bucket_that_is_gone_is_an_unavailable_store(store: S3Store):
    for attempt in (store.get("one"), store.put("one", b"1", "text/plain"), store.check()):
        with pytest.raises(StoreUnavailable) as refusal:
            await attempt
        assert refusal.value.fields["reason"] == "NoSuchBucket"


async def test_a_failing_store_is_tried_again_and_then_refused(server: S3Server, store: S3Store):
    await store.prepare()
    server.requests.clear()
    server.failing = 503
    with pytest.raises(StoreUnavailable):
        await store.put("one", b"1", "text/plain")
    assert len(server.requests) == 3
    server.failing = None
    await store.put("one", b"1", "text/plain")
    assert await store.get("one") == b"1"


async def test_a_store_that_nobody_serves_is_unavailable(server: S3Server):
    store = S3Store(settings(server, endpoint="http://127.0.0.1:1"))
    for attempt in (store.get("one"), store.check(), store.prepare()):
        with pytest.raises(StoreUnavailable):
            await attempt
    with pytest.raises(StoreUnavailable):
        assert [found async for found in store.list("a/")]
    await store.close()


async def test_check_gives_up_soon_on_a_store_that_never_answers(server: S3Server, store: S3Store):
    await store.prepare()
    server.stalling.set()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await store.check()
    assert time.monotonic() - began < 10
    server.released.set()


async def test_a_slow_store_does_not_hold_up_the_event_loop(server: S3Server, store: S3Store):
    await store.prepare()
    server.stalling.set()
    waiting = asyncio.create_task(store.get("one"))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    server.stalling.clear()
    server.released.set()
    with pytest.raises(Exception, match="does not exist"):
        await waiting


async def test_a_big_file_goes_up_in_parts(server: S3Server, store: S3Store, tmp_path: Path):
    await store.prepare()
    path = tmp_path / "big"
    path.write_bytes(b"x" * (40 << 20))
    await store.put("big", path, "video/mp4")
    parts = [line for line in server.requests if line.startswith("PUT") and "partNumber" in line]
    assert len(parts) == 3
    assert server.uploads == {}
    assert server.buckets["daybook"]["big"].content_type == "video/mp4"


async def test_more_objects_than_a_page_are_listed_once_each(server: S3Server, store: S3Store):
    await store.prepare()
    await store.put("template", b"1", "text/plain")
    stored = server.buckets["daybook"].pop("template")
    keys = [f"a/{number:05}" for number in range(2_300)]
    server.buckets["daybook"] |= dict.fromkeys(keys, stored)
    assert [found.key async for found in store.list("a/")] == keys


async def test_prepare_makes_bucket_cors_and_lifecycle(server: S3Server, store: S3Store):
    done = await store.prepare()
    assert done == ["bucket daybook made", "CORS set", "lifecycle rules set"]
    cors = server.documents["daybook", "cors"].decode()
    assert all(f"<AllowedOrigin>{origin}</AllowedOrigin>" in cors for origin in ORIGINS)
    assert "<ExposeHeader>Content-Range</ExposeHeader>" in cors
    lifecycle = server.documents["daybook", "lifecycle"].decode()
    assert "<DaysAfterInitiation>1</DaysAfterInitiation>" in lifecycle and "<Prefix>tmp/</Prefix>" in lifecycle


async def test_prepare_keeps_what_an_operator_made(server: S3Server, store: S3Store):
    await store.prepare()
    own = (
        "<Rule><ID>archive</ID><Status>Enabled</Status><Filter><Prefix>old/</Prefix></Filter><Expiration><Days>9</Days></Expiration></Rule>"
    )
    server.documents["daybook", "lifecycle"] = f'<LifecycleConfiguration xmlns="{XMLNS}">{own}</LifecycleConfiguration>'.encode()
    server.documents["daybook", "cors"] = f'<CORSConfiguration xmlns="{XMLNS}"/>'.encode()
    for _ in range(2):
        done = await store.prepare()
        lifecycle = server.documents["daybook", "lifecycle"].decode()
        assert lifecycle.count(">archive</") == 1 and lifecycle.count(">daybook-temporary</") == 1
    assert "CORS is set already and left as it is" in done


async def test_prepare_says_what_a_store_does_not_offer(server: S3Server, store: S3Store):
    server.refusing = {"cors", "lifecycle"}
    done = await store.prepare()
    assert done[1:] == ["CORS not offered by this store (HTTP 501)", "lifecycle rules not offered by this store (HTTP 501)"]


async def test_prepare_falls_back_to_the_rules_that_a_store_knows(server: S3Server, store: S3Store):
    server.refusing = {"AbortIncompleteMultipartUpload"}
    assert (await store.prepare())[-1] == "lifecycle rules set"
    assert "tmp/" in server.documents["daybook", "lifecycle"].decode()


async def test_prepare_fails_when_the_store_fails(server: S3Server, store: S3Store):
    server.failing = 500
    with pytest.raises(StoreUnavailable):
        await store.prepare()
