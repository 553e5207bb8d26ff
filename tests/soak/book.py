"""The client's own book: what it asked for, what it was answered, and what must follow. Pure; every difference is written down.

Answers overtake each other, so nothing here depends on the order in which they arrive: two answers about one thing are put in order by
their positions in the log. What arrived before a question was sent is the least that its answer must know (`Generation.known_at`).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

OPEN = frozenset({"scheduled", "queued", "running"})
FINAL = frozenset({"succeeded", "failed", "canceled"})
#: Differences that are kept word by word; all are counted.
KEPT_MAX = 200


@dataclass(slots=True)
class Generation:
    """The newest that is known: `position` orders answers, `known_at` is the book's tick when it was learnt."""

    id: str
    account: str
    model: str
    quoted: int
    status: str = "queued"
    position: int = 0
    attempts: int = 0
    charged: int = 0
    known_at: int = 0
    #: It may end so; empty: in any way.
    may_end: tuple[str, ...] = ()
    cancel_asked: bool = False
    #: The owner's DELETE was sent; it was answered.
    deleting: bool = False
    deleted: bool = False
    assets: tuple[str, ...] = ()

    @property
    def final(self) -> bool:
        return self.status in FINAL


@dataclass(slots=True)
class Account:
    """`granted` counts what was answered; `known` is the newest position of the log at which anything of the account was seen."""

    id: str
    granted: int = 0
    known: int = 0
    balance_position: int = 0
    #: Position -> (available, held) as balances said, until the ledger has come so far.
    balances: dict[int, tuple[int, int]] = field(default_factory=dict)
    #: The ledger as far as it was read: position, available, held, and the hold of each open generation.
    ledger_position: int = 0
    available: int = 0
    held: int = 0
    holds: dict[str, int] = field(default_factory=dict)
    #: The account's generations that are not yet known to have ended, and how many have, by status.
    open: dict[str, Generation] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


