"""GET /v1/audit/verifier"""

import hashlib

import pytest
import pytest_asyncio

from tests.support.verifying import VERIFIER

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/v1/audit/verifier"


@pytest_asyncio.fixture(loop_scope="module")
async def auditor(house):
    return await house.person("auditor")


async def test_an_auditor_gets_the_program_and_its_hash(house, auditor):
    answer = await house.client.get(PATH, headers=auditor.headers)
    assert answer.status_code == 200
    assert answer.content == VERIFIER.read_bytes()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_who_has_it_already_is_told_so(house, auditor):
    first = await house.client.get(PATH, headers=auditor.headers)
    again = await house.client.get(PATH, headers={**auditor.headers, "If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = await house.client.head(PATH, headers=auditor.headers)
    assert (head.status_code, head.headers["etag"]) == (200, first.headers["etag"])


async def test_it_is_for_auditors(house):
    person = await house.person()
    assert (await house.client.get(PATH, headers=person.headers)).status_code == 403
