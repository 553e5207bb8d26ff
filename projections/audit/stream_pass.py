"""The second pass: one stream after the other. Versions without holes, one account and one kind of thing a stream, and the
read models whose rows follow from one stream each.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from projections.audit.entries import BY_STREAM, REST, Entry, differs
from projections.audit.ids import HIGHEST, LOWEST, following
from projections.audit.lineage import Lineage
from projections.audit.models import positions_of
from projections.audit.purchases import check_purchase
from projections.audit.recomputed import accounts, api_tokens, assets, generations, orders, schedules, subscriptions, webhook_endpoints
from projections.audit.recomputed.rows import Row, compare
from projections.audit.source import Source

PAGE_ENTRIES = 4_000
#: Topics that begin a stream.
FIRST = frozenset(
    {
        "accounts.registered",
        "assets.stored",
        "credits.account_opened",
        "generations.requested",
        "notary.opened",
        "operators.desk_opened",
        "orders.placed",
        "provider_keys.opened",
        "schedules.created",
        "subscriptions.requested",
        "webhooks.opened",
    }
)
LEDGER = "credits."
PURCHASES = ("orders.", "subscriptions.")
#: Below every version, also a forged one.
BEFORE_ALL = -(2**31)


class ByStream(NamedTuple):
    """How the rows of one model follow from a stream."""

    name: str
    feature: str
    table: str
    key: tuple[str, ...]
    rows: str
    expected: Callable[[Sequence[Entry]], list[Row]]


BY_STREAMS = (
    ByStream("accounts", "accounts.", accounts.TABLE, accounts.KEY, accounts.ROWS, accounts.expected),
    ByStream("api_tokens", "accounts.", api_tokens.TABLE, api_tokens.KEY, api_tokens.ROWS, api_tokens.expected),
    ByStream("assets", "assets.", assets.TABLE, assets.KEY, assets.ROWS, assets.expected),
    ByStream("generations", "generations.", generations.TABLE, generations.KEY, generations.ROWS, generations.expected),
    ByStream("orders", "orders.", orders.TABLE, orders.KEY, orders.ROWS, orders.expected),
    ByStream("schedules", "schedules.", schedules.TABLE, schedules.KEY, schedules.ROWS, schedules.expected),
    ByStream("subscriptions", "subscriptions.", subscriptions.TABLE, subscriptions.KEY, subscriptions.ROWS, subscriptions.expected),
    ByStream(
        "webhook_endpoints",
        "webhooks.",
        webhook_endpoints.TABLE,
        webhook_endpoints.KEY,
        webhook_endpoints.ROWS,
        webhook_endpoints.expected,
    ),
)


class StreamPass:
    """Pages of whole streams; only ledger streams, which may be long, run over pages, and only their form is checked here."""

    def __init__(self, source: Source, progress: Callable[[int], None]) -> None:
        self.source = source
        self.progress = progress
        self.last: Entry | None = None
        self.lineage = Lineage()
        self.models: dict[str, int] = {}

    def run(self) -> dict[str, int]:
        """Returns model -> the least position at which a page of it was compared.   Raises Differs."""
        low: str | None = LOWEST
        while low is not None:
            with self.source.snapshot():
                positions = positions_of(self.source)
                entries, high = self._page()
                found = {model.name: self.source.rows(model.rows, {"low": low, "high": high}) for model in BY_STREAMS}
            streams = self._checked(entries)
            for model in BY_STREAMS:
                self._compare(model, streams, found[model.name], positions[model.name])
            self.progress(len(entries))
            low = None if high == HIGHEST else following(high)
        return self.models

    def _page(self) -> tuple[list[Entry], str]:
        """Entries, and the last stream they complete. A ledger stream that is cut goes on in the next page."""
        last = self.last
        after = {"stream": last.stream if last else LOWEST, "version": last.version if last else BEFORE_ALL}
        entries = self.source.page(BY_STREAM, {**after, "limit": PAGE_ENTRIES})
        if len(entries) < PAGE_ENTRIES:
            return entries, HIGHEST
        end = entries[-1]
        if not end.topic.startswith(LEDGER):
            entries += self.source.page(REST, {"stream": end.stream, "version": end.version})
        return entries, end.stream

    def _checked(self, entries: Sequence[Entry]) -> list[list[Entry]]:
        """The page's streams, each in the right form."""
        for entry in entries:
            self._check(entry, self.last)
            self.last = entry
        streams = [list(stream) for _, stream in groupby(entries, key=lambda entry: entry.stream)]
        for stream in streams:
            self._check_story(stream)
        return streams

    def _check_story(self, stream: Sequence[Entry]) -> None:
        first = stream[0]
        try:
            if first.topic.startswith(LEDGER):
                for entry in stream:
                    self.lineage.apply(entry)
            elif first.topic.startswith(PURCHASES):
                check_purchase([(entry, entry.fact()) for entry in stream])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            differs(first, f"a fact of this stream lacks a field, or has it in a wrong form ({type(error).__name__}: {error})")

    def _check(self, entry: Entry, last: Entry | None) -> None:
        begins = last is None or last.stream != entry.stream
        version = 1 if begins or last is None else last.version + 1
        if entry.version != version:
            differs(entry, "the stream has a hole before it", expected=version, found=entry.version)
        if begins != (entry.topic in FIRST):
            differs(entry, "a stream begins with its first fact, and only with it")
        if begins or last is None:
            return
        if entry.position <= last.position:
            differs(entry, "stands before the version before it", expected=f"after {last.position}", found=entry.position)
        if entry.account_id != last.account_id:
            differs(entry, "belongs to another account than its stream", expected=last.account_id, found=entry.account_id)
        if entry.topic.partition(".")[0] != last.topic.partition(".")[0]:
            differs(entry, "is no fact of this stream's kind", expected=last.topic, found=entry.topic)

    def _compare(self, model: ByStream, streams: Sequence[list[Entry]], found: Sequence[Row], seen: int) -> None:
        expected: list[Row] = []
        for stream in streams:
            if stream[0].topic.startswith(model.feature):
                known = [entry for entry in stream if entry.position <= seen]
                expected += _recomputed(model, known, stream[0])
        compare(model.table, model.key, expected=expected, found=found)
        self.models[model.name] = min(seen, self.models.get(model.name, seen))


def _recomputed(model: ByStream, known: Sequence[Entry], first: Entry) -> list[Row]:
    try:
        return model.expected(known)
    except (KeyError, TypeError, ValueError) as error:
        differs(first, f"{model.name} cannot be recomputed from this stream ({type(error).__name__}: {error})")
