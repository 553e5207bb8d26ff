"""What the log says about itself: sealed balances, restores. One stream, which belongs to no account."""

from array import array
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Callable
from hashlib import sha256

from projections.audit.account_ledger import Fact
from projections.audit.entries import Entry, differs
from projections.audit.ledger import Ledger
from projections.audit.sealed.leaves import encoded
from projections.audit.sealed.tree import Tree
from projections.audit.source import Source

#: The stream of the log's own facts; fixed for ever.
STREAM = "6a1f6a52-2d53-5f0e-9a3e-0d6bc1a0c0de"
OPENED, SEALED, RESTORED = "credits.account_opened", "notary.balances_sealed", "notary.log_restored"
# Positions whose balances are sealed later: they must be known before the log is read beyond them.
ANNOUNCED = """
    SELECT version, (convert_from(state, 'UTF8')::json ->> 'position')::bigint FROM journal.events
    WHERE stream = %(stream)s AND version > %(version)s AND topic = %(topic)s ORDER BY version
"""

#: (account, position) -> its secret salt, for whoever has the installation's key.
Salt = Callable[[str, int], bytes]


class Seals:
    """Follows the log. Without *salt* the number of accounts is checked, with it the root over their balances, too."""

    def __init__(self, ledger: Ledger, salt: Salt | None = None) -> None:
        #: What the log says: (incarnation, first position lost).
        self.restores: list[tuple[int, int]] = []
        #: What the log says: (size of a checkpoint, how many there were when that was the last).
        self.counted: dict[int, int] = {}
        #: How many seals there were, and how many roots were made again.
        self.count = 0
        self.remade = 0
        self._ledger = ledger
        self._salt = salt
        self._opened = array("q")
        self._sealed = 0
        self._incarnation = 1
        self._version = 0
        self._due: list[int] = []
        self._roots: dict[int, str] = {}

    def upto(self, source: Source, position: int, head: int) -> int:
        """How far the next page may go, so that it ends where balances are sealed."""
        if self._salt is None:
            return head
        for version, due in source.tuples(ANNOUNCED, {"stream": STREAM, "version": self._version, "topic": SEALED}):
            self._version = version
            self._due.append(due)
        self._due = [due for due in self._due if due > position]
        return min([head, *self._due])

    def reached(self, position: int) -> None:
        """Everything up to *position* is in the ledger, and nothing beyond."""
        if self._salt is not None and position in self._due:
            self._roots[position] = self._root(self._salt, position)

    def apply(self, entry: Entry, fact: Fact) -> None:
        """Raises Differs."""
        if entry.topic == OPENED:
            self._opened.append(entry.position)
        elif entry.topic.startswith("notary."):
            if entry.stream != STREAM or entry.account_id is not None:
                differs(entry, "not in the log's own stream", expected=STREAM, found=entry.stream)
            if entry.topic == SEALED:
                self._check_seal(entry, fact)
            elif entry.topic == RESTORED:
                self._check_restore(entry, fact)

    def _check_seal(self, entry: Entry, fact: Fact) -> None:
        position = fact["position"]
        if not self._sealed < position < entry.position:
            differs(entry, "seals balances out of turn", expected=f"{self._sealed + 1} to {entry.position - 1}", found=position)
        accounts = bisect_right(self._opened, position)
        if fact["accounts"] != accounts:
            differs(entry, f"another number of accounts than at position {position}", expected=accounts, found=fact["accounts"])
        root = self._roots.pop(position, None)
        if root is not None and fact["root"] != root:
            differs(entry, f"not the root of the balances at position {position}", expected=root, found=fact["root"])
        self._check_counted(entry, fact.get("last_checkpoint", 0), fact.get("checkpoints", 0))
        self._sealed = position
        self.count += 1
        self.remade += root is not None

    def _check_counted(self, entry: Entry, size: int, count: int) -> None:
        """Whether the checkpoints are there is looked at when all of them were read."""
        if not 0 <= count <= size <= entry.position or self.counted.get(size, count) != count:
            differs(entry, "counts checkpoints as there cannot be", found=(count, size))
        self.counted[size] = count

    def _check_restore(self, entry: Entry, fact: Fact) -> None:
        if fact["incarnation"] <= self._incarnation or not 0 < fact["lost_from"] <= entry.position:
            differs(entry, "not the next incarnation", expected=f"after {self._incarnation}", found=fact["incarnation"])
        self._incarnation = fact["incarnation"]
        self.restores.append((fact["incarnation"], fact["lost_from"]))

    def _root(self, salt: Salt, position: int) -> str:
        tree = Tree()
        for account_id, account in sorted(self._ledger.accounts.items()):
            owed = getattr(account, "owed", 0)
            columns = (salt(account_id, position), account_id, account.available, account.held, owed)
            tree.append(sha256(b"\0" + b"".join(map(encoded, columns))).digest())
        return b64encode(tree.root()).decode()
