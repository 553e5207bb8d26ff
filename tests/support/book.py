"""Run commands against streams held in memory: the journal's contract without a database, for specifications of the domain."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from domain import aggregates
from domain.accounts.commands import RegisterAccount
from domain.commands import HANDLERS
from domain.credits.commands import GrantCredits
from domain.credits.credit_account import CreditAccount
from domain.generations.commands import NewAsset, RequestGeneration, StartGeneration, SucceedGeneration
from domain.generations.generation import Generation
from domain.kernel.commands import Command, Decision
from domain.kernel.facts import Fact, Root
from domain.kernel.ids import credit_stream, uuid7

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
Aggregate = TypeVar("Aggregate", bound=Root)


class Book:
    """Streams by (class, id). `when` decides a command, applies it and returns the facts it made."""

    def __init__(self) -> None:
        self.streams: dict[tuple[type[Root], UUID], Root] = {}
        self.facts: list[Fact] = []
        self.decision: Decision | None = None
        self.now = NOON
        self._numbers = itertools.count(1)

    def id(self) -> UUID:
        """The next id: deterministic, in order."""
        number = next(self._numbers)
        return uuid7(1_700_000_000_000 + number, number.to_bytes(10, "big"))

    def get(self, kind: type[Aggregate], stream: UUID) -> Aggregate | None:
        found = self.streams.get((kind, stream))
        return found if isinstance(found, kind) else None

    def when(self, command: Command) -> list[Fact]:
        handler = HANDLERS[type(command)]
        handler.needs(command)
        decision = handler.decide(command, self, self.now)
        made: list[Fact] = []
        for aggregate in decision.saved:
            self.streams[type(aggregate), aggregate.id] = aggregate
            made += aggregate.collect_events()
        self.decision = decision
        self.facts += made
        return made

    def credits(self, account_id: UUID) -> CreditAccount:
        found = self.get(CreditAccount, credit_stream(account_id))
        assert found is not None
        return found

    def generation(self, generation_id: UUID) -> Generation:
        found = self.get(Generation, generation_id)
        assert found is not None
        return found

    def account(self, *, credits: int = 25) -> UUID:
        """A registered account with *credits* welcome credits."""
        account_id = self.id()
        self.when(
            RegisterAccount(
                account_id=account_id,
                sealed_profile="sealed",
                email_index=account_id.hex,
                sealed_password_hash="sealed-hash",
                roles=["user"],
                welcome_grant_id=self.id(),
                welcome_credits=credits,
            )
        )
        return account_id

    def grant(self, account_id: UUID, amount: int, **changes: Any) -> UUID:
        grant_id = self.id()
        values: dict[str, Any] = {"source": "operator", "priority": 0, "expires_at": None, "reason": "test", **changes}
        self.when(GrantCredits(account_id=account_id, grant_id=grant_id, amount=amount, **values))
        return grant_id

    def request(self, account_id: UUID, quoted: int = 5, **changes: Any) -> UUID:
        generation_id = self.id()
        self.when(request_of(generation_id, account_id, quoted, now=self.now, **changes))
        return generation_id

    def start(self, generation_id: UUID) -> int:
        self.when(StartGeneration(generation_id=generation_id, worker="w1"))
        assert self.decision is not None
        return int(self.decision.result["attempt"])

    def succeed(
        self, account_id: UUID, generation_id: UUID, *, attempt: int, price: int, assets: int = 1, began_at: datetime | None = None
    ) -> list[Fact]:
        return self.when(
            SucceedGeneration(
                generation_id=generation_id,
                account_id=account_id,
                attempt=attempt,
                worker="w1",
                assets=[asset_of(self.id()) for _ in range(assets)],
                price=price,
                usage={"item": assets},
                began_at=began_at,
            )
        )

    def finished(self, account_id: UUID, *, quoted: int = 5, price: int | None = None) -> UUID:
        """A generation that succeeded and was charged *price* (the whole quote by default)."""
        generation_id = self.request(account_id, quoted)
        attempt = self.start(generation_id)
        self.succeed(account_id, generation_id, attempt=attempt, price=quoted if price is None else price)
        return generation_id

    def refold(self, aggregate: Root) -> Root:
        """The aggregate folded again from all facts of its stream."""
        again: Any = None
        for fact in self.facts:
            if fact.originator_id == aggregate.id:
                again = fact.mutate(again)
        assert type(again) in aggregates.AGGREGATES
        return again


def request_of(generation_id: UUID, account_id: UUID, quoted: int, *, now: datetime, **changes: Any) -> RequestGeneration:
    values: dict[str, Any] = {
        "kind": "image",
        "model": "builtin/sketch-1",
        "provider": "builtin",
        "queue": "image",
        "params": {"size": "1024x1024", "count": 1},
        "inputs": [],
        "sealed": "sealed",
        "tag_index": [],
        "priority": "normal",
        "price_version": 1,
        "on_cancel": "free",
        "run_at": None,
        "start_deadline": None,
        "deadline": now + HOUR,
        **changes,
    }
    return RequestGeneration(generation_id=generation_id, account_id=account_id, quoted=quoted, **values)


def asset_of(asset_id: UUID) -> NewAsset:
    return NewAsset(
        asset_id=asset_id,
        kind="image",
        content_type="image/png",
        bytes=1234,
        sha256="ab" * 32,
        width=64,
        height=64,
        duration_ms=None,
        object_key=f"assets/{asset_id}",
        thumbnail_key=None,
        sealed_filename="sealed",
    )


def names(facts: list[Fact]) -> list[str]:
    return [type(fact).__name__ for fact in facts]
