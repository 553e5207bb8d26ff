"""Clients that misbehave while they upload: wrong forms, lies about the length, silence, and leaving in the middle"""

import asyncio
import random
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.support.api_house import open_house
from tests.support.api_words import problem
from tests.support.eventually import eventually
from tests.support.media_files import media_file

PNG = media_file("image/png")
pytestmark = pytest.mark.asyncio(loop_scope="module")
QUOTA = 40_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_url, redis_url, database_folder):
    environ = {"DAYBOOK_RATE_LIMITS": "off", "DAYBOOK_UPLOAD_QUOTA_BYTES": str(QUOTA)}
    async with open_house(database_url, redis_url, database_folder, **environ) as served:
        yield served


def part(name="file", data=PNG, *, filename='; filename="a.png"', boundary="x"):
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{filename}\r\nContent-Type: image/png\r\n\r\n'
    return head.encode() + data + b"\r\n"


WHOLE = part() + b"--x--\r\n"


@asynccontextmanager
async def request(house, person, *headers, boundary="x"):
    """A connection on which the head of an upload was sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    lines = ["POST /v1/assets HTTP/1.1", "Host: x", f"Authorization: {person.headers['Authorization']}", *headers]
    writer.write("\r\n".join([*lines, f"Content-Type: multipart/form-data; boundary={boundary}", "", ""]).encode())
    await writer.drain()
    try:
        yield reader, writer
    finally:
        writer.close()


async def status_of(reader):
    return int((await asyncio.wait_for(reader.readline(), 20)).split()[1])


async def sent(house, person, body, content_type="multipart/form-data; boundary=x"):
    return await house.client.post("/v1/assets", content=body, headers={**person.headers, "Content-Type": content_type})


def staged(house):
    return list((house.platform.objects._root / ".staging").iterdir())


@pytest.mark.parametrize(
    ("body", "status", "code", "about"),
    [
        (part() + part() + b"--x--\r\n", 422, "validation_failed", "/file"),
        (part("filename", b"a.png", filename="") + b"--x--\r\n", 422, "validation_failed", "/file"),
        (part("picture") + b"--x--\r\n", 422, "validation_failed", "/picture"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n", 400, "upload_malformed", "no name"),
        (part(boundary="other") + b"--other--\r\n", 400, "upload_malformed", "boundary"),
        (part(), 400, "upload_malformed", "last boundary"),
        (b"", 400, "upload_malformed", "last boundary"),
        (b"--x--\r\n", 422, "validation_failed", "/file"),
        (b"--x\r\n" + b"a" * 9_000, 400, "upload_malformed", "form"),
    ],
)
async def test_a_form_that_is_wrong_is_refused_by_name(house, alice, body, status, code, about):
    assert about in problem(await sent(house, alice, body), status, code)["detail"]
    assert staged(house) == []


@pytest.mark.parametrize("content_type", ["application/json", "image/png", "multipart/mixed; boundary=x", "text/plain"])
async def test_another_type_of_body_is_refused(house, alice, content_type):
    problem(await sent(house, alice, WHOLE, content_type), 415, "media_type_unsupported")


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "x" * 71])
async def test_a_form_without_a_usable_boundary_is_refused(house, alice, boundary):
    problem(await sent(house, alice, WHOLE, f"multipart/form-data{boundary}"), 400, "upload_malformed")


async def test_an_announced_length_over_the_limit_is_refused_before_a_byte_is_read(house, alice):
    async with request(house, alice, f"Content-Length: {(100 << 20) + (64 << 10) + 1}", "Expect: 100-continue") as (reader, _):
        assert await status_of(reader) == 413


async def test_a_file_that_grows_over_the_limit_is_cut_off(house, alice, monkeypatch):
    monkeypatch.setattr("api.uploading.UPLOAD_BYTES_MAX", 200_000)

    async def pieces():
        yield part(data=b"")[:-2]
        for _ in range(40):
            yield b"\0" * 10_000

    problem(await sent(house, alice, pieces()), 413, "upload_too_large")
    assert staged(house) == []


async def test_a_body_in_chunks_without_a_length_is_taken(house):
    person = await house.person()

    async def pieces():
        for place in range(0, len(WHOLE), 7):
            yield WHOLE[place : place + 7]

    assert (await sent(house, person, pieces())).status_code == 201


async def test_a_length_that_is_too_short_ends_the_form_too_early(house, alice):
    async with request(house, alice, f"Content-Length: {len(WHOLE) - 40}") as (reader, writer):
        writer.write(WHOLE)
        assert await status_of(reader) == 400


@pytest.mark.parametrize("sending", [WHOLE[:100], WHOLE])
async def test_who_leaves_before_the_announced_end_leaves_nothing(house, sending):
    person = await house.person()
    async with request(house, person, "Content-Length: 5000") as (_, writer):
        writer.write(sending)
        await writer.drain()
        await eventually(lambda: len(staged(house)) == 1)
    await eventually(lambda: staged(house) == [])
    assert (await house.client.get("/v1/assets", headers=person.headers)).json()["data"] == []
    assert [found async for found in house.platform.objects.list("assets/") if found.bytes == 5000] == []


async def test_whenever_a_sender_drops_the_repeat_with_its_key_is_one_asset(house):
    person, dice = await house.person(), random.Random(4)
    keys = [f"dropped-{number}" for number in range(12)]
    for one in keys:
        async with request(house, person, f"Content-Length: {len(WHOLE)}", f"Idempotency-Key: {one}") as (_, writer):
            writer.write(WHOLE[: dice.choice([0, 10, len(WHOLE) // 2, len(WHOLE), len(WHOLE)])])
            await writer.drain()
            await asyncio.sleep(dice.random() * 0.03)
    made = []
    for one in keys:
        headers = {**person.headers, "Content-Type": "multipart/form-data; boundary=x", "Idempotency-Key": one}
        answer = await house.client.post("/v1/assets", content=WHOLE, headers=headers)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    listed = (await house.client.get("/v1/assets?limit=100", headers=person.headers)).json()["data"]
    assert sorted(row["id"] for row in listed) == sorted(set(made))
    assert len(set(made)) == len(keys)
    await eventually(lambda: staged(house) == [])


async def test_who_falls_behind_the_least_rate_is_not_waited_for(house, alice, monkeypatch):
    monkeypatch.setattr("api.uploading.UPLOAD_GRACE_SECONDS", 0.1)
    async with request(house, alice, "Content-Length: 5000") as (reader, writer):
        writer.write(WHOLE[:100])
        assert await status_of(reader) == 408
    assert staged(house) == []


async def test_an_account_has_only_so_many_uploads_under_way(house, alice, monkeypatch):
    monkeypatch.setattr("api.uploads.UPLOADS_AT_ONCE_MAX", 1)
    async with request(house, alice, "Content-Length: 5000") as (_, writer):
        writer.write(WHOLE[:100])
        await eventually(lambda: len(staged(house)) == 1)
        refused = await sent(house, alice, WHOLE)
        problem(refused, 429, "uploads_at_once")
        assert refused.headers["retry-after"] == "1"
    await eventually(lambda: staged(house) == [])
    assert (await sent(house, alice, WHOLE)).status_code == 201


async def test_the_quota_counts_what_is_kept(house):
    person, sound = await house.person(), media_file("audio/mpeg", seconds=2.0)
    assert QUOTA / 3 < len(sound) < QUOTA / 2
    made = [await sent(house, person, part(data=sound) + b"--x--\r\n") for _ in range(3)]
    assert [answer.status_code for answer in made] == [201, 201, 409]
    refused = problem(made[2], 409, "upload_quota_reached")
    assert (refused["stored"], refused["asked"], refused["allowed"]) == (2 * len(sound), len(sound), QUOTA)
    await house.client.delete(f"/v1/assets/{made[0].json()['id']}", headers=person.headers)
    assert (await sent(house, person, part(data=sound) + b"--x--\r\n")).status_code == 201