class Book:
    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.generations: dict[str, Generation] = {}
        #: Seen in lists and on the ledger before the answer to their submit; each must be claimed in the end.
        self.unclaimed: dict[str, str] = {}
        self.tick = 0
        self.compared = 0
        self.differs = 0
        self.differences: list[str] = []

    def differ(self, what: str, request_id: str = "") -> None:
        self.differs += 1
        if len(self.differences) < KEPT_MAX:
            self.differences.append(f"{what} [request {request_id}]" if request_id else what)

    def expect(self, holds: bool, what: str, request_id: str = "") -> bool:
        """Writes *what* down unless it *holds*."""
        self.compared += 1
        if not holds:
            self.differ(what, request_id)
        return holds

    def open_account(self, account: str, granted: int) -> Account:
        made = self.accounts[account] = Account(account, granted=granted)
        return made

    # Generations

    def accepted(self, account: str, said: dict[str, Any], *, quoted: int, request_id: str, may_end: tuple[str, ...] = ()) -> Generation:
        """The answer to a submit, to a batch's part, or the first that is seen of a schedule's generation."""
        self.tick += 1
        id_ = said["id"]
        self.expect(id_ not in self.generations, f"{id_} was accepted twice", request_id)
        self.expect(said["credits"]["quoted"] == quoted, f"{id_} quotes {said['credits']['quoted']}, not {quoted}", request_id)
        made = Generation(id_, account, said["model"], quoted, may_end=may_end)
        self.generations[id_] = made
        self.accounts[account].open[id_] = made
        self.unclaimed.pop(id_, None)
        self.saw(account, said, sent_at=self.tick, request_id=request_id)
        return made

    def saw(self, account: str, said: dict[str, Any], *, sent_at: int, request_id: str) -> None:
        """A generation as any answer shows it. *sent_at*: the tick at which the question was sent."""
        id_, status, position = said["id"], said["status"], said["position"]
        known = self.generations.get(id_)
        if known is None:
            self.unclaimed[id_] = account
            return
        self.expect(known.account == account, f"{id_} is shown to {account}, who is not its owner", request_id)
        self._credits(known, said, request_id)
        if position == known.position:
            self.expect(status == known.status, f"{id_} is {status} and {known.status} at position {position}", request_id)
            return
        earlier, later = ((known.status, status), (status, known.status))[position < known.position]
        self.expect(legal(earlier, later), f"{id_} went from {earlier} to {later}", request_id)
        if position < known.position:
            self.expect(
                known.known_at > sent_at, f"{id_} is shown at {position} to one who had seen it at {known.position} before", request_id
            )
            return
        self.expect(said["attempts"] >= known.attempts, f"{id_} has fewer attempts than before", request_id)
        self._learn(known, said, request_id)

    def _learn(self, known: Generation, said: dict[str, Any], request_id: str) -> None:
        self.tick += 1
        ended_before = known.final
        known.status, known.position, known.attempts, known.known_at = said["status"], said["position"], said["attempts"], self.tick
        known.charged = said["credits"]["charged"]
        account = self.accounts[known.account]
        account.known = max(account.known, known.position)
        if not known.final:
            return
        known.assets = tuple(each["id"] for each in said["assets"])
        self.expect(not known.may_end or known.status in known.may_end, f"{known.id} of {known.model} {known.status}", request_id)
        account.open.pop(known.id, None)
        account.counts[known.status] += not ended_before

    def _credits(self, known: Generation, said: dict[str, Any], request_id: str) -> None:
        """An open one holds its quote; a final one was charged it when it succeeded, and else nothing."""
        money = said["credits"]
        shown = (money["quoted"], money["held"], money["charged"], money["released"])
        if said["status"] in OPEN:
            due: tuple[int, ...] = (known.quoted, known.quoted, 0, 0)
        elif said["status"] == "succeeded":
            due = (known.quoted, 0, known.quoted, 0)
        else:
            due = (known.quoted, 0, 0, known.quoted)
        self.expect(shown == due, f"{known.id} is {said['status']} with credits {shown}, not {due}", request_id)

    # Balances and the ledger

    def saw_balance(self, account: Account, said: dict[str, Any], *, floor: int, granted: int, request_id: str) -> None:
        """*floor*: the position of the last balance that was known, *granted* what was granted, when the question was sent."""
        available, held, position, life = said["available"], said["held"], said["position"], said["lifetime"]
        sums = life["granted"] + life["refunded"] - life["spent"] - life["expired"] - life["revoked"]
        self.expect(available + held + said["owed"] == sums, f"balance of {account.id}: {available} + {held} is not {sums}", request_id)
        self.expect(position >= floor, f"balance of {account.id} at {position}, after one at {floor}", request_id)
        self.expect(life["granted"] >= granted, f"balance of {account.id} misses a grant: {life['granted']} of {granted}", request_id)
        self.expect(available >= 0 and held >= 0, f"balance of {account.id}: {available} available, {held} held", request_id)
        account.balance_position = max(account.balance_position, position)
        account.known = max(account.known, position)
        if position > account.ledger_position:
            before = account.balances.setdefault(position, (available, held))
            self.expect(
                before == (available, held), f"two balances of {account.id} at {position}: {before}, {(available, held)}", request_id
            )

    def saw_entry(self, account: Account, entry: dict[str, Any], *, request_id: str) -> None:
        """The next entry of the ledger; entries that were read before are passed over."""
        position, amount, kind, generation = entry["position"], entry["amount"], entry["type"], entry["generation_id"]
        if position < account.ledger_position:
            return
        account.ledger_position = position
        match kind:
            case "grant":
                account.available += amount
            case "hold":
                self._hold(account, generation, amount, request_id)
            case "capture" | "release":
                self._end_hold(account, generation, amount, kind, request_id)
            case _:
                self.differ(f"the ledger of {account.id} has a {kind}", request_id)
        after = (entry["available_after"], entry["held_after"])
        due = (account.available, account.held)
        self.expect(after == due, f"ledger of {account.id} at {position}: {kind} of {amount} leaves {after}, not {due}", request_id)
        if (balance := account.balances.pop(position, None)) is not None:
            self.expect(balance == after, f"balance of {account.id} at {position} was {balance}, the ledger says {after}", request_id)

    def _hold(self, account: Account, generation: str, amount: int, request_id: str) -> None:
        account.available -= amount
        account.held += amount
        self.expect(generation not in account.holds, f"{generation} was held twice", request_id)
        account.holds[generation] = amount
        known = self.generations.get(generation)
        if known is None:
            self.unclaimed[generation] = account.id
        else:
            self.expect(known.quoted == amount, f"{generation} holds {amount} of a quote of {known.quoted}", request_id)

    def _end_hold(self, account: Account, generation: str, amount: int, kind: str, request_id: str) -> None:
        held = account.holds.pop(generation, None)
        self.expect(held == amount, f"{kind} of {amount} for {generation}, which held {held}", request_id)
        account.held -= amount
        if kind == "release":
            account.available += amount
        known = self.generations.get(generation)
        if known is not None and known.final:
            due = "capture" if known.status == "succeeded" else "release"
            self.expect(kind == due, f"{generation} {known.status}, and the ledger has its {kind}", request_id)


def legal(earlier: str, later: str) -> bool:
    """Final is final; who runs may wait again for a further attempt, and nobody is scheduled who was not, but by a retry."""
    return earlier == later if earlier in FINAL else True
