"""The aggregates that this process decided on lately: at the log's end, or ahead of it by what is being appended."""

from collections import OrderedDict
from collections.abc import Container, Iterable
from itertools import islice
from uuid import UUID

from domain.kernel.facts import Root
from infra.journal.snapshots import copy_of

#: A stream that is written by several processes is lost often, and each time all behind its base is read again.
BASE_EVERY_EVENTS = 4
#: Parts of what is copied. An account with thousands of open holds takes longer to copy than to read again, and everybody waits for it.
BASE_PARTS_MAX = 256
BASES_MAX = 2_000


class Cache:
    """At most *size* aggregates; the least recently used go first.

    `epoch` grows whenever something is dropped, so that who awaited in between knows that he must look again.
    What was dropped once has a base from then on: a copy that the log is known to hold, from which it is loaded the next time. A base is
    old, so only who reads what is newer may `recall` it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.epoch = 0
        # By the numbers of the streams: to hash an id, and to compare two, are functions in Python, and each command looks a dozen times.
        self._known: OrderedDict[int, Root] = OrderedDict()
        self._bases: OrderedDict[int, Root | None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, stream: UUID) -> Root | None:
        found = self._known.get(stream.int)
        if found is not None:
            self._known.move_to_end(stream.int)
        return found

    def version(self, stream: UUID) -> int:
        """Of what `recall` gives; 0 for nothing."""
        found = self.get(stream) or self._bases.get(stream.int)
        return found.version if found else 0

    def recall(self, stream: UUID) -> Root | None:
        """As `get`, and what was dropped as its base has it, to which the newer facts must be applied at once."""
        found = self.get(stream)
        if found is None and (base := self._bases.get(stream.int)):
            found = self._known[stream.int] = copy_of(base)
        return found

    def peek(self, stream: UUID) -> Root | None:
        """As `get`, but it does not count as use: within a round the first look counts for all."""
        return self._known.get(stream.int)

    def put(self, aggregate: Root) -> None:
        """Keep *aggregate*, which is as the log has it."""
        stream = aggregate.id.int
        self._known[stream] = aggregate
        if stream in self._bases:
            base = self._bases[stream]
            if base is None or aggregate.version - base.version >= BASE_EVERY_EVENTS:
                self._bases[stream] = copy_of(aggregate) if _parts(aggregate) <= BASE_PARTS_MAX else None
                self._bases.move_to_end(stream)

    def put_new(self, aggregate: Root) -> None:
        """Keep *aggregate* unless its stream is known already."""
        self._known.setdefault(aggregate.id.int, aggregate)

    def drop(self, streams: Iterable[UUID]) -> None:
        """Forget what may differ from the log; a base does not."""
        self.epoch += 1
        for stream in streams:
            if self._known.pop(stream.int, None) is not None:
                self._bases.setdefault(stream.int, None)
        while len(self._bases) > BASES_MAX:
            self._bases.popitem(last=False)

    def forget(self, streams: Iterable[UUID]) -> None:
        """Forget all that is known of *streams*: they are read from their beginnings."""
        streams = list(streams)
        self.drop(streams)
        for stream in streams:
            self._bases.pop(stream.int, None)

    def clear(self) -> None:
        self.epoch += 1
        self._known.clear()
        self._bases.clear()

    def trim(self, *keep: Container[int]) -> None:
        """Shrink to the size. What is in one of *keep* stays: the log does not hold it yet."""
        surplus = len(self._known) - self.size
        if surplus > 0:
            oldest = list(islice(self._known, surplus))
            for stream in oldest:
                if not any(stream in streams for streams in keep):
                    del self._known[stream]


def _parts(aggregate: Root) -> int:
    """How many parts a copy of *aggregate* is made of, roughly."""
    return sum(len(value) for value in vars(aggregate).values() if type(value) in (dict, list))
