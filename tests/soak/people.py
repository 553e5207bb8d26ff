"""People come, log in, keep their sessions alive, and are granted credits."""

import time
from typing import Any

from tests.soak.client import Client, Person, Turn
from tests.soak.town import PASSWORD

WELCOME = 25
#: An access token lives for fifteen minutes.
RENEW_SECONDS = 420.0
RICH = 1_000_000


async def register(turn: Turn) -> Person | None:
    client = turn.client
    email = f"{client.key()}@soak.example.com"
    answer = await turn.ask("POST", "/v1/auth/register", 201, body={"email": email, "password": PASSWORD})
    if answer is None:
        return None
    said = answer.json
    turn.expect(said["account"]["email"] == email, "the new account has another e-mail")
    account = client.book.open_account(said["account"]["id"], WELCOME)
    return Person(account, email, said["access_token"], said["refresh_token"], time.monotonic())


async def log_in(turn: Turn, email: str, password: str) -> dict[str, Any] | None:
    answer = await turn.ask("POST", "/v1/auth/login", 200, body={"email": email, "password": password})
    return None if answer is None else dict(answer.json)


async def log_in_again(turn: Turn) -> None:
    """A further session of the same person, who goes on with it."""
    person = turn.person
    assert person is not None
    if person.renewing:
        return
    said = await log_in(turn, person.email, PASSWORD)
    if said is not None:
        turn.expect(said["account"]["id"] == person.account.id, "who logged in is somebody else")
        person.token, person.refresh_token, person.issued_at = said["access_token"], said["refresh_token"], time.monotonic()


async def log_in_wrongly(turn: Turn) -> None:
    assert turn.person is not None
    body = {"email": turn.person.email, "password": "not the one of the soak"}
    await turn.ask("POST", "/v1/auth/login", 401, body=body)


async def renew(turn: Turn) -> None:
    """The next pair of tokens; the one before goes on until it expires."""
    person = turn.person
    assert person is not None
    if person.renewing:
        return
    person.renewing = True
    try:
        answer = await turn.ask("POST", "/v1/auth/refresh", 200, body={"refresh_token": person.refresh_token})
        if answer is not None:
            said = answer.json
            person.token, person.refresh_token, person.issued_at = said["access_token"], said["refresh_token"], time.monotonic()
            person.renewed += 1
    finally:
        person.renewing = False


async def grant(turn: Turn, to: Person, amount: int) -> None:
    """*turn* is an operator's."""
    path = f"/v1/admin/accounts/{to.account.id}/grants"
    answer = await turn.ask("POST", path, 201, body={"amount": amount, "reason": "soak"}, key=turn.client.key())
    if answer is not None:
        turn.expect(answer.json["amount"] == amount, "another amount was granted")
        to.account.granted += amount
        to.account.known = max(to.account.known, answer.position)


async def use_api_token(turn: Turn) -> None:
    """It reads, and no more; when it is revoked, not even that."""
    body = {"name": "soak", "scopes": ["generations:read"]}
    issued = await turn.ask("POST", "/v1/api-tokens", 201, body=body, key=turn.client.key())
    if issued is None:
        return
    said = issued.json
    mine = {"Authorization": f"Bearer {said['token']}"}
    await turn.ask("GET", "/v1/generations?limit=1", 200, headers=mine, measured=False)
    estimate = {"kind": "image", "prompt": "a boat"}
    await turn.ask("POST", "/v1/generations/estimate", 403, body=estimate, headers=mine, code="scope_missing", measured=False)
    if await turn.ask("DELETE", f"/v1/api-tokens/{said['id']}", 204, measured=False) is not None:
        await turn.ask("GET", "/v1/generations?limit=1", 401, headers=mine, measured=False)


async def settle_in(client: Client, operator: dict[str, str], count: int) -> None:
    """An operator, *count* people with credits, and one who has hardly any."""
    said = await log_in(client.turn(None, "login"), operator["email"], operator["password"])
    assert said is not None, client.book.differences
    account = client.book.open_account(said["account"]["id"], 0)
    client.operator = Person(account, operator["email"], said["access_token"], said["refresh_token"], time.monotonic())
    for number in range(count + 1):
        person = await register(client.turn(None, "register"))
        assert person is not None, client.book.differences
        person.poor = number == count
        if not person.poor:
            await grant(client.turn(client.operator, "grant"), person, RICH)
        client.people.append(person)
