"""Clients of the simulation: they ask, repeat what was not answered with the same key, and write down what they were told."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from domain.accounts.commands import RegisterAccount
from domain.accounts.refusals import EmailTaken
from domain.credits.commands import GrantCredits, RefundCharge
from domain.credits.credit_account import CreditAccount
from domain.credits.refusals import CreditAccountNotFound, HoldExists, HoldMissing
from domain.generations.commands import CancelGeneration, DeleteGeneration, RequestBatch
from domain.generations.generation import Generation
from domain.generations.wanted import Wanted, fitted, request_of, with_fallbacks, words_of
from domain.kernel.commands import Command, Context, Receipt
from domain.kernel.facts import Root
from domain.kernel.ids import command_of_cause, command_of_key, credit_stream
from domain.kernel.journal_refusals import IdempotencyKeyReused
from domain.kernel.refusals import Refusal, Unavailable
from domain.operators.commands import PauseQueue, ResumeQueue
from infra.journal.settle import ClaimTaken, StreamExists
from tests.simulation.offers import CATALOGUE
from tests.simulation.roles import PeerLost, Role

#: So long a client waits for one answer.
PATIENCE_SECONDS = 5.0
#: Refusals that no request of these clients deserves.
NEVER = (ClaimTaken, CreditAccountNotFound, EmailTaken, HoldExists, HoldMissing, StreamExists)


@dataclass
class Asked:
    """One request with its key, and every answer that came."""

    key: str
    account_id: UUID
    answers: list[Receipt] = field(default_factory=list)
    #: Each with the log's head as it was when the request was sent for the last time.
    refusals: list[tuple[Refusal, int]] = field(default_factory=list)


@dataclass
class Book:
    """What the clients know: by it the log is judged."""

    asked: list[Asked] = field(default_factory=list)
    #: Generation -> whether its owner set a deadline that may pass.
    accepted: dict[UUID, bool] = field(default_factory=dict)
    canceled: set[UUID] = field(default_factory=set)
    #: Account -> credits given to it.
    granted: dict[UUID, int] = field(default_factory=dict)
    #: Generation -> the end that a reader has seen.
    seen: dict[UUID, str] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)


class Client:
    """All clients of one world; each request is a task of its own."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._dice = world.dice["clients"]
        self.book = Book()

    async def live(self, account_id: UUID) -> None:
        """Everything that is asked for one account."""
        world, dice = self._world, self._dice
        await self._open(account_id)
        requests = []
        for number in range(world.plan.generations):
            requests.append(world.loop.spawn(world.outside, self._generation(account_id, number)))
            requests.append(world.loop.spawn(world.outside, self._balance(account_id)))
            await asyncio.sleep(dice.choice([0.0, 0.0, dice.uniform(0.0, 1.5)]))
        await asyncio.gather(*requests)

    async def _open(self, account_id: UUID) -> None:
        register = RegisterAccount(
            account_id=account_id,
            sealed_profile="s1.{}",
            email_index=account_id.hex,
            sealed_password_hash="s1.",
            roles=[],
            welcome_grant_id=self._world.ids.new(),
            welcome_credits=self._dice.choice([0, 5]),
        )
        self.book.granted[account_id] = register.welcome_credits
        await self._ask(account_id, "register", lambda role: register)
        for number in range(self._dice.choice([1, 2])):
            soon = self._world.clock.now() + timedelta(seconds=self._dice.uniform(1.0, 20.0))
            grant = GrantCredits(
                account_id=account_id,
                grant_id=self._world.ids.new(),
                source="operator",
                amount=self._dice.choice([6, 15, 40]),
                priority=number,
                expires_at=self._dice.choice([None, None, soon]),
                reason="for the simulation",
            )
            self.book.granted[account_id] += grant.amount
            await self._ask(account_id, f"grant-{number}", lambda role, grant=grant: grant)

    async def _generation(self, account_id: UUID, number: int) -> None:
        """Ask for one, perhaps several times at once; then perhaps look, cancel, delete, ask for the credits back."""
        dice = self._dice
        wanted, short = self._wanted()
        key = f"generation-{number}"
        many = dice.choice([1, 1, 1, 3])
        batch = dice.random() < 0.15
        ids = [self._world.ids.new() for _ in range(2)]

        def make(role: Role) -> Command:
            commands = [self._request(role, account_id, wanted) for _ in range(2 if batch else 1)]
            if not batch:
                return commands[0]
            together = [msgspec.structs.replace(each, batch_id=ids[0]) for each in commands]
            return RequestBatch(batch_id=ids[0], account_id=account_id, generations=together)

        spawned = [self._world.loop.spawn(self._world.outside, self._ask(account_id, key, make)) for _ in range(many)]
        answers = [answer for answer in await asyncio.gather(*spawned) if answer is not None]
        if not answers:
            return
        result = answers[0].result
        made = [UUID(each) for each in result.get("generation_ids", [result.get("generation_id")])]
        self.book.accepted.update(dict.fromkeys(made, short))
        await asyncio.sleep(dice.choice([0.0, dice.uniform(0.0, 0.5), dice.uniform(0.0, 6.0)]))
        await self._meddle(account_id, made[0], number)

    async def _meddle(self, account_id: UUID, generation_id: UUID, number: int) -> None:
        dice = self._dice
        choice = dice.random()
        if choice < 0.45:
            cancel = CancelGeneration(generation_id=generation_id, account_id=account_id, actor="owner")
            if await self._ask(account_id, f"cancel-{number}", lambda role: cancel) is not None:
                self.book.canceled.add(generation_id)
        elif choice < 0.55:
            found = await self._read(generation_id)
            if found is not None and found.status == "succeeded":
                refund_id = command_of_cause(f"refund {generation_id}")
                refund = RefundCharge(account_id=account_id, generation_id=generation_id, refund_id=refund_id, amount=None, reason="r")
                await self._ask(account_id, f"refund-{number}", lambda role: refund)
        elif choice < 0.6:
            found = await self._read(generation_id)
            if found is not None and found.final:
                delete = DeleteGeneration(generation_id=generation_id, account_id=account_id, asset_ids=found.asset_ids)
                await self._ask(account_id, f"delete-{number}", lambda role: delete)
        elif choice < 0.7:
            # The same key for something else is refused, whatever became of the first.
            other = CancelGeneration(generation_id=generation_id, account_id=account_id, actor="another")
            await self._ask(account_id, f"generation-{number}", lambda role: other, stranger=True)
        else:
            await self._read(generation_id)

    def _wanted(self) -> tuple[Wanted, bool]:
        dice, now = self._dice, self._world.clock.now()
        model = dice.choice(CATALOGUE.models)
        params = {"count": dice.choice([1, 2])} if model.kind == "image" else {"duration": dice.choice([2, 5])}
        run_at = now + timedelta(seconds=dice.uniform(0.2, 4.0)) if dice.random() < 0.15 else None
        short = dice.random() < 0.15
        begin = run_at or now
        deadline = begin + timedelta(seconds=dice.uniform(0.5, 12.0)) if short else None
        start_deadline = begin + timedelta(seconds=dice.uniform(0.2, 0.5)) if short and dice.random() < 0.5 else None
        fallbacks = ["again"] if model.id == "once" and dice.random() < 0.4 else []
        wanted = Wanted(
            kind=model.kind,
            model=model.id,
            prompt="p",
            params=params,
            run_at=run_at,
            deadline=deadline,
            start_deadline=start_deadline,
            priority=dice.choice(["low", "normal", "normal", "high"]),
            fallback_models=fallbacks,
        )
        return wanted, short

    def _request(self, role: Role, account_id: UUID, wanted: Wanted) -> Any:
        """As `api/submitting.py` makes it."""
        now = role.clock.now()
        fitting = fitted(CATALOGUE, wanted, now=now)
        if wanted.fallback_models:
            fitting = with_fallbacks(CATALOGUE, wanted, fitting, now=now)
        return request_of(
            wanted,
            fitting,
            words_of(wanted, fitting),
            generation_id=self._world.ids.new(),
            account_id=account_id,
            key=self._world.vault.plain,
            price_version=CATALOGUE.price_version,
        )

    async def _ask(self, account_id: UUID, key: str, make: Callable[[Role], Command], *, stranger: bool = False) -> Receipt | None:
        """Until there is an answer for certain; None when that is a refusal. *stranger*: another request under a key that is in use."""
        asked = Asked(key, account_id)
        fingerprint = (b"another " if stranger else b"") + key.encode()
        if not stranger:
            self.book.asked.append(asked)
        while True:
            head = self._world.database.log.head
            try:
                answer: Receipt = await self._anybody(lambda role: self._execute(role, account_id, key, fingerprint, make))
            except (PeerLost, TimeoutError, Unavailable, psycopg.OperationalError):
                # The API answers 503 to each of these; see `UNAVAILABLE` in daybook/bootstrap.py.
                await asyncio.sleep(self._dice.uniform(0.05, 1.0))
            except Refusal as refusal:
                asked.refusals.append((refusal, head))
                if isinstance(refusal, NEVER):
                    self.book.wrongs.append(f"{key} was refused with {refusal!r}")
                if not stranger and isinstance(refusal, IdempotencyKeyReused):
                    self.book.wrongs.append(f"{key} was said to be in use by another request")
                return None
            else:
                asked.answers.append(answer)
                if stranger:
                    self.book.wrongs.append(f"{key} was answered to a request that is not its own")
                return answer

    async def _anybody(self, request: Callable[[Role], Coroutine[Any, Any, Any]]) -> Any:
        role = self._dice.choice(self._world.of_kind("api"))
        await asyncio.sleep(self._dice.uniform(0.0005, 0.005))
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await role.answer(request(role))

    async def _execute(self, role: Role, account_id: UUID, key: str, fingerprint: bytes, make: Callable[[Role], Command]) -> Receipt:
        """As the API's pipeline: a repeat is answered like the first, also when it would be refused today."""
        command_id = command_of_key(account_id, key)
        context = Context(actor="client", now=role.clock.now(), command_id=command_id, fingerprint=fingerprint, status=202)
        try:
            return await role.journal.execute(make(role), context)
        except Refusal as refusal:
            if isinstance(refusal, IdempotencyKeyReused):
                raise
            earlier = await role.journal.receipt(command_id)
            if earlier is None or earlier.fingerprint != fingerprint:
                raise
            return earlier

    async def _read(self, generation_id: UUID) -> Generation | None:
        """What an end was, it stays."""
        try:
            found: Generation | None = await self._anybody(lambda role: role.journal.load(Generation, generation_id))
        except (PeerLost, TimeoutError, Unavailable, psycopg.OperationalError):
            return None
        self.is_logged(found)
        if found is None:
            self.book.wrongs.append(f"{generation_id} was accepted and cannot be read")
        elif found.final and self.book.seen.setdefault(generation_id, found.status) != found.status:
            self.book.wrongs.append(f"{generation_id} ended as {self.book.seen[generation_id]}, then as {found.status}")
        return found

    async def _balance(self, account_id: UUID) -> None:
        """Nobody sees what is not in the log."""
        stream = credit_stream(account_id)
        with suppress(PeerLost, TimeoutError, Unavailable, psycopg.OperationalError):
            self.is_logged(await self._anybody(lambda role: role.journal.load(CreditAccount, stream)))

    def is_logged(self, found: Root | None) -> None:
        """What is read is in the log, at the place that it says."""
        if found is None:
            return
        events = self._world.database.log.streams.get(found.id, [])
        if found.version > len(events):
            self.book.wrongs.append(f"{found.id} was read at version {found.version}, which is not in the log")
        elif found.position != events[found.version - 1].position:
            self.book.wrongs.append(f"version {found.version} of {found.id} was read as of position {found.position}")

    async def pause(self, queue: str, seconds: float) -> None:
        """An operator pauses a queue for a while."""
        desk = command_of_cause("desk")
        for order in (PauseQueue, ResumeQueue):
            command = order(account_id=desk, queue=queue, reason="r")
            await self._ask(desk, f"{order.__name__}-{queue}-{seconds}", lambda role, command=command: command)
            await asyncio.sleep(seconds)
