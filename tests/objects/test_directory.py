"""What only a directory can get wrong: links, full disks, killed writers, readers in the middle of a write."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from domain.assets.storage import ObjectMissing, SignedUrlRefused, StoreUnavailable
from infra.objects.directory import DirectoryStore
from infra.objects.files import STAGING
from infra.objects.signed_urls import SignedUrl, make_url
from tests.support.signer import TestSigner

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

FULL_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
from domain.assets.storage import StoreUnavailable
from infra.objects.directory import DirectoryStore

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = DirectoryStore(Path(sys.argv[1]), public_url="http://x", signer=None)
    await store.prepare()
    await store.put("assets/one", b"old", "text/plain")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    try:
        await store.put("assets/one", b"new" * (1 << 20), "text/plain")
    except StoreUnavailable as refusal:
        print("refused:", refusal.reason)
    print(await store.get("assets/one"))
    await store.close()

asyncio.run(main())
"""

KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from infra.objects import files

files._flush = lambda descriptor: os.kill(os.getpid(), signal.SIGKILL)
files.prepare_root(Path(sys.argv[1]))
files.write_object(Path(sys.argv[1]), "assets/one", b"half")
"""


@pytest.fixture
async def store(tmp_path: Path):
    made = DirectoryStore(tmp_path / "root", public_url="https://daybook.example/", signer=TestSigner())
    await made.prepare()
    yield made
    await made.close()


def run(script: str, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script, str(root)], capture_output=True, text=True, timeout=30, cwd=os.getcwd())


def staged(root: Path) -> list[str]:
    return os.listdir(root / STAGING)


async def test_a_link_in_place_of_an_object_is_not_followed(store: DirectoryStore, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("password")
    await store.put("assets/one", b"1", "text/plain")
    (tmp_path / "root/assets/link").symlink_to(secret)
    with pytest.raises(ObjectMissing):
        await store.get("assets/link")
    assert await store.stat("assets/link") is None
    assert [found.key async for found in store.list("")] == ["assets/one"]


async def test_a_link_in_place_of_a_directory_is_not_followed(store: DirectoryStore, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "one").write_text("password")
    (tmp_path / "root/assets").symlink_to(outside)
    with pytest.raises(ObjectMissing):
        await store.get("assets/one")
    with pytest.raises(StoreUnavailable):
        await store.put("assets/two", b"2", "text/plain")
    await store.delete(["assets/one"])
    assert os.listdir(outside) == ["one"]
    assert staged(tmp_path / "root") == []


async def test_writing_over_a_link_replaces_the_link(store: DirectoryStore, tmp_path: Path):
    target = tmp_path / "target"
    target.write_text("untouched")
    (tmp_path / "root/one").symlink_to(target)
    await store.put("one", b"new", "text/plain")
    assert target.read_text() == "untouched"
    assert await store.get("one") == b"new"


async def test_a_pipe_in_the_store_holds_up_nobody(store: DirectoryStore, tmp_path: Path):
    os.mkfifo(tmp_path / "root/pipe")
    with pytest.raises(ObjectMissing):
        await asyncio.wait_for(store.get("pipe"), 5)
    assert await store.stat("pipe") is None


def test_a_full_disk_is_a_refusal_and_leaves_nothing_half_written(tmp_path: Path):
    done = run(FULL_DISK, tmp_path)
    assert done.stdout == "refused: File too large\nb'old'\n", done.stderr
    assert staged(tmp_path) == []


def test_a_killed_writer_leaves_no_object(tmp_path: Path):
    done = run(KILLED_WRITER, tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "assets").exists()
    assert len(staged(tmp_path)) == 1


async def test_the_sweep_deletes_what_killed_writers_left_and_nothing_younger(store: DirectoryStore, tmp_path: Path):
    root = tmp_path / "root"
    await store.put("assets/one", b"1", "text/plain")
    for name, age in (("old", 3_601), ("young", 3_599)):
        (root / STAGING / name).write_bytes(b"half")
        stamp = (NOON - timedelta(seconds=age)).timestamp()
        os.utime(root / STAGING / name, (stamp, stamp))
    os.utime(root / "assets/one", (0, 0))
    assert await store.sweep(now=NOON) == 1
    assert staged(root) == ["young"]
    assert await store.get("assets/one") == b"1"


async def test_a_staging_directory_that_was_cleaned_away_is_made_again(store: DirectoryStore, tmp_path: Path):
    staging = tmp_path / "root" / STAGING
    staging.rmdir()
    await store.put("assets/one", b"1", "text/plain")
    assert await store.get("assets/one") == b"1"
    staging.rmdir()
    async with store.staging() as path:
        path.write_bytes(b"2")
        await store.put("assets/two", path, "text/plain")
    assert await store.get("assets/two") == b"2"
    staging.rmdir()
    await store.check()
    staging.rmdir()
    assert await store.sweep(now=NOON) == 0


async def test_preparing_the_directory_sweeps_too(store: DirectoryStore, tmp_path: Path):
    (tmp_path / "root" / STAGING / "old").write_bytes(b"half")
    os.utime(tmp_path / "root" / STAGING / "old", (0, 0))
    assert (await store.prepare())[1:] == ["1 unfinished files deleted"]
    assert staged(tmp_path / "root") == []


async def test_a_reader_sees_the_old_or_the_new_object_and_nothing_between(store: DirectoryStore):
    versions = [bytes([number]) * 300_000 for number in range(8)]
    await store.put("one", versions[0], "text/plain")

    async def write() -> None:
        for version in versions:
            await store.put("one", version, "text/plain")

    writing = asyncio.create_task(write())
    seen = set()
    while not writing.done():
        seen.add(await store.get("one"))
    await writing
    assert seen <= set(versions)
    assert await store.get("one") == versions[-1]


async def test_a_cancelled_put_leaves_a_whole_object_or_none(store: DirectoryStore, tmp_path: Path):
    putting = asyncio.create_task(store.put("one", b"1" * 1_000_000, "text/plain"))
    await asyncio.sleep(0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    await store.put("two", b"2", "text/plain")
    found = await store.stat("one")
    assert found is None or found.bytes == 1_000_000


async def test_many_puts_at_once_into_new_directories(store: DirectoryStore):
    keys = [f"a/{number % 7}/{number % 3}/{number}" for number in range(100)]
    await asyncio.gather(*(store.put(key, key.encode(), "text/plain") for key in keys))
    assert sorted([found.key async for found in store.list("a/")]) == sorted(keys)


async def test_files_are_readable_by_their_owner_alone(store: DirectoryStore, tmp_path: Path):
    await store.put("assets/one", b"1", "text/plain")
    assert (tmp_path / "root").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "root/assets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "root/assets/one").stat().st_mode & 0o777 == 0o600


async def test_a_vanished_directory_is_an_unavailable_store_not_a_missing_object(store: DirectoryStore, tmp_path: Path):
    (tmp_path / "root").rename(tmp_path / "elsewhere")
    for attempt in (store.check(), store.get("one"), store.put("one", b"1", "text/plain"), store.stat("one")):
        with pytest.raises(StoreUnavailable):
            await attempt
    with pytest.raises(StoreUnavailable):
        assert [found async for found in store.list("")]


async def test_verify_tells_the_route_what_to_serve(store: DirectoryStore, tmp_path: Path):
    await store.put("assets/one.png", b"12345", "image/png")
    url = store.url("assets/one.png", now=NOON, expires_seconds=600, content_type="image/png", filename="cat.png")
    assert url.startswith("https://daybook.example/objects/assets/one.png?content_type=image%2Fpng&expires=")
    served = await store.verify("assets/one.png", query_of(url), now=NOON + timedelta(seconds=100))
    assert (served.path, served.bytes) == (str(tmp_path / "root/assets/one.png"), 5)
    assert (served.content_type, served.max_age_seconds) == ("image/png", 500)
    assert served.content_disposition == "inline; filename=\"cat.png\"; filename*=UTF-8''cat.png"


async def test_the_entity_tag_changes_with_the_object_and_only_then(store: DirectoryStore):
    await store.put("one", b"1", "text/plain")
    query = query_of(store.url("one", now=NOON, expires_seconds=600, content_type="text/plain"))
    first = await store.verify("one", query, now=NOON)
    assert (await store.verify("one", query, now=NOON)).etag == first.etag
    await store.put("one", b"2", "text/plain")
    assert (await store.verify("one", query, now=NOON)).etag != first.etag


async def test_a_url_works_until_its_last_second(store: DirectoryStore):
    await store.put("one", b"1", "text/plain")
    query = query_of(store.url("one", now=NOON, expires_seconds=60, content_type="text/plain"))
    assert await store.verify("one", query, now=NOON + timedelta(seconds=59))
    with pytest.raises(SignedUrlRefused):
        await store.verify("one", query, now=NOON + timedelta(seconds=60))


@pytest.mark.parametrize("expires", ["", "soon", "-1", "1e9", "\u0661\u0662", "9" * 40])
async def test_an_expiry_that_is_no_number_is_refused(store: DirectoryStore, expires: str):
    with pytest.raises(SignedUrlRefused):
        await store.verify("one", {"expires": expires, "content_type": "text/plain", "signature": "AA"}, now=NOON)


@pytest.mark.parametrize("signature", ["", "A", "=", "\u00e4", "A" * 5_000, "....", "AAAA"])
async def test_a_signature_that_is_none_is_refused(store: DirectoryStore, signature: str):
    with pytest.raises(SignedUrlRefused):
        await store.verify("one", {"expires": "1999999999", "content_type": "text/plain", "signature": signature}, now=NOON)


async def test_even_a_signed_path_that_escapes_is_refused(store: DirectoryStore):
    promise = SignedUrl(key="../secret", expires=int(NOON.timestamp()) + 60, content_type="text/plain")
    with pytest.raises(ValueError, match="not an object key"):
        await store.verify("../secret", query_of(make_url("", TestSigner(), promise)), now=NOON)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
