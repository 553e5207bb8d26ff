"""The contract of the object store, the same for both: the directory behind a serving route, and S3 over real HTTP."""

import os
import string
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from domain.assets.storage import ObjectMissing
from domain.ports import ObjectStore
from infra.objects.directory import DirectoryStore
from infra.objects.s3 import S3Store
from infra.objects.s3_client import S3Settings
from tests.support.directory_server import DirectoryServer
from tests.support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server
from tests.support.signer import TestSigner

PICTURE = bytes(range(256)) * 40


@pytest.fixture(params=["directory", "s3"])
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "directory":
        with DirectoryServer() as server:
            store = DirectoryStore(tmp_path / "objects here", public_url=server.url, signer=TestSigner())
            server.serving = store
            yield store
        return
    with S3Server() as server:
        yield S3Store(
            S3Settings(
                endpoint=server.url,
                access_key=ACCESS_KEY,
                secret_key=SECRET_KEY,
                bucket="daybook",
                region=server.region,
                public_endpoint=server.other_url,
            ),
            staging=tmp_path / "staging",
        )


@pytest.fixture
async def store(running: ObjectStore) -> AsyncIterator[ObjectStore]:
    await running.prepare()
    yield running
    await running.close()


def url_of(store: ObjectStore, key: str, *, content_type: str = "image/png", filename: str | None = None, seconds: int = 600) -> str:
    return store.url(key, now=datetime.now(UTC), expires_seconds=seconds, content_type=content_type, filename=filename)


