"""The ledger against a naive model: any order of grants, requests, ends, refunds, repeats and the passing of time.

The model knows nothing of grants' lineage or burn order beyond the written rules; it keeps plain lists and recomputes
everything at each step. After each step the two agree to the unit and the postings of all facts balance.
"""

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from domain.credits import events
from domain.credits.commands import ExpireGrants, RefundCharge
from domain.credits.refusals import ChargeFullyRefunded, InsufficientCredits, NothingToRefund, RefundExceedsCharge
from domain.generations.commands import CancelGeneration, FailGeneration
from tests.support.book import NOON, Book


class NaiveGrant:
    def __init__(self, amount: int, priority: int, expires_at: datetime | None, order: int) -> None:
        self.free, self.priority, self.expires_at, self.order = amount, priority, expires_at, order

    def key(self) -> tuple[int, float, int]:
        return self.priority, self.expires_at.timestamp() if self.expires_at else float("inf"), self.order


class LedgerMachine(RuleBasedStateMachine):
    requested = Bundle("requested")
    ended = Bundle("ended")

    @initialize(welcome=st.integers(0, 30))
    def open(self, welcome: int) -> None:
        self.book = Book()
        self.account = self.book.account(credits=welcome)
        self.grants: list[NaiveGrant] = []
        self.holds: dict[UUID, list[tuple[NaiveGrant, int]]] = {}
        self.charges: dict[UUID, int] = {}
        self.revenue = self.lapsed = self.issued = 0
        self.add_grant(welcome, 0, None)

    def add_grant(self, amount: int, priority: int, expires_at: datetime | None) -> None:
        if amount:
            self.grants.append(NaiveGrant(amount, priority, expires_at, len(self.grants)))
            self.issued += amount

    def lapse(self) -> None:
        for grant in self.grants:
            if grant.expires_at and grant.expires_at <= self.book.now:
                self.lapsed += grant.free
                grant.free = 0

    def available(self) -> int:
        return sum(g.free for g in self.grants if not g.expires_at or g.expires_at > self.book.now)

    @rule(amount=st.integers(1, 20), priority=st.integers(-1, 1), hours=st.none() | st.integers(1, 40))
    def grant(self, amount: int, priority: int, hours: int | None) -> None:
        expires_at = self.book.now + timedelta(hours=hours) if hours else None
        self.book.grant(self.account, amount, priority=priority, expires_at=expires_at)
        self.lapse()
        self.add_grant(amount, priority, expires_at)

    @rule(hours=st.integers(1, 15))
    def time_passes(self, hours: int) -> None:
        self.book.now += timedelta(hours=hours)

    @rule(target=requested, amount=st.integers(0, 15))
    def request(self, amount: int) -> object:
        try:
            generation = self.book.request(self.account, amount, deadline=NOON + timedelta(days=999))
        except InsufficientCredits as refusal:
            assert refusal.available == self.available() < amount == refusal.required
            return multiple()
        assert self.available() >= amount
        parts = []
        if amount:
            self.lapse()
            left = amount
            for grant in sorted(self.grants, key=NaiveGrant.key):
                taken = min(left, grant.free)
                if taken:
                    grant.free -= taken
                    left -= taken
                    parts.append((grant, taken))
        self.holds[generation] = parts
        return generation

    def end(self, generation: UUID, charged: int) -> None:
        for grant, amount in self.holds.pop(generation):
            spent = min(charged, amount)
            charged -= spent
            self.revenue += spent
            self.charges[generation] = self.charges.get(generation, 0) + spent
            grant.free += amount - spent
        self.lapse()

    @rule(target=ended, generation=consumes(requested), price=st.integers(0, 20))
    def succeed(self, generation: UUID, price: int) -> UUID:
        quoted = self.book.generation(generation).quoted
        self.book.succeed(self.account, generation, attempt=self.book.start(generation), price=price)
        self.end(generation, min(price, quoted)) if quoted else self.holds.pop(generation)
        return generation

    @rule(target=ended, generation=consumes(requested), canceled=st.booleans())
    def give_up(self, generation: UUID, canceled: bool) -> UUID:
        quoted = self.book.generation(generation).quoted
        if canceled:
            self.book.when(CancelGeneration(generation_id=generation, account_id=self.account, actor="owner"))
        else:
            self.book.when(
                FailGeneration(generation_id=generation, account_id=self.account, attempt=None, code="x", message="x", retryable=False)
            )
        self.end(generation, 0) if quoted else self.holds.pop(generation)
        return generation

    @rule(generation=ended, amount=st.none() | st.integers(1, 20), twice=st.booleans())
    def refund(self, generation: UUID, amount: int | None, twice: bool) -> None:
        left = self.charges.get(generation, 0)
        command = RefundCharge(account_id=self.account, generation_id=generation, refund_id=self.book.id(), amount=amount, reason="asked")
        try:
            made = self.book.when(command)
        except (ChargeFullyRefunded, NothingToRefund, RefundExceedsCharge):
            assert left == 0 or (amount or 0) > left
            return
        granted = made[-1]
        assert isinstance(granted, events.CreditsGranted)
        assert granted.amount == (left if amount is None else amount) <= left
        self.charges[generation] = left - granted.amount
        self.lapse()
        self.add_grant(granted.amount, 0, granted.expires_at)
        if twice:
            assert self.book.when(command) == []

    @rule()
    def expire(self) -> None:
        self.book.when(ExpireGrants(account_id=self.account))
        self.lapse()

    @invariant()
    def the_two_agree_to_the_unit(self) -> None:
        if not hasattr(self, "book"):
            return
        ledger = self.book.credits(self.account)
        assert ledger.available(self.book.now) == self.available()
        assert {key: hold["amount"] for key, hold in ledger.holds.items()} == {
            str(key): sum(size for _, size in parts) for key, parts in self.holds.items() if parts
        }

    @invariant()
    def the_postings_of_all_facts_balance(self) -> None:
        if not hasattr(self, "book"):
            return
        books: Counter[str] = Counter()
        for fact in self.book.facts:
            postings = fact.postings()
            if postings:
                assert sum(postings[:4]) == 0
                books.update({"available": postings.available, "held": postings.held, postings.book.split(":")[0]: postings.outside})
                assert books["available"] >= 0
                assert books["held"] >= 0
        assert books["available"] == sum(grant.free for grant in self.grants)
        assert books["held"] == sum(size for parts in self.holds.values() for _, size in parts)
        assert (-books["issued"], books["revenue"], books["breakage"]) == (self.issued, self.revenue, self.lapsed)

    @invariant()
    def replay_gives_the_live_state(self) -> None:
        if hasattr(self, "book"):
            ledger = self.book.credits(self.account)
            assert vars(self.book.refold(ledger)) == vars(ledger)


LedgerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLedgerMachine = LedgerMachine.TestCase
