"""A platform of small fakes for tests of the API's manners, and a real server on loopback in front of it."""

import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from api.app import create_app
from api.kit.route import Route
from api.platform import Platform, Policy, Principal, Verdict
from api.server import Server
from domain.kernel.commands import Command, Context, Receipt
from domain.kernel.journal_refusals import IdempotencyKeyReused
from domain.kernel.refusals import Unauthenticated
from infra.limits.local import LocalCounts

ALICE = UUID("01936b2e-0000-7000-8000-00000000a11c")
BOB = UUID("01936b2e-0000-7000-8000-000000000b0b")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class InvalidToken(Unauthenticated):
    """As the real credentials refuse."""

    detail = "No."


class FakeClock:
    def now(self) -> datetime:
        return NOON


class FakeIds:
    def new(self) -> UUID:
        return uuid4()


class FakeKey:
    def __init__(self, account_id: UUID) -> None:
        self._secret = account_id.bytes

    def fingerprint(self, data: bytes) -> bytes:
        return hmac.digest(self._secret, data, "sha256")


class FakeVault:
    async def key(self, account_id: UUID) -> FakeKey:
        return FakeKey(account_id)

    def sign(self, purpose: str, data: bytes) -> bytes:
        return hmac.digest(purpose.encode(), data, "sha256")

    def verify(self, purpose: str, data: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(self.sign(purpose, data), signature)


class FakeJournal:
    """Remembers command ids like the real one; what is executed gets the next position."""

    def __init__(self) -> None:
        self.executed: list[tuple[Command, Context]] = []
        self.receipts: dict[UUID, Receipt] = {}
        self.positions: dict[UUID, int] = {}
        self.position = 0

    async def execute(self, command: Command, context: Context) -> Receipt:
        if (earlier := self.receipts.get(context.command_id)) is not None:
            if earlier.fingerprint != context.fingerprint:
                raise IdempotencyKeyReused()
            return earlier
        self.position += 1
        self.executed.append((command, context))
        known: dict[str, Any] = {"position": self.position, "result": {}, "status": context.status, "fingerprint": context.fingerprint}
        self.receipts[context.command_id] = Receipt(repeated=True, **known)
        return Receipt(**known)

    async def receipt(self, command_id: UUID) -> Receipt | None:
        return self.receipts.get(command_id)

    async def version(self, stream: UUID) -> int:
        return 0

    async def head(self) -> int:
        return self.position

    async def last_position(self, account_id: UUID) -> int:
        return self.positions.get(account_id, 0)


class FakeCredentials:
    """The token is the name of a principal."""

    def __init__(self, principals: Mapping[str, Principal]) -> None:
        self.principals = dict(principals)

    async def authenticate(self, bearer: str) -> Principal:
        if bearer not in self.principals:
            raise InvalidToken()
        return self.principals[bearer]

    async def renewed(self, principal: Principal) -> Principal:
        return principal

    def forget(self, account_id: UUID) -> None:
        """It remembers nothing."""


class FakeLimiter:
    """Counts in memory, with the real windows."""

    def __init__(self) -> None:
        self.milliseconds = 0
        self.counts = LocalCounts(lambda: self.milliseconds)

    async def take(self, policies: Sequence[Policy]) -> Verdict:
        return self.counts.take(policies)

    def give_back(self, policies: Sequence[Policy]) -> None:
        self.counts.take([Policy(p.bucket, p.key, p.count, p.seconds, -p.cost, p.holds) for p in policies])


class FakePositions:
    def __init__(self) -> None:
        self.now: dict[str, int] = {}
        self.asked = 0

    async def current(self) -> Mapping[str, int]:
        self.asked += 1
        return dict(self.now)

    async def followers(self) -> Mapping[str, int]:
        return dict(self.now)


class FakeMetrics:
    def __init__(self) -> None:
        self.requests: list[tuple[str, str, int]] = []

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        self.requests.append((route, method, status))

    def limiter_bypassed(self, bucket: str) -> None:
        self.requests.append((bucket, "bypassed", 0))

    async def render(self) -> bytes:
        return b"# HELP daybook_requests\n"


def principal(account_id: UUID, **changes: Any) -> Principal:
    return Principal(**{"account_id": account_id, "roles": frozenset({"user"}), "scopes": None, "token_id": "t", **changes})


PRINCIPALS: dict[str, Principal] = {
    "alice": principal(ALICE),
    "alice-reads": principal(ALICE, scopes=frozenset({"generations:read"})),
    "bob": principal(BOB),
    "operator": principal(BOB, roles=frozenset({"user", "operator"})),
    "suspended": principal(ALICE, suspended=True),
}


def fake_platform(**changes: Any) -> Platform:
    """A platform whose parts are fakes unless *changes* says otherwise."""
    parts: dict[str, Any] = {
        "journal": FakeJournal(),
        "tail": None,
        "reads": None,
        "vault": FakeVault(),
        "own_keys": None,
        "clock": FakeClock(),
        "ids": FakeIds(),
        "objects": None,
        "media": None,
        "queues": None,
        "passwords": None,
        "sessions": None,
        "telling": None,
        "credentials": FakeCredentials(PRINCIPALS),
        "catalogue": None,
        "delivery_log": None,
        "health": None,
        "outgoing": None,
        "calendar": None,
        "payments": None,
        "price_books": None,
        "limiter": FakeLimiter(),
        "positions": FakePositions(),
        "metrics": FakeMetrics(),
        "public_url": "http://daybook.test",
        "version": "0.0.0",
    }
    return Platform(**{**parts, **changes})


@asynccontextmanager
async def served(routes: Sequence[Route], platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server on loopback that serves *routes*."""
    server = Server(create_app(platform, routes))
    port = await server.start(host="127.0.0.1", port=0)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            yield client
    finally:
        await server.stop()


def bearer(token: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **headers}
