"""The ledger as a child would keep it: every credit is a coin that lies somewhere. Nothing here knows the code that is tested.

`reached` counts which rules and branches were taken, so that a test can tell what its histories never tried.
"""

from collections import Counter
from datetime import datetime, timedelta

FREE, LAPSED, REVOKED, PAID, TAKEN = "free", "lapsed", "revoked", "paid for a debt", "taken by a correction"


class Purse:
    """The coins of one grant: where each lies."""

    def __init__(self, key: str, source: str, amount: int, priority: int, expires_at: datetime | None, number: int) -> None:
        self.key, self.source, self.priority, self.expires_at, self.number = key, source, priority, expires_at, number
        self.coins = [FREE] * amount
        #: Coins that are to be taken back as soon as their holds end.
        self.wanted = 0

    def rank(self) -> tuple[int, float, int]:
        return self.priority, self.expires_at.timestamp() if self.expires_at else float("inf"), self.number

    def lie(self, where: str) -> int:
        return self.coins.count(where)

    def held(self) -> int:
        return sum(coin.startswith("held") for coin in self.coins)

    def move(self, count: int, here: str, there: str) -> int:
        """At most *count* coins; says how many."""
        moved = 0
        for index, coin in enumerate(self.coins):
            if moved < count and coin == here:
                self.coins[index] = there
                moved += 1
        return moved


