"""A long log in little time: one random history, written many times over as the lives of different people.

Every copy has ids of its own, and the copies' commands alternate, as in a house where all of them live at once. So the log is
right in everything: postings, holds, lineage, streams. The database checks each row as always.

    python -m tests.support.big_book DATABASE_URL EVENTS
"""

import asyncio
import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg

from domain.kernel.ids import credit_stream
from projections.projector import projector
from tests.support.busy_histories import BusyHistory
from tests.support.logged_book import LoggedBook

COPY = """
    COPY journal.events (position, stream, version, topic, recorded_at, actor, account_id, correlation, causation, command_id, first,
        fingerprint, status, result, available, held, owed, outside, book, state)
    FROM STDIN
"""
#: The first eight digits of every id in the history; each copy has others.
IDS = 0x018B_CFE5
STEPS = 1_200
ACCOUNTS = 4


class Pattern:
    """One history as lines of COPY, by command. A copy is the same lines with other ids."""

    def __init__(self, seed: int) -> None:
        history = BusyHistory(seed, accounts=ACCOUNTS, book=LoggedBook())
        history.run(STEPS)
        rows = history.book.rows
        assert all(f"{account:x}".startswith(f"{IDS:x}") for account in (account.int for account in history.accounts))
        self.accounts = history.accounts
        self.events = len(rows)
        self.commands = [
            [_line(row, number) for number, row in enumerate(command)]
            for _, command in itertools.groupby(rows, key=lambda row: row["command_id"])
        ]

    def streams(self, ids: int) -> list[tuple[bytes, bytes]]:
        """Ledger streams follow from account ids, so they are replaced one by one."""
        return [(str(credit_stream(mine)).encode(), str(credit_stream(_moved(mine, ids))).encode()) for mine in self.accounts]


def _moved(id: UUID, ids: int) -> UUID:
    return UUID(f"{ids:08x}{id.hex[8:]}")


def _line(row: dict[str, Any], number: int) -> bytes:
    first = row["first"]
    fields = [
        *(row["stream"], row["version"], row["topic"], row["recorded_at"].isoformat(), f"account:{row['account_id']}"),
        *(row["account_id"], row["command_id"], "\\N" if first else f"<{number}>", row["command_id"], first),
        "\\\\x" + "ab" * 32 if first else None,
        202 if first else None,
        f'{{"id":"{row["stream"]}"}}' if first else None,
        *(row[name] for name in ("available", "held", "owed", "outside", "book")),
        "\\\\x" + row["state"].hex(),
    ]
    return "\t".join("\\N" if field is None else str(field) for field in fields).encode() + b"\n"


def lines(pattern: Pattern, copies: int) -> Iterator[bytes]:
    """The log, command after command of every copy in turn."""
    old = f"{IDS:08x}".encode()
    hexed = old.hex().encode()
    people: list[tuple[bytes, bytes, Sequence[tuple[bytes, bytes]]]] = []
    for copy in range(copies):
        new = f"{IDS + copy:08x}".encode()
        people.append((new, new.hex().encode(), pattern.streams(IDS + copy)))
    position = 0
    for command in pattern.commands:
        for new, new_hexed, streams in people:
            caused = position + 1
            for number, line in enumerate(command):
                position += 1
                for mine, theirs in streams:
                    line = line.replace(mine, theirs)
                if number:
                    line = line.replace(b"<%d>" % number, b"%d" % caused, 1)
                yield b"%d\t" % position + line.replace(old, new).replace(hexed, new_hexed)


async def fill(dsn: str, events: int, *, seed: int = 1) -> int:
    """Write about *events* events to an empty log and fold them. Returns how many it wrote."""
    pattern = Pattern(seed)
    copies = max(1, round(events / pattern.events))
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        async with conn.cursor() as cursor, cursor.copy(COPY) as copy:
            for batch in _batched(lines(pattern, copies)):
                await copy.write(b"".join(batch))
        await conn.execute("ANALYZE journal.events")
    await projector(dsn).catch_up()
    return copies * pattern.events


def _batched(source: Iterator[bytes]) -> Iterator[list[bytes]]:
    while batch := list(itertools.islice(source, 200)):
        yield batch


if __name__ == "__main__":
    print(asyncio.run(fill(sys.argv[1], int(sys.argv[2]))), "events")
