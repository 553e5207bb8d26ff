"""What a process of the release before still calls on the database of this one."""

from infra.journal import reads
from infra.journal.append import APPEND, CONFLICT, DONE, REPEATED, Appended, Entry, arguments
from infra.postgres.prepared import Statement
from tests.simulation.contract.batches import bump, stream
from tests.support.journal import JournalWorld

#: As that release sends it: no topics beside a guard, and nothing heard of streams that moved.
OLD = Statement("older_append", APPEND.replace("append_v2", "append_v1").replace("%(g_beside)s,", "").replace(", moved", ""))
ONE, TWO = stream(1), stream(2)


async def append(world: JournalWorld, *entries: Entry) -> Appended:
    async with world.pool.connection() as connection:
        [row] = await OLD.rows(connection, arguments(entries))
    return Appended(*row)


async def test_its_append_writes_answers_and_refuses_as_it_did(counters: JournalWorld) -> None:
    first = await append(counters, bump(1, ONE, 0), bump(2, ONE, 1, prior=1))
    assert (first.first_position, first.outcomes) == (1, None)
    second = await append(counters, bump(1, ONE, 0), bump(3, ONE, 1), bump(4, TWO, 0))
    assert (second.first_position, second.outcomes, second.details) == (3, [REPEATED, CONFLICT, DONE], [1, 2, None])
    assert await counters.rows("SELECT position, stream, version FROM journal.events ORDER BY position") == [
        (1, ONE, 1),
        (2, ONE, 2),
        (3, TWO, 1),
    ]
    assert await counters.rows(reads.HEAD) == [(3,)]


async def test_it_gives_way_to_nobody(counters: JournalWorld) -> None:
    """What stands beside what is a later invention: who has never heard of it decides again."""
    await append(counters, bump(1, ONE, 0))
    await append(counters, bump(2, ONE, 1, topic="counters.other"))
    answer = await append(counters, bump(3, ONE, 1, beside="counters.other"))
    assert (answer.outcomes, answer.details) == ([CONFLICT], [2])
