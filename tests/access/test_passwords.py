"""bcrypt beside the event loop."""

import asyncio

import bcrypt
import pytest

from domain.access.passwords import checked_password
from domain.access.refusals import PasswordRefused, PasswordsBusy
from infra.access.passwords import ROUNDS, BcryptPasswords


@pytest.fixture
def passwords():
    pool = BcryptPasswords(rounds=4, threads=2, waiting_max=8)
    yield pool
    pool.close()


async def test_a_password_is_known_again(passwords):
    hashed = await passwords.hash("correct horse")
    assert hashed.startswith("$2b$04$")
    assert await passwords.verify("correct horse", hashed)
    assert not await passwords.verify("correct horsE", hashed)


async def test_without_an_account_a_hash_of_the_same_cost_is_checked(passwords):
    assert not await passwords.verify("nobody", None)
    assert passwords._dummy.startswith(b"$2b$04$")


async def test_what_bcrypt_would_refuse_is_a_wrong_password(passwords):
    hashed = await passwords.hash("x" * 72)
    assert await passwords.verify("x" * 72, hashed)
    assert not await passwords.verify("x" * 73, hashed)
    assert not await passwords.verify("ü" * 40, hashed)
    assert not await passwords.verify("", hashed)


async def test_a_storm_is_refused_at_its_end_and_never_stops_the_loop():
    passwords = BcryptPasswords(rounds=9, threads=1, waiting_max=4)
    ticks = 0
    storm = asyncio.gather(*(passwords.hash("x" * 8) for _ in range(10)), return_exceptions=True)
    while not storm.done():
        await asyncio.sleep(0)
        ticks += 1
    results = await storm
    passwords.close()
    assert sum(isinstance(result, PasswordsBusy) for result in results) == 6
    assert sum(isinstance(result, str) for result in results) == 4
    assert ticks > 50


def test_the_cost_is_twelve():
    assert ROUNDS == 12
    assert bcrypt.gensalt(ROUNDS).startswith(b"$2b$12$")


@pytest.mark.parametrize(
    ("password", "reason"), [("", "at least 8"), ("1234567", "at least 8"), ("x" * 73, "73 bytes"), ("€" * 25, "75 bytes")]
)
def test_a_refused_password_is_told_why(password, reason):
    with pytest.raises(PasswordRefused, match=reason) as refusal:
        checked_password(password, "/password")
    assert refusal.value.errors[0][0] == "/password"


@pytest.mark.parametrize("password", ["12345678", "x" * 72, "€" * 24, "        "])
def test_eight_characters_to_seventy_two_bytes_are_taken(password):
    assert checked_password(password, "/password") == password
