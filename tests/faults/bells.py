"""Whether bells ring: a generation that nobody rings for is found within two seconds, one that is rung for at once."""

import asyncio
import time
from uuid import UUID

from tests.faults.book import Book
from tests.faults.client import submit_all
from tests.faults.load import PATIENCE_SECONDS
from tests.faults.stack import Stack

#: The generation itself takes 0.2 s.
RUNG_SECONDS = 0.9
IN_A_ROW = 3


async def bells_ring(running: Stack, token: str) -> list[UUID]:
    """Submits one after the other, until some in a row were begun at once; those that were submitted.   Raises AssertionError."""
    book, good = Book(running.database_url), 0
    sent: list[UUID] = []
    end = time.monotonic() + PATIENCE_SECONDS
    while good < IN_A_ROW:
        assert time.monotonic() < end, "no bell rings"
        began = time.monotonic()
        one = await submit_all(running.url, token, 1, seconds=0)
        sent += one
        while not (await asyncio.to_thread(book.ends, one)).total:
            assert time.monotonic() < end, "a generation is not made"
            await asyncio.sleep(0.02)
        good = good + 1 if time.monotonic() - began < RUNG_SECONDS else 0
    return sent
