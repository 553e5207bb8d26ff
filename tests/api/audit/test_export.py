"""GET /v1/audit/export"""

import asyncio
import hashlib
import json

import httpx
import pytest
import pytest_asyncio

from api import audit
from projections.log import export as log_export
from tests.support.api_words import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def auditor(house):
    return await house.person("auditor")


async def test_the_whole_log_comes_as_lines_with_a_digest_at_the_end(house, auditor, monkeypatch):
    monkeypatch.setattr(audit, "EXPORT_PAGE_EVENTS", 3)
    await house.finished(await house.person())
    head = await house.platform.journal.head()
    asked = {**auditor.headers, "Accept-Encoding": "gzip"}
    answer = await house.client.get("/v1/audit/export", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == f'attachment; filename="daybook-log-{head}.ndjson"'
    assert answer.headers["daybook-position"] == str(head)
    assert "content-encoding" not in answer.headers
    lines = answer.content.splitlines(keepends=True)
    told = [json.loads(line) for line in lines]
    assert (told[0]["type"], told[0]["head"], told[0]["account"]) == ("header", head, None)
    assert [line["position"] for line in told if line["type"] == "event"] == list(range(1, head + 1))
    assert told[-1] == {"type": "end", "events": head, "sha256": hashlib.sha256(b"".join(lines[:-1])).hexdigest()}


async def test_one_account_can_be_chosen(house, auditor):
    person = await house.person()
    await house.finished(person)
    answer = await house.client.get("/v1/audit/export", params={"account": str(person.account_id)}, headers=auditor.headers)
    told = [json.loads(line) for line in answer.content.splitlines()]
    assert told[0]["account"] == str(person.account_id)
    events = [line for line in told if line["type"] == "event"]
    assert {line["account_id"] for line in events} == {str(person.account_id)}
    assert all(line["path"] is None for line in events)
    assert told[-1]["events"] == len(events) > 5
    missing = await house.client.get("/v1/audit/export", params={"account": str(house.platform.ids.new())}, headers=auditor.headers)
    problem(missing, 404, "credit_account_not_found")


async def test_head_tells_the_same_without_the_lines(house, auditor):
    answer = await house.client.head("/v1/audit/export", headers=auditor.headers)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_what_breaks_on_the_way_is_cut_not_ended(house, auditor, monkeypatch):
    """Nobody may take a part for the whole."""
    monkeypatch.setattr(audit, "EXPORT_PAGE_EVENTS", 2)
    real, pages = log_export.page_of_rows, []

    async def breaks(*args, **values):
        pages.append(values)
        if len(pages) > 3:
            raise OSError("the database went away")
        return await real(*args, **values)

    monkeypatch.setattr(log_export, "page_of_rows", breaks)
    received: list[bytes] = []
    with pytest.raises(httpx.TransportError):
        await take(house, auditor, received)
    assert b'"type":"end"' not in b"".join(received)
    # The server goes on.
    monkeypatch.setattr(log_export, "page_of_rows", real)
    assert (await house.client.get("/v1/audit/export", headers=auditor.headers)).status_code == 200


async def take(house, auditor, received):
    async with house.client.stream("GET", "/v1/audit/export", headers=auditor.headers) as answer:
        async for part in answer.aiter_raw():
            received.append(part)


async def test_a_stopping_server_cuts_it_too(house, auditor, monkeypatch):
    monkeypatch.setattr(audit, "EXPORT_PAGE_EVENTS", 2)
    house.app.ctx.kit.drain.set()
    try:
        received: list[bytes] = []
        with pytest.raises(httpx.TransportError):
            await take(house, auditor, received)
    finally:
        house.app.ctx.kit.drain.clear()
    assert b'"type":"end"' not in b"".join(received)


async def test_a_failure_before_the_first_line_has_a_status(house, auditor, monkeypatch):
    async def breaks(*args, **values):
        raise OSError("the database went away")

    monkeypatch.setattr(log_export, "page_of_rows", breaks)
    problem(await house.client.get("/v1/audit/export", headers=auditor.headers), 503, "service_unavailable")


IN_TRANSACTION = """
    SELECT pid, xact_start::text FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()
"""


async def _in_transaction(connection) -> set[tuple]:
    await asyncio.sleep(0.05)
    return set(await (await connection.execute(IN_TRANSACTION)).fetchall())


async def test_a_slow_reader_holds_no_transaction_open(house, auditor, monkeypatch):
    monkeypatch.setattr(audit, "EXPORT_PAGE_EVENTS", 1)
    async with house.client.stream("GET", "/v1/audit/export", headers=auditor.headers) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        await asyncio.sleep(0)
        async with house.platform.reads.connection() as connection:
            # Whoever follows the log has one open for a moment, and then another; the export would have the same one all the time.
            assert not set.intersection(*[await _in_transaction(connection) for _ in range(5)])
        rest = [line async for line in lines]
    assert json.loads(rest[-1])["type"] == "end"


async def test_only_auditors_may_have_it(house, operator):
    problem(await house.client.get("/v1/audit/export", headers=operator.headers), 403, "role_missing")
