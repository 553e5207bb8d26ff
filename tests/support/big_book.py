"""A long log in little time: one random history, written many times over as the lives of different people.

Every copy has ids of its own, and the copies' commands alternate, as in a house where all of them live at once. So the log is
right in everything: postings, holds, lineage, streams. The database checks each row as always.

    python -m tests.support.big_book DATABASE_URL EVENTS
"""

import asyncio
import itertools
import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple
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
OLD = b"%08x" % IDS
ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
STEPS = 1_200
ACCOUNTS = 4


class Line(NamedTuple):
    """A row for COPY; `derived` are the ids in it that follow from others, so that they begin otherwise."""

    text: bytes
    derived: tuple[bytes, ...]


class Pattern:
    """One history as lines of COPY, by command. A copy is the same lines with other ids."""

    def __init__(self, seed: int) -> None:
        history = BusyHistory(seed, accounts=ACCOUNTS, book=LoggedBook())
        history.run(STEPS)
        rows = history.book.rows
        self.accounts = history.accounts
        self.streams = {str(credit_stream(account)).encode(): account for account in self.accounts}
        self.events = len(rows)
        self.commands = [
            [self._line(row, number) for number, row in enumerate(command)]
            for _, command in itertools.groupby(rows, key=lambda row: row["command_id"])
        ]

    def _line(self, row: dict[str, Any], number: int) -> Line:
        found = set(ID.findall(str(row["stream"]).encode() + row["state"]))
        return Line(_line(row, number), tuple(sorted(id for id in found if not id.startswith(OLD))))

    def moved(self, id: bytes, copy: int) -> bytes:
        """A derived id in a copy: that of a ledger follows from its account, the others only have to differ."""
        account = self.streams.get(id)
        if account is not None:
            return str(credit_stream(UUID(f"{IDS + copy:08x}{account.hex[8:]}"))).encode()
        return b"%08x" % (int(id[:8], 16) + copy & 0xFFFF_FFFF) + id[8:]


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
    hexed = OLD.hex().encode()
    people = [(copy, new := b"%08x" % (IDS + copy), new.hex().encode()) for copy in range(copies)]
    position = 0
    for command in pattern.commands:
        for copy, new, new_hexed in people:
            caused = position + 1
            for number, (line, derived) in enumerate(command):
                position += 1
                for id in derived:
                    moved = pattern.moved(id, copy)
                    line = line.replace(id, moved).replace(id.hex().encode(), moved.hex().encode())
                if number:
                    line = line.replace(b"<%d>" % number, b"%d" % caused, 1)
                yield b"%d\t" % position + line.replace(OLD, new).replace(hexed, new_hexed)


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
