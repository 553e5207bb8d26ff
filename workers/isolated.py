"""A provider call in a child process of its own: what it may kill is only itself."""

import asyncio

from domain.ports import LongProvider
from domain.providers.jobs import Job, Result
from workers.children import Child, inline
from workers.ports import MakeProviders


async def generate_alone(make_providers: MakeProviders, provider: str, job: Job) -> Result:
    """Like `Provider.generate`.   Raises ChildDied when the child process did not survive it."""
    child = Child()
    try:
        return await child.run(generate_here, make_providers, provider, job)
    finally:
        child.kill()


def generate_here(make_providers: MakeProviders, provider: str, job: Job) -> Result:
    """Runs in the child."""
    return asyncio.run(_generate(make_providers, provider, job))


async def _generate(make_providers: MakeProviders, provider: str, job: Job) -> Result:
    providers = make_providers(run_in_child=inline)
    try:
        maker = providers[provider]
        assert not isinstance(maker, LongProvider), "long jobs are parked, not awaited"
        return await maker.generate(job)
    finally:
        for each in providers.values():
            await each.close()
