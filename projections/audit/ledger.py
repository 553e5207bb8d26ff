"""The ledger folded by the verifier: what each fact does to its account's book, and the rules that it must keep."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any
from uuid import UUID, uuid5

from projections.audit.account_ledger import AccountLedger, Fact, Grant, Hold
from projections.audit.entries import Entry, differs

#: The namespace of ledger streams; fixed for ever.
_CREDITS = UUID("6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c001")


class Ledger:
    """All accounts' books. `apply` raises Differs for the first entry that breaks a rule, `close` is called at the end of each command."""

    def __init__(self) -> None:
        self.accounts: dict[str, AccountLedger] = {}
        #: The accounts that owed something in this command.
        self._owing: dict[str, AccountLedger] = {}
        #: The accounts whose books are those of another ledger, too.
        self._shared: set[str] = set()

    def fork(self) -> "Ledger":
        """Another ledger that stands where this one does. A book that neither moves on is held once: a copy would double all memory."""
        other = Ledger()
        other.accounts = dict(self.accounts)
        self._shared, other._shared = set(self.accounts), set(self.accounts)
        return other

    def apply(self, entry: Entry, fact: Fact) -> None:
        act = _ACTS.get(entry.topic)
        if act is None:
            return
        account = self._account(entry, fact)
        account.available += entry.available or 0
        account.held += entry.held or 0
        account.owed += entry.owed or 0
        if entry.book is not None or entry.topic == "credits.account_opened":
            account.position = entry.position
        if account.available < 0:
            differs(entry, "the account's available credits are negative", found=account.available)
        if account.held < 0:
            differs(entry, "the account's held credits are negative", found=account.held)
        if account.owed > 0:
            differs(entry, "more is paid than was owed", found=account.owed)
        if account.owed:
            self._owing[account.stream] = account
        act(account, entry, fact)

    def close(self, last: Entry) -> None:
        """Debt is paid as soon as credits are free: within the command that owes them or frees them.   Raises Differs."""
        for account in self._owing.values():
            if account.owed and account.available:
                differs(last, f"{account.available} credits of ledger {account.stream} are free while some are owed", found=account.owed)
        self._owing.clear()

    def hold(self, account_id: str | None, generation_id: str) -> Hold | None:
        """The open hold of a generation."""
        account = self.accounts.get(account_id) if account_id else None
        return account.holds.get(generation_id) if account else None

    def _account(self, entry: Entry, fact: Fact) -> AccountLedger:
        if entry.account_id is None:
            differs(entry, "a ledger fact without an account")
        account = self.accounts.get(entry.account_id)
        if entry.topic == "credits.account_opened":
            if account is not None:
                differs(entry, "the account's ledger was opened before", found=account.stream)
            account = self.accounts[entry.account_id] = AccountLedger(str(uuid5(_CREDITS, entry.account_id)))
        if account is None:
            differs(entry, "the account's ledger was never opened")
        if account.stream != entry.stream:
            differs(entry, "not in the ledger stream of its account", expected=account.stream, found=entry.stream)
        if entry.account_id in self._shared:
            self._shared.remove(entry.account_id)
            account = self.accounts[entry.account_id] = deepcopy(account)
        return account


