"""Random histories: every command of the house, in any order the domain allows. The same seed gives the same history."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts import commands as accounts
from domain.accounts.account import Account
from domain.assets import commands as assets
from domain.assets.asset import Asset
from domain.credits import commands as ledger
from domain.generations import commands as generations
from domain.generations.generation import Generation
from domain.kernel.refusals import Refusal
from domain.schedules import commands as schedules
from domain.schedules.schedule import Schedule
from tests.support.book import HOUR, request_of
from tests.support.logged_book import LoggedBook

#: What was read of a text before it ended.
READ: dict[str, Any] = {"usage": {"token": 7}, "sealed_output": "s1.read"}


class History:
    """A book that is written at random. `step` makes one command; a refusal of the domain is a step that changed nothing."""

    def __init__(self, seed: int, *, accounts: int = 3, book: LoggedBook | None = None) -> None:
        self.random = random.Random(seed)
        self.book = book or LoggedBook()
        self.accounts = [self.book.account(credits=self.random.choice([0, 25, 1000])) for _ in range(accounts)]
        self.generations: list[tuple[UUID, UUID]] = []
        self.assets: list[tuple[UUID, UUID]] = []
        self.schedules: list[tuple[UUID, UUID]] = []
        self.refused = 0

    def run(self, steps: int) -> "History":
        for _ in range(steps):
            self.step()
        return self

    def moves(self) -> list[tuple[int, Callable[[], None]]]:
        """What may happen next, and how often."""
        return [
            (3, self._grant),
            (20, self._request),
            (40, self._work),
            (4, self._cancel),
            (4, self._refund),
            (4, self._expire),
            (3, self._delete),
            (3, self._change_account),
            (3, self._change_asset),
            (3, self._change_schedule),
            (4, self._pass_time),
        ]

    def step(self) -> None:
        weights, acts = zip(*self.moves(), strict=True)
        try:
            self.random.choices(acts, weights)[0]()
        except Refusal:
            self.refused += 1

    def _account(self) -> UUID:
        return self.random.choice(self.accounts)

    def _generation(self, *, recent: int = 12) -> tuple[UUID, UUID, Generation]:
        if not self.generations:
            self._request()
        account_id, generation_id = self.random.choice(self.generations[-recent:])
        return account_id, generation_id, self.book.generation(generation_id)

    def _pass_time(self) -> None:
        self.book.now += timedelta(minutes=self.random.randrange(1, 2_000))

    def _grant(self) -> None:
        days = self.random.choice([None, 1, 2, 40])
        expires_at = None if days is None else self.book.now + timedelta(days=days)
        self.book.grant(
            self._account(),
            self.random.randrange(1, 200),
            expires_at=expires_at,
            priority=self.random.randrange(3),
            source=self.random.choice(["operator", "goodwill", "purchase"]),
        )

    def _request(self) -> None:
        account_id, generation_id = self._account(), self.book.id()
        run_at = self.book.now + HOUR if self.random.random() < 0.15 else None
        quoted = self.random.choice([0, 5, 5, 10, 40])
        values = {
            "model": self.random.choice(["builtin/sketch-1", "builtin/sketch-2"]),
            "kind": self.random.choice(["image", "image", "image_edit"]),
            "tag_index": self.random.choice([[], ["aa11"], ["aa11", "bb22"]]),
            "inputs": self.random.choice([[], [{"asset_id": str(self.book.id())}]]),
            "params": {"size": "64x64", "count": self.random.randrange(1, 4), "seed": None},
            "priority": self.random.choice(["low", "normal", "high"]),
            "on_cancel": self.random.choice(["free", "delivered", "full"]),
            "sealed": "s1." + "x" * self.random.randrange(80),
        }
        self.book.when(request_of(generation_id, account_id, quoted, now=self.book.now, run_at=run_at, **values))
        self.generations.append((account_id, generation_id))

    def _work(self) -> None:
        """The next thing a worker could do, or a late one."""
        account_id, generation_id, generation = self._generation()
        if generation.status == "scheduled":
            self.book.when(generations.QueueGeneration(generation_id=generation_id))
        elif generation.status == "queued" or self.random.random() < 0.1:
            self.book.start(generation_id)
        elif generation.cancel_requested_at is not None and self.random.random() < 0.5:
            price = self.random.randrange(generation.quoted + 1)
            self.book.when(
                generations.FinishCancel(
                    generation_id=generation_id, account_id=account_id, attempt=generation.attempt, delivered_price=price, **READ
                )
            )
        elif generation.sealed_job is None and generation_id.int % 4 == 0:
            self._park(account_id, generation_id, generation)
        else:
            self._end(account_id, generation_id, generation)

    def _park(self, account_id: UUID, generation_id: UUID, generation: Generation) -> None:
        """Its provider takes it; or the worker dies before it can say so."""
        key = {"generation_id": generation_id, "account_id": account_id, "attempt": generation.attempt, "submit": generation.submit + 1}
        if generation.submitting:
            later = self.book.now + timedelta(seconds=10)
            self.book.when(generations.ParkGeneration(**key | {"submit": generation.submit}, sealed_job="s1.job", poll_at=later))
        else:
            self.book.when(generations.SubmitGeneration(**key))

    def _end(self, account_id: UUID, generation_id: UUID, generation: Generation) -> None:
        attempt = generation.attempt
        key = {"generation_id": generation_id, "account_id": account_id}
        dice = self.random.random()
        if dice < 0.6:
            price = self.random.choice([generation.quoted, self.random.randrange(generation.quoted + 1), 1000])
            self.book.succeed(account_id, generation_id, attempt=attempt, price=price, assets=self.random.randrange(3))
            self.assets += [(account_id, asset_id) for asset_id in self.book.generation(generation_id).asset_ids]
        elif dice < 0.75:
            code = self.random.choice(["overloaded", "handed_back", "worker_lost"])
            self.book.when(generations.RetryGeneration(**key, attempt=attempt, code=code, run_at=None))
        else:
            self.book.when(generations.FailGeneration(**key, attempt=attempt, code="provider_error", message="It failed.", retryable=True))

    def _cancel(self) -> None:
        account_id, generation_id, _ = self._generation()
        self.book.when(generations.CancelGeneration(generation_id=generation_id, account_id=account_id, actor="owner"))

    def _refund(self) -> None:
        account_id, generation_id, _ = self._generation(recent=100)
        amount = self.random.choice([None, 1, 2])
        self.book.when(
            ledger.RefundCharge(account_id=account_id, generation_id=generation_id, refund_id=self.book.id(), amount=amount, reason="sorry")
        )

    def _expire(self) -> None:
        if self.random.random() < 0.5:
            self.book.when(ledger.ExpireGrants(account_id=self._account()))
            return
        account_id, generation_id, generation = self._generation()
        expire = generations.ExpireGeneration(generation_id=generation_id, account_id=account_id, which="deadline")
        if generation.status == "running":
            expire = msgspec.structs.replace(expire, attempt=generation.attempt, delivered_price=generation.quoted // 2 + 1, **READ)
        self.book.when(expire)

    def _delete(self) -> None:
        account_id, generation_id, generation = self._generation(recent=100)
        self.book.when(generations.DeleteGeneration(generation_id=generation_id, account_id=account_id, asset_ids=generation.asset_ids))

    def _change_asset(self) -> None:
        if not self.assets:
            return
        account_id, asset_id = self.random.choice(self.assets)
        assert self.book.get(Asset, asset_id)
        dice, which = self.random.random(), {"asset_id": asset_id, "account_id": account_id}
        if dice < 0.25:
            self.book.when(assets.RenameAsset(**which, sealed_filename=f"s1.{self.book.id()}"))
        elif dice < 0.4:
            link = {"token_hash": self.book.id().hex, "sealed_token": f"s1.{self.book.id()}", "expires_at": self.book.now + HOUR}
            self.book.when(assets.ShareAsset(**which, **link))
        elif dice < 0.5:
            self.book.when(assets.UnshareAsset(**which))
        else:
            self.book.when(assets.DeleteAsset(**which))

    def _change_schedule(self) -> None:
        """A new one, or the next thing that happens to one that is there."""
        if not self.schedules or self.random.random() < 0.2:
            account_id, schedule_id = self._account(), self.book.id()
            self.book.when(schedules.CreateSchedule(**self._schedule(schedule_id, account_id)))
            self.schedules.append((account_id, schedule_id))
            return
        account_id, schedule_id = self.random.choice(self.schedules)
        dice, found = self.random.random(), self.book.get(Schedule, schedule_id)
        assert found is not None
        if dice < 0.3:
            self.book.when(schedules.ChangeSchedule(**self._schedule(schedule_id, account_id)))
        elif dice < 0.35:
            self.book.when(schedules.DeleteSchedule(schedule_id=schedule_id, account_id=account_id))
        elif found.next_at is not None:
            self._fire(account_id, schedule_id, found.next_at)

    def _fire(self, account_id: UUID, schedule_id: UUID, due_at: datetime) -> None:
        request = request_of(self.book.id(), account_id, self.random.choice([0, 5]), now=self.book.now, schedule_id=schedule_id)
        passed_over = self.random.random() < 0.3
        self.book.when(
            schedules.FireSchedule(
                schedule_id=schedule_id,
                account_id=account_id,
                due_at=due_at,
                next_at=self.book.now + HOUR,
                request=None if passed_over else request,
                code="insufficient_credits" if passed_over else None,
            )
        )
        if not passed_over:
            self.generations.append((account_id, request.generation_id))

    def _schedule(self, schedule_id: UUID, account_id: UUID) -> dict[str, Any]:
        paused = self.random.random() < 0.2
        return {
            "schedule_id": schedule_id,
            "account_id": account_id,
            "kind": "image",
            "model": "builtin/sketch-1",
            "sealed": "s1." + "y" * self.random.randrange(80),
            "cron": self.random.choice(["0 * * * *", "30 6 * * mon-fri"]),
            "time_zone": self.random.choice(["UTC", "Europe/Berlin"]),
            "paused": paused,
            "next_at": None if paused else self.book.now + HOUR,
        }

    def _change_account(self) -> None:
        account_id, now = self._account(), self.book.now
        token_id = self.book.id()
        account = self.book.get(Account, account_id)
        assert account is not None
        tokens = list(account.api_tokens)
        self.book.when(
            self.random.choice(
                [
                    accounts.ChangeProfile(account_id=account_id, sealed_profile=f"s1.{token_id}"),
                    accounts.ChangeRights(account_id=account_id, roles=self.random.sample(["user", "operator", "auditor"], 2), reason="x"),
                    accounts.ChangeRights(account_id=account_id, limits={"api": f"{self.random.randrange(9)}/60"}, reason="x"),
                    accounts.SuspendAccount(account_id=account_id, reason="x"),
                    accounts.ReactivateAccount(account_id=account_id, reason="x"),
                    accounts.ReactivateAccount(account_id=account_id, reason="x"),
                    accounts.ChangePassword(
                        account_id=account_id, sealed_password_hash=f"s1.{token_id}", expected_hash=account.sealed_password_hash
                    ),
                    accounts.IssuePasswordReset(account_id=account_id, token_hash=token_id.hex, expires_at=now + HOUR, reason="x"),
                    accounts.IssueApiToken(
                        account_id=account_id,
                        token_id=token_id,
                        token_hash=token_id.hex,
                        sealed_name="s1.name",
                        scopes=["generations:read"],
                        expires_at=None,
                    ),
                    accounts.RevokeApiToken(account_id=account_id, token_id=UUID(self.random.choice([*tokens, str(token_id)]))),
                ]
            )
        )