async def fetched(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.request(method, url, headers=headers)


async def test_what_was_put_can_be_read(store: ObjectStore):
    await store.put("assets/one.png", PICTURE, "image/png")
    assert await store.get("assets/one.png") == PICTURE


async def test_a_file_can_be_put(store: ObjectStore, tmp_path: Path):
    path = tmp_path / "upload.bin"
    path.write_bytes(PICTURE)
    await store.put("assets/file", path, "application/octet-stream")
    assert await store.get("assets/file") == PICTURE
    assert path.exists()


async def test_a_staged_file_is_put_and_nothing_of_it_stays(store: ObjectStore):
    async with store.staging() as path:
        path.write_bytes(PICTURE)
        await store.put("assets/staged", path, "application/octet-stream")
    async with store.staging() as other:
        other.write_bytes(b"half")
    assert await store.get("assets/staged") == PICTURE
    assert not path.exists() and not other.exists() and list(path.parent.iterdir()) == []


async def test_an_object_can_be_read_as_a_file(store: ObjectStore):
    await store.put("assets/one.png", PICTURE, "image/png")
    async with store.file("assets/one.png") as path:
        assert path.read_bytes() == PICTURE
    assert await store.get("assets/one.png") == PICTURE
    with pytest.raises(ObjectMissing):
        async with store.file("assets/two.png"):
            raise AssertionError("there is no such object")


async def test_what_a_killed_process_left_is_swept(store: ObjectStore):
    async with store.staging() as path:
        path.write_bytes(b"half")
        assert await store.sweep(now=datetime.now(UTC)) == 0
        assert await store.sweep(now=datetime.now(UTC) + timedelta(hours=2)) == 1
        assert not path.exists()


async def test_a_big_file_arrives_whole(store: ObjectStore, tmp_path: Path):
    path = tmp_path / "big.bin"
    data = os.urandom(1 << 20) * 35
    path.write_bytes(data)
    await store.put("assets/big", path, "application/octet-stream")
    assert sha256(await store.get("assets/big")).digest() == sha256(data).digest()


async def test_an_empty_object_is_an_object(store: ObjectStore):
    await store.put("empty", b"", "text/plain")
    assert await store.get("empty") == b""
    assert (await store.stat("empty")).bytes == 0


async def test_a_second_put_replaces_the_object(store: ObjectStore):
    await store.put("one", b"first", "text/plain")
    await store.put("one", b"second", "text/plain")
    assert await store.get("one") == b"second"


async def test_stat_tells_size_and_time(store: ObjectStore):
    await store.put("assets/one.png", PICTURE, "image/png")
    found = await store.stat("assets/one.png")
    assert (found.key, found.bytes) == ("assets/one.png", len(PICTURE))
    assert abs(found.modified_at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_what_is_absent_is_missing(store: ObjectStore):
    with pytest.raises(ObjectMissing):
        await store.get("assets/none")
    assert await store.stat("assets/none") is None
    assert (await fetched(url_of(store, "assets/none"))).status_code == 404


async def test_a_directory_is_no_object(store: ObjectStore):
    await store.put("assets/a/one", b"1", "text/plain")
    assert await store.stat("assets/a") is None
    with pytest.raises(ObjectMissing):
        await store.get("assets/a")
    await store.delete(["assets/a"])
    assert await store.get("assets/a/one") == b"1"


async def test_a_file_is_no_directory(store: ObjectStore):
    await store.put("assets/one", b"1", "text/plain")
    assert await store.stat("assets/one/two") is None
    await store.delete(["assets/one/two"])
    assert [found.key async for found in store.list("assets/one/")] == []


async def test_deleting_works_for_what_is_there_and_what_is_not(store: ObjectStore):
    await store.put("a", b"1", "text/plain")
    await store.put("b", b"2", "text/plain")
    await store.delete(["a", "b", "never/there"])
    assert [await store.stat(key) for key in ("a", "b")] == [None, None]
    await store.delete([])


async def test_list_gives_the_keys_under_a_prefix_in_order(store: ObjectStore):
    for key in ("a/2", "a/1", "a-b/3", "a.b", "a0", "b/1", "a/1.x/y"):
        await store.put(key, key.encode(), "text/plain")
    assert [found.key async for found in store.list("a/")] == ["a/1", "a/1.x/y", "a/2"]
    assert [found.key async for found in store.list("a")] == ["a-b/3", "a.b", "a/1", "a/1.x/y", "a/2", "a0"]
    assert [found.key async for found in store.list("a/1")] == ["a/1", "a/1.x/y"]
    assert [found.key async for found in store.list("c")] == []
    everything = [found async for found in store.list("")]
    assert [found.bytes for found in everything if found.key == "a/1.x/y"] == [7]


@pytest.mark.parametrize(
    "key", ["", "/", "../x", "a/../b", "a//b", "/etc/passwd", "a/", ".hidden", "a/.x", "A", "ä", "a b", "a\n", "x" * 600]
)
async def test_a_bad_key_is_a_defect(store: ObjectStore, key: str):
    with pytest.raises(ValueError, match="not an object key"):
        await store.put(key, b"", "text/plain")
    with pytest.raises(ValueError, match="not an object key"):
        await store.get(key)
    with pytest.raises(ValueError, match="not an object key"):
        url_of(store, key)


async def test_a_signed_url_serves_the_object_with_its_type_and_name(store: ObjectStore):
    await store.put("assets/one.png", PICTURE, "application/octet-stream")
    answer = await fetched(url_of(store, "assets/one.png", filename='Gr\u00fc\u00dfe "x".png'))
    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert answer.headers["content-type"] == "image/png"
    disposition = answer.headers["content-disposition"]
    assert disposition == "inline; filename=\"Gr__e _x_.png\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%22x%22.png"
    assert answer.headers["etag"].startswith('"')


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [("image/webp", "inline"), ("video/mp4", "inline"), ("image/svg+xml", "attachment"), ("text/html", "attachment")],
)
async def test_only_rasters_and_media_are_shown_in_place(store: ObjectStore, content_type: str, shown: str):
    await store.put("one", PICTURE, content_type)
    answer = await fetched(url_of(store, "one", content_type=content_type))
    assert answer.headers["content-disposition"] == shown


async def test_a_signed_url_serves_ranges(store: ObjectStore):
    await store.put("one", string.ascii_lowercase.encode(), "text/plain")
    part = await fetched(url_of(store, "one"), range="bytes=2-5")
    assert (part.status_code, part.content) == (206, b"cdef")
    assert part.headers["content-range"] == "bytes 2-5/26"
    whole = await fetched(url_of(store, "one"))
    assert whole.headers["accept-ranges"] == "bytes"


async def test_an_altered_url_is_refused(store: ObjectStore):
    await store.put("one", b"1", "text/plain")
    await store.put("two", b"2", "text/plain")
    url = url_of(store, "one", filename="a.png")
    altered = (
        url.replace("/one?", "/two?"),
        url.replace("image", "text"),
        url.replace("a.png", "b.html"),
        url[:-4] + ("aaaa" if not url.endswith("aaaa") else "bbbb"),
        url.replace("600", "9999").replace("expires=1", "expires=2"),
        url.partition("?")[0],
        url + "&more=1",
    )
    statuses = {(await fetched(candidate)).status_code for candidate in altered if candidate != url}
    assert statuses == {403}


async def test_an_expired_url_is_refused(store: ObjectStore):
    await store.put("one", b"1", "text/plain")
    made = datetime.now(UTC) - timedelta(seconds=61)
    url = store.url("one", now=made, expires_seconds=60, content_type="text/plain")
    assert (await fetched(url)).status_code == 403


async def test_check_is_silent_when_all_is_well(store: ObjectStore):
    assert await store.check() is None


async def test_prepare_may_run_again(store: ObjectStore):
    await store.put("one", b"1", "text/plain")
    assert await store.prepare()
    assert await store.get("one") == b"1"
