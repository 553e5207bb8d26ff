"""What a request body may be, and where the answer points when it is not."""

import json

import pytest

from tests.api.kit.tiny import TINY
from tests.support.api_world import bearer, fake_platform, served

JSON = {"content-type": "application/json"}


@pytest.fixture
async def client():
    async with served(TINY, fake_platform(limits_off=True)) as client:
        yield client


async def post(client, content: bytes, **headers: str):
    return await client.post("/v1/things", content=content, headers={**JSON, **bearer("alice"), **headers})


def named(rest: str) -> bytes:
    return ('{"name": "x"' + rest + "}").encode()


MALFORMED = {
    "no JSON at all": b"name=x",
    "nothing": b"",
    "two documents": b'{"name": "x"} {}',
    "bad UTF-8": b'{"name": "\xff"}',
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": '\ufeff{"name": "x"}'.encode(),
    "NaN": named(', "counts": {"a": NaN}'),
    "Infinity": named(', "counts": {"a": -Infinity}'),
    "a float beyond all": named(', "counts": {"a": 1e999}'),
    "a duplicate key": b'{"name": "x", "name": "y"}',
    "a duplicate key below": named(', "counts": {"a": 1, "a": 2}'),
    "keys that are one key in NFC": named(', "counts": {"\\u00e9": 1, "e\\u0301": 2}'),
    "nesting of 65": b"[" * 65 + b"]" * 65,
    "nesting of 100,000": b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "an integer of 5,000 digits": named(', "counts": {"a": ' + "9" * 5000 + "}"),
    "a raw control character": b'{"name": "a\x00b"}',
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
async def test_what_is_no_acceptable_json_is_a_400(client, content):
    response = await post(client, content)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_json")


UNPROCESSABLE = {
    "unknown field": (named(', "nope": 1'), "/nope"),
    "missing field": (b"{}", "/name"),
    "wrong type": (b'{"name": 5}', "/name"),
    "not an object": (b"[]", ""),
    "too long, in characters": (json.dumps({"name": "é" * 21}).encode(), "/name"),
    "a value in a map": (named(', "counts": {"a": 1, "b/c~d": 99}'), "/counts/b~1c~0d"),
    "a field of an item": (named(', "parts": [{"size": 1}, {"size": "x"}]'), "/parts/1/size"),
    "an unknown field of an item": (named(', "parts": [{"size": 1, "big": true}]'), "/parts/0/big"),
    "an upper-case UUID": (named(', "owner": "01936B2E-0000-7000-8000-000000000001"'), "/owner"),
    "a UUID in braces": (named(', "owner": "{01936b2e-0000-7000-8000-000000000001}"'), "/owner"),
    "a time without offset": (named(', "due": "2026-11-21T12:00:00"'), "/due"),
    "an escaped NUL": (b'{"name": "a\\u0000b"}', "/name"),
    "an escaped bell": (b'{"name": "a\\u0007b"}', "/name"),
    "a lone surrogate": (b'{"name": "\\ud800"}', "/name"),
    "a control character in a key": (named(', "counts": {"a\\u0001": 1}'), "/counts"),
    "an integer beyond 2^53": (named(', "parts": [{"size": 9007199254740992}]'), "/parts/0/size"),
}


@pytest.mark.parametrize(("content", "pointer"), UNPROCESSABLE.values(), ids=UNPROCESSABLE.keys())
async def test_what_breaks_the_schema_is_a_422_that_points_to_it(client, content, pointer):
    response = await post(client, content)
    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_an_integer_may_be_written_with_a_point(client):
    plain, pointed = [await post(client, named(f', "parts": [{{"size": {size}}}]')) for size in ("3", "3.0")]
    assert plain.status_code == pointed.status_code == 202, pointed.text
    for fraction in ("3.5", "1e300", "9007199254740992.0"):
        response = await post(client, named(f', "parts": [{{"size": {fraction}}}]'))
        assert response.json()["errors"][0]["pointer"] == "/parts/0/size"


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (b'{"name": "x", "name": "y"}', "/name"),
        (b'{"name": "x", "parts": [{"size": 1}, {"size": 1, "b/c~": 2, "b/c~": 2}]}', "/parts/1/b~1c~0"),
        (b'{"counts": {"a": {"x": 1, "x": 1}}, "name": 1, "name": 2}', "/counts/a/x"),
        (b'{"counts": {"a": 1, "a": 2}, "name"', ""),
    ],
)
async def test_a_key_that_stands_twice_is_pointed_to_wherever_it_stands(client, content, pointer):
    response = await post(client, content)
    assert (response.status_code, response.json()["code"]) == (400, "malformed_json")
    assert response.json()["errors"] == [{"pointer": pointer, "detail": "a key stands twice in one object"}]