class NaiveLedger:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.purses: dict[str, Purse] = {}
        self.owed = 0
        self.suspended = False
        #: What became owed, by the source of what should have been taken.
        self.debts: Counter[str] = Counter()
        #: generation -> the purses it took from, in that order
        self.holds: dict[str, list[Purse]] = {}
        self.refunded: Counter[str] = Counter()
        self.reached: Counter[str] = Counter()

    def later(self, now: datetime) -> None:
        self.now = now
        self.lapse("a grant lapsed")

    def lapse(self, label: str) -> None:
        for purse in self.purses.values():
            if purse.expires_at and purse.expires_at <= self.now and purse.move(len(purse.coins), FREE, LAPSED):
                self.reached[label] += 1

    def burning(self, *, welcome: bool = True) -> list[Purse]:
        usable = [purse for purse in self.purses.values() if purse.lie(FREE) and (welcome or purse.source != "welcome")]
        return sorted(usable, key=Purse.rank)

    def available(self, *, welcome: bool = True) -> int:
        return sum(purse.lie(FREE) for purse in self.burning(welcome=welcome))

    def grant(self, key: str, source: str, amount: int, priority: int, expires_at: datetime | None) -> None:
        self.purses[key] = Purse(key, source, amount, priority, expires_at, len(self.purses))
        self.lapse("a grant that was late lapsed at once")
        self.pay("a later grant paid a debt")

    def pay(self, label: str) -> None:
        """What is owed is paid from whatever is free."""
        for purse in self.burning():
            moved = purse.move(self.owed, FREE, PAID)
            self.owed -= moved
            self.reached[label] += moved > 0

    def owe(self, amount: int, source: str, label: str) -> None:
        if amount:
            self.owed += amount
            self.debts[source] += amount
            self.reached[label] += 1

    def refusal(self, amount: int, *, welcome: bool) -> str | None:
        """Why a hold is refused, None when it is not."""
        for why, true in (
            ("suspended", self.suspended),
            ("debt", self.owed > 0),
            ("poor", self.available(welcome=welcome) < amount),
        ):
            if true:
                self.reached[f"a hold was refused: {why}"] += 1
                self.reached["welcome credits did not pay"] += why == "poor" and not welcome and self.available() >= amount
                return why
        return None

    def hold(self, generation: str, amount: int, *, welcome: bool) -> None:
        taken = []
        for purse in self.burning(welcome=welcome):
            moved = purse.move(amount, FREE, f"held {generation}")
            amount -= moved
            taken += [purse] * bool(moved)
        self.holds[generation] = taken
        self.reached["a hold of several grants" if len(taken) > 1 else "a hold of one grant" if taken else "a hold of nothing"] += 1

    def end(self, generation: str, charged: int) -> None:
        quoted = sum(purse.lie(f"held {generation}") for purse in self.holds[generation])
        self.reached[_how_it_ended(quoted, charged)] += 1
        purses = self.holds.pop(generation)
        for purse in purses:
            charged -= purse.move(charged, f"held {generation}", f"spent {generation}")
            purse.move(quoted, f"held {generation}", FREE)
        for purse in purses:
            moved = purse.move(purse.wanted, FREE, REVOKED)
            purse.wanted -= moved
            self.reached["held coins of a revoked grant came back"] += moved > 0
            spent = max(0, purse.wanted - purse.held())
            purse.wanted -= spent
            self.owe(spent, purse.source, "held coins of a revoked grant were spent")
        self.lapse("a hold ended after its grant had expired")
        self.pay("the end of a hold paid a debt")

    def charge(self, generation: str) -> int:
        return sum(purse.lie(f"spent {generation}") for purse in self.purses.values())

    def refund(self, key: str, generation: str, amount: int) -> None:
        payers = [purse for purse in self.purses.values() if purse.lie(f"spent {generation}")]
        self.reached["a refund in part" if amount < self.charge(generation) else "a refund in whole"] += 1
        self.reached["a second refund"] += self.refunded[generation] > 0
        self.reached["a refund of coins whose grant was revoked"] += any(purse.lie(REVOKED) for purse in payers)
        self.refunded[generation] += amount
        ends = [purse.expires_at for purse in payers if purse.expires_at]
        expires_at = max([*ends, self.now + timedelta(days=30)]) if len(ends) == len(payers) else None
        self.reached["a refund for ever" if expires_at is None else "a refund that expires"] += 1
        self.grant(key, "refund", amount, 0, expires_at)

    def revoke(self, key: str, amount: int) -> None:
        purse = self.purses[key]
        moved = purse.move(amount, FREE, REVOKED)
        held = min(amount - moved, purse.held() - purse.wanted)
        purse.wanted += held
        self.reached["free coins were revoked"] += moved > 0
        self.reached["held coins were revoked"] += held > 0
        self.owe(amount - moved - held, purse.source, "spent coins were revoked")
        self.pay("other coins paid a debt at once")

    def left(self, key: str) -> int:
        """What of a grant could still be taken back without a debt."""
        purse = self.purses[key]
        return purse.lie(FREE) + purse.held() - purse.wanted

    def gone(self, key: str) -> int:
        """What of a grant was taken back before, or is to be, or is owed for it."""
        purse = self.purses[key]
        return purse.lie(REVOKED) + purse.wanted

    def correct(self, key: str, amount: int) -> None:
        if amount > 0:
            self.reached["a correction gave"] += 1
            return self.grant(key, "adjustment", amount, 0, None)
        missing = -amount
        for purse in self.burning():
            moved = purse.move(missing, FREE, TAKEN)
            missing -= moved
            self.reached["a correction took"] += moved > 0
        self.owe(missing, "adjustment", "a correction left a debt")
        return None

    def books(self) -> dict[str, int]:
        """What each outside book must say."""
        said: Counter[str] = Counter()
        for purse in self.purses.values():
            said[_issued(purse.source)] += purse.lie(REVOKED) - len(purse.coins)
            said["adjustments"] += purse.lie(TAKEN)
            said["breakage"] += purse.lie(LAPSED)
            said["revenue:image"] += sum(coin.startswith("spent") for coin in purse.coins)
        for source, amount in self.debts.items():
            said[_issued(source)] += amount
        return {book: amount for book, amount in said.items() if amount}


def _issued(source: str) -> str:
    return "adjustments" if source == "adjustment" else f"issued:{source}"


def _how_it_ended(quoted: int, charged: int) -> str:
    if charged > quoted > 0:
        return "a price was capped at the hold"
    return "a charge in part" if 0 < charged < quoted else "a charge in whole" if charged and quoted else "a release"