def _opened(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    """Nothing moves yet."""


def _granted(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    if fact["amount"] < 1:
        differs(entry, "a grant of nothing", found=fact["amount"])
    if fact["grant_id"] in account.grants:
        differs(entry, "the grant exists", found=fact["grant_id"])
    account.grants[fact["grant_id"]] = Grant(fact, entry.position)
    if fact["source"] == "refund":
        account.refunded += fact["amount"]
    else:
        account.granted += fact["amount"]


def _held(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    if account.suspended:
        differs(entry, "a hold while credits are suspended")
    if account.owed:
        differs(entry, "a hold while credits are owed", found=account.owed)
    if fact["amount"] < 1:
        differs(entry, "a hold of nothing", found=fact["amount"])
    if fact["generation_id"] in account.holds:
        differs(entry, "the generation has an open hold", found=fact["generation_id"])
    _sums_to(entry, fact["parts"], fact["amount"], "the parts of the hold")
    hold = account.holds[fact["generation_id"]] = Hold(fact)
    for grant_id, amount in hold.parts.items():
        grant = _grant(account, entry, grant_id)
        grant.free -= amount
        grant.held += amount
        if grant.free < 0:
            differs(entry, f"takes more from grant {grant_id} than was free", found=grant.free)


def _captured(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    hold = _ended(account, entry, fact)
    if fact["held"] != hold.amount:
        differs(entry, "captures another amount than was held", expected=hold.amount, found=fact["held"])
    if not 1 <= fact["charged"] <= hold.amount:
        differs(entry, "charges more than was held, or nothing", expected=f"1 to {hold.amount}", found=fact["charged"])
    _sums_to(entry, fact["parts"], fact["charged"], "the parts of the charge")
    _sums_to(entry, fact["returned"], hold.amount - fact["charged"], "the parts that return")
    _give_back(account, entry, hold, spent=dict(fact["parts"]), returned=dict(fact["returned"]))
    account.spent += fact["charged"]


def _released(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    hold = _ended(account, entry, fact)
    if fact["amount"] != hold.amount:
        differs(entry, "releases another amount than was held", expected=hold.amount, found=fact["amount"])
    _sums_to(entry, fact["parts"], hold.amount, "the parts that return")
    _give_back(account, entry, hold, spent={}, returned=dict(fact["parts"]))


def _expired(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    grant = _grant(account, entry, fact["grant_id"])
    if grant.expires_at is None or fact["timestamp"] < grant.expires_at:
        differs(entry, "the grant expires later, or never", expected=grant.expires_at, found=fact["timestamp"])
    grant.free -= fact["amount"]
    account.expired += fact["amount"]
    if grant.free < 0 or fact["amount"] < 1:
        differs(entry, "more, or less, lapses than was free", expected=grant.free + fact["amount"], found=fact["amount"])
    _forget_if_spent(account, fact["grant_id"])


def _revoked(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    grant = _grant(account, entry, fact["grant_id"])
    if fact["source"] != grant.source:
        differs(entry, "takes back from another source than the grant's", expected=grant.source, found=fact["source"])
    if fact["deferred"]:
        grant.revoking -= fact["amount"]
    _take(account, entry, [(fact["grant_id"], fact["amount"])], fact["amount"])
    if grant.revoking < 0:
        differs(entry, "takes more after the hold than was put off", found=grant.revoking)
    account.revoked += fact["amount"]


def _revocation_deferred(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    grant = _grant(account, entry, fact["grant_id"])
    grant.revoking += fact["amount"]
    if fact["amount"] < 1 or grant.revoking > grant.held:
        differs(entry, "puts off more, or less, than is held", expected=grant.held, found=grant.revoking)


def _debt_incurred(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    if fact["amount"] < 1:
        differs(entry, "a debt of nothing", found=fact["amount"])
    if fact["deferred"]:
        grant = _grant(account, entry, fact["grant_id"])
        grant.revoking -= fact["amount"]
        if grant.revoking < 0:
            differs(entry, "owes more after the hold than was put off", found=grant.revoking)
        _forget_if_spent(account, fact["grant_id"])
    account.revoked += fact["amount"]


def _debt_cleared(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    _take(account, entry, fact["parts"], fact["amount"])


def _adjusted(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    _take(account, entry, fact["parts"], fact["amount"])
    account.revoked += fact["amount"]


def _take(account: AccountLedger, entry: Entry, parts: Sequence[Any], amount: int) -> None:
    """*amount* free credits leave the account, out of the grants in *parts*."""
    if amount < 1:
        differs(entry, "takes nothing", found=amount)
    _sums_to(entry, parts, amount, "the parts")
    for grant_id, size in parts:
        grant = _grant(account, entry, grant_id)
        grant.free -= size
        if grant.free < 0:
            differs(entry, f"takes more from grant {grant_id} than was free", found=grant.free)
        _forget_if_spent(account, grant_id)


def _suspended(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    if account.suspended:
        differs(entry, "credits were suspended before")
    account.suspended = True


def _resumed(account: AccountLedger, entry: Entry, fact: Fact) -> None:
    if not account.suspended:
        differs(entry, "credits were not suspended")
    account.suspended = False


def _ended(account: AccountLedger, entry: Entry, fact: Fact) -> Hold:
    hold = account.holds.pop(fact["generation_id"], None)
    if hold is None:
        differs(entry, "ends a hold that is not open", found=fact["generation_id"])
    if hold.kind != fact["kind"]:
        differs(entry, "ends a hold of another kind", expected=hold.kind, found=fact["kind"])
    return hold


def _give_back(account: AccountLedger, entry: Entry, hold: Hold, *, spent: dict[str, int], returned: dict[str, int]) -> None:
    if not spent.keys() | returned.keys() <= hold.parts.keys():
        differs(entry, "names grants that the hold did not bind", expected=sorted(hold.parts), found=sorted(spent | returned))
    for grant_id, amount in hold.parts.items():
        back = returned.get(grant_id, 0)
        if spent.get(grant_id, 0) + back != amount:
            differs(entry, f"grant {grant_id} gets back another part than it gave", expected=amount - spent.get(grant_id, 0), found=back)
        grant = _grant(account, entry, grant_id)
        grant.held -= amount
        grant.free += back
        _forget_if_spent(account, grant_id)


def _grant(account: AccountLedger, entry: Entry, grant_id: str) -> Grant:
    grant = account.grants.get(grant_id)
    if grant is None:
        differs(entry, "names a grant that does not exist, or of which nothing is left", found=grant_id)
    return grant


def _forget_if_spent(account: AccountLedger, grant_id: str) -> None:
    grant = account.grants[grant_id]
    if grant.free == 0 and grant.held == 0 and grant.revoking == 0:
        del account.grants[grant_id]


def _sums_to(entry: Entry, parts: Sequence[Sequence[Any]], amount: int, what: str) -> None:
    if len(parts) == 1 and parts[0][1] == amount > 0:
        return
    total = sum(part[1] for part in parts)
    if total != amount or any(part[1] < 1 for part in parts) or len({part[0] for part in parts}) != len(parts):
        differs(entry, f"{what} do not sum up", expected=amount, found=parts)


_ACTS: Mapping[str, Callable[[AccountLedger, Entry, Fact], None]] = {
    "credits.account_opened": _opened,
    "credits.adjusted": _adjusted,
    "credits.debt_cleared": _debt_cleared,
    "credits.debt_incurred": _debt_incurred,
    "credits.grant_expired": _expired,
    "credits.grant_revoked": _revoked,
    "credits.granted": _granted,
    "credits.held": _held,
    "credits.hold_captured": _captured,
    "credits.hold_released": _released,
    "credits.resumed": _resumed,
    "credits.revocation_deferred": _revocation_deferred,
    "credits.suspended": _suspended,
}
