"""One money story for each generation: open with its hold open, ended with its hold ended, in the same command, by the same amounts.

Only open generations are remembered. What is said of one that ended long ago (a refund) is checked against its stream.
"""

from typing import Any

from projections.audit.account_ledger import Fact
from projections.audit.entries import Entry, differs
from projections.audit.ledger import Ledger

ENDS = {"generations.canceled": "canceled", "generations.failed": "failed", "generations.succeeded": "succeeded"}
_MOVES = frozenset(f"generations.{move}" for move in ("cancel_requested", "queued", "retrying", "started", "submitted", "submitting"))


class Story:
    """An open generation."""

    __slots__ = ("account_id", "kind", "quoted")

    def __init__(self, entry: Entry, fact: Fact) -> None:
        self.account_id = entry.account_id
        self.kind: str = fact["kind"]
        self.quoted: int = fact["quoted"]


class Stories:
    """`apply` sees each entry after the ledger did; `close` is called at the end of each command.

    `refunds` are the refunds of the page, to be checked against their streams.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.open: dict[str, Story] = {}
        self.refunds: list[tuple[Entry, Fact]] = []
        self._requested: list[tuple[Entry, Story]] = []
        self._ended: list[tuple[Entry, Fact, Story]] = []
        self._captured: dict[str, int] = {}
        self._released: dict[str, int] = {}
        self._held: set[str] = set()
        self._refund_grants: dict[str, Fact] = {}
        self._charge_refunds: dict[str, tuple[Entry, Fact]] = {}
        self._stored: dict[str, list[str]] = {}

    def apply(self, entry: Entry, fact: Fact) -> None:
        topic = entry.topic
        if topic == "generations.requested":
            if entry.stream in self.open:
                differs(entry, "the generation was requested before")
            story = self.open[entry.stream] = Story(entry, fact)
            self._requested.append((entry, story))
        elif topic in ENDS:
            self._ended.append((entry, fact, self._take(entry)))
        elif topic in _MOVES:
            if entry.stream not in self.open:
                differs(entry, "the generation is not open")
        elif topic == "credits.held":
            self._held.add(fact["generation_id"])
        elif topic == "credits.hold_captured":
            self._captured[fact["generation_id"]] = fact["charged"]
            self._released[fact["generation_id"]] = fact["held"] - fact["charged"]
        elif topic == "credits.hold_released":
            self._released[fact["generation_id"]] = fact["amount"]
        elif topic == "credits.granted" and fact["refund_id"] is not None:
            self._refund_grants[fact["refund_id"]] = {**fact, "_entry": entry}
        elif topic == "generations.charge_refunded":
            self._charge_refunds[fact["refund_id"]] = (entry, fact)
            self.refunds.append((entry, fact))
        elif topic == "assets.stored" and fact["generation_id"] is not None:
            self._stored.setdefault(fact["generation_id"], []).append(entry.stream)

    def close(self, last: Entry) -> None:
        """The command ends with *last*: what it began and ended must agree with the ledger."""
        for entry, story in self._requested:
            self._check_requested(entry, story)
        for entry, fact, story in self._ended:
            self._check_ended(entry, fact, story)
        for generation_id in (*self._held, *self._captured, *self._released):
            differs(last, "the ledger moved for a generation that neither began nor ended in this command", found=generation_id)
        for refund_id, (entry, fact) in self._charge_refunds.items():
            _check_refund(entry, fact, self._refund_grants.pop(refund_id, None))
        for fact in self._refund_grants.values():
            differs(fact["_entry"], "a refund of a charge that knows nothing of it", found=fact["refund_id"])
        for generation_id in self._stored:
            differs(last, "assets of a generation that did not succeed in this command", found=generation_id)
        self._requested.clear()
        self._ended.clear()
        self._charge_refunds.clear()

    def _take(self, entry: Entry) -> Story:
        story = self.open.pop(entry.stream, None)
        if story is None:
            differs(entry, "ends a generation that is not open")
        if story.account_id != entry.account_id:
            differs(entry, "ends another account's generation", expected=story.account_id, found=entry.account_id)
        return story

    def _check_requested(self, entry: Entry, story: Story) -> None:
        generation_id = entry.stream
        hold = self.ledger.hold(story.account_id, generation_id)
        amount = hold.amount if hold else 0
        if amount != story.quoted:
            differs(entry, "the quote is not held", expected=story.quoted, found=amount)
        if hold and (hold.kind != story.kind or generation_id not in self._held):
            differs(entry, "the hold is not that of this request", expected=story.kind, found=hold.kind)
        self._held.discard(generation_id)

    def _check_ended(self, entry: Entry, fact: Fact, story: Story) -> None:
        generation_id = entry.stream
        if self.ledger.hold(story.account_id, generation_id):
            differs(entry, "the generation has ended, its hold has not")
        ledger = (self._captured.pop(generation_id, 0), self._released.pop(generation_id, 0))
        told = (fact["charged"], fact["released"])
        if told != ledger or sum(told) != story.quoted:
            differs(entry, "charged and released are not what the ledger says", expected=ledger, found=told)
        if entry.topic == "generations.failed" and fact["charged"] and fact["code"] != "deadline_exceeded":
            differs(entry, "a failed generation was charged", expected=0, found=fact["charged"])
        paid = sum(part[1] for part in fact.get("paid_by") or ())
        if paid != fact["charged"]:
            differs(entry, "the grants that paid do not sum to the charge", expected=fact["charged"], found=paid)
        if entry.topic == "generations.succeeded" and sorted(fact["asset_ids"]) != sorted(self._stored.pop(generation_id, [])):
            differs(entry, "the results are not the assets stored with it", found=fact["asset_ids"])


def _check_refund(entry: Entry, fact: Fact, grant: dict[str, Any] | None) -> None:
    if grant is None:
        differs(entry, "a refund without its grant", found=fact["refund_id"])
    expected = (entry.stream, fact["amount"], fact["grant_id"], entry.account_id)
    found = (grant["charge_id"], grant["amount"], grant["grant_id"], grant["_entry"].account_id)
    if expected != found or grant["source"] != "refund":
        differs(entry, "the refund's grant says something else", expected=expected, found=found)


def check_refunded(entry: Entry, fact: Fact, before: list[Entry]) -> None:
    """A refund of *fact* on a stream that said *before* until then: all refunds together are at most the charge."""
    ends = [past for past in before if past.topic in ENDS]
    if len(ends) != 1:
        differs(entry, "refunds a generation that did not end once", found=len(ends))
    charged = ends[0].fact()["charged"]
    earlier = [past.fact() for past in before if past.topic == entry.topic]
    total = fact["amount"] + sum(past["amount"] for past in earlier)
    if total > charged or fact["amount"] < 1:
        differs(entry, "refunds more than was charged, or nothing", expected=f"at most {charged}", found=total)
    if fact["refund_id"] in {past["refund_id"] for past in earlier}:
        differs(entry, "refunds the same twice", found=fact["refund_id"])
