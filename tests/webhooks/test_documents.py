"""What docs/webhooks.md promises: the code that verifies does, and the names and the pauses are those of the program."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from domain.telling.names import DURABLE
from domain.webhooks.schedule import RETRY_SECONDS
from domain.webhooks.signing import secret_of, signature_of

PAGE = Path("docs/webhooks.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def verify() -> Any:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["verify"]


def headers_of(secrets: list[str], body: bytes, at: float) -> dict[str, str]:
    signature = signature_of(secrets, id="evt_1", timestamp=int(at), body=body)
    return {"webhook-id": "evt_1", "webhook-timestamp": str(int(at)), "webhook-signature": signature}


def test_the_code_of_the_page_takes_what_we_sign_and_nothing_else(verify):
    old, new, other = [secret_of(bytes([number]) * 32) for number in range(3)]
    body, now = b'{"type":"webhook.test"}', time.time()
    headers = headers_of([new, old], body, now)
    assert verify(old, headers, body) and verify(new, headers, body)
    assert not verify(other, headers, body)
    assert not verify(new, headers, body + b" ")
    assert not verify(new, {**headers, "webhook-id": "evt_2"}, body)
    assert not verify(new, headers_of([new], body, now - 301), body)


def test_the_page_names_every_event():
    (listed,) = re.findall(r"^Events: `(.*?)`;", PAGE, re.DOTALL | re.MULTILINE)
    names, feature = set(), ""
    for word in re.split(r",\s+", listed):
        feature = word.partition(".")[0] or feature
        names.add(f"{feature}.{word.partition('.')[2]}")
    assert names == DURABLE


def test_the_page_says_when_tries_follow():
    (said,) = re.findall(r"Tries follow after (.*?), each", PAGE, re.DOTALL)
    units = {"s": 1, "min": 60, "h": 3_600}
    found = [int(count) * units[unit] for count, unit in re.findall(r"(\d+) (s|min|h)", said)]
    assert found == list(RETRY_SECONDS)
