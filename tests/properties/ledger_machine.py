"""Histories of one account, told to the ledger and to the naive one: after each step the two agree to the unit."""

import os
from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from domain.accounts.commands import ReactivateAccount, SuspendAccount
from domain.credits import refusals
from domain.credits.commands import AdjustCredits, ExpireGrants, RefundCharge, RevokeGrant
from domain.generations.commands import CancelGeneration, ExpireGeneration, FailGeneration, FinishCancel, SucceedGeneration
from domain.generations.refusals import GenerationFinal
from domain.kernel.commands import Command
from tests.properties.naive_ledger import NaiveLedger
from tests.support.book import NOON, Book, asset_of
from tests.support.shopping import Shop

SEED = int(os.environ.get("SEED", "1"))
REFUSED = {"suspended": refusals.CreditsAreSuspended, "debt": refusals.DebtOutstanding, "poor": refusals.InsufficientCredits}


class LedgerMachine(RuleBasedStateMachine):
    #: What all histories of this process have reached, and how many steps they took.
    reached: ClassVar[Counter[str]] = Counter()

    requested = Bundle("requested")
    ended = Bundle("ended")
    grants = Bundle("grants")
    orders = Bundle("orders")

    def book_of(self) -> Book:
        return Book()

    @initialize(welcome=st.integers(0, 20))
    def open(self, welcome: int) -> None:
        self.book = self.book_of()
        self.shop = Shop(self.book)
        self.account = self.book.account(credits=welcome)
        self.naive = NaiveLedger(self.book.now)
        self.sums: Counter[str] = Counter()
        self.summed = 0
        self.sent: list[Command] = []
        #: What reversals have said of each order, and whether it was paid.
        self.reversed: Counter[UUID] = Counter()
        self.priced: dict[UUID, int] = {}
        if welcome:
            (purse,) = self.book.credits(self.account).grants
            self.naive.grant(purse, "welcome", welcome, 0, None)

    def send(self, command: Command, *, repeatable: bool = False) -> list[Any]:
        made = self.book.when(command)
        self.sent += [command] * repeatable
        return made

    @rule(
        target=grants, amount=st.integers(1, 15), priority=st.integers(-1, 1), hours=st.none() | st.integers(1, 40), back=st.integers(0, 3)
    )
    def grant(self, amount: int, priority: int, hours: int | None, back: int) -> UUID:
        expires_at = self.book.now + timedelta(hours=hours) if hours else None
        effective_at = max(NOON, self.book.now - timedelta(hours=back))
        self.naive.reached["a grant that counts from before"] += effective_at < self.book.now
        grant = self.book.grant(self.account, amount, priority=priority, expires_at=expires_at, effective_at=effective_at)
        self.naive.grant(str(grant), "operator", amount, priority, expires_at)
        return grant

    @rule(hours=st.sampled_from([1, 1, 5, 20, 24 * 40]))
    def time_passes(self, hours: int) -> None:
        self.book.now += timedelta(hours=hours)
        self.naive.later(self.book.now)

    @rule(
        target=requested,
        amount=st.integers(0, 9),
        free_tier=st.sampled_from([True, True, False]),
        policy=st.sampled_from(["free", "delivered", "full"]),
    )
    def request(self, amount: int, free_tier: bool, policy: str) -> Any:
        why = self.naive.refusal(amount, welcome=free_tier)
        try:
            generation = self.book.request(
                self.account, amount, deadline=self.book.now + timedelta(days=30), free_tier=free_tier, on_cancel=policy
            )
        except tuple(REFUSED.values()) as refusal:
            assert why is not None
            assert type(refusal) is REFUSED[why]
            return multiple()
        assert why is None
        self.naive.hold(str(generation), amount, welcome=free_tier)
        return generation

    @rule(target=ended, generation=consumes(requested), price=st.integers(0, 20))
    def succeed(self, generation: UUID, price: int) -> UUID:
        attempt = self.book.start(generation)
        command = SucceedGeneration(
            generation_id=generation,
            account_id=self.account,
            attempt=attempt,
            worker="w",
            assets=[asset_of(self.book.id())],
            price=price,
            usage={},
        )
        self.send(command, repeatable=True)
        self.naive.end(str(generation), price)
        return generation

    @rule(target=ended, amount=st.integers(1, 6))
    def spend(self, amount: int) -> Any:
        """Most credits are spent like this: what holds are about would be too rare otherwise."""
        generation = self.request(amount, True, "free")
        return self.succeed(generation, amount) if isinstance(generation, UUID) else multiple()

    @rule(target=ended, generation=consumes(requested), how=st.sampled_from(["canceled", "failed", "late"]))
    def give_up(self, generation: UUID, how: str) -> UUID:
        if how == "canceled":
            self.send(CancelGeneration(generation_id=generation, account_id=self.account, actor="owner"), repeatable=True)
        elif how == "failed":
            self.send(self._failure(generation, "timeout"), repeatable=True)
        else:
            self.time_passes(24 * 40)
            self.send(ExpireGeneration(generation_id=generation, account_id=self.account, which="deadline"), repeatable=True)
        self.naive.reached[f"a generation ended: {how}"] += 1
        self.naive.end(str(generation), 0)
        return generation

    @rule(target=ended, generation=consumes(requested), delivered=st.integers(0, 20))
    def stop(self, generation: UUID, delivered: int) -> UUID:
        found = self.book.generation(generation)
        attempt, quoted, policy = self.book.start(generation), found.quoted, found.on_cancel
        command = FinishCancel(generation_id=generation, account_id=self.account, attempt=attempt, delivered_price=delivered)
        self.send(command, repeatable=True)
        self.naive.reached[f"canceled while running: {policy}"] += 1
        self.naive.end(str(generation), {"free": 0, "delivered": delivered, "full": quoted}[policy])
        return generation

    @rule(generation=ended)
    def hear_too_late(self, generation: UUID) -> None:
        self.naive.reached["another end came too late"] += 1
        try:
            made = self.book.when(self._failure(generation, "too late"))
        except GenerationFinal:
            return
        raise AssertionError(made)

    @rule(generation=ended, amount=st.none() | st.integers(1, 4))
    def refund(self, generation: UUID, amount: int | None) -> None:
        left = self.naive.charge(str(generation)) - self.naive.refunded[str(generation)]
        refund = self.book.id()
        command = RefundCharge(account_id=self.account, generation_id=generation, refund_id=refund, amount=amount, reason="asked")
        try:
            self.send(command, repeatable=True)
        except (refusals.ChargeFullyRefunded, refusals.NothingToRefund, refusals.RefundExceedsCharge):
            self.naive.reached["a refund beyond the charge was refused"] += 1
            assert left == 0 or (amount or 0) > left
            return
        assert (amount or left) <= left
        self.naive.refund(str(refund), str(generation), amount or left)

    @rule(grant=grants)
    def revoke(self, grant: UUID) -> None:
        left = self.naive.left(str(grant))
        try:
            self.send(RevokeGrant(account_id=self.account, grant_id=grant, reason="fraud"))
        except refusals.GrantNotLive:
            self.naive.reached["nothing was left to revoke"] += 1
            assert left == 0
            return
        assert left > 0
        self.naive.revoke(str(grant), left)

    @rule(target=orders, credits=st.integers(1, 15), days=st.sampled_from([1, 365]), early=st.integers(0, 9))
    def buy(self, credits: int, days: int, early: int) -> UUID:
        """Priced one cent a credit, so that a reversal takes as many credits. Some are reversed before they are paid."""
        order = self.shop.order(self.account, credits=credits, amount=credits, valid_days=days)
        self.priced[order] = credits
        if 0 < early <= min(credits, 3):
            self.naive.reached["a reversal came before its payment"] += 1
            self.shop.reverse(order, early)
            self.reversed[order] = early
        self.shop.pay(order)
        assert self.shop.pay(order) == []
        self.naive.grant(str(order), "purchase", credits, 0, self.book.now + timedelta(days=days))
        if self.reversed[order]:
            self.naive.revoke(str(order), self.reversed[order])
        return order

    @rule(order=orders, total=st.integers(1, 15))
    def reverse(self, order: UUID, total: int) -> None:
        total = min(total, self.priced[order])
        made = self.shop.reverse(order, total)
        if total <= self.reversed[order]:
            self.naive.reached["an older reversal came later"] += 1
            assert made == []
            return
        lapsed = self.naive.purses[str(order)].lie("lapsed")
        amount = min(total, self.priced[order] - lapsed) - self.taken_back(order)
        self.reversed[order] = total
        if amount > 0:
            self.naive.revoke(str(order), amount)

    def taken_back(self, order: UUID) -> int:
        """As the order has noted it, which is its own business; its book keeps the credits."""
        return sum(grant["revoked"] for grant in self.shop.at(order).grants) - self.just_taken(order)

    def just_taken(self, order: UUID) -> int:
        last = [fact for fact in self.book.facts[self.summed :] if type(fact).__name__ == "OrderReversed"]
        return sum(part.amount for fact in last for part in fact.taken)

    @rule(amount=st.integers(-15, 15).filter(bool))
    def correct(self, amount: int) -> None:
        key = self.book.id()
        self.send(AdjustCredits(account_id=self.account, adjustment_id=key, amount=amount, reason="miscounted"))
        self.naive.correct(str(key), amount)

    @rule(suspended=st.sampled_from([True, False, False, False, False, False]))
    def suspend(self, suspended: bool) -> None:
        if suspended == self.naive.suspended:
            return
        self.send((SuspendAccount if suspended else ReactivateAccount)(account_id=self.account, reason="looked at"))
        self.naive.suspended = suspended

    @rule()
    def expire(self) -> None:
        self.send(ExpireGrants(account_id=self.account), repeatable=True)
        assert self.book.when(ExpireGrants(account_id=self.account)) == []

    @rule(number=st.integers(0, 2**16))
    def hear_again(self, number: int) -> None:
        """A lost acknowledgement, a duplicate, an old message: it changes nothing."""
        if self.sent:
            command = self.sent[number % len(self.sent)]
            made = self.book.when(command)
            assert made == [] or isinstance(command, ExpireGrants)
            self.naive.reached[f"heard again: {type(command).__name__}"] += 1

    def _failure(self, generation: UUID, code: str) -> FailGeneration:
        return FailGeneration(generation_id=generation, account_id=self.account, attempt=None, code=code, message="x", retryable=False)

    @invariant()
    def the_two_agree_to_the_unit(self) -> None:
        if not hasattr(self, "naive"):
            return
        ledger, naive, now = self.book.credits(self.account), self.naive, self.book.now
        assert ledger.available(now) == naive.available()
        assert -ledger.owed == naive.owed
        assert not (naive.owed and naive.available())
        dead = {key: grant["free"] for key, grant in ledger.grants.items() if grant["expires_at"] and grant["expires_at"] <= now}
        found = {key: (grant["free"] - dead.get(key, 0), grant["held"], grant["revoking"]) for key, grant in ledger.grants.items()}
        purses = {key: (purse.lie("free"), purse.held(), purse.wanted) for key, purse in naive.purses.items()}
        assert {key: amounts for key, amounts in found.items() if any(amounts)} == {
            key: amounts for key, amounts in purses.items() if any(amounts)
        }
        holds = {key: sum(purse.lie(f"held {key}") for purse in purses) for key, purses in naive.holds.items() if purses}
        assert {key: hold["amount"] for key, hold in ledger.holds.items()} == holds
        self.the_postings_balance(sum(dead.values()))

    def the_postings_balance(self, unrecorded: int) -> None:
        """*unrecorded* credits have lapsed and no command has noticed yet."""
        for fact in self.book.facts[self.summed :]:
            postings = fact.postings()
            if postings:
                assert sum(postings[:4]) == 0
                self.sums.update({"available": postings.available, "held": postings.held, "owed": postings.owed})
                self.sums[postings.book] += postings.outside
                assert self.sums["available"] >= 0 <= self.sums["held"]
                assert self.sums["owed"] <= 0
        self.summed = len(self.book.facts)
        books = {book: amount for book, amount in self.sums.items() if amount and book not in ("", "available", "held", "owed")}
        books["breakage"] = books.get("breakage", 0) + unrecorded
        assert {book: amount for book, amount in books.items() if amount} == self.naive.books()
        assert self.sums["available"] - unrecorded == self.naive.available()
        assert self.sums["owed"] == -self.naive.owed
        self.reached["steps"] += 1

    def teardown(self) -> None:
        if hasattr(self, "naive"):
            ledger = self.book.credits(self.account)
            assert vars(self.book.refold(ledger)) == vars(ledger)
            self.reached.update(self.naive.reached)
