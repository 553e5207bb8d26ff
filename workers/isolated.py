"""A provider call in a child process of its own: what it may kill is only itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from domain.ports import LongProvider
from domain.providers.jobs import Job, Report, Result, Say
from workers.children import Child, inline
from workers.ports import MakeProviders


async def generate_alone(make_providers: MakeProviders, provider: str, job: Job, report: Report, say: Say) -> Result:
    """Like `Provider.generate`.   Raises ChildDied when the child process did not survive it."""
    child = Child()
    try:
        with _hearing(report, say) as telling:
            return await child.run(generate_here, make_providers, provider, job, telling)
    finally:
        child.kill()


@contextmanager
def _hearing(report: Report, say: Say) -> Iterator[Connection]:
    """What is sent into the connection is told here, all of it before the block ends: a float to *report*, a text to *say*."""
    heard, telling = Pipe(duplex=False)

    def pass_on() -> None:
        # The other end is cut off in the middle when the child dies.
        with suppress(EOFError, OSError):
            while heard.poll():
                said = heard.recv()
                say(said) if isinstance(said, str) else report(said)
            return
        loop.remove_reader(heard.fileno())

    loop = asyncio.get_running_loop()
    loop.add_reader(heard.fileno(), pass_on)
    try:
        yield telling
        pass_on()
    finally:
        loop.remove_reader(heard.fileno())
        heard.close()
        telling.close()


def generate_here(make_providers: MakeProviders, provider: str, job: Job, telling: Connection) -> Result:
    """Runs in the child."""
    with telling:
        return asyncio.run(_generate(make_providers, provider, job, telling))


async def _generate(make_providers: MakeProviders, provider: str, job: Job, telling: Connection) -> Result:
    providers = make_providers(run_in_child=inline)
    try:
        maker = providers[provider]
        assert not isinstance(maker, LongProvider), "long jobs are parked, not awaited"
        return await maker.generate(job, telling.send, telling.send)
    finally:
        for each in providers.values():
            await each.close()
