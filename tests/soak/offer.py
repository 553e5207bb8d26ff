"""How the mix is offered: as fast as it is answered (to measure the capacity), or at a rate that waits for nobody."""

import asyncio
import time

from tests.soak.client import Client
from tests.soak.mix import drawn

#: More than this at once means that answers have stopped coming.
AT_ONCE_MAX = 1_000


async def closed(client: Client, *, seconds: float, at_once: int) -> int:
    """As many operations as are done in *seconds* by *at_once* that each wait for their answer."""
    until, done = time.monotonic() + seconds, 0

    async def one() -> None:
        nonlocal done
        while time.monotonic() < until:
            _, operation, turn = drawn(client)
            await operation(turn)
            done += 1

    await asyncio.gather(*(one() for _ in range(at_once)))
    return done


async def opened(client: Client, *, seconds: float, rate: float) -> int:
    """*rate* operations a second, at moments that chance takes and the answers do not change. How many there were."""
    loop, running, done = asyncio.get_running_loop(), set[asyncio.Task[object]](), 0
    due = began = loop.time()
    while (due := due + client.chance.expovariate(rate)) < began + seconds:
        if (pause := due - loop.time()) > 0:
            await asyncio.sleep(pause)
        elif not done % 64:
            await asyncio.sleep(0)
        name, operation, turn = drawn(client)
        turn.due = due
        client.measured.operations[name] += 1
        if not client.book.expect(len(running) < AT_ONCE_MAX, f"{name} was left out: {AT_ONCE_MAX} others wait for answers"):
            await asyncio.sleep(1)
            continue
        task = asyncio.ensure_future(operation(turn))
        running.add(task)
        task.add_done_callback(running.discard)
        task.add_done_callback(lambda ended: _broken(client, ended))
        done += 1
    if running:
        await asyncio.wait(running, timeout=60)
    client.book.expect(not running, f"{len(running)} operations never ended")
    return done


def _broken(client: Client, task: "asyncio.Task[object]") -> None:
    """An operation that fails in the client itself, such as on an answer of another shape."""
    if not task.cancelled() and (error := task.exception()) is not None:
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        at = f"{where.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{where.tb_lineno}" if where else ""
        client.book.differ(f"{type(error).__name__} at {at}: {error}")
