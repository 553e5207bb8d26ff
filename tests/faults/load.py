"""Load on the real processes while one thing breaks; then the log is asked what came of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from tests.bench.books import grant
from tests.faults.book import Book
from tests.faults.client import BODY, REPEATABLE, register, submit_timed
from tests.faults.fault import Report
from tests.faults.stack import Stack

GENERATIONS = 200
SUBMIT_SECONDS = 2.0
#: In the middle of the submits, while as many run as there are slots.
FAULT_AFTER_SECONDS = 1.0
PATIENCE_SECONDS = 90.0
PRICE = 5
CREDITS = 1_000_000


async def customer(running: Stack) -> tuple[str, UUID]:
    """Somebody with more credits than any load needs: token and account."""
    token, account = await register(running.url)
    await grant(running.database_url, account, CREDITS)
    return token, account


async def under_load(
    running: Stack,
    fault: str,
    breaks: Callable[[], Awaitable[object]],
    *,
    count: int = GENERATIONS,
    seconds: float = SUBMIT_SECONDS,
    after: float = FAULT_AFTER_SECONDS,
    unsealed: bool = False,
    body: Callable[[], Mapping[str, Any]] = lambda: BODY,
    repeatable: tuple[int, ...] = REPEATABLE,
    well: Callable[[], Awaitable[object]] | None = None,
) -> Report:
    """One account, *count* submits over *seconds*, and *breaks* in their middle; the heal time counts from its return.

    It is healed when everything accepted has its end, with *unsealed* when the notary has signed everything, too, and when *well* returns.
    """
    token, account = await customer(running)
    submits = asyncio.create_task(submit_timed(running.url, token, count, seconds=seconds, body=body, repeatable=repeatable))
    await asyncio.sleep(after)
    await breaks()
    began = time.monotonic()
    accepted = [each.id for each in await submits]
    open_ = await healed(running, accepted, began, unsealed=unsealed)
    if well is not None:
        await well()
    return report(running, fault, account, accepted, expected=count, heal_seconds=time.monotonic() - began, unsealed=open_)


async def healed(running: Stack, accepted: Sequence[UUID], began: float, *, unsealed: bool = False) -> int:
    """Waits until every generation in *accepted* has its end (and everything is signed), at most PATIENCE_SECONDS from *began*.

    Returns how many events are not signed, 0 when that was not asked for.
    """
    book = Book(running.database_url)

    def missing() -> tuple[int, int]:
        return len(accepted) - book.ends(accepted).total, book.unsealed() if unsealed else 0

    while any(left := await asyncio.to_thread(missing)) and time.monotonic() - began < PATIENCE_SECONDS:
        await asyncio.sleep(0.1)
    return left[1]


def report(
    running: Stack,
    fault: str,
    account: UUID,
    accepted: Sequence[UUID],
    *,
    expected: int,
    heal_seconds: float | None,
    unsealed: int = 0,
    wrong: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Report:
    """What the log says of one account that only ever submitted at PRICE."""
    book = Book(running.database_url)
    ends, ledger = book.ends(accepted), book.ledger(account)
    return Report(
        fault=fault,
        expected=expected,
        accepted=len(accepted),
        succeeded=ends.succeeded,
        failed=ends.failed,
        lost=len(accepted) - ends.total,
        double_effects=book.double_effects(account, asked=expected),
        double_charges=ledger.charged - PRICE * ends.succeeded,
        held=ledger.held,
        unsealed=unsealed,
        again=ends.again,
        heal_seconds=heal_seconds,
        wrong=wrong,
        notes=notes,
    )
