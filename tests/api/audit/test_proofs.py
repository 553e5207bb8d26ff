"""GET /v1/audit/checkpoints, consistency, proofs, public-keys"""

import json
from base64 import b64decode

import psycopg
import pytest
import pytest_asyncio

from infra.secrets.keyring import Keyring
from projections.notary.balances import SALTS
from projections.notary.checkpoint import PublicKey, verified
from projections.notary.notary import Notary
from projections.notary.prove import prove_balance
from projections.notary.sealing import Sealing
from tests.support.api_words import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = b"the secret key of the API's proofs"


async def remember_nothing(conn):
    return None


@pytest_asyncio.fixture(loop_scope="module")
async def auditor(house):
    return await house.person("auditor")


async def sealed(house, database_url, *, balances=False):
    """Sign all that is in the log."""
    platform = house.platform
    if balances:
        secret = await platform.vault.standing(SALTS)
        await Sealing(platform.journal, platform.reads, secret, clock=platform.clock, ids=platform.ids).seal()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        return await Notary(Keyring(SECRET), name="books.example.com", remembered=remember_nothing).now(conn)


async def test_before_the_first_signature_there_is_nothing_to_show(house, auditor):
    answer = await house.client.get("/v1/audit/checkpoints", headers=auditor.headers)
    assert answer.json() == {"data": [], "next_cursor": None}
    for path in ("checkpoints/latest", "consistency?from=1"):
        problem(await house.client.get(f"/v1/audit/{path}", headers=auditor.headers), 404, "checkpoint_not_found")
    problem(await house.client.get(f"/v1/audit/proofs/balance/{auditor.account_id}", headers=auditor.headers), 404, "balances_not_sealed")
    refused = await house.client.get("/v1/audit/proofs/entry/1", headers=auditor.headers)
    assert problem(refused, 409, "not_yet_notarised")["retryable"] is True
    assert int(refused.headers["retry-after"]) >= 1
    assert (await house.client.get("/v1/audit/public-keys", headers=auditor.headers)).json() == {"data": [], "next_cursor": None}


async def test_checkpoints_are_listed_from_the_oldest(house, auditor, database_url):
    for _ in range(3):
        await house.person()
        last = await sealed(house, database_url)
    first = (await house.client.get("/v1/audit/checkpoints?limit=2", headers=auditor.headers)).json()
    rest = await house.client.get("/v1/audit/checkpoints", params={"limit": 2, "cursor": first["next_cursor"]}, headers=auditor.headers)
    sizes = [row["size"] for row in first["data"] + rest.json()["data"]]
    assert len(sizes) >= 3
    assert sizes == sorted(set(sizes))
    newest = (await house.client.get("/v1/audit/checkpoints?order=desc&limit=1", headers=auditor.headers)).json()["data"][0]
    latest = (await house.client.get("/v1/audit/checkpoints/latest", headers=auditor.headers)).json()
    assert newest == latest
    assert (latest["size"], latest["note"], latest["origin"]) == (last.size, last.note, "books.example.com/1")
    assert b64decode(latest["root"]) == last.root


async def test_the_keys_check_the_checkpoints(house, auditor, database_url):
    await house.person()
    last = await sealed(house, database_url)
    (row,) = (await house.client.get("/v1/audit/public-keys", headers=auditor.headers)).json()["data"]
    name, key_id, blob = row["vkey"].split("+", 2)
    key = PublicKey(name, b64decode(blob)[1:])
    assert (row["name"], row["key_id"], key.key_id.hex(), row["retired_at"]) == (name, key_id, key_id, None)
    assert verified(last.note, [key]).size == last.size


async def test_an_entry_proof_is_the_bytes_of_its_file(house, auditor, database_url):
    await house.person()
    last = await sealed(house, database_url)
    answer = await house.client.get(f"/v1/audit/proofs/entry/{last.size}", headers=auditor.headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    proof = answer.json()
    assert answer.content == json.dumps(proof, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    assert (proof["type"], proof["checkpoint"], proof["entry"]["position"]) == ("entry", last.note, last.size)


async def test_what_is_no_position_is_not_found(house, auditor, database_url):
    await sealed(house, database_url)
    head = await house.platform.journal.head()
    for position in ("0", "-1", "x", "1.0", "9" * 30, str(head + 1), "9" * 16):
        problem(await house.client.get(f"/v1/audit/proofs/entry/{position}", headers=auditor.headers), 404, "entry_not_found")


async def test_an_entry_beyond_the_last_checkpoint_comes_later(house, auditor, database_url):
    await sealed(house, database_url)
    await house.person()
    head = await house.platform.journal.head()
    problem(await house.client.get(f"/v1/audit/proofs/entry/{head}", headers=auditor.headers), 409, "not_yet_notarised")


async def test_consistency_between_two_checkpoints(house, auditor, database_url):
    old = await sealed(house, database_url)
    await house.person()
    new = await sealed(house, database_url)
    for query in (f"from={old.size}", f"from={old.size}&to={new.size}"):
        proof = (await house.client.get(f"/v1/audit/consistency?{query}", headers=auditor.headers)).json()
        assert (proof["from"], proof["to"]) == (old.note, new.note)
    problem(
        await house.client.get(f"/v1/audit/consistency?from={new.size}&to={old.size}", headers=auditor.headers), 422, "validation_failed"
    )
    problem(await house.client.get(f"/v1/audit/consistency?from={old.size + 1}", headers=auditor.headers), 404, "checkpoint_not_found")
    for query in ("", "from=0", "from=x", "from=1&to=0"):
        problem(await house.client.get(f"/v1/audit/consistency?{query}", headers=auditor.headers), 422, "validation_failed")


async def test_a_balance_proof_of_an_account(house, auditor, database_url):
    person = await house.person(credits=70)
    await sealed(house, database_url, balances=True)
    later = await house.person()
    answer = await house.client.get(f"/v1/audit/proofs/balance/{person.account_id}", headers=auditor.headers)
    proof = answer.json()
    assert (proof["type"], proof["balance"]["account"], proof["balance"]["available"]) == ("balance", str(person.account_id), 70)
    async with house.platform.reads.connection() as connection:
        assert answer.content == await prove_balance(connection, person.account_id, await house.platform.vault.standing(SALTS))
    problem(await house.client.get(f"/v1/audit/proofs/balance/{later.account_id}", headers=auditor.headers), 404, "account_not_sealed")


async def test_an_altered_log_gives_no_proof_and_says_so(house, auditor, database_url):
    await house.person()
    last = await sealed(house, database_url)
    actor = "UPDATE journal.events SET actor = actor || %s WHERE position = %s"
    async with house.platform.reads.connection() as connection:
        await connection.execute(actor, ["x", last.size])
        answer = await house.client.get(f"/v1/audit/proofs/entry/{last.size}", headers=auditor.headers)
        assert f"Position {last.size}" in problem(answer, 409, "sealed_log_differs")["detail"]
        await connection.execute("UPDATE journal.events SET actor = left(actor, -1) WHERE position = %s", [last.size])
    assert (await house.client.get(f"/v1/audit/proofs/entry/{last.size}", headers=auditor.headers)).status_code == 200


async def test_only_auditors_may_ask(house, database_url):
    person = await house.person("user", "operator")
    problem(await house.client.get("/v1/audit/checkpoints", headers=person.headers), 403, "role_missing")
