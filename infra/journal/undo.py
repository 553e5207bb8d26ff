"""Taking back from a decided round what was decided on facts that did not land."""

from collections.abc import Collection
from uuid import UUID

from msgspec.structs import replace

from infra.journal.pending import Decided, Round


def undone(round_: Round, astray: Collection[UUID]) -> tuple[list[Decided], set[UUID]]:
    """Remove from *round_* the commands that saw a stream in *astray*, and those that saw what they would have written.

    Returns them, and all streams whose aggregates are now ahead of the log. What stays can be sent as it is.
    """
    lost = set(astray)
    kept: list[Decided] = []
    taken_back: list[Decided] = []
    numbers: dict[int, int] = {}
    number = 0
    for item in round_.items:
        number += item.sent
        if any(guard.stream in lost for guard in item.guards):
            lost.update(guard.stream for guard in item.guards)
            taken_back.append(item)
            continue
        kept.append(item)
        if item.sent:
            numbers[number] = len(numbers) + 1
        item.guards = [replace(guard, prior=numbers[guard.prior]) if guard.prior else guard for guard in item.guards]
    changed = {guard.stream for item in kept for guard in item.guards}
    numbers_of_changed = {stream.int for stream in changed}
    round_.items = kept
    round_.packed = None
    round_.touched = {stream: aggregate for stream, aggregate in round_.touched.items() if stream in numbers_of_changed}
    # A later command that was taken back may have changed the aggregate of one that stays.
    round_.torn = round_.torn or not lost.isdisjoint(changed)
    round_.frozen = {}
    return taken_back, lost
