"""Words that tests of endpoints use often."""

import secrets
from typing import Any

import httpx

PASSWORD = "correct horse battery"
CAT = {"kind": "image", "prompt": "a cyberpunk cat", "params": {"size": "64x64"}}


def email() -> str:
    return f"{secrets.token_hex(6)}@example.com"


def key() -> str:
    return secrets.token_hex(12)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of *answer*, which must have this status and code."""
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["code"] == code
    assert document["status"] == status
    return document


async def up_to_now(house: Any, person: Any) -> dict[str, str]:
    """Headers of a reader who wants to see everything that anybody has written so far."""
    return {**person.headers, "Daybook-Min-Position": str(await house.platform.journal.head())}


def same_answer(first: httpx.Response, second: httpx.Response) -> bool:
    """Equal to the byte, with the same place and position."""
    parts = [(one.status_code, one.content, one.headers.get("location"), one.headers["daybook-position"]) for one in (first, second)]
    return parts[0] == parts[1]
