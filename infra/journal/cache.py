"""The aggregates that this process decided on lately: at the log's end, or ahead of it by what is being appended."""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from itertools import islice
from uuid import UUID

from domain.kernel.facts import Root


class Cache:
    """At most *size* aggregates; the least recently used go first.

    `epoch` grows whenever something is dropped, so that who awaited in between knows that he must look again.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.epoch = 0
        self._known: OrderedDict[UUID, Root] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, stream: UUID) -> Root | None:
        found = self._known.get(stream)
        if found is not None:
            self._known.move_to_end(stream)
        return found

    def peek(self, stream: UUID) -> Root | None:
        """As `get`, but it does not count as use: within a round the first look counts for all."""
        return self._known.get(stream)

    def put(self, aggregate: Root) -> None:
        self._known[aggregate.id] = aggregate

    def put_new(self, aggregate: Root) -> None:
        """Keep *aggregate* unless its stream is known already."""
        self._known.setdefault(aggregate.id, aggregate)

    def drop(self, streams: Iterable[UUID]) -> None:
        """Forget what may differ from the log."""
        self.epoch += 1
        for stream in streams:
            self._known.pop(stream, None)

    def clear(self) -> None:
        self.drop(list(self._known))

    def trim(self, *keep: Collection[UUID]) -> None:
        """Shrink to the size. What is in one of *keep* stays: the log does not hold it yet."""
        surplus = len(self._known) - self.size
        if surplus > 0:
            oldest = list(islice(self._known, surplus))
            for stream in oldest:
                if not any(stream in streams for streams in keep):
                    del self._known[stream]
