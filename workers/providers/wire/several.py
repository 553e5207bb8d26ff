"""Several pictures of a server that draws one at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from domain.providers.jobs import Artefact, ProviderFailure, Report, Result


async def several(calls: Sequence[Callable[[], Awaitable[list[Artefact]]]], report: Report) -> Result:
    """What *calls* make, at once: one after the other they would take longer than their job may.

    What is there was billed, so it is not made again for the sake of the rest: the result is partial then.   Raises ProviderFailure
    when there is nothing.
    """
    done = 0

    async def told(call: Callable[[], Awaitable[list[Artefact]]]) -> list[Artefact]:
        nonlocal done
        made = await call()
        done += 1
        report(done / len(calls))
        return made

    outcomes = await asyncio.gather(*map(told, calls), return_exceptions=True)
    artefacts = [artefact for made in outcomes if not isinstance(made, BaseException) for artefact in made]
    lost = [error for error in outcomes if isinstance(error, BaseException)]
    for error in lost:
        if not artefacts or not isinstance(error, ProviderFailure):
            raise error
    return Result(artefacts=artefacts, usage={"item": len(artefacts)}, partial=bool(lost))