ACCEPTED = {
    "tab and line breaks": b'{"name": "a\\tb\\r\\nc"}',
    "brackets in text": json.dumps({"name": "[" * 20, "counts": {"[" * 60: 1}}).encode(),
    "a surrogate pair": b'{"name": "\\ud83d\\ude00"}',
    "20 characters of 4 bytes": json.dumps({"name": "😀" * 20}, ensure_ascii=False).encode(),
    "an offset": named(', "due": "2026-11-21T12:00:00+02:00"'),
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_what_only_looks_odd_is_taken(client, content):
    response = await post(client, content)
    assert response.status_code == 202


async def test_text_arrives_in_nfc():
    platform = fake_platform(limits_off=True)
    async with served(TINY, platform) as other:
        await post(other, b'{"name": "e\\u0301"}')
    assert platform.journal.executed[0][0].name == "é"


async def test_nesting_of_64_is_still_read(client):
    response = await post(client, b"[" * 64 + b"]" * 64)
    assert response.json()["code"] == "validation_failed"


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/xml", "application/json; charset=latin-1", "multipart/form-data; boundary=x"]
)
async def test_another_content_type_is_a_415(client, kind):
    response = await post(client, b'{"name": "x"}', **{"content-type": kind})
    assert (response.status_code, response.json()["code"]) == (415, "media_type_unsupported")


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'])
async def test_json_by_any_of_its_names_is_read(client, kind):
    assert (await post(client, b'{"name": "x"}', **{"content-type": kind})).status_code == 202


async def test_a_body_of_more_than_a_mebibyte_is_a_413_problem(client):
    response = await post(client, b" " * (1 << 20) + b'{"name": "x"}')
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert response.headers["content-type"] == "application/problem+json"


async def test_absent_and_null_differ_in_a_patch(client):
    where = "/v1/things/01936b2e-0000-7000-8000-000000000001"
    absent = await client.patch(where, json={}, headers=bearer("alice"))
    null = await client.patch(where, json={"name": None}, headers=bearer("alice"))
    assert (absent.json()["absent"], null.json()["absent"]) == (True, False)


class TestQueries:
    async def get(self, client, query: str):
        return await client.get(f"/v1/things?{query}", headers=bearer("alice"))

    @pytest.mark.parametrize(
        ("query", "pointer"),
        {
            "unknown": ("colour=red", "/colour"),
            "no number": ("limit=many", "/limit"),
            "too few": ("limit=0", "/limit"),
            "too many": ("limit=101", "/limit"),
            "twice": ("limit=1&limit=2", "/limit"),
            "no choice of order": ("order=sideways", "/order"),
            "a time without offset": ("created_from=2026-11-21T12:00:00", "/created_from"),
            "a control character": ("status=%00", "/status"),
            "seconds": ("created_to=0.5", "/created_to"),
            "null": ("created_to=null", "/created_to"),
        }.values(),
    )
    async def test_a_bad_parameter_is_a_422_that_names_it(self, client, query, pointer):
        response = await self.get(client, query)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == pointer

    async def test_a_filter_may_be_repeated(self, client):
        assert (await self.get(client, "status=queued&status=running&big=true")).status_code == 200

    async def test_a_query_that_is_not_utf8_is_a_400(self, client):
        response = await self.get(client, "status=%ff")
        assert (response.status_code, response.json()["code"]) == (400, "malformed_request")

    async def test_a_route_without_parameters_takes_none(self, client):
        response = await client.get("/v1/big?x=1")
        assert response.status_code == 422

    async def test_booleans_and_defaults_are_decoded(self, client):
        off = await client.get("/v1/flags?redirect=false", headers=bearer("alice"))
        default = await client.get("/v1/flags", headers=bearer("alice"))
        assert (off.json()["redirect"], default.json()["redirect"]) == (False, True)


@pytest.mark.parametrize("id", ["1", "01936B2E-0000-7000-8000-000000000001", "01936b2e000070008000000000000001", "%00"])
async def test_an_id_in_the_path_that_is_none_names_nothing(client, id):
    response = await client.get(f"/v1/things/{id}", headers=bearer("alice"))
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
