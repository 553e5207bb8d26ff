"""Each grant over its whole life, also after the account has forgotten it: granted once, and never more taken back than it was.

Goes along one ledger stream after the other, and remembers the grants of the stream it is in.
"""

from projections.audit.entries import Entry, differs

_GRANTED, _EXPIRED = "credits.granted", "credits.grant_expired"
#: What leaves a grant without being spent.
_GONE = frozenset({_EXPIRED, "credits.debt_incurred", "credits.grant_revoked"})


class Lineage:
    """`apply` sees the entries of ledger streams in order."""

    def __init__(self) -> None:
        self._stream = ""
        #: Grant -> what of it has neither lapsed nor been taken back.
        self._left: dict[str, int] = {}

    def apply(self, entry: Entry) -> None:
        """Raises Differs."""
        if entry.topic != _GRANTED and entry.topic not in _GONE:
            return
        if entry.stream != self._stream:
            self._stream, self._left = entry.stream, {}
        fact = entry.fact()
        grant_id, amount = fact["grant_id"], fact["amount"]
        if grant_id is None:
            # Owed by a correction, which names no grant.
            return
        if entry.topic == _GRANTED:
            if grant_id in self._left:
                differs(entry, "the same grant twice", found=grant_id)
            self._left[grant_id] = amount
            return
        left = self._left.get(grant_id, 0)
        if amount > left:
            differs(entry, f"more of grant {grant_id} lapses, or is taken back, than there was", expected=f"at most {left}", found=amount)
        self._left[grant_id] = left - amount
