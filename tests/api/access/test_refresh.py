"""POST /v1/auth/refresh: each token once, reuse ends the session, ten seconds of grace give the same successor."""

import asyncio

import pytest

from tests.support.api_words import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: As if the token had been used that many seconds earlier.
EARLIER = "UPDATE access.refresh_tokens SET used_at = used_at - make_interval(secs => %s) WHERE used_at IS NOT NULL"


async def refresh(house, token):
    return await house.client.post("/v1/auth/refresh", json={"refresh_token": token})


async def works(house, access_token) -> bool:
    answer = await house.client.get("/v1/me", headers={"Authorization": f"Bearer {access_token}"})
    return answer.status_code == 200


async def let_pass(house, seconds):
    async with house.platform.reads.connection() as connection:
        await connection.execute(EARLIER, [seconds])


async def test_a_refresh_token_gives_the_next_pair(house):
    person = await house.person()
    answer = await refresh(house, person.refresh_token)
    assert answer.status_code == 200
    pair = answer.json()
    assert pair["refresh_token"] != person.refresh_token
    assert await works(house, pair["access_token"])
    assert (await refresh(house, pair["refresh_token"])).status_code == 200


async def test_within_the_grace_a_repeat_gets_the_same_successor(house):
    person = await house.person()
    first, second = [(await refresh(house, person.refresh_token)).json() for _ in range(2)]
    assert first["refresh_token"] == second["refresh_token"]
    assert await works(house, second["access_token"])


async def test_of_many_at_once_all_get_the_one_successor(house):
    person = await house.person()
    answers = await asyncio.gather(*(refresh(house, person.refresh_token) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_reuse_after_the_grace_ends_the_whole_family(house):
    person = await house.person()
    pair = (await refresh(house, person.refresh_token)).json()
    await let_pass(house, 11)
    problem(await refresh(house, person.refresh_token), 401, "refresh_token_reused")
    problem(await refresh(house, pair["refresh_token"]), 401, "refresh_token_invalid")
    assert not await works(house, pair["access_token"])
    assert not await works(house, person.access_token)


async def test_another_session_of_the_account_survives_the_reuse(house):
    person = await house.person()
    other = await house.platform.sessions.begin(person.account_id, now=house.platform.clock.now())
    await refresh(house, person.refresh_token)
    await let_pass(house, 11)
    problem(await refresh(house, person.refresh_token), 401, "refresh_token_reused")
    assert await works(house, other.access_token)


@pytest.mark.parametrize("token", ["x", "dbr_", "dbr_" + "A" * 64, "dbr_" + "!" * 64, "é" * 68])
async def test_what_is_no_refresh_token_is_refused(house, token):
    problem(await refresh(house, token), 401, "refresh_token_invalid")


async def test_an_idle_session_lapses(house):
    person = await house.person()
    async with house.platform.reads.connection() as connection:
        await connection.execute("UPDATE access.refresh_tokens SET idle_until = now() - interval '1 s'")
    problem(await refresh(house, person.refresh_token), 401, "refresh_token_invalid")


async def test_however_busy_a_session_has_an_end(house):
    person = await house.person()
    async with house.platform.reads.connection() as connection:
        await connection.execute("UPDATE access.sessions SET expires_at = now() - interval '1 s'")
    problem(await refresh(house, person.refresh_token), 401, "refresh_token_invalid")


async def test_only_hashes_of_tokens_are_stored(house):
    person = await house.person()
    async with house.platform.reads.connection() as connection:
        rows = await (await connection.execute("SELECT token_hash FROM access.refresh_tokens")).fetchall()
    assert all(len(token_hash) == 32 for (token_hash,) in rows)
    assert not any(person.refresh_token.encode()[-32:] in bytes(token_hash) for (token_hash,) in rows)


async def test_used_tokens_are_kept_only_as_long_as_they_could_have_been_used(house):
    person = await house.person()
    count = "SELECT count(*) FROM access.refresh_tokens t JOIN access.sessions s USING (session) WHERE s.account_id = %s"
    token = person.refresh_token
    for _ in range(3):
        token = (await refresh(house, token)).json()["refresh_token"]
    async with house.platform.reads.connection() as connection:
        before = (await (await connection.execute(count, [person.account_id])).fetchone())[0]
        await connection.execute("UPDATE access.refresh_tokens SET idle_until = now() - interval '1 s' WHERE used_at IS NOT NULL")
        await refresh(house, token)
        after = (await (await connection.execute(count, [person.account_id])).fetchone())[0]
    assert (before, after) == (4, 2)
