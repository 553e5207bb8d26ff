"""POST /v1/assets: what becomes an asset, what is refused and why, and what a repeat is answered"""

import asyncio
import hashlib
from io import BytesIO
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.support.api_words import key, problem, same_answer
from tests.support.media_files import TYPES, media_file, moving_gif

PNG = media_file("image/png")
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def upload(house, person, data, *, name="cat.png", fields=None, **headers):
    files = {"file": (name, data, "application/x-whatever")}
    return await house.client.post("/v1/assets", files=files, data=fields or {}, headers={**person.headers, **headers})


async def bytes_of(house, person, path):
    """What the link at *path* leads to."""
    answer = await house.client.get(path, headers=person.headers)
    parts = urlsplit(answer.headers["location"])
    return (await house.client.get(f"{parts.path}?{parts.query}")).content


@pytest.mark.parametrize("content_type", TYPES)
async def test_a_file_of_every_type_is_stored_and_shown_for_what_it_is(house, alice, content_type):
    data = media_file(content_type)
    answer = await upload(house, alice, data, name="lies.exe")
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    kind = TYPES[content_type]
    assert (shown["kind"], shown["content_type"], shown["source"], shown["generation_id"]) == (kind, content_type, "upload", None)
    assert (shown["bytes"], shown["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert (shown["width"], shown["height"]) == ((None, None) if kind == "audio" else (96, 64))
    assert shown["duration_ms"] == (None if kind == "image" else 1000)
    assert answer.headers["location"] == shown["url"]
    path = urlsplit(shown["url"]).path
    assert (await house.client.get(path, headers=alice.headers)).json() == shown
    assert await bytes_of(house, alice, f"{path}/content") == data
    small = Image.open(BytesIO(await bytes_of(house, alice, f"{path}/thumbnail")))
    # Nothing of it is one colour: the film begins black, and its picture shows what comes after.
    assert (small.format, len(small.convert("L").getcolors(1 << 18)) > 1) == ("WEBP", True)


async def test_a_gif_may_move(house, alice):
    assert (await upload(house, alice, moving_gif())).json()["content_type"] == "image/gif"


async def test_uploads_are_listed_by_kind_and_source(house):
    person = await house.person()
    made = [(await upload(house, person, media_file(kind))).json()["id"] for kind in ("image/png", "audio/wav", "image/webp")]
    images = (await house.client.get("/v1/assets?kind=image&source=upload", headers=person.headers)).json()["data"]
    assert [row["id"] for row in images] == [made[2], made[0]]
    assert len((await house.client.get("/v1/assets?source=upload", headers=person.headers)).json()["data"]) == 3
    assert (await house.client.get("/v1/assets?source=generation", headers=person.headers)).json()["data"] == []


@pytest.mark.parametrize(
    ("part", "fields", "name"),
    [
        ("cat.png", {}, "cat.png"),
        ("cat.png", {"filename": "Müllers Katze.png"}, "Müllers Katze.png"),
        ("C:\\Users\\me\\cat.png", {}, "cat.png"),
        ("../../etc/cat.png", {}, "cat.png"),
        ("..", {}, "upload.png"),
        ("x" * 300 + ".png", {}, "x" * 200),
    ],
)
async def test_the_name_is_what_was_asked_for_else_what_the_part_is_called(house, alice, part, fields, name):
    assert (await upload(house, alice, PNG, name=part, fields=fields)).json()["filename"] == name


@pytest.mark.parametrize("name", ["a/b", " ", "x" * 201, "x" * 5_000, "a\nb", "a\u0007b"])
async def test_what_is_no_file_name_is_refused(house, alice, name):
    answer = await upload(house, alice, PNG, fields={"filename": name})
    assert problem(answer, 422, "validation_failed")["errors"][0]["pointer"] == "/filename"


MP4 = media_file("video/mp4")
BOMB = b"\x89PNG\r\n\x1a\n" + bytes.fromhex("0000000d49484452") + (50_000).to_bytes(4, "big") * 2 + bytes.fromhex("0802000000")
REFUSED = {
    "no bytes": (b"", "empty"),
    "a page": (b"<html><script>alert(1)</script>", "unknown_type"),
    "a drawing that can run scripts": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unknown_type"),
    "a program": (b"\x7fELF" + b"\0" * 100, "unknown_type"),
    "half an image": (media_file("image/jpeg")[:-700], "truncated"),
    "half a film": (MP4[: len(MP4) // 2], "truncated"),
    "an image with a page behind it": (PNG + b"<script>", "trailing_data"),
    "a sound that is none": (b"ID3\x04\0\0\0\0\0\0" + b"no sound" * 50, ("broken", "no_sound")),
    "a film without its film": (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + b"\0\0\0\x08moov", ("broken", "no_video")),
    "an image of 2.5 gigapixels": (BOMB + b"\0\0\0\0\0\0\0\0IEND\xaeB`\x82", ("too_many_pixels", "broken")),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_no_whole_file_of_a_known_type_is_refused_by_name(house, alice, what):
    data, fault = REFUSED[what]
    refused = problem(await upload(house, alice, data), 422, "media_rejected")
    assert refused["fault"] in fault
    assert refused["errors"] == [{"pointer": "/file", "detail": refused["detail"]}]


async def test_a_repeat_with_the_same_key_is_the_same_answer_and_stores_nothing(house):
    person, again = await house.person(), {"Idempotency-Key": key()}
    first = await upload(house, person, PNG, fields={"filename": "one.png"}, **again)
    second = await upload(house, person, PNG, name="another.png", fields={"filename": "one.png"}, **again)
    assert same_answer(first, second)
    assert second.headers["idempotency-replayed"] == "true"
    assert len((await house.client.get("/v1/assets", headers=person.headers)).json()["data"]) == 1
    for other in (
        await upload(house, person, media_file("image/gif"), fields={"filename": "one.png"}, **again),
        await upload(house, person, PNG, fields={"filename": "two.png"}, **again),
    ):
        problem(other, 422, "idempotency_key_reused")


async def test_twins_in_flight_become_one_asset(house):
    person, again = await house.person(), {"Idempotency-Key": key()}
    answers = await asyncio.gather(*(upload(house, person, PNG, **again) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    [only] = (await house.client.get("/v1/assets", headers=person.headers)).json()["data"]
    kept = {found.key.split("/")[1] async for found in house.platform.objects.list("assets/")}
    assert only["id"] in kept
    assert await house.platform.journal.version(only["id"]) == 1


async def test_a_deleted_upload_is_gone(house, alice):
    path = urlsplit((await upload(house, alice, PNG)).json()["url"]).path
    assert (await house.client.delete(path, headers=alice.headers)).status_code == 204
    problem(await house.client.get(f"{path}/content", headers=alice.headers), 404, "asset_not_found")


async def test_meta_names_the_types_and_the_limit(house):
    meta = (await house.client.get("/v1/meta")).json()
    assert meta["upload_types"] == sorted(TYPES)
    assert meta["limits"]["upload_bytes_max"] == 100 << 20
