"""What a log-in costs does not tell whether the address is known: the same questions, and the same one computation of bcrypt.

Durations are not compared here: they differ from run to run by more than anything that could be told from them.
"""

import collections
from contextlib import contextmanager

import pytest
import pytest_asyncio

from domain.access.reset_tokens import SECRET_BYTES, reset_token
from infra.access import passwords
from tests.support.api_house import open_house
from tests.support.api_words import PASSWORD, email

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(database_url, redis_url, database_folder):
    async with open_house(database_url, redis_url, database_folder, DAYBOOK_RATE_LIMITS="off") as served:
        # The password that nobody has is made once, whoever comes first.
        await served.client.post("/v1/auth/login", json={"email": email(), "password": PASSWORD})
        yield served


@contextmanager
def counted(monkeypatch, house):
    """What is asked of bcrypt (with its cost), of the log and of the vault while the block lasts."""
    seen: collections.Counter[str] = collections.Counter()

    def noting(owner, name, word):
        true = getattr(owner, name)

        def note(*args, **kwargs):
            # The cost stands in the hash: `$2b$04$…`.
            seen[f"{word} {args[-1][4:6].decode()}" if owner is passwords.bcrypt else word] += 1
            return true(*args, **kwargs)

        patch.setattr(owner, name, note)

    with monkeypatch.context() as patch:
        noting(passwords.bcrypt, "checkpw", "check")
        noting(passwords.bcrypt, "hashpw", "hash")
        noting(house.platform.journal, "claimed", "claimed")
        noting(house.platform.journal, "load", "load")
        noting(house.platform.vault, "key", "key")
        yield seen


async def work(monkeypatch, house, address: str, password: str) -> tuple[int, dict[str, int]]:
    with counted(monkeypatch, house) as seen:
        answer = await house.client.post("/v1/auth/login", json={"email": address, "password": password})
    return answer.status_code, dict(seen)


async def test_every_refused_log_in_is_the_same_work(house, monkeypatch):
    person, suspended, erased = [await house.person(password=PASSWORD) for _ in range(3)]
    operator = await house.person("operator")
    path = f"/v1/admin/accounts/{suspended.account_id}/suspend"
    assert (await house.client.post(path, json={"reason": "test"}, headers=operator.headers)).status_code == 200
    await house.platform.vault.destroy(erased.account_id)
    refused = {
        "unknown address": (email(), PASSWORD),
        "wrong password": (person.email, "not this one"),
        "too short for any": (person.email, "x"),
        "empty": (person.email, ""),
        "too long for bcrypt": (person.email, "x" * 73),
        "unknown, too long": (email(), "x" * 73),
        "suspended": (suspended.email, "not this one"),
        "erased": (erased.email, PASSWORD),
    }
    found = {name: await work(monkeypatch, house, *given) for name, given in refused.items()}
    assert found == dict.fromkeys(refused, (401, {"check 04": 1, "claimed": 1, "load": 1, "key": 1}))


async def test_nothing_is_hashed_for_a_reset_token_that_is_none(house, monkeypatch):
    person = await house.person(password=PASSWORD)
    for account_id in (person.account_id, house.platform.ids.new()):
        body = {"token": reset_token(account_id, b"x" * SECRET_BYTES), "new_password": "another fine one"}
        with counted(monkeypatch, house) as seen:
            answer = await house.client.post("/v1/auth/reset-password", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "reset_token_invalid")
        assert dict(seen) == {"load": 1}
