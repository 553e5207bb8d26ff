"""Words of tests that upload: in either object store, over real HTTP."""

from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.support.api_house import House, Person


async def uploaded(house: House, person: Person, data: bytes) -> dict[str, Any]:
    """The asset object of a new upload."""
    answer = await house.client.post("/v1/assets", files={"file": ("a.bin", data)}, headers=person.headers)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def fetched(house: House, url: str, method: str = "GET", **headers: str) -> httpx.Response:
    """What an absolute link gives: of the API by its public name, of a bucket where it is."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.netloc == "daybook.test" else url
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{house.port}", trust_env=False) as client:
        return await client.request(method, target, headers=headers)


async def content_of(house: House, person: Person, shown: dict[str, Any], **query: Any) -> bytes:
    """The bytes that `…/content` leads to."""
    path = urlsplit(shown["content_url"]).path
    answer = await house.client.get(path, params=query, headers=person.headers)
    assert answer.status_code == 302, answer.text
    return (await fetched(house, answer.headers["location"])).content
